"""The options of syncPolicy and ignoreDifferences, each by its effect on the real API server: one
Application a test, whose chart is a folder of plain manifests, in a namespace of its own."""
import json
import shutil
import signal
import time

import pytest
import yaml

from story import Options, Story

IDLE = 11  # seconds: two polls


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    s = Story(Options, tmp_path_factory.mktemp("options"))
    try:
        s.make_repository()
        s.ask_helm()
        s.start_cluster()
        s.write_configuration()
        s.start_agent()
        s.settle()
        s.base = s.config.read_text()
        yield s
    finally:
        s.stop()
    assert s.agent.returncode == 0, (s.directory / "agent.log").read_text()[-3000:]


def config_map(name, data="a", **annotations):
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"text": data},
            "metadata": {"name": name, "annotations": {f"argocd.argoproj.io/{k}": v for k, v in annotations.items()}}}


def deployment(name, replicas=1, env=None, cpu="100m"):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}},
                                  "spec": {"containers": [{"name": "main", "image": "registry.example.org/x:v1",
                                                           "env": env or [],
                                                           "resources": {"limits": {"cpu": cpu}}}]}}}}


class App:
    """One Application of the configuration, and the manifests of its chart."""

    def __init__(self, story, name, options=(), automated=None, ignore=(), create=True):
        self.story, self.name, self.namespace = story, name, f"ns-{name}"
        self.path = f"charts/options-{name}"
        policy = {"syncOptions": list(options)}
        if automated is not None:
            policy["automated"] = automated
        self.manifest = {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name},
            "spec": {"project": "default", "source": {"repoURL": story.url, "path": self.path},
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": self.namespace},
                     "syncPolicy": policy, "ignoreDifferences": list(ignore)}}
        if create:
            story.cluster.kubectl("create", "namespace", self.namespace)

    def write(self, *objects):
        """Commits the chart: these objects and no other."""
        templates = self.story.checkout / self.path / "templates"
        old = {f"{self.path}/templates/{f.name}": None for f in templates.glob("*")} if templates.exists() else {}
        files = {f"{self.path}/templates/{i}.yaml": yaml.safe_dump(o) for i, o in enumerate(objects)}
        files[f"{self.path}/Chart.yaml"] = f"apiVersion: v2\nname: options-{self.name}\nversion: 1.0.0\n"
        self.story.commit(f"{self.name}: {len(objects)} objects", **{**old, **files})
        self.revision = self.git("rev-parse", "HEAD")

    def git(self, *words):
        import subprocess
        return subprocess.run(["git", "-C", str(self.story.checkout), *words], capture_output=True, text=True,
                              check=True).stdout.strip()

    def start(self):
        file = self.story.directory / f"{self.name}.yaml"
        file.write_text(json.dumps(self.manifest))
        text = self.story.config.read_text()
        self.story.config.write_text(text.replace("applications:\n", f"applications:\n- {file}\n", 1))
        self.story.agent.send_signal(signal.SIGHUP)
        self.story.until(f"{self.name} to be known", lambda: self.name in self.story.tiphys("get", "-o", "name").stdout)
        return self

    def seen(self):
        """Has the agent looked at the newest commit?"""
        return self.story.app(self.name)["status"]["sync"].get("revision") == self.revision

    def until_state(self, *wanted):
        self.story.until(f"{self.name} {' '.join(wanted)}", lambda: self.seen() and self.state() == wanted)

    def state(self):
        return self.story.state(self.story.app(self.name))

    def sync(self, *words):
        return self.story.tiphys("sync", self.name, *words)

    def get(self, *words):
        return self.story.cluster.get(*words, "-n", self.namespace)

    def writes(self, offset):
        """(verb, resource, name) in this namespace, in the order of the API server's log."""
        events, _ = self.story.cluster.audit(offset)
        return [(e["verb"], e["objectRef"]["resource"], e["objectRef"].get("name")) for e in events
                if e["verb"] in ("create", "update", "patch", "delete") and (e.get("objectRef") or {}).get("namespace")
                == self.namespace and e["user"]["username"].startswith("system:serviceaccount:tiphys:")
                and "dryRun=All" not in e["requestURI"]]


