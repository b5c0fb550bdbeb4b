"""The main job on embedded parts, told as a timeline. Run by tools/demo."""
import argparse
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "fixtures"), str(ROOT / "fixtures/git-http"), str(ROOT / "fixtures/crds")]
from control_plane import open_cluster  # noqa: E402
from git_http import GitHTTP, free_port  # noqa: E402
import rendered  # noqa: E402

STARTED = time.monotonic()
TIPHYS = os.environ.get("TIPHYS", str(ROOT / "build/tiphys"))


def say(what):
    print(f"{time.monotonic() - STARTED:8.2f} s  {what}", flush=True)


def run(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, text=True, capture_output=True, **more).stdout


class Callbacks:
    """Receives POSTs and keeps them."""

    def __init__(self):
        self.calls = []
        calls = self.calls

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                calls.append((time.monotonic(), self.headers.get("Idempotency-Key"), json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/deployed"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Demo:
    agent_environment = {}

    def __init__(self, options, directory):
        self.options, self.directory = options, pathlib.Path(directory)
        self.fleet = not options.repo
        self.environment = options.environment
        self.agent = None

    # --- the parts ---

    def make_repository(self):
        self.bare = self.directory / "repositories/charts.git"
        self.bare.parent.mkdir(parents=True, exist_ok=True)
        if self.fleet:
            run(ROOT / "fixtures/fleet/make", self.bare)
        else:
            run("git", "clone", "-q", "--bare", self.options.repo, self.bare)
            self.choose_head()
            run("git", "-C", self.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.checkout = self.directory / "checkout"
        run("git", "clone", "-q", self.bare, self.checkout)
        self.git = GitHTTP(self.bare.parent, self.directory / "git-http").start()
        self.url = self.git.url("charts.git")
        say(f"charts repository at {self.url}")

    def choose_head(self):
        """A bundle may name no default branch."""
        branches = run("git", "-C", self.bare, "for-each-ref", "--format=%(refname)", "refs/heads").split()
        head = run("git", "-C", self.bare, "symbolic-ref", "HEAD").strip()
        if head not in branches and branches:
            chosen = next((b for b in branches if b.endswith("/main")), branches[0])
            run("git", "-C", self.bare, "symbolic-ref", "HEAD", chosen)

    def root_application(self):
        if self.options.root:
            return yaml.safe_load(pathlib.Path(self.options.root).read_text())
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"name": "app-config", "namespace": self.namespace},
                "spec": {"project": "default",
                         "source": {"repoURL": self.url, "path": "charts/app-config", "targetRevision": "HEAD",
                                    "helm": {"valueFiles": [f"values-{self.environment}.yaml"]}},
                         "destination": {"server": "https://kubernetes.default.svc", "namespace": self.namespace},
                         "syncPolicy": {"automated": {"prune": True, "selfHeal": True},
                                        "syncOptions": ["CreateNamespace=true"]}}}

    @property
    def namespace(self):
        return "apps" if self.fleet else "cluster-services"

    def ask_helm(self):
        """What Helm renders, to compare counts with and to know which CRDs are needed."""
        self.expected = rendered.render_fleet(os.environ["HELM"], self.checkout, self.environment,
                                              namespace=self.namespace)
        for item in self.expected.items:
            item.object["metadata"].setdefault("namespace", item.namespace)
        objects = [i.object for i in self.expected.items]
        text = "---\n".join(yaml.safe_dump(o) for o in objects)
        self.crds = self.directory / "crds"
        self.claims = self.directory / "claims"
        derive = ROOT / "fixtures/crds/derive.py"
        run(sys.executable, derive, "--output", self.crds, "-", input=text)
        run(sys.executable, derive, "--claims", "--output", self.claims, "-", input=text)
        say(f"helm renders {len(objects)} objects in {len({i.application for i in self.expected.items})} Applications"
            f" of the repository; {len(self.expected.skipped)} more have charts elsewhere")

    def start_cluster(self):
        self.cluster = open_cluster(self.directory / "cluster", crds=self.crds, kubectl=os.environ["KUBECTL"])
        self.cluster.start()
        say(f"control plane at {self.cluster.server}, with {len(list(self.crds.iterdir()))} permissive CRDs")
        for name in ("1-namespace.yaml", "2-rbac.yaml"):
            self.cluster.kubectl("apply", "-f", ROOT / "deploy" / name)
        self.make_namespaces()
        self.make_accounts()
        for file in sorted(self.claims.glob("*")):
            self.cluster.kubectl("apply", "-f", file)
        account = next(i for i in yaml.safe_load_all((ROOT / "deploy/2-rbac.yaml").read_text())
                       if i and i["kind"] == "ServiceAccount") if "ServiceAccount" in (
                           ROOT / "deploy/2-rbac.yaml").read_text() else None
        where = account["metadata"] if account else {"namespace": "tiphys", "name": "tiphys"}
        self.kubeconfig = self.directory / "agent-kubeconfig"
        self.cluster.kubeconfig_for(self.kubeconfig, self.cluster.token(where["namespace"], where["name"]))

    def make_namespaces(self):
        """Those that the charts use and nothing of the repository makes."""
        used, made = set(), set()
        for item in self.expected.items:
            used |= {item.object["metadata"].get("namespace"), item.namespace}
            if item.object["kind"] == "Namespace":
                made.add(item.object["metadata"]["name"])
            if rendered.is_application(item.object):
                options = (item.object["spec"].get("syncPolicy") or {}).get("syncOptions") or []
                if "CreateNamespace=true" in options and self.fleet:
                    made.add(item.object["spec"]["destination"].get("namespace"))
        for file in sorted(self.claims.glob("*")):
            used |= {(i or {}).get("metadata", {}).get("namespace") for i in yaml.safe_load_all(file.read_text())}
        there = {n["metadata"]["name"] for n in self.cluster.get("namespaces")["items"]}
        wanted = sorted(n for n in used - made - there if n)
        if wanted:
            text = "---\n".join(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}})
                                for n in wanted)
            self.cluster.kubectl("apply", "-f", "-", text=text)
            say(f"namespaces made beforehand: {', '.join(wanted)}")

    @staticmethod
    def pod_spec(o):
        spec = o.get("spec") or {}
        if o["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        return (spec.get("template") or {}).get("spec") or {} if isinstance(spec, dict) else {}

    def make_accounts(self):
        """ServiceAccounts that the charts leave to somebody else."""
        objects = [i.object for i in self.expected.items]
        made = {(o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects if o["kind"] == "ServiceAccount"}
        used = {(o["metadata"]["namespace"], self.pod_spec(o).get("serviceAccountName")) for o in objects
                if o["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")}
        wanted = sorted((n, a) for n, a in used - made if a and a != "default")
        if wanted:
            text = "---\n".join(yaml.safe_dump({"apiVersion": "v1", "kind": "ServiceAccount",
                                                "metadata": {"name": a, "namespace": n}}) for n, a in wanted)
            self.cluster.kubectl("apply", "-f", "-", text=text)
            say(f"ServiceAccounts made beforehand: {', '.join(f'{n}/{a}' for n, a in wanted)}")

    def missing_projects(self):
        """AppProjects that Applications name and the repository does not hold: all is allowed in them."""
        objects = [i.object for i in self.expected.items]
        named = {o["spec"].get("project", "default") for o in objects if rendered.is_application(o)}
        held = {o["metadata"]["name"] for o in objects if o["kind"] == "AppProject"} | {"default"}
        everything = [{"group": "*", "kind": "*"}]
        return [{"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name},
                 "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
                          "clusterResourceWhitelist": everything}} for name in sorted(named - held)]

    def repository_urls(self):
        """How the charts name their own repository."""
        urls = set()
        for item in self.expected.items:
            if rendered.is_application(item.object):
                for source in item.object["spec"].get("sources") or [item.object["spec"].get("source") or {}]:
                    if source.get("path") and not source.get("chart"):
                        urls.add(source["repoURL"])
        return sorted(urls - {self.url})

    def write_configuration(self):
        self.callbacks = Callbacks()
        manifests = [self.root_application(), *self.missing_projects()]
        (self.directory / "root.yaml").write_text(yaml.safe_dump_all(manifests))
        port = free_port()
        self.server = f"http://127.0.0.1:{port}"
        configuration = {
            "environment": self.environment, "kubeconfig": str(self.kubeconfig),
            "state": str(self.directory / "state"), "poll": {"interval": "5s"},
            "applications": ["root.yaml"], "server": {"listen": f"127.0.0.1:{port}"},
            "rewrite": [{"from": u, "to": self.url} for u in self.repository_urls()],
            "callbacks": [{"name": "deployed", "url": self.callbacks.url,
                           "body": '{"app":{{ .app | toJson }},"images":{{ .images | toJson }},'
                                   '"revision":{{ .revision | toJson }}}'}]}
        self.config = self.directory / "tiphys.yaml"
        self.config.write_text(yaml.safe_dump(configuration))

    def start_agent(self):
        self.log = open(self.directory / "agent.log", "ab")
        self.agent = subprocess.Popen([TIPHYS, "agent", "-c", self.config], stderr=self.log,
                                      env={**os.environ, **self.agent_environment})
        say(f"agent started, its API at {self.server}")

    # --- asking ---

    def api(self, path, method="GET", body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.server + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def applications(self):
        try:
            return self.api("/api/v1/applications")["items"]
        except OSError:
            return []

    def tiphys(self, *words):
        return subprocess.run([TIPHYS, *words, "--server", self.server], text=True,
                              capture_output=True)

    @staticmethod
    def state(app):
        return app["status"]["sync"]["status"], app["status"]["health"]["status"]

    def elsewhere(self, app):
        spec = app.get("spec") or {}
        return any(s.get("chart") for s in spec.get("sources") or [spec.get("source") or {}])

    def wait(self, what, done, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.agent.poll() is not None:
                raise SystemExit(f"the agent ended with status {self.agent.returncode}; see {self.log.name}")
            result = done()
            if result:
                return result
            time.sleep(0.05)
        raise SystemExit(f"{what}: not within {timeout} s. {self.describe()}")

    def describe(self):
        lines = []
        for app in self.applications():
            if self.state(app) != ("Synced", "Healthy") and not self.elsewhere(app):
                why = [c["message"] for c in app["status"].get("conditions", [])]
                operation = (app["status"].get("operationState") or {}).get("message", "")
                lines.append(f"\n  {app['metadata']['name']}: {' '.join(self.state(app))} "
                             f"{app['status']['health'].get('message', '')} {operation} {why}"[:600])
        return f"{len(lines)} Applications are not Synced and Healthy:" + "".join(lines[:20])

    # --- the story ---

    def all_settled(self):
        wanted = {i.application for i in self.expected.items}
        apps = {a["metadata"]["name"]: a for a in self.applications()}
        if not wanted <= set(apps):
            return False
        mine = [apps[n] for n in wanted]
        return all(self.state(a) == ("Synced", "Healthy") for a in mine)

    def sync_by_hand(self):
        """Applications without automated sync wait for a person."""
        def all_known():
            apps = {a["metadata"]["name"]: a for a in self.applications()}
            return all(n in apps and self.state(apps[n])[0] != "Unknown" for n in manual)
        manual = [i.object["metadata"]["name"] for i in self.expected.items if rendered.is_application(i.object)
                  and not (i.object["spec"].get("syncPolicy") or {}).get("automated")
                  and i.object["metadata"]["name"] not in self.expected.skipped]
        self.wait("Applications that are synced by hand are compared", all_known, 60)
        for name in manual:
            self.manual_sync(name)

    def settle(self):
        self.sync_by_hand()
        self.wait("all Applications Synced and Healthy", self.all_settled, 120)
        say("all Applications of the repository are Synced and Healthy")
        self.count()

    def count(self):
        found = 0
        apps = {a["metadata"]["name"]: a for a in self.applications()}
        for name in sorted({i.application for i in self.expected.items}):
            found += len(self.api(f"/api/v1/applications/{name}")["status"].get("resources") or [])
        hooks = sum(1 for i in self.expected.items if self.is_hook(i.object))
        mine = len(self.expected.items) - hooks
        kept = sum(1 for n in {i.application for i in self.expected.items}
                   for r in self.api(f"/api/v1/applications/{n}")["status"].get("resources") or [] if r.get("hook"))
        say(f"{found - kept} objects live, {mine} rendered by helm besides {hooks} hooks")
        if found - kept != mine:
            raise SystemExit(f"the counts differ: {found - kept} and {mine}")
        for name in self.expected.skipped:
            app = apps.get(name)
            why = app and [c["message"] for c in app["status"].get("conditions", [])]
            say(f"  {name}: {' '.join(self.state(app)) if app else 'unknown'}, {why[0] if why else 'no reason'}"[:160])

    @staticmethod
    def is_hook(o):
        notes = o["metadata"].get("annotations") or {}
        return "argocd.argoproj.io/hook" in notes or "helm.sh/hook" in notes

    def image(self, app):
        deployment = self.cluster.get("deployment", app, "-n", "apps")
        return deployment and deployment["spec"]["template"]["spec"]["containers"][0]["image"]

    def deploy(self, app="frontend", tag="v99"):
        calls = len(self.callbacks.calls)
        pushed = time.monotonic()
        commit = run(ROOT / "fixtures/fleet/commit-tag", self.bare, self.environment, app, tag).strip()
        self.api("/api/webhook", "POST", {"repository": {"clone_url": self.url}})
        say(f"pushed {commit[:8]}: {app} becomes {tag}; webhook answered")
        self.wait("the new image in the Deployment", lambda: (self.image(app) or "").endswith(":" + tag), 60)
        say(f"the Deployment has it, {1000 * (time.monotonic() - pushed):.0f} ms after the push (kubectl included)")
        self.wait("the callback", lambda: [c for c in self.callbacks.calls[calls:] if c[2]["app"] == app], 120)
        call = [c for c in self.callbacks.calls[calls:] if c[2]["app"] == app][0]
        say(f"rolled out, and the callback received: id {call[1]}, images {', '.join(call[2]['images'] or [])}")

    def hooks(self):
        jobs = self.cluster.get("jobs", "-A")
        ran = [j["metadata"]["name"] for j in (jobs or {}).get("items", [])
               if (j["metadata"].get("annotations") or {}).get("tiphys/operation")
               and any(c["type"] == "Complete" for c in j.get("status", {}).get("conditions", []))]
        if not ran:
            raise SystemExit("no hook Job has run")
        say(f"hook Jobs that ran to their end: {', '.join(sorted(ran))}")

    def manual_sync(self, app="frontend"):
        done = self.tiphys("sync", app)
        if done.returncode:
            raise SystemExit(f"tiphys sync {app}: {done.stderr or done.stdout}")
        say(f"tiphys sync {app}: {done.stdout.strip().splitlines()[-1]}")

    def story(self):
        self.make_repository()
        self.ask_helm()
        self.start_cluster()
        self.write_configuration()
        self.start_agent()
        self.settle()
        if self.fleet:
            self.deploy()
            self.hooks()
            self.manual_sync()

    def stop_agent(self, how=signal.SIGTERM):
        ended = time.monotonic()
        self.agent.send_signal(how)
        self.agent.wait(20)
        return time.monotonic() - ended

    def stop(self):
        if self.agent and self.agent.poll() is None:
            took = self.stop_agent()
            say(f"agent ended with status {self.agent.returncode} in {1000 * took:.0f} ms")
        for part in ("cluster", "git"):
            if hasattr(self, part):
                getattr(self, part).stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--repo")
    parser.add_argument("--environment", default="integration")
    parser.add_argument("--root")
    parser.add_argument("--keep")
    options = parser.parse_args()
    directory = options.keep or tempfile.mkdtemp(prefix="tiphys-demo-")
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    demo = Demo(options, directory)
    failed = True
    try:
        demo.story()
        failed = False
        if not options.once:
            say(f"running; API {demo.server}, KUBECONFIG={demo.cluster.kubeconfig}. Ctrl-C ends it.")
            signal.pause()
    except KeyboardInterrupt:
        failed = False
    finally:
        demo.stop()
        if failed:
            print(f"left for a look: {directory} (agent.log has the agent's words)", file=sys.stderr)
        elif not options.keep:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
