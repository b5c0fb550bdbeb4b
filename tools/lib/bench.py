"""Benchmarks as ratios against references of the same run. Run by tools/bench."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import demo  # noqa: E402

ROOT = demo.ROOT
BUNDLE = pathlib.Path(os.environ.get("TIPHYS_SHARED", ROOT.parent / "shared")) / "data/govuk-replay.bundle"
ROWS = []


def row(what, ours, reference="", ratio=""):
    ROWS.append({"what": what, "tiphys": ours, "reference": reference, "ratio": ratio})
    print(f"{what:<58} {ours:<26} {reference:<44} {ratio}", flush=True)


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Options:
    once, environment, root, keep = True, "integration", None, None
    repo = str(BUNDLE) if BUNDLE.exists() else None


class Bench(demo.Demo):
    def prepare(self):
        self.make_repository()
        before = children_cpu()
        self.ask_helm_alone()
        self.helm_cpu = children_cpu() - before
        self.ask_helm()

    def ask_helm_alone(self):
        demo.rendered.render_fleet(os.environ["HELM"], self.checkout, self.environment, namespace=self.namespace)

    # --- rendering ---

    def render(self):
        root = self.directory / "root-render.yaml"
        root.write_text(yaml.safe_dump(self.root_application()))
        arguments = [demo.TIPHYS, "render", "-f", root, "--repo", self.checkout, "--recurse", "--count"]
        best, output = 1e9, ""
        for _ in range(5):
            before = children_cpu()
            output = subprocess.run([str(a) for a in arguments], capture_output=True, text=True).stdout
            best = min(best, children_cpu() - before)
        row(f"render all, cold process ({output.strip()})", f"{1000 * best:.0f} ms CPU",
            f"helm command line {self.helm_cpu:.1f} s CPU", f"{self.helm_cpu / best:.0f} x")
        bench = subprocess.run([ROOT / "build/tests/bench_render", self.checkout, root, "12"], capture_output=True,
                               text=True).stdout
        warm = float(re.search(r"warm ([0-9.]+)", bench)[1]) / 1000
        row("render all, warm process (templates compiled)", f"{1000 * warm:.1f} ms CPU",
            f"helm command line {self.helm_cpu:.1f} s CPU", f"{self.helm_cpu / warm:.0f} x")
        row("  against Helm's library, warm, mended (0.85 s, not measured here)", f"{1000 * warm:.1f} ms CPU", "850 ms CPU",
            f"{0.85 / warm:.1f} x")

    # --- the agent ---

    def mine(self, events, verbs=("create", "update", "patch", "delete")):
        return [e for e in events if e["user"]["username"].startswith("system:serviceaccount:tiphys:")
                and (not verbs or e["verb"] in verbs)]

    def proc(self, name):
        status = pathlib.Path(f"/proc/{self.agent.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", status)[1])

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.agent.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def when(event, which="stageTimestamp"):
        return datetime.datetime.fromisoformat(event[which].replace("Z", "+00:00")).timestamp()

    def agent_rows(self):
        self.start_cluster()
        self.write_configuration()
        started, wall = time.monotonic(), time.time()
        self.start_agent()
        self.sync_by_hand()
        self.wait("all settled", self.all_settled, 240)
        took = time.monotonic() - started
        events, offset = self.cluster.audit(0)
        writes = [e for e in self.mine(events) if e["stage"] == "ResponseComplete"]
        last = max(self.when(e) for e in writes) - wall
        row(f"empty cluster to all Synced and Healthy, {len(writes)} writes", f"{took:.1f} s, {self.cpu():.2f} s CPU",
            "Argo CD 3.5.1: 120 s, 155 s CPU (known)", f"{120 / took:.0f} x")
        row("  last accepted write", f"{last:.1f} s after the start")
        self.commit_row()
        self.idle_row()
        row("memory, peak resident", f"{self.proc('VmHWM') / 1024:.0f} MiB", "goal 64 MiB; Argo CD 650 MiB (known)")

    def app_without_hooks(self):
        """A PreSync Job would be what is measured."""
        tags = self.checkout / f"charts/app-config/image-tags/{self.environment}"
        hooked = {i.application for i in self.expected.items if self.is_hook(i.object)}
        deployed = {i.application for i in self.expected.items if i.object["kind"] == "Deployment"
                    and i.object["metadata"]["name"] == i.application}
        return next((t.name for t in sorted(tags.iterdir()) if t.name in deployed - hooked), None)

    def commit_row(self):
        app = self.app_without_hooks()
        if not app:
            return
        time.sleep(3)
        _, offset = self.cluster.audit(0)
        demo.run(ROOT / "fixtures/fleet/commit-tag", self.bare, self.environment, app, "v12345")
        pushed = time.time()
        self.api("/api/webhook", "POST", {"repository": {"clone_url": self.url}})
        self.wait("the new image", lambda: (self.image(app) or "").endswith(":v12345"), 60)
        time.sleep(1)
        events, _ = self.cluster.audit(offset)
        patches = [e for e in self.mine(events, ("patch",)) if e["objectRef"].get("resource") == "deployments"
                   and e["objectRef"].get("name") == app]
        if patches:
            took = min(self.when(e) for e in patches) - pushed
            upto = [e for e in self.mine(events, None) if self.when(e) <= pushed + took and e["stage"] == "ResponseComplete"
                    and e["verb"] not in ("watch",)]
            row(f"push with webhook to the accepted PATCH of Deployment {app}", f"{1000 * took:.0f} ms, {len(upto)} requests",
                "Argo CD 3.5.1: 9.8 s, 206 requests (known)", f"{9.8 / took:.0f} x")

    def idle_row(self, seconds=30):
        self.wait("rest", lambda: not any((a["status"].get("operationState") or {}).get("phase") == "Running"
                                          for a in self.applications() if not self.elsewhere(a)), 60)
        time.sleep(5)
        _, offset = self.cluster.audit(0)
        before = self.cpu()
        time.sleep(seconds)
        used = self.cpu() - before
        events, _ = self.cluster.audit(offset)
        row(f"idle for {seconds} s with a 5 s poll", f"{len(self.mine(events))} writes, {100 * used / seconds:.2f} % of a core",
            "Argo CD 3.5.1: 23 writes a minute, 4 % (known)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", choices=["render", "agent"])
    parser.add_argument("--json")
    options = parser.parse_args()
    print(f"{datetime.date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"{'GOV.UK integration' if Options.repo else 'the sample fleet (no GOV.UK charts here)'}")
    bench = Bench(Options, tempfile.mkdtemp(prefix="tiphys-bench-"))
    try:
        bench.prepare()
        if options.name in (None, "render"):
            bench.render()
        if options.name in (None, "agent"):
            bench.agent_rows()
    finally:
        bench.stop()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(ROWS, indent=2) + "\n")


if __name__ == "__main__":
    main()
