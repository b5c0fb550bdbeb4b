"""The demo's parts as a fixture: what the end-to-end tests ask of them."""
import os
import pathlib
import signal
import sys

from conftest import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))
os.environ.setdefault("TIPHYS", str(ROOT / "build/checked/tiphys"))
for variable, name in (("HELM", "helm"), ("KUBECTL", "kubectl"), ("CONTROL_PLANE", "control-plane")):
    os.environ.setdefault(variable, program(name, variable))
import demo as parts  # noqa: E402


class Options:
    once, repo, environment, root, keep = True, None, "integration", None, None


class Story(parts.Demo):
    def until(self, what, done, timeout=60):
        return self.wait(what, done, timeout)

    def audit_offset(self):
        return self.cluster.audit_log.stat().st_size

    def writes(self, offset):
        """What the agent asked the API server to change since then."""
        events, _ = self.cluster.audit(offset)
        return [(e["verb"], e["objectRef"].get("resource"), e["objectRef"].get("name")) for e in events
                if e["user"]["username"].startswith("system:serviceaccount:tiphys:")
                and e["verb"] in ("create", "update", "patch", "delete") and e.get("objectRef")
                and "dryRun=All" not in e["requestURI"]]

    def app(self, name):
        return self.api(f"/api/v1/applications/{name}")

    def commit(self, message, wake=True, **files):
        """Files of the repository by path; None deletes. wake: the agent is told."""
        parts.run("git", "-C", self.checkout, "pull", "-q", "--rebase")
        for path, text in files.items():
            file = self.checkout / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        parts.run("git", "-C", self.checkout, "add", "-A")
        parts.run("git", "-C", self.checkout, "-c", "user.name=t", "-c", "user.email=t@example.org",
                  "commit", "-qm", message)
        parts.run("git", "-C", self.checkout, "push", "-q", "origin", "HEAD:main")
        if wake:
            self.api("/api/webhook", "POST", {"repository": {"clone_url": self.url}})

    def tag(self, app, tag, webhook=True):
        parts.run(ROOT / "fixtures/fleet/commit-tag", self.bare, self.environment, app, tag)
        if webhook:
            self.api("/api/webhook", "POST", {"repository": {"clone_url": self.url}})

    def settled(self):
        apps = self.applications()
        return apps and all(self.state(a) == ("Synced", "Healthy") for a in apps) and not any(
            (a["status"].get("operationState") or {}).get("phase") == "Running" for a in apps)

    def restart(self, how=signal.SIGTERM):
        took = self.stop_agent(how)
        self.start_agent()
        self.until("the API", self.applications)
        return took

    def all_known(self):
        self.until("all Applications", lambda: self.settled() and len(self.applications()) > 5)

    def log_text(self):
        return (self.directory / "agent.log").read_text()
