#!/usr/bin/env python3
"""Patches sent to a real API server as dry runs, and what it answered: patch_rows.json.

    tests/kube/patch_rows.py KUBECONFIG > tests/kube/patch_rows.json

tests/kube/patch.c applies the same patches, test_rows.py asks the real one again.
"""
import json
import sys

from ask import JSON, MERGE, STRATEGIC, Server

CONFIG = "/api/v1/namespaces/default/configmaps"
TEMPLATE = "/api/v1/namespaces/default/podtemplates"
ARGS = "/template/spec/containers/0/args"
BASES = {
    "config": (CONFIG, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "patched", "labels": {"a": "1"}},
                        "data": {"a": "1", "b": "2"}}),
    "template": (TEMPLATE, {
        "apiVersion": "v1", "kind": "PodTemplate",
        "metadata": {"name": "patched", "finalizers": ["x.io/a", "x.io/b"], "annotations": {"k": "1"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "containers": [{"name": "c", "image": "i", "args": ["0", "1", "2"], "ports": [{"containerPort": 80, "name": "p"}],
                            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}, {"name": "d", "image": "j"}],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "hostPath": {"path": "/x"}}],
            "tolerations": [{"key": "a", "operator": "Exists"}], "nodeSelector": {"q": "1", "r": "2"}}}})}


def op(name, path, *value, **more):
    return {"op": name, "path": path, **({"value": value[0]} if value else {}), **more}


def spec(**fields):
    return {"template": {"spec": fields}}


def containers(*items):
    return spec(containers=list(items))


def ordered(order, *items):
    fields = {"$setElementOrder/containers": [{"name": name} for name in order]}
    return spec(**fields, **({"containers": list(items)} if items else {}))


JSON_CONFIG = [
    [op("replace", "/data/zz", "1")], [op("remove", "/data/zz")], [op("add", "/foo/bar", "1")], [op("add", "/data/q/r", "1")],
    [op("test", "/data/a", "2")], [op("test", "/data/a", "1")], [op("test", "/data/zz", "2")], [op("test", "/data/zz", None)],
    [op("bogus", "/data/a")], [{"path": "/data/a"}], [{"op": "add", "value": 1}], [op("add", "/data/x")],
    [op("move", "/data/c", **{"from": "/data/a"})], [op("copy", "/data/c", **{"from": "/data/a"})],
    [op("move", "/data/c", **{"from": "/data/z"})], [op("copy", "/data/c", **{"from": "/data/z"})], [op("move", "/data/c")],
    {"op": "add"}, [5], [op("add", "data/x", "1")], [op("add", "", {})], [op("remove", "")], [op("add", "/metadata/labels/x.io~1y", "1")],
    [op("test", "/data", {"b": "2", "a": "1"})], [], [op("replace", "", {"apiVersion": "v1", "kind": "ConfigMap",
                                                                         "metadata": {"name": "patched", "namespace": "default"}})],
    [op("add", "/data/c", "3"), op("remove", "/data/a"), op("move", "/data/d", **{"from": "/data/c"})]]
JSON_TEMPLATE = [
    [op("add", ARGS + "/-", "z")], [op("add", ARGS + "/3", "z")], [op("add", ARGS + "/4", "z")], [op("add", ARGS + "/0", "z")],
    [op("add", ARGS + "/-1", "z")], [op("add", ARGS + "/-5", "z")], [op("remove", ARGS + "/3")], [op("remove", ARGS + "/-1")],
    [op("remove", ARGS + "/1")], [op("replace", ARGS + "/3", "z")], [op("replace", ARGS + "/x", "z")],
    [op("add", ARGS + "/x", "z")], [op("test", ARGS + "/0", "z")], [op("test", ARGS + "/9", "z")],
    [op("move", ARGS + "/2", **{"from": ARGS + "/0"})], [op("replace", ARGS + "/1", "z")], [op("add", ARGS + "/01", "z")],
    [op("replace", ARGS + "/-", "z")], [op("test", "/nope/x", "z")], [op("remove", "/nope/x")], [op("replace", "/nope/x", 1)],
    [op("add", ARGS + "/0/x", 1)]]
MERGE_CONFIG = [
    {"data": {"a": None, "c": "3"}}, {"data": None}, [], 5, "x", {"metadata": {"labels": None}}, {"zz": 1},
    {"metadata": {"annotations": {"x": None, "y": "1"}}}]
