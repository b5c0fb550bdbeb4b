"""Who wants an object, and what is asked of an Application, when several have a say, when one goes,
and when the agent dies in between."""
import copy
import signal
import time

import yaml

from apps import App, app, config_map, deployment, story  # noqa: F401

AUTO = {"prune": True, "selfHeal": True}
FINALIZER = "resources-finalizer.argocd.argoproj.io"


def job(name, hook):
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "annotations": {"argocd.argoproj.io/hook": hook}},
            "spec": {"template": {"spec": {"restartPolicy": "Never",
                                           "containers": [{"name": "main", "image": "registry.example.org/x:v1"}]}}}}


def child_of(story, name, path, **annotations):
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "finalizers": [FINALIZER], "annotations": annotations},
            "spec": {"project": "default", "source": {"repoURL": story.url, "path": path},
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": f"ns-{name}"},
                     "syncPolicy": {"automated": AUTO, "syncOptions": ["CreateNamespace=true"]}}}


class Child:
    """A child Application's chart, and the manifest that a parent renders."""

    def __init__(self, story, name, *objects, **annotations):
        self.chart = App(story, name, create=False)
        self.chart.write(*objects)
        self.story, self.name = story, name
        self.manifest = child_of(story, name, self.chart.path, **annotations)

    def known(self):
        return self.name in self.story.tiphys("get", "-o", "name").stdout.split()

    def get(self, *words):
        return self.story.cluster.get(*words, "-n", f"ns-{self.name}")

    def until_synced(self):
        self.story.until(f"{self.name} Synced", lambda: self.known() and self.story.state(
            self.story.app(self.name)) == ("Synced", "Healthy"))

    def operation(self):
        return self.story.app(self.name)["status"].get("operationState") or {}


def deleted(story, offset):
    return {(w[1], w[2]) for w in story.writes(offset) if w[0] == "delete"}


def commit_both(story, *pairs):
    """Several charts in one commit: (App, objects)."""
    files = {}
    for a, objects in pairs:
        templates = story.checkout / a.path / "templates"
        files.update({f"{a.path}/templates/{f.name}": None for f in templates.glob("*")})
        files.update({f"{a.path}/templates/{i}.yaml": yaml.safe_dump(o) for i, o in enumerate(objects)})
    story.commit("together", **files)


def test_an_object_moves_to_another_application(story, app):  # noqa: F811
    one, two = app("from", automated=AUTO), app("to", automated=AUTO)
    two.manifest["spec"]["destination"]["namespace"] = two.namespace = one.namespace
    one.write(config_map("stays-a"), config_map("moves"))
    two.write(config_map("stays-b"))
    one.start().until_state("Synced", "Healthy")
    two.start().until_state("Synced", "Healthy")
    for here, there in ((one, two), (two, one), (one, two)):
        uid = one.get("configmap", "moves")["metadata"]["uid"]
        offset = story.audit_offset()
        kept = {one: config_map("stays-a"), two: config_map("stays-b")}
        commit_both(story, (here, [kept[here]]), (there, [kept[there], config_map("moves")]))
        one.until_state("Synced", "Healthy")
        two.until_state("Synced", "Healthy")
        assert one.get("configmap", "moves")["metadata"]["uid"] == uid
        assert deleted(story, offset) == set()


def test_a_child_moves_to_another_parent(story, app):  # noqa: F811
    one, two = app("parent-one", automated=AUTO), app("parent-two", automated=AUTO)
    child = Child(story, "moving-child", config_map("thing"))
    one.write(config_map("of-one"), child.manifest)
    two.write(config_map("of-two"))
    one.start(), two.start()
    child.until_synced()
    uid, offset = child.get("configmap", "thing")["metadata"]["uid"], story.audit_offset()
    changed = copy.deepcopy(child.manifest)
    changed["spec"]["revisionHistoryLimit"] = 3
    commit_both(story, (one, [config_map("of-one")]), (two, [config_map("of-two"), changed]))
    one.until_state("Synced", "Healthy")
    two.until_state("Synced", "Healthy")
    assert child.get("configmap", "thing")["metadata"]["uid"] == uid and deleted(story, offset) == set()
    assert story.app(child.name)["spec"]["revisionHistoryLimit"] == 3
    story.restart(signal.SIGKILL)
    story.until("the child", child.known)
    child.until_synced()
    two.write(config_map("of-two"))  # and goes with its new parent's word
    story.until("the child gone", lambda: not child.known() and not child.get("configmap", "thing"))