@pytest.fixture
def app(story):
    made = []

    def make(name, **options):
        made.append(App(story, name, **options))
        return made[-1]
    yield make
    story.config.write_text(story.base)
    story.agent.send_signal(signal.SIGHUP)
    story.until("the Applications gone", lambda: not {a.name for a in made}
                & set(story.tiphys("get", "-o", "name").stdout.split()))


AUTO = {"prune": True, "selfHeal": True}
SERVER_SIDE = "ServerSideApply=true"


def test_values_that_the_server_writes_otherwise_are_no_difference(story, app):
    a = app("values", options=[SERVER_SIDE], automated=AUTO)
    a.write(deployment("quantities", cpu="1000m", env=[{"name": "EMPTY", "value": ""}, {"name": "OTHER", "value": "other"}]),
            config_map("empty", data=""))
    a.start().until_state("Synced", "Healthy")
    live = a.get("deployment", "quantities")["spec"]["template"]["spec"]["containers"][0]
    assert live["resources"]["limits"]["cpu"] == "1" and live["env"][0] == {"name": "EMPTY"}
    offset = story.audit_offset()
    for _ in range(100):
        assert a.sync().returncode == 0
    assert a.state() == ("Synced", "Healthy")
    # A sync by hand sends everything again, as Argo CD's does: none of it may change an object.
    version = a.get("deployment", "quantities")["metadata"]["resourceVersion"]
    story.stop_agent()
    shutil.rmtree(story.directory / "state")
    offset = story.audit_offset()
    story.start_agent()
    story.all_known()
    a.until_state("Synced", "Healthy")
    time.sleep(IDLE)
    assert story.writes(offset) == []
    assert a.get("deployment", "quantities")["metadata"]["resourceVersion"] == version


@pytest.mark.parametrize("only", [True, False])
def test_apply_out_of_sync_only(story, app, only):
    a = app(f"only-{str(only).lower()}", options=[SERVER_SIDE] + ["ApplyOutOfSyncOnly=true"] * only)
    a.write(config_map("one"), config_map("two"))
    a.start().until_state("OutOfSync", "Missing")
    assert a.sync().returncode == 0
    a.write(config_map("one"), config_map("two", data="b"))
    a.until_state("OutOfSync", "Healthy")
    offset = story.audit_offset()
    assert a.sync().returncode == 0
    assert {w[2] for w in a.writes(offset)} == {"two"}  # what has not changed is never written
    results = story.app(a.name)["status"]["operationState"]["syncResult"]["resources"]
    assert {r["name"] for r in results} == ({"two"} if only else {"one", "two"})
    assert a.get("configmap", "two")["data"] == {"text": "b"}


def test_server_side_apply_keeps_what_others_own(story, app):
    a = app("owners", options=[SERVER_SIDE], automated=AUTO)
    a.write(config_map("shared"))
    a.start().until_state("Synced", "Healthy")
    managers = {(m["manager"], m["operation"]) for m in json.loads(story.cluster.kubectl(
        "get", "configmap", "shared", "-n", a.namespace, "-o", "json", "--show-managed-fields"))["metadata"]["managedFields"]}
    assert managers == {("argocd-controller", "Apply")}
    story.cluster.kubectl("patch", "configmap", "shared", "-n", a.namespace, "-p", '{"data":{"theirs":"kept"}}')
    a.write(config_map("shared", data="b"))
    a.until_state("Synced", "Healthy")
    assert a.get("configmap", "shared")["data"] == {"text": "b", "theirs": "kept"}


@pytest.mark.parametrize("create", [True, False])
def test_create_namespace(story, app, create):
    a = app(f"namespace-{str(create).lower()}", options=["CreateNamespace=true"] * create, create=False)
    a.write(config_map("one"))
    a.start()
    story.until("the comparison", lambda: a.seen() and a.state()[0] == "OutOfSync")
    done = a.sync()
    if create:
        assert done.returncode == 0, done.stderr
        assert a.get("configmap", "one")
    else:
        assert done.returncode == 1
        assert f'namespaces "{a.namespace}" not found' in done.stdout + done.stderr
        assert not story.cluster.get("namespace", a.namespace)


