"""kill -9 before and after every write to the API server, and every commit of the store, of syncs with
waves and PreSync, PostSync and SyncFail hooks: after each the agent is started again and must end where
it would have ended anyway."""
import os
import re
import subprocess
import time

import pytest

from killing_proxy import KillingProxy
from story import Options, ROOT, Story

MOST = 60  # writes or commits of one sync
PHASES = {"PreSync", "Sync", "PostSync", "SyncFail"}


class Deployed:
    """A new image tag; the sync succeeds and calls back."""

    events = 1

    def __init__(self, app):
        self.app = app

    def commit(self, s, tag):
        s.tag(self.app, tag, webhook=False)

    def reached(self, s, tag):
        return (s.image(self.app) or "").endswith(":" + tag)

    def done(self, s, tag):
        return self.reached(s, tag) and s.settled()

    def check(self, s, calls):
        s.until("the callback", lambda: [c for c in s.callbacks.calls[calls:] if c[2]["app"] == self.app])
        mine = [c for c in s.callbacks.calls[calls:] if c[2]["app"] == self.app]
        assert len({c[1] for c in mine}) <= self.events  # at least once each


class Waves(Deployed):
    """Three waves at once: a ConfigMap, a StatefulSet, a DaemonSet. A death between the chart's change and
    the parent's makes two syncs of it."""
    events = 2

    def commit(self, s, tag):
        s.files(f"waves {tag}", **{"charts/asset-store/config/cache.conf": f"release {tag}\n",
                                   "charts/app-config/image-tags/integration/asset-store":
                                       f"image_tag: {tag}\npromote_deployment: false\n"})

    def reached(self, s, tag):
        daemons = s.cluster.get("daemonset", "asset-store-cache", "-n", "apps")
        return daemons and daemons["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":" + tag)


class Failed:
    """The migration fails: its SyncFail hook runs, nothing of the Sync phase is written, nobody is called back."""
    app = "search"

    def commit(self, s, tag):
        s.files(f"fail {tag}", **{
            "charts/web-app/templates/migration-job.yaml": s.migration.replace(
                '"job" .)', '"job" (merge (dict "podAnnotations" (dict "sim.tiphys.dev/exit-code" "1")) .))', 1)
            if tag else s.migration,
            "charts/app-config/image-tags/integration/search": f"image_tag: {tag or 'mended'}\n"
                                                               "promote_deployment: false\n"})

    def failed_jobs(self, s, tag):
        jobs = {j["metadata"]["name"]: j for j in s.cluster.get("jobs", "-n", "apps")["items"]}
        image = lambda j: j["spec"]["template"]["spec"]["containers"][0]["image"]  # noqa: E731
        ended = lambda j, how: any(c["type"] == how and c["status"] == "True"  # noqa: E731
                                   for c in j.get("status", {}).get("conditions", []))
        migration, notified = jobs.get("search-migration"), jobs.get("search-migration-failed")
        return (migration and image(migration).endswith(":" + tag) and ended(migration, "Failed") and
                notified and image(notified).endswith(":" + tag) and ended(notified, "Complete"))

    def reached(self, s, tag):
        return self.failed_jobs(s, tag)

    def done(self, s, tag):
        return self.failed_jobs(s, tag) and s.at_rest("search")

    def check(self, s, calls):
        s.until("the sync's end", lambda: s.at_rest("search"))
        state = s.app("search")["status"]["operationState"]
        assert state["phase"] == "Failed", state
        assert [c for c in s.callbacks.calls[calls:] if c[2]["app"] == "search"] == []


SCENES = {"publisher": Deployed("publisher"), "frontend": Deployed("frontend"), "asset-store": Waves("asset-store")}


class Killed(Story):
    """The story of an agent that may be dead, with its ways to die."""

    def files(self, message, **files):
        """Committed and pushed; nobody is told."""
        self.checkout_commit(message, files)

    def checkout_commit(self, message, files):
        git = lambda *words: subprocess.run(["git", "-C", self.checkout, *words], check=True,  # noqa: E731
                                            capture_output=True, text=True).stdout
        git("pull", "-q", "--rebase")
        for path, text in files.items():
            (self.checkout / path).write_text(text)
        git("add", "-A")
        git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", message)
        git("push", "-q", "origin", "HEAD:main")

    @property
    def migration(self):
        return (ROOT / "fixtures/fleet/charts/web-app/templates/migration-job.yaml").read_text()

    def at_rest(self, app):
        apps = {a["metadata"]["name"]: a for a in self.applications()}
        state = apps.get(app, {}).get("status", {}).get("operationState") or {}
        return state.get("phase") not in (None, "Running") and apps[app]["status"]["sync"].get("revision") == self.head()

    def head(self):
        return subprocess.run(["git", "-C", self.bare, "rev-parse", "main"], check=True, capture_output=True,
                              text=True).stdout.strip()

    def ended(self):
        return self.agent.poll() is not None

    def wait(self, what, done, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            result = done()
            if result:
                return result
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {timeout} s. {self.describe()}")

    def wake(self):
        try:
            self.api("/api/webhook", "POST", {"repository": {"clone_url": self.url}})
        except OSError:
            pass  # it died already


class ByWrite:
    """Death at write number n to the API server."""

    def __init__(self, s):
        self.s, self.killed = s, s.proxy.killed

    def arm(self, n, moment):
        self.s.proxy.victim = self.s.agent
        self.s.proxy.armed = (n, moment)

    def disarm(self):
        self.s.proxy.armed = None

    def deaths(self):
        return len(self.killed)


class ByCommit:
    """Death at commit number n of the store."""

    def __init__(self, s):
        self.file = s.directory / "kill-store"
        self.log = s.directory / "kill-store.killed"

    def arm(self, n, moment):
        self.file.write_text(f"{moment} {n}\n")

    def disarm(self):
        self.file.unlink(missing_ok=True)

    def deaths(self):
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    s = Killed(Options, tmp_path_factory.mktemp("kill"))
    try:
        shim = s.directory / "killing_store.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-Wall", "-Werror", "-D_GNU_SOURCE", "-o", shim,
                        ROOT / "tests/e2e/killing_store.c", "-ldl"], check=True)
        s.agent_environment = {"LD_PRELOAD": str(shim), "KILL_STORE": str(s.directory / "kill-store"),
                               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        s.make_repository()
        s.ask_helm()
        s.start_cluster()
        s.proxy = KillingProxy(s.kubeconfig, s.directory)
        s.kubeconfig = s.proxy.kubeconfig
        s.write_configuration()
        s.start_agent()
        s.settle()
        yield s
    finally:
        s.stop()


def phase_of(path):
    if "/jobs" not in path:
        return "Sync"
    return "PostSync" if "post-sync" in path else "SyncFail" if "migration-failed" in path else "PreSync"


def die_at(s, way, scene, moment, n, tag):
    """One sync in which write or commit number n is the end. False: there were fewer."""
    calls, deaths, offset = len(s.callbacks.calls), way.deaths(), s.audit_offset()
    way.arm(n, moment)
    scene.commit(s, tag)
    s.wake()
    s.until("death or the end", lambda: s.ended() or scene.done(s, tag))
    way.disarm()
    time.sleep(0.3)  # the end may be seen before the write or commit that follows it kills
    died = way.deaths() > deaths
    if died:
        s.agent.wait(10)
        s.start_agent()
    s.until("what was to be reached", lambda: scene.reached(s, tag))
    s.until("the end", lambda: scene.done(s, tag))
    scene.check(s, calls)
    assert {w[1] for w in s.writes(offset) if w[0] == "delete"} <= {"jobs"}
    return died


def all_deaths(s, way, name, scene, moment):
    n = 0
    while die_at(s, way, scene, moment, n, f"{name}-{moment}-{n}"):
        n += 1
        assert n < MOST
    return n


@pytest.mark.parametrize("moment", ["before", "after"])
def test_every_write(story, moment):
    way = ByWrite(story)
    story.until("rest", story.settled)
    for scene in SCENES.values():
        assert all_deaths(story, way, "w", scene, moment) >= 3
    assert all_deaths(story, way, "wf", Failed(), moment) >= 2
    Failed().commit(story, None)
    story.wake()
    story.until("rest", story.settled)
    paths = [path for m, _, path in story.proxy.killed if m == moment]
    assert {phase_of(path) for path in paths} == PHASES
    for wave in ("/configmaps/asset-store", "/daemonsets/asset-store-cache"):
        assert any(wave in path for path in paths), (wave, paths)
    assert not [p for _, m, p in story.proxy.killed if m == "DELETE" and not re.search("/jobs/", p)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_every_store_commit(story, moment):
    way = ByCommit(story)
    story.until("rest", story.settled)
    for scene in SCENES.values():
        assert all_deaths(story, way, "c", scene, moment) >= 2
    assert all_deaths(story, way, "cf", Failed(), moment) >= 2
    Failed().commit(story, None)
    story.wake()
    story.until("rest", story.settled)
