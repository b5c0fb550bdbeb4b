#!/usr/bin/env python3
"""Writes by several managers to a real API server, and what it made of each: managed_rows.json.

    tests/kube/managed_rows.py KUBECONFIG > tests/kube/managed_rows.json

tests/kube/managed.c replays the rows on our own merge, test_rows.py asks the real one again.
"""
import json
import pathlib
import sys
import time

from ask import APPLY, JSON, MERGE, STRATEGIC, Server

HERE = pathlib.Path(__file__).parent
THING = {"type": "object", "properties": {
    "spec": {"type": "object", "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "list": {"type": "array", "items": {"type": "string"}},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "numbers": {"type": "array", "items": {"type": "integer"}, "x-kubernetes-list-type": "set"},
        "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "protocol"],
                  "items": {"type": "object", "required": ["name"], "properties": {
                      "name": {"type": "string"}, "protocol": {"type": "string", "default": "TCP"},
                      "value": {"type": "string"}, "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                      "ports": {"type": "array", "items": {"type": "integer"}}}}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "structures": {"type": "object", "additionalProperties": {
            "type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}},
        "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
        "inner": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "any": {"x-kubernetes-preserve-unknown-fields": True},
        "either": {"x-kubernetes-int-or-string": True}}},
    "status": {"type": "object", "properties": {"phase": {"type": "string"}, "seen": {"type": "integer"}}}}}
CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
       "metadata": {"name": "things.rows.example.com"},
       "spec": {"group": "rows.example.com", "scope": "Namespaced",
                "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
                "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                              "schema": {"openAPIV3Schema": THING}}]}}
KINDS = {"thing": ("rows.example.com/v1", "Thing", "/apis/rows.example.com/v1/namespaces/default/things"),
         "config": ("v1", "ConfigMap", "/api/v1/namespaces/default/configmaps"),
         "template": ("v1", "PodTemplate", "/api/v1/namespaces/default/podtemplates"),
         "service": ("v1", "Service", "/api/v1/namespaces/default/services"),
         "role": ("rbac.authorization.k8s.io/v1", "Role",
                  "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles")}


def step(verb, manager, body, **more):
    return {"verb": verb, "manager": manager, "body": body, **more}


def apply(manager, body, **more):
    return step("apply", manager, body, **more)


def update(manager, body, **more):
    return step("update", manager, body, **more)


def create(manager, body, **more):
    return step("create", manager, body, **more)


def pod(*containers, **more):
    return {"template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": list(containers), **more}}}


def spec(**fields):
    return {"spec": fields}


