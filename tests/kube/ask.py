"""Asks a real API server by its kubeconfig, one call after another."""
import base64
import http.client
import json
import pathlib
import ssl
import tempfile

import yaml

APPLY, MERGE, JSON, STRATEGIC = ("application/apply-patch+yaml", "application/merge-patch+json",
                                 "application/json-patch+json", "application/strategic-merge-patch+json")


class Server:
    def __init__(self, kubeconfig):
        config = yaml.safe_load(pathlib.Path(kubeconfig).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as file:
            file.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
        host = cluster["server"].removeprefix("https://")
        self.connection = http.client.HTTPSConnection(host, context=context)

    def ask(self, method, path, body=None, kind="application/json"):
        """(status, answer)"""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        self.connection.request(method, path, text, {"Content-Type": kind})
        answer = self.connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:  # a path that is not served
            return answer.status, {"message": text.decode(errors="replace")}
