"""Every chart of the GOV.UK repository, for every environment, byte for byte as the real Helm renders it:
the app-of-apps and each child Application whose chart lies in that repository."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures/crds"))
import rendered  # noqa: E402

SHARED = pathlib.Path(os.environ.get("TIPHYS_SHARED", ROOT.parent / "shared"))
BUNDLE = SHARED / "data/govuk-replay.bundle"
HELM = os.environ.get("HELM", "helm")
TIPHYS = os.environ.get("TIPHYS", str(ROOT / "build/checked/tiphys"))

pytestmark = pytest.mark.skipif(not BUNDLE.exists(), reason=f"needs {BUNDLE}: the GOV.UK charts are not part of the clone")


@pytest.fixture(scope="session")
def charts(tmp_path_factory):
    directory = tmp_path_factory.mktemp("govuk") / "charts"
    subprocess.run(["git", "clone", "-q", "-b", "main", BUNDLE, directory], check=True)
    return directory


def outputs(program, arguments, cwd):
    done = subprocess.run([program, "template", *map(str, arguments)], cwd=cwd, capture_output=True)
    return done.returncode, done.stdout, done.stderr


def compare(charts, name, arguments):
    """None, or what differs."""
    helm, ours = outputs(HELM, arguments, charts), outputs(TIPHYS, arguments, charts)
    if ours[0] not in (0, 1):
        return f"{name}: status {ours[0]}: {ours[2][-2000:].decode()}"
    if helm[0] != ours[0] or (helm[0] == 0 and helm[1] != ours[1]):
        lines = zip(helm[1].splitlines(), ours[1].splitlines())
        first = next((f"{h!r} and {o!r}" for h, o in lines if h != o), "one is longer")
        return f"{name}: helm {helm[0]}, tiphys {ours[0]}: {first} {ours[2][:300].decode()}"
    return None


def children(charts, top, scratch):
    """(name, arguments) of each Application whose chart is in the repository, nested ones too."""
    waiting = [d for d in rendered.documents(top.decode()) if rendered.is_application(d)]
    while waiting:
        app = waiting.pop(0)
        source = app["spec"].get("source") or {}
        if "path" not in source:
            continue
        settings, name = source.get("helm") or {}, app["metadata"]["name"]
        arguments = [settings.get("releaseName") or name, charts / source["path"], "--include-crds",
                     "--namespace", app["spec"]["destination"].get("namespace") or "default"]
        for file in settings.get("valueFiles") or []:
            arguments += ["--values", charts / source["path"] / file]
        if settings.get("values"):
            file = scratch / f"{name}.yaml"
            file.write_text(settings["values"])
            arguments += ["--values", file]
        yield name, arguments
        code, output, _ = outputs(HELM, arguments, charts)
        if code == 0 and b"argoproj.io" in output:
            waiting += [d for d in rendered.documents(output.decode()) if rendered.is_application(d)]


@pytest.mark.parametrize("environment", ["integration", "staging", "production"])
def test_environment(charts, tmp_path, environment):
    arguments = ["app-config", "charts/app-config", "--values", f"charts/app-config/values-{environment}.yaml"]
    assert compare(charts, "app-config", arguments) is None
    _, top, _ = outputs(HELM, arguments, charts)
    cases = list(children(charts, top, tmp_path))
    assert len(cases) > 50
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = [w for w in pool.map(lambda case: compare(charts, *case), cases) if w]
    assert not wrong, "\n".join(wrong[:10])


def test_charts_alone(charts):
    """Each chart with its own values, whether Helm renders or refuses it."""
    wrong = [compare(charts, chart.parent.name, ["rel", chart.parent]) for chart in sorted(charts.glob("charts/*/Chart.yaml"))]
    assert not [w for w in wrong if w], "\n".join(w for w in wrong if w)
