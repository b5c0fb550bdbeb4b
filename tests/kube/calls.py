"""One list of calls for both servers, and what is left of an answer when chance is taken out."""
import base64
import json
import re
import ssl
import http.client
import urllib.parse

import yaml

JSON, MERGE, APPLY = "application/json", "application/merge-patch+json", "application/apply-patch+yaml"
PATCH, STRATEGIC = "application/json-patch+json", "application/strategic-merge-patch+json"
NS = "/api/v1/namespaces/calls"
MAPS = NS + "/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/calls/deployments"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.org/v1/namespaces/calls/widgets"


def config_map(name, data=None, **meta):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta},
            **({"data": data} if data else {})}


def deployment(name, **spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}},
                                  "spec": {"containers": [{"name": "c", "image": "i"}]}}, **spec}}


CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
       "metadata": {"name": "widgets.example.org"},
       "spec": {"group": "example.org", "scope": "Namespaced",
                "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
                "versions": [{"name": "v1", "served": True, "storage": True,
                              "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size",
                                                                       "statusReplicasPath": ".status.size"}},
                              "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                              "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                                  "spec": {"type": "object", "properties": {
                                      "size": {"type": "integer", "minimum": 0, "default": 1},
                                      "mode": {"type": "string", "enum": ["a", "b"]}}},
                                  "status": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}},
                             {"name": "v1beta1", "served": True, "storage": False,
                              "schema": {"openAPIV3Schema": {"type": "object",
                                                             "x-kubernetes-preserve-unknown-fields": True}}}]}}


