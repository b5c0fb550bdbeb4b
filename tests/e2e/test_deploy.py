"""The configurations that deploy/ ships are ones that the program takes."""
import os
import pathlib
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIPHYS = os.environ.get("TIPHYS", str(ROOT / "build/checked/tiphys"))


def configurations():
    for file in sorted((ROOT / "deploy").rglob("*.yaml")):
        for item in yaml.safe_load_all(file.read_text()):
            if item and item["kind"] == "ConfigMap" and "tiphys.yaml" in item["data"]:
                yield pytest.param(item["data"], id=str(file.relative_to(ROOT)))


@pytest.mark.parametrize("data", configurations())
def test_configuration_is_read(data, tmp_path):
    for name, text in data.items():
        (tmp_path / name).write_text(text.replace("/var/lib/tiphys", str(tmp_path / "state")))
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": str(tmp_path / "nobody")}
    done = subprocess.run([TIPHYS, "agent", "-c", tmp_path / "tiphys.yaml"], capture_output=True, text=True,
                          env=environment, timeout=30)
    assert done.returncode == 1
    assert "nobody" in done.stderr, done.stderr  # it got as far as looking for the cluster


@pytest.mark.parametrize("text, words", [
    ("environment: a\napplications: [x.yaml]\nnonsense: 1\n", "unknown key nonsense"),
    ("applications: [x.yaml]\n", "environment is required"),
    ("environment: [\n", "yaml: "),
])
def test_wrong_configuration_is_told(tmp_path, text, words):
    (tmp_path / "tiphys.yaml").write_text(text)
    done = subprocess.run([TIPHYS, "agent", "-c", tmp_path / "tiphys.yaml"], capture_output=True, text=True)
    assert done.returncode == 1 and words in done.stderr
