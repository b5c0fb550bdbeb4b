"""Commits of the real GOV.UK charts repository one after the other, the cluster compared with the
real Helm's rendering after each. COMMITS sets how many (50)."""
import os
import pathlib
import re

import pytest
import yaml

from story import ROOT, Options, Story, parts

SHARED = pathlib.Path(os.environ.get("TIPHYS_SHARED", ROOT.parent / "shared"))
BUNDLE = SHARED / "data/govuk-replay.bundle"
COMMITS = int(os.environ.get("COMMITS", 50))

pytestmark = pytest.mark.skipif(not BUNDLE.exists(), reason=f"needs {BUNDLE}: the GOV.UK charts are not part of the clone")

UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def quantity(v):
    found = re.fullmatch(r"(-?[0-9.]+)([A-Za-z]*)", str(v))
    return float(found[1]) * UNITS[found[2]] if found and found[2] in UNITS else None


def near(live, want):
    """Where two texts begin to differ."""
    live, want = repr(live), repr(want)
    at = next((i for i, (a, b) in enumerate(zip(live, want)) if a != b), 0)
    return f"...{live[max(0, at - 60):at + 60]} instead of {want[max(0, at - 60):at + 60]}"


def contains(live, want, path=""):
    """The first path at which live lacks what is wanted, or None."""
    if want in (None, "", [], {}, 0, False) and live in (None, "", [], {}, 0, False):
        return None
    if isinstance(want, dict) and isinstance(live, dict):
        return next((w for k, v in want.items() if (w := contains(live.get(k), v, f"{path}.{k}"))), None)
    if isinstance(want, list) and isinstance(live, list):
        named = all(isinstance(i, dict) and "name" in i for i in want + live)
        by_name = {i["name"]: i for i in live} if named else {}
        if want and len(by_name) == len(live): # a file may be mounted twice by one volume's name
            return next((w for i in want if (w := contains(by_name.get(i["name"]), i, f"{path}[{i['name']}]"))), None)
        if len(want) != len(live):
            return f"{path}: {len(live)} instead of {len(want)}"
        return next((w for n, (a, b) in enumerate(zip(live, want)) if (w := contains(a, b, f"{path}[{n}]"))), None)
    if live == want or (quantity(live) is not None and quantity(live) == quantity(want)):
        return None
    return f"{path}: {near(live, want)}"


class GovUK(Options):
    repo = str(BUNDLE)


class Replay(Story):
    def __init__(self, options, directory):
        super().__init__(options, directory)
        self.renderings = {}

    def render(self):
        """The fleet as Helm renders it now; charts and values seen before are not rendered again."""
        plain = parts.rendered.render_application

        def remembered(helm, repository, app):
            source = app["spec"].get("source") or {}
            tree = parts.run("git", "-C", self.checkout, "rev-parse", f"HEAD:{source['path']}") if source.get("path") else ""
            key = (app["metadata"]["name"], tree, yaml.safe_dump(source))
            if key not in self.renderings:
                self.renderings[key] = plain(helm, repository, app)
            return self.renderings[key]

        parts.rendered.render_application = remembered
        try:
            return parts.rendered.render_fleet(os.environ["HELM"], self.checkout, self.environment,
                                               namespace=self.namespace)
        finally:
            parts.rendered.render_application = plain

    def differences(self):
        wanted = {}
        refused = {a["metadata"]["name"] for a in self.applications() if self.refused(a)}
        for item in self.render().items:
            o = item.object
            if self.is_hook(o) or item.application in refused:
                continue
            o["metadata"].setdefault("namespace", item.namespace)
            wanted[(o["kind"], o["metadata"]["name"], o["metadata"]["namespace"])] = o
        kinds = sorted({(o["kind"], o["apiVersion"]) for o in wanted.values()} - {("Application", "argoproj.io/v1alpha1")})
        names = ",".join(f"{k.lower()}.{v.split('/')[1]}.{v.split('/')[0]}" if "/" in v else k.lower() for k, v in kinds)
        live = {}
        for o in self.cluster.get(names, "-A")["items"]:
            live[(o["kind"], o["metadata"]["name"], o["metadata"].get("namespace"))] = o
        wrong = []
        for key, o in wanted.items():
            if key[0] in ("Application", "AppProject"):
                continue
            there = live.get(key) or live.get((key[0], key[1], None))
            what = "missing" if not there else contains(
                {k: v for k, v in there.items() if k != "apiVersion"},
                {k: v for k, v in o.items() if k not in ("apiVersion", "status", "metadata", "stringData")})
            if what:
                wrong.append(f"{key}: {what}")
        tracked = {k for k, o in live.items()
                   if "argocd.argoproj.io/tracking-id" in (o["metadata"].get("annotations") or {})
                   and not o["metadata"].get("ownerReferences")
                   and o["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"].split(":")[0] not in refused}
        names = {(k[0], k[1]) for k in wanted}
        return wrong + [f"{k}: not wanted any more" for k in tracked if (k[0], k[1]) not in names]

    def at(self, commit):
        """All Applications of the repository have seen this commit and rest."""
        apps = [a for a in self.applications() if not self.elsewhere(a)]
        return apps and all(a["status"]["sync"].get("revision") == commit and
                            (self.refused(a) or (self.state(a)[0] == "Synced"
                             and self.state(a)[1] in ("Healthy", "Suspended")
                             and (a["status"].get("operationState") or {}).get("phase") != "Running")) for a in apps)

    @staticmethod
    def refused(app):
        """The history holds objects that no API server takes (a CronJob's name of 57 letters)."""
        operation = app["status"].get("operationState") or {}
        return operation.get("phase") == "Failed" and " is invalid: " in operation.get("message", "")


def test_replay(tmp_path):
    s = Replay(GovUK, tmp_path)
    try:
        s.make_repository()
        head = parts.run("git", "-C", s.bare, "rev-parse", "HEAD").strip()
        branch = parts.run("git", "-C", s.bare, "symbolic-ref", "HEAD").strip()
        commits = parts.run("git", "-C", s.bare, "rev-list", "--first-parent", "--reverse", f"-{COMMITS + 1}", head).split()
        parts.run("git", "-C", s.bare, "update-ref", branch, commits[0])
        parts.run("git", "-C", s.checkout, "reset", "-q", "--hard", commits[0])
        s.ask_helm()
        s.start_cluster()
        s.write_configuration()
        s.start_agent()
        s.wait("the first commit", lambda: s.at(commits[0]), 180)
        assert not (wrong := s.differences()), "\n".join(wrong[:5])
        for commit in commits[1:]:
            parts.run("git", "-C", s.bare, "update-ref", branch, commit)
            parts.run("git", "-C", s.checkout, "fetch", "-q")
            parts.run("git", "-C", s.checkout, "reset", "-q", "--hard", commit)
            s.api("/api/webhook", "POST", {"repository": {"clone_url": s.url}})
            s.wait(f"commit {commit}", lambda: s.at(commit), 120)
            assert not (wrong := s.differences()), f"{commit}: " + "\n".join(wrong[:5])
    finally:
        s.stop()
    assert s.agent.returncode == 0
