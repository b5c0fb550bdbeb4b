"""The agent on a whole environment: from an empty cluster, one image tag, a change of the chart that
most Applications share, at rest."""
import collections
import datetime
import os
import pathlib
import re
import time

import demo
from bench_replay import replay_row
from demo import rendered


def argo(bench, text, known=0, took=0):
    """Argo CD 3.5.1 with the same charts on this kind of machine: known, not measured here."""
    if bench.fleet:
        return "", ""
    return f"Argo CD 3.5.1: {text} (known)", f"{known / took:.0f} x" if took else ""


class AgentBench(demo.Demo):
    """A demo without its words that looks at the audit log."""

    def writes(self, events, verbs=("create", "update", "patch", "delete")):
        """The agent's requests that were answered; all of them for no verbs."""
        return [e for e in events if e["user"]["username"].startswith("system:serviceaccount:tiphys:")
                and e["stage"] == "ResponseComplete" and (not verbs or e["verb"] in verbs)]

    @staticmethod
    def when(event, which="stageTimestamp"):
        return datetime.datetime.fromisoformat(event[which].replace("Z", "+00:00")).timestamp()

    def at_once(self, events):
        """The greatest number of requests that were under way at one moment."""
        steps = sorted([(self.when(e, "requestReceivedTimestamp"), 1) for e in events]
                       + [(self.when(e), -1) for e in events])
        most = now = 0
        for _, step in steps:
            now += step
            most = max(most, now)
        return most

    def peak_memory(self):
        status = pathlib.Path(f"/proc/{self.agent.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.agent.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def webhook(self):
        self.api("/api/webhook", "POST", {"repository": {"clone_url": self.url}})

    def rest(self, seconds=60):
        """Until no operation runs."""
        self.wait("rest", lambda: not any((a["status"].get("operationState") or {}).get("phase") == "Running"
                                          for a in self.applications() if not self.elsewhere(a)), seconds)

    # --- what is changed ---

    def app_without_hooks(self):
        """A PreSync Job would be what is measured."""
        tags = self.checkout / f"charts/app-config/image-tags/{self.environment}"
        hooked = self.hooked()
        deployed = {i.application for i in self.expected.items if i.object["kind"] == "Deployment"
                    and i.object["metadata"]["name"] == i.application}
        return next((t.name for t in sorted(tags.iterdir()) if t.name in deployed - hooked), None)

    def hooked(self):
        return {i.application for i in self.expected.items if self.is_hook(i.object)}

    def application_of(self, deployment):
        """The Application of an audit event's Deployment."""
        return next((i.application for i in self.expected.items if i.object["kind"] == "Deployment"
                     and i.object["metadata"]["name"] == deployment["name"]
                     and i.object["metadata"].get("namespace") == deployment["namespace"]), None)

    def shared_chart(self):
        """The path of the chart that most Applications share, and their names."""
        users = collections.defaultdict(set)
        for item in self.expected.items:
            if rendered.is_application(item.object):
                for source in item.object["spec"].get("sources") or [item.object["spec"].get("source") or {}]:
                    users[source.get("path")].add(item.object["metadata"]["name"])
        users.pop(None, None)
        return max(users.items(), key=lambda pair: len(pair[1]))

    def commit_label(self, chart, label):
        """One commit that gives the pods of all Deployments of a chart a label."""
        tree = self.checkout
        demo.run("git", "-C", tree, "pull", "-q", "--rebase")
        for file in (tree / chart / "templates").glob("*deployment.yaml"):
            file.write_text(re.sub(r"(?m)^(  template:\n    metadata:\n)(      annotations:\n(?: {8}.*\n)+)?(      labels:\n)",
                                   rf'\g<0>        {label}: "yes"' "\n", file.read_text()))
        demo.run("git", "-C", tree, "-c", "user.name=Fleet Robot", "-c", "user.email=robot@example.org",
                 "commit", "-q", "-am", f"pods are labelled {label}")
        demo.run("git", "-C", tree, "push", "-q", self.bare, "HEAD:" + demo.run(
            "git", "-C", self.bare, "symbolic-ref", "HEAD").strip())

    def labelled(self, label):
        items = (self.cluster.get("deployments", "-A") or {}).get("items", [])
        return [d for d in items if label in (d["spec"]["template"]["metadata"].get("labels") or {})]


def agent_rows(table, bench):
    bench.ask_helm()
    bench.start_cluster()
    cold_rows(table, bench)
    commit_row(table, bench)
    chart_row(table, bench)
    idle_row(table, bench)
    table.add("memory, peak resident", f"{bench.peak_memory():.0f} MiB", *argo(bench, "650 MiB"))
    bench.stop_agent()
    bench.cluster.stop()


def cold_rows(table, bench):
    bench.write_configuration()
    started, wall = time.monotonic(), time.time()
    bench.start_agent()
    bench.sync_by_hand()
    bench.wait("all settled", bench.all_settled, 240)
    took, cpu = time.monotonic() - started, bench.cpu()
    events, _ = bench.cluster.audit(0)
    writes = bench.writes(events)
    table.add(f"empty cluster to all Synced and Healthy, {len(writes)} writes", f"{took:.1f} s, {cpu:.2f} s CPU",
              *argo(bench, "120 s, 155 s CPU", 120, took))
    replay_row(table, bench, max(bench.when(e) for e in writes) - wall, bench.at_once(writes))


def commit_row(table, bench):
    app = bench.app_without_hooks()
    if not app:
        return
    time.sleep(3)
    _, offset = bench.cluster.audit(0)
    demo.run(demo.ROOT / "fixtures/fleet/commit-tag", bench.bare, bench.environment, app, "v12345")
    pushed = time.time()
    bench.webhook()
    bench.wait("the new image", lambda: (bench.image(app) or "").endswith(":v12345"), 60)
    time.sleep(1)
    events, _ = bench.cluster.audit(offset)
    patches = [e for e in bench.writes(events, ("patch",)) if e["objectRef"].get("resource") == "deployments"
               and e["objectRef"].get("name") == app]
    if patches:
        took = min(bench.when(e) for e in patches) - pushed
        upto = [e for e in bench.writes(events, None) if bench.when(e) <= pushed + took and e["verb"] != "watch"]
        table.add(f"push with webhook to the accepted PATCH of Deployment {app}",
                  f"{1000 * took:.0f} ms, {len(upto)} requests",
                  *argo(bench, "9.8 s, 206 requests", 9.8, took))


def chart_row(table, bench, label="bench.example.org/change"):
    """To the last accepted PATCH of a Deployment, which waits for its Application's PreSync Jobs."""
    chart, users = bench.shared_chart()
    bench.rest()
    time.sleep(3)
    _, offset = bench.cluster.audit(0)
    cpu = bench.cpu()
    bench.commit_label(chart, label)
    pushed = time.time()
    bench.webhook()
    seen = -1
    while not bench.labelled(label) or len(bench.labelled(label)) > seen:
        seen = len(bench.labelled(label))
        time.sleep(3)
        if time.time() > pushed + 120:
            break
    events, _ = bench.cluster.audit(offset)
    patches = [e for e in bench.writes(events, ("patch",)) if e["objectRef"].get("resource") == "deployments"]
    took = max([bench.when(e) for e in patches], default=pushed) - pushed
    table.add(f"change of the chart of {len(users)} Applications, to the last PATCH",
              f"{took:.2f} s, {len(patches)} PATCHes, {bench.cpu() - cpu:.2f} s CPU",
              *argo(bench, "61 s", 61, took))
    hooked = bench.hooked()
    free = [e for e in patches if bench.application_of(e["objectRef"]) not in hooked]
    if free:
        table.add(f"  the {len(free)} of Applications without hooks",
                  f"{max(bench.when(e) for e in free) - pushed:.2f} s")


def idle_row(table, bench, seconds=30):
    bench.rest()
    time.sleep(5)
    _, offset = bench.cluster.audit(0)
    before = bench.cpu()
    time.sleep(seconds)
    used = bench.cpu() - before
    events, _ = bench.cluster.audit(offset)
    table.add(f"idle for {seconds} s with a 5 s poll",
              f"{len(bench.writes(events))} writes, {100 * used / seconds:.2f} % of a core",
              *argo(bench, "23 writes a minute, 4 %"))