def test_a_child_that_is_not_to_be_pruned_stays(story, app):  # noqa: F811
    parent = app("careful-parent", automated=AUTO)
    child = Child(story, "kept-child", config_map("thing"), **{"argocd.argoproj.io/sync-options": "Prune=false"})
    parent.write(config_map("one"), child.manifest)
    parent.start()
    child.until_synced()
    offset = story.audit_offset()
    parent.write(config_map("one", data="b"))
    story.until("the change", lambda: parent.get("configmap", "one")["data"]["text"] == "b")
    time.sleep(3)
    assert child.known() and child.get("configmap", "thing") and deleted(story, offset) == set()


def test_a_deletion_outlives_the_agent_and_gives_way_to_a_new_one(story, app):  # noqa: F811
    parent = app("deleting-parent", automated=AUTO)
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    child = Child(story, "dying-child", held, config_map("free"))
    parent.write(config_map("one"), child.manifest)
    parent.start()
    child.until_synced()
    parent.write(config_map("one"))
    story.until("the deletion under way", lambda: child.get("configmap", "held")["metadata"].get("deletionTimestamp"))
    for _ in range(2):
        story.restart(signal.SIGKILL)
        time.sleep(3)
        assert not child.get("configmap", "free")  # nothing is made again
    parent.write(config_map("one"), child.manifest)  # wanted again, while the old one is still there
    story.until("the new commit", parent.seen)
    time.sleep(2)
    assert not child.get("configmap", "free")
    story.cluster.kubectl("patch", "configmap", "held", "-n", "ns-dying-child", "--type=json", "-p",
                          '[{"op":"remove","path":"/metadata/finalizers"}]')
    story.until("the new one", lambda: child.get("configmap", "free"))
    child.until_synced()


def test_without_self_heal_a_restart_mends_nothing(story, app):  # noqa: F811
    a = app("restarted", automated={})
    a.write(config_map("one"), job("once", "PreSync"))
    a.start().until_state("Synced", "Healthy")
    story.cluster.kubectl("patch", "configmap", "one", "-n", a.namespace, "-p", '{"data":{"text":"mine"}}')
    a.until_state("OutOfSync", "Healthy")
    offset = story.audit_offset()
    story.restart(signal.SIGKILL)
    a.until_state("OutOfSync", "Healthy")
    time.sleep(4)
    assert a.writes(offset) == []


def test_healing_runs_no_hooks(story, app):  # noqa: F811
    a = app("healed", automated=AUTO)
    a.write(config_map("one"), job("once", "PreSync"))
    a.start().until_state("Synced", "Healthy")
    uid = a.get("job", "once")["metadata"]["uid"]
    for i in range(3):  # the later ones wait
        story.cluster.kubectl("patch", "configmap", "one", "-n", a.namespace, "-p", f'{{"data":{{"text":"{i}"}}}}')
        story.until("the heal", lambda: a.get("configmap", "one")["data"]["text"] == "a")
    assert a.get("job", "once")["metadata"]["uid"] == uid


def never_ready(name, wave):
    d = deployment(name)
    d["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": str(wave)}
    d["spec"]["template"]["metadata"]["annotations"] = {"sim.tiphys.dev/ready-delay": "never"}
    return d


def test_a_terminated_sync_is_not_repeated(story, app):  # noqa: F811
    a = app("stopped", automated=AUTO)
    a.write(never_ready("stuck", 0), config_map("later", **{"sync-wave": "1"}))
    a.start()
    phase = lambda: (story.app("stopped")["status"].get("operationState") or {}).get("phase")  # noqa: E731
    story.until("the sync", lambda: phase() == "Running" and a.get("deployment", "stuck"))
    assert story.tiphys("terminate", "stopped").returncode == 0
    story.until("its end", lambda: phase() == "Failed")
    started = story.app("stopped")["status"]["operationState"]["startedAt"]
    time.sleep(8)
    state = story.app("stopped")["status"]["operationState"]
    assert state["startedAt"] == started and state["phase"] == "Failed"
    assert not a.get("configmap", "later")


def test_a_selective_sync_stays_selective_over_a_death(story, app):  # noqa: F811
    a = app("selective")
    a.write(never_ready("stuck", 0), config_map("picked", **{"sync-wave": "1"}), config_map("other"),
            job("hook", "PreSync"))
    a.start().until_state("OutOfSync", "Missing")
    picks = [{"group": "apps", "kind": "Deployment", "name": "stuck"}, {"group": "", "kind": "ConfigMap", "name": "picked"}]
    story.api("/api/v1/applications/selective/sync", "POST", {"resources": picks})
    story.until("the Deployment", lambda: a.get("deployment", "stuck"))
    story.restart(signal.SIGKILL)
    time.sleep(3)
    story.cluster.kubectl("patch", "deployment", "stuck", "-n", a.namespace, "--type=json", "-p",
                          '[{"op":"remove","path":"/spec/template/metadata/annotations/sim.tiphys.dev~1ready-delay"}]')
    story.until("the second wave", lambda: a.get("configmap", "picked"))
    time.sleep(2)
    assert not a.get("configmap", "other") and not a.get("job", "hook")