RESET = [{}]
SEQUENCES = {
    "co-owners": ("config", [
        create("maker", {"data": {"a": "1", "b": "2"}, "metadata": {"labels": {"x": "y"}}}),
        apply("one", {"data": {"a": "1"}}), apply("two", {"data": {"a": "1"}}), apply("two", {"data": {"a": "1"}}),
        apply("three", {"data": {"a": "2", "b": "9"}}), apply("three", {"data": {"a": "2", "b": "9"}}, force=True),
        apply("three", {"data": {"b": "9"}}), update("four", {"data": {"b": "10", "n": "1"}}),
        apply("one", {"data": {"n": "1"}}), apply("one", {}), apply("two", {"data": {}}),
        apply("two", {"data": {"b": None}}), apply("three", {"data": {"b": "10"}}, wait=True),
        apply("three", {"data": {"c": "3"}, "metadata": {"annotations": {"k": "v"}}}, wait=True),
        apply("three", {"metadata": {"annotations": {}}})]),
    "reset": ("config", [
        apply("one", {"data": {"a": "1", "b": "2"}}), update("two", {"data": {"a": "2", "b": "2"}}),
        update("two", {"data": {"a": "2", "b": "2"}, "metadata": {"managedFields": RESET}}),
        update("two", {"data": {"a": "3", "b": "2"}}), apply("three", {"data": {"a": "3"}}),
        apply("three", {"data": {"b": "7"}}), apply("three", {"data": {"b": "7"}}, force=True)]),
    "sent entries": ("config", [
        create("one", {"data": {"a": "1", "b": "2"}}),
        update("two", {"data": {"a": "1", "b": "3"}, "metadata": {"managedFields": [
            {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:b": {}}}}]}}),
        update("two", {"data": {"a": "2", "b": "3"}, "metadata": {"managedFields": [
            {"manager": "x", "operation": "Bad", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:b": {}}}}]}}),
        update("two", {"data": {"a": "2", "b": "3"}, "metadata": {"managedFields": [
            {"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"q:data": {"f:b": {}}}}]}}),
        update("two", {"data": {"a": "2", "b": "3"}, "metadata": {"managedFields": [
            {"manager": "x", "operation": "Update", "apiVersion": "v1", "time": "2020-01-01T00:00:00Z",
             "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:b": {}}}}]}})]),
    "many updaters": ("config", [create("m00", {"data": {"k0": "1"}})] + [
        update(f"m{i:02}", {"data": {f"k{j}": "1" for j in range(i + 1)}}, wait=i in (3, 7)) for i in range(1, 14)]),
    "scalars and maps": ("thing", [
        apply("one", spec(text="a", count=1, map={"a": "1", "b": "2"}, either=5)),
        apply("two", spec(map={"c": "3"}, inner={"a": "1"})), apply("one", spec(text="a", map={"a": "1"})),
        apply("two", spec(text="b")), apply("two", spec(text="b", inner={"b": "2"}), force=True),
        apply("one", spec(map={"a": "1"})), apply("one", spec(map={})), apply("one", spec()), apply("one", {}),
        apply("two", spec(structures={"x": {"a": "1"}, "y": {}})), apply("one", spec(structures={"x": {"b": "2"}})),
        apply("two", spec(structures={"y": {}})), apply("two", {})]),
    "atomic": ("thing", [
        apply("one", spec(list=["a", "b"], atom={"a": "1"})), apply("two", spec(list=["a"], atom={"b": "1"})),
        apply("two", spec(list=["a"], atom={"b": "1"}), force=True), apply("one", spec(list=["a"])),
        apply("one", {}), apply("two", spec(list=[])), apply("two", {})]),
    "sets": ("thing", [
        apply("one", spec(set=["a", "b"], numbers=[3, 1])), apply("two", spec(set=["c", "b"])),
        apply("one", spec(set=["b", "a"])), apply("two", spec(set=["d", "c"], numbers=[2])), apply("one", spec(set=["a"])),
        update("three", spec(set=["z", "a"], numbers=[2, 3])), apply("two", spec(set=[])), apply("one", {}),
        apply("two", spec(set=["a", "a"]))]),
    "map lists": ("thing", [
        apply("one", spec(parts=[{"name": "a", "value": "1"}, {"name": "b", "value": "2"}])),
        apply("two", spec(parts=[{"name": "c", "value": "3"}, {"name": "b", "labels": {"x": "1"}}])),
        apply("one", spec(parts=[{"name": "b", "value": "2"}])),
        apply("one", spec(parts=[{"name": "b", "value": "2"}, {"name": "b", "protocol": "UDP"}])),
        apply("two", spec(parts=[{"name": "b", "value": "9"}])),
        apply("two", spec(parts=[{"name": "b", "value": "9"}]), force=True),
        update("three", spec(parts=[{"name": "b", "protocol": "UDP", "ports": [1]}, {"name": "b", "value": "9"}])),
        apply("one", spec(parts=[{"name": "x"}, {"name": "b", "protocol": "UDP"}, {"name": "y"}])),
        apply("two", spec(parts=[{"name": "y"}, {"name": "b"}, {"name": "x"}])), apply("one", {}),
        apply("two", spec(parts=[])), apply("two", spec(parts=[{"name": "a"}, {"name": "a"}])),
        apply("two", spec(parts=["x"])), apply("two", spec(parts=[None])), apply("two", spec(parts={"a": 1})),
        apply("two", spec(parts=[{"name": "n", "ports": ["x"]}])), apply("two", spec(parts=[{"name": 5}]))]),
    "free fields": ("thing", [
        apply("one", spec(free={"a": {"b": 1, "c": [1, 2]}, "d": {}}, any={"x": [{"y": 1}]})),
        apply("two", spec(free={"a": {"d": 1}}, any={"z": 1})), apply("one", spec(free={"a": {"c": [2]}})),
        apply("two", spec(any=5)), apply("two", spec(any=5), force=True), apply("one", spec(any={"x": 1}), force=True),
        apply("one", {})]),
    "status": ("thing", [
        apply("one", {**spec(text="a"), "status": {"phase": "x"}}),
        apply("ctl", {**spec(text="q"), "status": {"phase": "Ready", "seen": 1}}, subresource="status"),
        apply("ctl", {"status": {"phase": "Ready"}}, subresource="status"),
        update("upd", {**spec(text="a"), "status": {"phase": "Gone"}}, subresource="status"),
        apply("one", {**spec(text="b"), "status": {"phase": "y"}}), apply("ctl", {}, subresource="status")]),
    "errors": ("thing", [
        apply("one", spec(text=5)), apply("one", spec(count="x")), apply("one", spec(unknown=1)),
        apply("one", spec(map=[])), apply("one", spec(list="x")), apply("one", {"metadata": {"labels": {"a": 1}}}),
        apply("one", spec(inner={"a": True}))]),
    "containers": ("template", [
        apply("one", pod({"name": "c", "image": "i", "ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "1"}]})),
        apply("one", pod({"name": "c", "image": "i", "ports": [{"containerPort": 80}, {"containerPort": 81, "protocol": "UDP"}],
                          "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                          "resources": {"limits": {"cpu": "1000m"}}})),
        apply("one", pod({"name": "c", "image": "i", "ports": [{"containerPort": 80}, {"containerPort": 81, "protocol": "UDP"}],
                          "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                          "resources": {"limits": {"cpu": "1000m"}}})),
        apply("two", pod({"name": "side", "image": "s"}, volumes=[{"name": "v", "emptyDir": {}}])),
        apply("three", pod({"name": "c", "image": "other"})), apply("three", pod({"name": "c", "image": "other"}), force=True),
        apply("one", pod({"name": "c", "env": [{"name": "A", "value": "1"}]})),
        apply("one", pod({"name": "c"}, nodeSelector={"a": "b"}, hostAliases=[{"ip": "1.2.3.4", "hostnames": ["x"]}])),
        apply("two", pod({"name": "side", "image": "s", "args": ["a"]})),
        apply("one", pod({"name": "c", "ports": [{"name": "x"}, {"name": "y"}]})),
        apply("one", pod({"name": "c", "resources": {"limits": {"cpu": "many"}}})),
        apply("one", pod({"name": "c", "resources": {"limits": {"cpu": {}}}})),
        apply("one", {"metadata": {"deletionTimestamp": "today"}})]),
    "created template": ("template", [
        create("maker", pod({"name": "c", "image": "i", "ports": [{"containerPort": 80}]}, volumes=[{"name": "v", "emptyDir": {}}])),
        update("upd", pod({"name": "c", "image": "j", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
                          volumes=[{"name": "w", "emptyDir": {}}, {"name": "v", "emptyDir": {}}])),
        update("upd", pod({"name": "c", "image": "j", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]})),
        update("upd", pod({"name": "c", "image": "j", "env": [{"name": "A", "value": "1"}]})),
        update("upd", pod({"name": "c", "image": "j", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]})),
        update("other", pod({"name": "c", "image": "j", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "3"}]})),
        apply("one", pod({"name": "c", "env": [{"name": "A", "value": "5"}]}), force=True),
        apply("one", pod({"name": "c", "image": "j"}))]),
    "ports of a service": ("service", [
        apply("one", spec(selector={"a": "b"}, ports=[{"port": 80, "name": "a"}, {"port": 81, "name": "b"}])),
        apply("two", spec(ports=[{"port": 53, "protocol": "UDP", "name": "dns"}, {"port": 80, "targetPort": 8080}])),
        apply("one", spec(ports=[{"port": 81, "name": "b"}])), apply("one", spec(ports=[{"port": 81, "name": "c"}]))]),
    "rules": ("role", [
        create("maker", {}), apply("one", {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
        apply("two", {"rules": []}), apply("one", {"rules": []})]),
    "finalizers": ("config", [
        apply("one", {"metadata": {"finalizers": ["x.io/a", "x.io/c"]}}), apply("two", {"metadata": {"finalizers": ["x.io/b"]}}),
        apply("two", {"metadata": {"finalizers": ["x.io/a"]}}), apply("one", {"metadata": {"finalizers": ["x.io/c"]}}),
        apply("one", {}), apply("two", {"metadata": {"finalizers": []}})]),
    "kubectl": ("config", [
        create("kubectl-client-side-apply", {"data": {"a": "1"}, "metadata": {"annotations": {
            "kubectl.kubernetes.io/last-applied-configuration":
            '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"row","namespace":"default"}}\n'}}}),
        apply("kubectl", {"data": {"a": "2"}}), apply("kubectl", {"data": {"a": "2"}}),
        update("edit", {"data": {"a": "3"}, "metadata": {"annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap"}'}}}),
        apply("kubectl", {"data": {"a": "4"}}), apply("kubectl", {"data": {"a": "4"}}, force=True)]),
}
SLEEP = 1.1  # managedFields are ordered by time, in seconds


def prepare(server):
    """The kind Thing, installed and served."""
    server.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
    for _ in range(200):
        if server.ask("GET", KINDS["thing"][2])[0] == 200:
            return
        time.sleep(0.1)
    raise RuntimeError("things are not served")


def send(server, kind, one, revision):
    version, name, path = KINDS[kind]
    body = {"apiVersion": version, "kind": name, **one["body"]}
    body["metadata"] = {"name": "row", **body.get("metadata", {})}
    if one["verb"] == "update" and kind == "thing":
        body["metadata"]["resourceVersion"] = revision  # custom resources ask for it
    query = f"?fieldManager={one['manager']}" + ("&force=true" if one.get("force") else "")
    target = path + "/row" + ("/" + one["subresource"] if one.get("subresource") else "")
    if one["verb"] == "create":
        return body, *server.ask("POST", path + query, body)
    if one["verb"] == "update":
        return body, *server.ask("PUT", target + query, body)
    return body, *server.ask("PATCH", target + query, body, APPLY)


def remove(server, kind):
    path = KINDS[kind][2] + "/row"
    server.ask("PATCH", path, [{"op": "add", "path": "/metadata/finalizers", "value": []}], JSON)
    server.ask("DELETE", path)


def newest(answer, fallback):
    times = [entry["time"] for entry in answer.get("metadata", {}).get("managedFields", []) if "time" in entry]
    return max(times + [fallback])


def run(server):
    rows = []
    for name, (kind, steps) in SEQUENCES.items():
        remove(server, kind)
        row, revision = {"name": name, "kind": kind, "steps": []}, ""
        for one in steps:
            if one.get("wait"):
                time.sleep(SLEEP)
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            body, status, answer = send(server, kind, one, revision)
            done = {key: one[key] for key in ("verb", "manager", "force", "subresource") if key in one}
            done.update(body=body, status=status, time=now)
            if status >= 300:
                done["message"] = answer["message"]
                done["causes"] = [[cause["message"], cause["field"]] for cause in answer.get("details", {}).get("causes", [])]
            else:
                revision = answer["metadata"]["resourceVersion"]
                done.update(object=answer, time=newest(answer, "1970"))
            row["steps"].append(done)
        remove(server, kind)
        rows.append(row)
    return rows


def main():
    server = Server(sys.argv[1])
    prepare(server)
    print(json.dumps({"thing": THING, "rows": []})[:-2])
    print(",\n".join(json.dumps(row, separators=(",", ":")) for row in run(server)))
    print("]}")


if __name__ == "__main__":
    main()