def widget(name, **spec):
    return {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


# (method, path, content type, body)
CALLS = [
    ("GET", "/version", None, None),
    ("GET", "/healthz", None, None),
    ("GET", "/api", None, None),
    ("GET", "/apis/apps", None, None),
    ("GET", "/apis/nope/v1", None, None),
    ("GET", "/api/v1/foos", None, None),
    ("POST", "/api/v1/namespaces", JSON, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "calls"}}),
    # names, bodies, options
    ("POST", MAPS, JSON, config_map("Foo_")),
    ("POST", MAPS, JSON, {"metadata": {}}),
    ("POST", MAPS, JSON, config_map("x", namespace="default")),
    ("POST", MAPS, JSON, config_map("x", resourceVersion="12")),
    ("POST", MAPS, JSON, config_map("x", labels={"a b": "-"})),
    ("POST", MAPS, JSON, config_map("x", finalizers=["foo"])),
    ("POST", "/api/v1/namespaces/nope/configmaps", JSON, config_map("x")),
    ("POST", MAPS, "text/plain", config_map("x")),
    ("POST", MAPS, JSON, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
    ("POST", MAPS, JSON, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": 1}}),
    ("POST", MAPS + "?fieldValidation=Strict", JSON, {**config_map("x"), "zork": 1}),
    ("POST", MAPS + "?fieldValidation=x", JSON, config_map("x")),
    ("POST", MAPS + "?dryRun=x", JSON, config_map("x")),
    ("POST", MAPS + "?dryRun=All", JSON, config_map("x", {"a": "b"})),
    ("GET", MAPS + "/x", None, None),
    ("POST", MAPS + "?fieldManager=m", JSON, {**config_map("x", {"a": "b"}), "zork": 1}),
    ("POST", MAPS, JSON, config_map("x")),
    ("GET", MAPS + "/x", None, None),
    ("POST", "/api/v1/configmaps", JSON, config_map("x")),
    # updates
    ("PUT", MAPS + "/x", JSON, config_map("x", resourceVersion="1")),
    ("PUT", MAPS + "/x", JSON, config_map("y")),
    ("PUT", MAPS + "/y", JSON, config_map("y")),
    ("PUT", MAPS + "/y", JSON, {"apiVersion": "v1", "kind": "ConfigMap"}),
    ("POST", MAPS, JSON, {"metadata": 3}),
    ("PUT", MAPS + "/x?fieldManager=m", JSON, config_map("x", {"a": "c"}, labels={"l": "1"})),
    ("PUT", MAPS + "/x?fieldManager=m", JSON, config_map("x", uid="00000000-0000-0000-0000-000000000000")),
    # patches
    ("PATCH", MAPS + "/x", JSON, {}),
    ("PATCH", MAPS + "/x?fieldManager=m", MERGE, {"data": {"a": None, "b": "d"}}),
    ("PATCH", MAPS + "/x?fieldManager=m&force=true", MERGE, {"data": {}}),
    ("PATCH", MAPS + "/x?fieldManager=m", PATCH, [{"op": "add", "path": "/data/c", "value": "e"}]),
    ("PATCH", MAPS + "/x?fieldManager=m", PATCH, [{"op": "test", "path": "/data/c", "value": "z"}]),
    ("PATCH", MAPS + "/x?fieldManager=m", STRATEGIC, {"data": {"c": "f"}}),
    ("PATCH", MAPS + "/x?fieldManager=m", MERGE, {"metadata": {"resourceVersion": "1"}}),
    ("PATCH", MAPS + "/x?fieldManager=m", MERGE, {"metadata": {"name": "z"}}),
    ("PATCH", MAPS + "/nope?fieldManager=m", MERGE, {}),
    # apply
    ("PATCH", MAPS + "/ap", APPLY, config_map("ap")),
    ("PATCH", MAPS + "/ap?fieldManager=a", APPLY, config_map("bp")),
    ("PATCH", MAPS + "/ap?fieldManager=a", APPLY, {"metadata": {"name": "ap"}}),
    ("PATCH", MAPS + "/ap?fieldManager=a", APPLY, {"apiVersion": "v1", "kind": "ConfigMap"}),
    ("PATCH", MAPS + "/ap?fieldManager=a", APPLY, {**config_map("ap"), "foo": 1}),
    ("PATCH", MAPS + "/ap?fieldManager=a", APPLY, config_map("ap", {"k": "v"})),
    ("PATCH", MAPS + "/ap?fieldManager=b", APPLY, config_map("ap", {"k": "w"})),
    ("PATCH", MAPS + "/ap?fieldManager=b&force=true&dryRun=All", APPLY, config_map("ap", {"k": "w"})),
    ("PATCH", MAPS + "/ap?fieldManager=b&force=true", APPLY, config_map("ap", {"k": "w", "l": "1"})),
    ("PATCH", MAPS + "/ap?fieldManager=b", APPLY, config_map("ap", {"k": "w"})),
    ("PATCH", MAPS + "/ap?fieldManager=b", APPLY, config_map("ap", managedFields=[{}])),
    ("PATCH", MAPS + "/yaml?fieldManager=b", APPLY, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata: {a: b}\n"),
    # lists
    ("GET", MAPS + "?labelSelector=l%3D1", None, None),
    ("GET", MAPS + "?labelSelector=l%20in%20(1,2)", None, None),
    ("GET", MAPS + "?labelSelector=!l,l%20notin%20(x)", None, None),
    ("GET", MAPS + "?labelSelector=a%20in%20x", None, None),
    ("GET", MAPS + "?fieldSelector=metadata.name%3Dap", None, None),
    ("GET", MAPS + "?fieldSelector=spec.foo%3Dx", None, None),
    ("GET", MAPS + "?limit=x", None, None),
    ("GET", MAPS + "?resourceVersion=abc", None, None),
    ("GET", MAPS + "?resourceVersionMatch=Exact", None, None),
    ("GET", MAPS + "?resourceVersionMatch=Foo&resourceVersion=1", None, None),
    ("GET", MAPS + "?watch=1&sendInitialEvents=true&timeoutSeconds=1", None, None),
    # deployments: defaults, generation, status, scale
    ("POST", DEPLOYMENTS + "?fieldManager=m", JSON, deployment("d")),
    ("PATCH", DEPLOYMENTS + "/d?fieldManager=m", MERGE, {"metadata": {"labels": {"x": "y"}}}),
    ("PATCH", DEPLOYMENTS + "/d?fieldManager=m", MERGE, {"spec": {"paused": True}}),
    ("PATCH", DEPLOYMENTS + "/d?fieldManager=m", STRATEGIC,
     {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "j"}]}}}}),
    ("PATCH", DEPLOYMENTS + "/d/status?fieldManager=s", MERGE, {"status": {"replicas": 3}, "spec": {"replicas": 7}}),
    ("GET", DEPLOYMENTS + "/d/scale", None, None),
    ("PATCH", DEPLOYMENTS + "/d/scale?fieldManager=m", MERGE, {"spec": {"replicas": 0}}),
    ("GET", DEPLOYMENTS + "/d/nope", None, None),
    ("POST", DEPLOYMENTS + "?fieldManager=m", JSON, {**deployment("e"), "spec": {"replicas": "x"}}),
    # secrets
    ("POST", NS + "/secrets?fieldManager=m", JSON,
     {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hello"}}),
    # deletion
    ("POST", MAPS + "?fieldManager=m", JSON, config_map("fin", finalizers=["example.org/x"])),
    ("DELETE", MAPS + "/fin", JSON, {"preconditions": {"uid": "nope"}}),
    ("DELETE", MAPS + "/fin", None, None),
    ("PATCH", MAPS + "/fin?fieldManager=m", MERGE, {"metadata": {"finalizers": ["example.org/x", "example.org/y"]}}),
    ("PATCH", MAPS + "/fin?fieldManager=m", MERGE, {"metadata": {"finalizers": None}}),
    ("GET", MAPS + "/fin", None, None),
    ("DELETE", MAPS + "/ap?propagationPolicy=Nope", None, None),
    ("DELETE", MAPS + "/ap?dryRun=All", None, None),
    ("DELETE", MAPS + "/ap", None, None),
    ("DELETE", MAPS + "/ap", None, None),
    ("DELETE", "/api/v1/namespaces/default", None, None),
    ("DELETE", MAPS + "?labelSelector=l%3D1", None, None),
    # custom resources
    ("POST", CRDS + "?fieldManager=m", JSON, {**CRD, "metadata": {"name": "wrong.example.org"}}),
    ("POST", CRDS + "?fieldManager=m", JSON, CRD),
    ("wait", WIDGETS, None, None),
    ("POST", WIDGETS + "?fieldManager=m", JSON, widget("w")),
    ("POST", WIDGETS + "?fieldManager=m", JSON, widget("v", mode="c")),
    ("POST", WIDGETS + "?fieldManager=m&fieldValidation=Strict", JSON, widget("v", foo=1)),
    ("PUT", WIDGETS + "/w", JSON, widget("w", size=2)),
    ("PATCH", WIDGETS + "/w?fieldManager=m", MERGE, {"spec": {"size": 3}, "status": {"size": 9}}),
    ("PATCH", WIDGETS + "/w/status?fieldManager=m", MERGE, {"spec": {"size": 4}, "status": {"size": 9}}),
    ("PATCH", WIDGETS + "/w?fieldManager=m", STRATEGIC, {"spec": {"size": 3}}),
    ("PATCH", WIDGETS + "/w?fieldManager=a&force=true", APPLY, widget("w", size=5, mode="a")),
    ("GET", WIDGETS + "/w/scale", None, None),
    ("GET", "/apis/example.org/v1beta1/namespaces/calls/widgets/w", None, None),
    ("GET", WIDGETS, None, None),
    ("GET", "/apis/example.org", None, None),
    ("GET", "/apis/example.org/v1", None, None),
    ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", JSON,
     {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
      "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
]

CHANCE = {"uid": "UID", "resourceVersion": "RV", "creationTimestamp": "TIME", "deletionTimestamp": "TIME", "time": "TIME",
          "lastTransitionTime": "TIME", "gitCommit": "", "goVersion": "", "compiler": "", "storageVersionHash": None,
          "serverAddressByClientCIDRs": []}


def plain(v):
    """Without what differs by chance."""
    if isinstance(v, dict):
        out = {k: CHANCE[k] if k in CHANCE and not isinstance(x, dict) else plain(x) for k, x in v.items()}
        return {k: x for k, x in out.items() if x is not None}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, str):
        return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "UID", v)
    return v


class Caller:
    """Raw requests with a kubeconfig's credentials."""

    def __init__(self, kubeconfig, directory):
        config = yaml.safe_load(open(kubeconfig))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.host = urllib.parse.urlparse(cluster["server"]).netloc
        self.context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self.headers = {"User-Agent": "calls/1"}
        if "token" in user:
            self.headers["Authorization"] = "Bearer " + user["token"]
        else:
            names = []
            for key in ("client-certificate-data", "client-key-data"):
                path = directory / key
                path.write_bytes(base64.b64decode(user[key]))
                names.append(path)
            self.context.load_cert_chain(*names)

    def __call__(self, method, path, content_type=None, body=None, accept="application/json"):
        connection = http.client.HTTPSConnection(self.host, context=self.context, timeout=30)
        headers = {**self.headers, "Accept": accept, **({"Content-Type": content_type} if content_type else {})}
        text = None if body is None else body if isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        data = answer.read().decode()
        connection.close()
        try:
            value = json.loads(data)
        except ValueError:
            value = data
        return answer.status, sorted(answer.msg.get_all("Warning") or []), value