@pytest.mark.parametrize("last", [True, False])
def test_prune_last(story, app, last):
    a = app(f"last-{str(last).lower()}", options=["PruneLast=true"] * last, automated={"prune": True})
    waves = {"sync-wave": "5"}
    a.write(config_map("going"), config_map("first"), config_map("late", **waves))
    a.start().until_state("Synced", "Healthy")
    offset = story.audit_offset()
    a.write(config_map("first", data="b"), config_map("late", data="b", **waves))
    a.until_state("Synced", "Healthy")
    order = [w[2] for w in a.writes(offset)]
    assert set(order) == {"going", "first", "late"}
    assert order.index("first") < order.index("late")
    assert (order[-1] == "going") == last, order


@pytest.mark.parametrize("policy", ["orphan", "foreground"])
def test_prune_propagation_policy(story, app, policy):
    a = app(f"policy-{policy}", options=[f"PrunePropagationPolicy={policy}"], automated={"prune": True})
    a.write(deployment("going"), config_map("stays"))
    a.start().until_state("Synced", "Healthy")
    a.write(config_map("stays"))
    story.until("the Deployment gone", lambda: not a.get("deployment", "going"))
    sets = lambda: (a.get("replicasets") or {"items": []})["items"]  # noqa: E731
    if policy == "orphan":
        time.sleep(2)
        assert len(sets()) == 1
    else:
        assert not sets()  # foreground: children first


@pytest.mark.parametrize("skip", [True, False])
def test_skip_dry_run_on_missing_resource(story, app, skip):
    a = app(f"missing-{str(skip).lower()}", options=["SkipDryRunOnMissingResource=true"] * skip)
    group, kind = f"options-{str(skip).lower()}.example.org", "Lamp"
    lamp = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "reading"}, "spec": {"colour": "green"}}
    a.write(config_map("one"), lamp)
    a.start()
    story.until("the comparison", lambda: a.seen() and a.state()[0] != "Unknown" or not skip and a.seen())
    done = a.sync()
    assert done.returncode == 1  # its CRD is not there: the sync fails, but not before the ConfigMap is applied
    assert f"{group}/{kind}" in done.stdout + done.stderr or f'"{group}/v1"' in done.stdout + done.stderr
    assert bool(a.get("configmap", "one")) == skip


def test_without_prune_and_self_heal_nothing_is_mended(story, app):
    a = app("manual", automated={})
    a.write(config_map("one"), config_map("two"))
    a.start().until_state("Synced", "Healthy")
    story.cluster.kubectl("patch", "configmap", "one", "-n", a.namespace, "-p", '{"data":{"text":"edited"}}')
    a.until_state("OutOfSync", "Healthy")
    offset = story.audit_offset()
    time.sleep(4)
    assert a.writes(offset) == [] and a.get("configmap", "one")["data"]["text"] == "edited"
    assert a.sync().returncode == 0
    a.write(config_map("one"))
    a.until_state("OutOfSync", "Healthy")
    time.sleep(4)
    pruned = [r for r in story.app("manual")["status"]["resources"] if r.get("requiresPruning")]
    assert [r["name"] for r in pruned] == ["two"] and a.get("configmap", "two")
    assert a.sync("--prune").returncode == 0
    assert not a.get("configmap", "two")


@pytest.mark.parametrize("rule", [{"jsonPointers": ["/spec/replicas"]}, {"jqPathExpressions": [".spec.replicas"]}])
def test_ignore_differences(story, app, rule):
    name = "ignore-" + next(iter(rule)).lower()
    a = app(name, options=[SERVER_SIDE, "RespectIgnoreDifferences=true"], automated=AUTO,
            ignore=[{"group": "apps", "kind": "Deployment", **rule}])
    a.write(deployment("scaled"))
    a.start().until_state("Synced", "Healthy")
    story.cluster.kubectl("scale", "deployment", "scaled", "-n", a.namespace, "--replicas=3")
    offset = story.audit_offset()
    time.sleep(4)
    assert a.writes(offset) == []
    a.until_state("Synced", "Healthy")
    a.write(deployment("scaled", cpu="200m"))  # the next sync leaves the ignored field alone
    a.until_state("Synced", "Healthy")
    live = a.get("deployment", "scaled")["spec"]
    assert live["replicas"] == 3 and live["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "200m"
