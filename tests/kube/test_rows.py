"""The rows that the C tests replay are what a real API server answers still."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "fixtures")]
import managed_rows  # noqa: E402
import patch_rows  # noqa: E402
from ask import Server  # noqa: E402
from control_plane import ControlPlane  # noqa: E402


def program(name, variable):
    if os.environ.get(variable):
        return os.environ[variable]
    return subprocess.run([ROOT / "tools/setup", "--print", name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    plane = ControlPlane(program("control-plane", "TIPHYS_CONTROL_PLANE"), tmp_path_factory.mktemp("plane"), nodes=1)
    with plane as running:
        yield Server(running.kubeconfig)


def timeless(value):
    """Without what differs each time; entries and causes in an order that no clock and no hash decides."""
    if isinstance(value, dict):
        volatile = {"resourceVersion", "uid", "creationTimestamp", "time", "clusterIP", "clusterIPs", "nodePort"}
        return {key: timeless(part) for key, part in value.items() if key not in volatile}
    if isinstance(value, list):
        parts = [timeless(part) for part in value]
        loose = parts and (isinstance(parts[0], list) or isinstance(parts[0], dict) and "fieldsV1" in parts[0])
        return sorted(parts, key=str) if loose else parts
    return value


def compare(ours, fresh):
    for old, new in zip(ours["rows"], fresh["rows"], strict=True):
        assert timeless(old) == timeless(new)


def test_managed_fields(server):
    managed_rows.prepare(server)
    compare(json.loads((HERE / "managed_rows.json").read_text()), {"rows": managed_rows.run(server)})


def test_patches(server):
    compare(json.loads((HERE / "patch_rows.json").read_text()), patch_rows.run(server))