STRATEGIC_TEMPLATE = [
    containers({"name": "c", "image": "z"}), containers({"name": "e", "image": "n"}), containers({"name": "c", "$patch": "delete"}),
    containers({"$patch": "replace"}, {"name": "e", "image": "n"}), containers({"$patch": "delete"}), containers({"image": "x"}),
    containers(), ordered("dc", {"name": "d"}, {"name": "c"}), ordered("dc"), ordered("xdc", {"name": "x", "image": "x"}),
    ordered("d", {"name": "x", "image": "x"}), containers({"name": "c", "args": ["9"]}), containers({"name": "c", "args": None}),
    containers({"name": "c", "env": [{"name": "A", "$patch": "delete"}, {"name": "C", "value": "3"}]}),
    containers({"name": "c", "ports": [{"containerPort": 80, "protocol": "UDP"}]}),
    spec(volumes=[{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/y"}}]),
    spec(volumes=[{"name": "v", "$retainKeys": ["name"], "hostPath": {"path": "/y"}}]),
    spec(tolerations=[{"key": "b", "operator": "Exists"}]), spec(nodeSelector={"q": None, "s": "3"}),
    spec(nodeSelector={"$patch": "replace", "s": "3"}), spec(nodeSelector={"$patch": "delete"}),
    spec(nodeSelector={"$patch": "bogus"}), spec(nodeSelector={"$patch": "merge", "s": "3"}),
    {"metadata": {"finalizers": ["x.io/c"]}}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x.io/a"]}},
    {"metadata": {"$setElementOrder/finalizers": ["x.io/b", "x.io/a"]}},
    {"metadata": {"finalizers": ["x.io/c"], "$setElementOrder/finalizers": ["x.io/c", "x.io/b", "x.io/a"],
                  "$deleteFromPrimitiveList/finalizers": ["x.io/a"]}},
    {"metadata": {"finalizers": None}}, containers(5), spec(**{"$retainKeys": ["containers"]}),
    spec(**{"$retainKeys": ["containers"], "containers": [{"name": "c"}]}), containers({"name": "c", "$patch": "bogus"}),
    containers({"name": "zz", "$patch": "delete"}), {"metadata": {"annotations": {"k": None, "l": "2"}}}, {"unknown": {"a": 1}},
    spec(**{"$setElementOrder/containers": 5}), spec(**{"$deleteFromPrimitiveList/x": 5}),
    spec(volumes=[{"name": "v", "$patch": "replace", "hostPath": {"path": "/q"}}]),
    containers({"name": "c", "$patch": "merge", "image": "m"}),
    containers({"name": "c", "image": "1"}, {"name": "c", "image": "2"}), [], 5,
    ordered("bcad", {"name": "a", "image": "1"}, {"name": "d", "$patch": "delete"}), ordered("ea", {"name": "e", "image": "1"})]
ROWS = [("config", JSON, JSON_CONFIG), ("template", JSON, JSON_TEMPLATE), ("config", MERGE, MERGE_CONFIG),
        ("template", STRATEGIC, STRATEGIC_TEMPLATE)]


def plain(answer):
    answer = json.loads(json.dumps(answer))
    for key in ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"):
        answer["metadata"].pop(key, None)
    return answer


def remove(server, path):
    server.ask("PATCH", path + "/patched", [op("add", "/metadata/finalizers", [])], JSON)
    server.ask("DELETE", path + "/patched")


def run(server):
    bases, rows = {}, []
    for name, (path, base) in BASES.items():
        remove(server, path)
        bases[name] = plain(server.ask("POST", path, base)[1])
    for name, kind, patches in ROWS:
        for patch in patches:
            status, answer = server.ask("PATCH", BASES[name][0] + "/patched?dryRun=All", json.dumps(patch), kind)
            rows.append({"base": name, "kind": kind.split("/")[1].removesuffix("+json"), "patch": patch, "status": status,
                         **({"message": answer["message"]} if status >= 300 else {"object": plain(answer)})})
    for path, _ in BASES.values():
        remove(server, path)
    return {"bases": bases, "rows": rows}


def main():
    rows = run(Server(sys.argv[1]))
    print(json.dumps({"bases": rows["bases"], "rows": []})[:-2])
    print(",\n".join(json.dumps(row, separators=(",", ":")) for row in rows["rows"]))
    print("]}")


if __name__ == "__main__":
    main()
