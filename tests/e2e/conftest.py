"""What the end-to-end tests stand on: a real control plane with deploy/ applied,
the agent's own ServiceAccount token, and a receiver of callbacks."""
import http.server
import os
import pathlib
import subprocess
import sys
import threading

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures"))
from control_plane import open_cluster  # noqa: E402


def program(name, variable):
    """A program from the environment tools/test sets, or from tools/setup."""
    if os.environ.get(variable):
        return os.environ[variable]
    done = subprocess.run([ROOT / "tools/setup", "--print", name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class CallbackReceiver:
    """Keeps every POST as (path, headers, body); answers with the next of `answers`, then 200."""

    def __init__(self):
        self.calls, self.answers = [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.calls.append((self.path, dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def callbacks():
    receiver = CallbackReceiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cluster")
    if os.environ.get("TIPHYS_CLUSTER") != "kube":
        os.environ["CONTROL_PLANE"] = program("control-plane", "CONTROL_PLANE")
    with open_cluster(directory, kubectl=program("kubectl", "KUBECTL")) as plane:
        for name in ("1-namespace.yaml", "2-rbac.yaml"):
            plane.kubectl("apply", "-f", str(ROOT / "deploy" / name))
        yield plane


@pytest.fixture(scope="session")
def agent_account():
    """(namespace, name) of the ServiceAccount that deploy/ gives the agent."""
    for file in sorted((ROOT / "deploy").glob("*.yaml")):
        for item in yaml.safe_load_all(file.read_text()):
            if item and item["kind"] == "ServiceAccount":
                return item["metadata"]["namespace"], item["metadata"]["name"]
    raise LookupError("deploy/ holds no ServiceAccount")


@pytest.fixture(scope="session")
def agent_kubeconfig(cluster, agent_account, tmp_path_factory):
    path = tmp_path_factory.mktemp("agent") / "kubeconfig"
    cluster.kubeconfig_for(path, cluster.token(*agent_account))
    return path
