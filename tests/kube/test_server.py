"""The API server in memory beside the real one: the same calls, the same answers; and kubectl on it."""
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "fixtures"), str(ROOT / "tests/kube")]
from calls import CALLS, CRD, JSON, Caller, plain  # noqa: E402
from control_plane import ControlPlane, wait_until  # noqa: E402
from kube_server import KubeServer, default_program  # noqa: E402

CONTROLLERS = ("kube-controller-manager", "control-plane")
# Calls that differ, each as docs/kube-differences.md says.
KNOWN = {
    ("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldManager=m"),  # conditions stand at once
    ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),  # reviews have no managedFields
}


def program(name, variable):
    if os.environ.get(variable):
        return os.environ[variable]
    return subprocess.run([ROOT / "tools/setup", "--print", name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    kubectl = program("kubectl", "KUBECTL")
    with ControlPlane(program("control-plane", "CONTROL_PLANE"), tmp_path_factory.mktemp("real"), kubectl=kubectl) as real, \
            KubeServer(default_program(), tmp_path_factory.mktemp("kube"), kubectl=kubectl) as kube:
        yield real, kube


@pytest.fixture(scope="module")
def callers(servers, tmp_path_factory):
    return [Caller(s.kubeconfig, tmp_path_factory.mktemp("keys")) for s in servers]


def quiet(v):
    """Without what controllers write while the calls go on."""
    if isinstance(v, list):
        return [quiet(x) for x in v]
    if not isinstance(v, dict):
        return v
    v = {k: quiet(x) for k, x in v.items()}
    if "items" in v:
        v["items"] = [i for i in v["items"] if (i.get("metadata") or {}).get("name") != "kube-root-ca.crt"]
    if v.get("kind") in ("Deployment", "Scale"):
        v.pop("status", None)
    meta = v.get("metadata")
    if isinstance(meta, dict):
        (meta.get("annotations") or {}).pop("deployment.kubernetes.io/revision", None)
        if meta.get("annotations") == {}:
            del meta["annotations"]
        if "managedFields" in meta:
            meta["managedFields"] = [m for m in meta["managedFields"] if not m["manager"].startswith(CONTROLLERS)]
    return v


def test_same_answers(callers):
    wrong = []
    for method, path, content_type, body in CALLS:
        if method == "wait":
            for caller in callers:
                wait_until(path, lambda: caller("GET", path)[0] == 200)
            continue
        real, kube = (quiet(plain(list(c(method, path, content_type, body)))) for c in callers)
        if real != kube and (method, path) not in KNOWN:
            wrong.append(f"{method} {path} {json.dumps(body)[:200]}\n  real {json.dumps(real, sort_keys=True)}\n"
                         f"  kube {json.dumps(kube, sort_keys=True)}")
    assert not wrong, f"{len(wrong)} of {len(CALLS)} differ:\n" + "\n".join(wrong)


def resources(caller):
    """(group, version, resource) -> what discovery says of it, order apart."""
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    out = {}
    for path in ("/api", "/apis"):
        for group in caller("GET", path, accept=accept)[2]["items"]:
            for version in group["versions"]:
                for r in version["resources"]:
                    out[group["metadata"].get("name", ""), version["version"], r["resource"]] = r
    return out


def test_same_discovery(callers):
    real, kube = map(resources, callers)
    # The metrics APIs are servers of their own behind the real one.
    real = {k: v for k, v in real.items() if not k[0].endswith("metrics.k8s.io") and k[0] != "example.org"}
    kube = {k: v for k, v in kube.items() if k[0] != "example.org"}
    assert set(real) == set(kube)
    assert {k for k in real if real[k] != kube[k]} == set()


def test_watch_has_the_same_events(servers, callers):
    def story(caller):
        maps = "/api/v1/namespaces/default/configmaps"
        start = caller("GET", maps)[2]["metadata"]["resourceVersion"]
        caller("POST", maps + "?fieldManager=m", JSON, {"metadata": {"name": "w", "labels": {"a": "1"}}})
        caller("PATCH", maps + "/w?fieldManager=m", "application/merge-patch+json", {"metadata": {"labels": {"a": "2"}}})
        caller("PATCH", maps + "/w?fieldManager=m", "application/merge-patch+json", {"metadata": {"labels": {"a": "1"}}})
        caller("DELETE", maps + "/w")
        _, _, text = caller("GET", f"{maps}?watch=1&resourceVersion={start}&labelSelector=a%3D1&timeoutSeconds=1")
        lines = text.splitlines() if isinstance(text, str) else [json.dumps(text)]
        return [plain(json.loads(line)) for line in lines]

    real, kube = map(story, callers)
    assert real == kube
    assert [e["type"] for e in kube] == ["ADDED", "DELETED", "ADDED", "DELETED"]


def test_kubectl(servers, tmp_path):
    _, kube = servers
    manifest = tmp_path / "m.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: k}\ndata: {a: b}\n")
    assert "serverside-applied" in kube.kubectl("apply", "--server-side", "-f", manifest)
    manifest.write_text(manifest.read_text().replace("a: b", "a: c"))
    assert "+  a: c" in kube.kubectl("diff", "-f", manifest, check=False)
    assert kube.get("configmap", "k")["data"] == {"a": "b"}
    assert "ConfigMap" in kube.kubectl("explain", "configmap")
    assert "Name:" in kube.kubectl("describe", "configmap", "k")
    assert "configmap/k patched" in kube.kubectl("patch", "configmap", "k", "-p", '{"data":{"x":"y"}}')
    assert "labeled" in kube.kubectl("label", "configmap", "k", "l=1")
    assert kube.kubectl("get", "configmaps", "-l", "l=1", "-o", "name").split() == ["configmap/k"]
    assert kube.kubectl("get", "configmap", "k").split()[:3] == ["NAME", "DATA", "AGE"]
    assert "deleted" in kube.kubectl("delete", "configmap", "k")
    assert kube.kubectl("auth", "can-i", "list", "pods").strip() == "yes"
    kube.kubectl("create", "namespace", "k")
    kube.kubectl("create", "-f", "-", text=json.dumps(CRD)) if not kube.get("crd", "widgets.example.org") else None
    assert "condition met" in kube.kubectl("wait", "--for=condition=Established", "crd/widgets.example.org", "--timeout=5s")


def test_a_service_account_sees_what_it_may(servers, tmp_path):
    _, kube = servers
    config = kube.kubeconfig_for(tmp_path / "sa", kube.token("default", "default"))
    caller = Caller(config, tmp_path)
    status, _, answer = caller("GET", "/api/v1/namespaces/default/pods")
    assert (status, answer["message"]) == (
        403, 'pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" '
             'in the namespace "default"')
    assert caller("GET", "/apis")[0] == 200


def test_audit_names_what_was_asked(servers):
    _, kube = servers
    _, offset = kube.audit()
    kube.kubectl("get", "configmap", "kube-root-ca.crt", "-n", "default")
    event = wait_until("the audit line", lambda: [e for e in kube.audit(offset)[0] if e.get("objectRef", {}).get("name")])[0]
    assert (event["verb"], event["objectRef"]["resource"], event["objectRef"]["namespace"], event["stage"]) == (
        "get", "configmaps", "default", "ResponseComplete")
    assert event["user"]["username"] == "admin" and event["responseStatus"]["code"] == 200


def test_ready_in_no_time(tmp_path):
    begun = time.monotonic()
    with KubeServer(default_program(), tmp_path):
        assert time.monotonic() - begun < 1
