"""The options of syncPolicy and ignoreDifferences, each by its effect on the real API server: one
Application a test, whose chart is a folder of plain manifests, in a namespace of its own."""
import json
import shutil
import signal
import time

import pytest

from apps import app, config_map, deployment, story  # noqa: F401

IDLE = 11  # seconds: two polls
AUTO = {"prune": True, "selfHeal": True}
SERVER_SIDE = "ServerSideApply=true"


def test_values_that_the_server_writes_otherwise_are_no_difference(story, app):  # noqa: F811
    a = app("values", options=[SERVER_SIDE], automated=AUTO)
    a.write(deployment("quantities", cpu="1000m", env=[{"name": "EMPTY", "value": ""}, {"name": "OTHER", "value": "other"}]),
            config_map("empty", data=""))
    a.start().until_state("Synced", "Healthy")
    live = a.get("deployment", "quantities")["spec"]["template"]["spec"]["containers"][0]
    assert live["resources"]["limits"]["cpu"] == "1" and live["env"][0] == {"name": "EMPTY"}
    offset = story.audit_offset()
    for _ in range(100):
        assert a.sync().returncode == 0
    assert a.state() == ("Synced", "Healthy") and a.writes(offset) == []
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
def test_apply_out_of_sync_only(story, app, only):  # noqa: F811
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


def test_server_side_apply_keeps_what_others_own(story, app):  # noqa: F811
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
def test_create_namespace(story, app, create):  # noqa: F811
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
def test_prune_last(story, app, last):  # noqa: F811
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
def test_prune_propagation_policy(story, app, policy):  # noqa: F811
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
def test_skip_dry_run_on_missing_resource(story, app, skip):  # noqa: F811
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


def test_without_prune_and_self_heal_nothing_is_mended(story, app):  # noqa: F811
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
def test_ignore_differences(story, app, rule):  # noqa: F811
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


def test_a_secrets_values_are_in_no_error(story, app):
    a = app("secret")
    a.write({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "typed"}, "data": {"token": 918273645}})
    a.start()
    story.until("the comparison", lambda: a.seen() and a.state()[0] == "OutOfSync")
    done = a.sync()
    assert done.returncode == 1 and ".data.token" in done.stdout + done.stderr
    seen = done.stdout + done.stderr + json.dumps(story.app("secret")) + (story.directory / "agent.log").read_text()
    assert "918273645" not in seen


def test_what_is_taken_out_though_empty(story, app):
    a = app("empties", options=[SERVER_SIDE], automated=AUTO)
    a.write(deployment("zero", replicas=0), config_map("one", data=""))
    a.start().until_state("Synced", "Healthy")
    story.cluster.kubectl("patch", "configmap", "one", "-n", a.namespace, "--type=json",
                          "-p", '[{"op":"remove","path":"/data/text"}]')
    story.until("the empty text again", lambda: a.get("configmap", "one").get("data") == {"text": ""})
    without = deployment("zero")
    del without["spec"]["replicas"]
    a.write(without, config_map("one", data=""))
    story.until("the default", lambda: a.get("deployment", "zero")["spec"]["replicas"] == 1)
    a.until_state("Synced", "Healthy")
    offset = story.audit_offset()
    time.sleep(4)
    assert a.writes(offset) == []


def crd(group, kind):
    plural = kind.lower() + "s"
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                         "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def test_replace(story, app):
    a = app("replace", automated=AUTO)
    options = {"sync-options": "Replace=true"}
    lamp = lambda colour: {"apiVersion": "replace.example.org/v1", "kind": "Lamp", "spec": {"colour": colour},  # noqa: E731
                           "metadata": config_map("reading", **options)["metadata"]}
    story.cluster.kubectl("create", "clusterrole", "lamps", "--verb=*", "--resource=configmaps")
    story.cluster.kubectl("patch", "clusterrole", "lamps", "--type=json", "-p", json.dumps(
        [{"op": "replace", "path": "/rules/0", "value": {"apiGroups": ["replace.example.org"], "resources": ["*"], "verbs": ["*"]}}]))
    story.cluster.kubectl("create", "clusterrolebinding", "lamps", "--clusterrole=lamps", "--serviceaccount=tiphys:tiphys")
    a.write(crd("replace.example.org", "Lamp"), lamp("green"))
    a.start().until_state("Synced", "Healthy")
    a.write(crd("replace.example.org", "Lamp"), lamp("red"))
    story.until("the new colour", lambda: a.get("lamps.replace.example.org", "reading")["spec"] == {"colour": "red"})
    a.until_state("Synced", "Healthy")
    offset = story.audit_offset()
    time.sleep(4)
    assert a.writes(offset) == []


