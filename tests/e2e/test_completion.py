"""Completion in a real shell."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIPHYS = os.environ.get("TIPHYS", str(ROOT / "build/checked/tiphys"))


def test_completion(tmp_path):
    """What bash reads knows the verbs, and does not fail without an agent."""
    script = subprocess.run([TIPHYS, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    ask = 'COMP_WORDS=(tiphys %s); COMP_CWORD=%d; _tiphys; echo "${COMPREPLY[@]}"'
    done = lambda words, at: subprocess.run(["bash", "-c", script + ask % (words, at)], capture_output=True,  # noqa: E731
                                            text=True, check=True, env={"PATH": "/bin:/usr/bin"}).stdout.split()
    assert done("te", 1) == ["template", "terminate"]
    assert done("completion f", 2) == ["fish"]
    assert done("get x", 2) == []
    for shell in ("zsh", "fish"):
        assert "template" in subprocess.run([TIPHYS, "completion", shell], capture_output=True, text=True,
                                            check=True).stdout
    assert subprocess.run([TIPHYS, "completion", "csh"], capture_output=True).returncode == 2
