"""Public charts against what Helm 4.1.4 renders of them: every case of ../shared/conformance."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("TIPHYS_SHARED", ROOT.parent / "shared"))
CHECKER = SHARED / "conformance/conformance.py"
TIPHYS = os.environ.get("TIPHYS", str(ROOT / "build/checked/tiphys"))

pytestmark = pytest.mark.skipif(not CHECKER.exists(), reason=f"needs {CHECKER}: the charts are not part of the clone")


def test_all_cases():
    done = subprocess.run([sys.executable, CHECKER, "check", "--renderer", f"{TIPHYS} template", "--set", "dev",
                           "--jobs", "2"], cwd=CHECKER.parent, capture_output=True, text=True)
    found = re.search(r"matching: (\d+) of (\d+)", done.stdout)
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    assert found[1] == found[2], done.stdout[-3000:]