@pytest.mark.parametrize("force", [True, False])
def test_force(story, app, force):
    a = app(f"force-{str(force).lower()}")

    def version(label):  # the selector cannot be changed
        d = deployment("one")
        d["spec"]["selector"]["matchLabels"] = d["spec"]["template"]["metadata"]["labels"] = {"version": label}
        d["metadata"] = config_map("one", **({"sync-options": "Force=true"} if force else {}))["metadata"]
        return d
    a.write(version("a"))
    a.start().until_state("OutOfSync", "Missing")
    assert a.sync().returncode == 0
    uid = a.get("deployment", "one")["metadata"]["uid"]
    a.write(version("b"))
    story.until("the comparison", lambda: a.seen() and a.state()[0] == "OutOfSync")
    done = a.sync()
    assert (done.returncode == 0) == force, done.stdout + done.stderr
    live = a.get("deployment", "one")
    assert (live["metadata"]["uid"] != uid) == force
    assert live["spec"]["selector"]["matchLabels"] == {"version": "b" if force else "a"}


def managers(a, kind, name):
    live = json.loads(a.story.cluster.kubectl("get", kind, name, "-n", a.namespace, "-o", "json", "--show-managed-fields"))
    return {(m["manager"], m["operation"]) for m in live["metadata"]["managedFields"] if "subresource" not in m}


@pytest.mark.parametrize("migrate", [True, False])
def test_client_side_apply_migration(story, app, migrate):
    """Objects that `kubectl apply` made: what the chart drops goes, though we have never applied it."""
    a = app(f"csa-{str(migrate).lower()}", options=["ClientSideApplyMigration=false"] * (not migrate), automated=AUTO)
    theirs = config_map("one")
    theirs["data"]["extra"] = "dropped later"
    scaled = deployment("two", env=[{"name": "A", "value": "a"}, {"name": "B", "value": "b"}])
    file = story.directory / f"csa-{migrate}.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [theirs, scaled]}))
    story.cluster.kubectl("apply", "-n", a.namespace, "-f", str(file))
    a.write(config_map("one"), deployment("two", env=[{"name": "B", "value": "b"}]))
    a.start().until_state("Synced", "Healthy")
    env = a.get("deployment", "two")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert ("extra" in a.get("configmap", "one")["data"]) != migrate
    assert (env[0]["name"] == "A") != migrate
    for kind, name in (("configmap", "one"), ("deployment", "two")):
        assert (("kubectl-client-side-apply", "Update") in managers(a, kind, name)) != migrate
        assert ("argocd-controller", "Apply") in managers(a, kind, name)
    offset = story.audit_offset()
    time.sleep(IDLE)
    assert a.writes(offset) == []


def test_argo_cds_client_side_applies(story, app):
    """What Argo CD applied is ours already: no write as long as nothing differs, and what is dropped goes."""
    a = app("former", automated=AUTO)
    tracked = config_map("one", **{"tracking-id": f"former:/ConfigMap:{a.namespace}/one"})
    tracked["data"]["extra"] = "dropped later"
    file = story.directory / "former.json"
    file.write_text(json.dumps(tracked))
    story.cluster.kubectl("apply", "-n", a.namespace, "--field-manager=argocd-controller", "-f", str(file))
    offset = story.audit_offset()
    both = config_map("one")
    both["data"]["extra"] = "dropped later"
    a.write(both)
    a.start().until_state("Synced", "Healthy")
    time.sleep(4)
    assert a.writes(offset) == []
    a.write(config_map("one"))
    story.until("the field gone", lambda: a.get("configmap", "one")["data"] == {"text": "a"})
    a.until_state("Synced", "Healthy")
    assert managers(a, "configmap", "one") == {("argocd-controller", "Apply")}
    offset = story.audit_offset()
    time.sleep(IDLE)
    assert a.writes(offset) == []


def test_prune_confirm(story, app):
    a = app("confirm", automated={"prune": True})
    a.write(config_map("stays"), config_map("going", **{"sync-options": "Prune=confirm"}))
    a.start().until_state("Synced", "Healthy")
    a.write(config_map("stays"))
    story.until("the question", lambda: "waiting for pruning confirmation of /ConfigMap/going"
                in (story.app("confirm")["status"].get("operationState") or {}).get("message", ""))
    time.sleep(2)
    assert a.get("configmap", "going")
    a.manifest["metadata"]["annotations"] = {
        "argocd.argoproj.io/deletion-approved": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))}
    (story.directory / "confirm.yaml").write_text(json.dumps(a.manifest))
    story.agent.send_signal(signal.SIGHUP)
    story.until("the ConfigMap gone", lambda: not a.get("configmap", "going"))
    a.until_state("Synced", "Healthy")