def project(name, kinds):
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name},
            "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
                     "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                     "namespaceResourceWhitelist": [{"group": "", "kind": k} for k in kinds]}}


def test_a_project_is_tightened_and_outlives_a_restart(story, app):  # noqa: F811
    parent = app("project-parent", automated=AUTO)
    child = Child(story, "ruled-child", config_map("thing"))
    child.manifest["spec"]["project"] = "narrow"
    parent.write(project("narrow", ["ConfigMap"]), child.manifest)
    parent.start()
    child.until_synced()
    offset = story.audit_offset()
    story.restart(signal.SIGKILL)
    child.until_synced()
    assert [w for w in story.writes(offset) if w[1] != "events"] == []
    parent.write(project("narrow", ["Secret"]), child.manifest)
    words = lambda: str(story.app(child.name)["status"])  # noqa: E731
    story.until("the refusal", lambda: "is not permitted in project" in words())
    assert child.get("configmap", "thing")  # hidden from it, not pruned


def test_what_the_server_serves_decides_the_rendering(story, app):  # noqa: F811
    a = app("capable", automated=AUTO)
    a.write(config_map("plain"))
    story.commit("a condition", **{f"{a.path}/templates/maybe.yaml":
                 '{{ if .Capabilities.APIVersions.Has "options.example.org/v1" }}\n'
                 + yaml.safe_dump(config_map("served")) + "{{ end }}\n"})
    a.start().until_state("Synced", "Healthy")
    assert not a.get("configmap", "served")
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
           "metadata": {"name": "lamps.options.example.org"},
           "spec": {"group": "options.example.org", "scope": "Namespaced",
                    "names": {"kind": "Lamp", "plural": "lamps", "singular": "lamp", "listKind": "LampList"},
                    "versions": [{"name": "v1", "served": True, "storage": True,
                                  "schema": {"openAPIV3Schema": {"type": "object"}}}]}}
    story.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump(crd))
    story.until("what it brings", lambda: a.get("configmap", "served"))


def test_a_changed_tracking_id_is_put_right(story, app):  # noqa: F811
    a = app("tracked", automated=AUTO)
    a.write(config_map("one"))
    a.start().until_state("Synced", "Healthy")
    story.cluster.kubectl("patch", "configmap", "one", "-n", a.namespace, "-p",
                          '{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"other:/ConfigMap:x/y"}},'
                          '"data":{"text":"hidden"}}')
    story.until("the heal", lambda: a.get("configmap", "one")["data"]["text"] == "a")


def test_what_may_not_be_pruned_does_not_keep_syncs_going(story, app):  # noqa: F811
    a = app("leftover", automated=AUTO)
    a.write(config_map("goes"), config_map("kept", **{"sync-options": "Prune=false"}), job("once", "PreSync"))
    a.start().until_state("Synced", "Healthy")
    a.write(config_map("other"), job("once", "PreSync"))
    story.until("the prune", lambda: a.get("configmap", "other") and not a.get("configmap", "goes"))
    story.until("the end", lambda: story.app("leftover")["status"]["operationState"]["phase"] == "Succeeded")
    uid, offset = a.get("job", "once")["metadata"]["uid"], story.audit_offset()
    time.sleep(6)
    assert a.writes(offset) == [] and a.get("job", "once")["metadata"]["uid"] == uid and a.get("configmap", "kept")


def test_a_slow_rendering_harms_nobody(story, app):  # noqa: F811
    slow, good = app("slow", automated=AUTO), app("quick", automated=AUTO)
    slow.write(config_map("one"))
    story.commit("keys without end", **{f"{slow.path}/templates/keys.yaml":
                 "{{ range until 2000 }}# {{ genPrivateKey \"rsa\" | sha256sum }}\n{{ end }}\n"})
    good.write(config_map("two"))
    slow.start(), good.start()
    good.until_state("Synced", "Healthy")
    story.until("the refusal", lambda: "too long" in str(story.app("slow")["status"]))
    slow.write(config_map("one", data="b"))
    slow.until_state("Synced", "Healthy")


def test_a_configuration_that_cannot_be_used_changes_nothing(story):  # noqa: F811
    before = story.config.read_text()
    for change in (lambda c: c["server"].update(listen="127.0.0.1:1"), lambda c: c.update(bogus=1)):
        config = yaml.safe_load(before)
        change(config)
        story.config.write_text(yaml.safe_dump(config))
        said = story.log_text().count("the old one stays")
        story.agent.send_signal(signal.SIGHUP)
        story.until("the refusal", lambda: story.log_text().count("the old one stays") > said)
        assert story.applications()
    story.config.write_text(before)
