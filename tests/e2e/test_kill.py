"""kill -9 before and after every write of a sync with PreSync and PostSync hooks: after each, the agent
is started again and must end where it would have ended anyway."""
import re

import pytest

from killing_proxy import KillingProxy
from story import Options, Story

APPS = {"publisher": "PreSync", "frontend": "PostSync"}  # what hooks they have


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    s = Story(Options, tmp_path_factory.mktemp("kill"))
    try:
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
    if "/jobs" in path:
        return "PostSync" if "post-sync" in path else "PreSync"
    return "Sync"


def die_at(s, app, moment, n, tag):
    """One deployment in which write number n is the end. False: there were fewer writes."""
    s.until("rest", s.settled)
    calls, deaths = len(s.callbacks.calls), len(s.proxy.killed)
    offset = s.audit_offset()
    s.proxy.victim = s.agent
    s.proxy.armed = (n, moment)
    s.tag(app, tag, webhook=False)
    try:
        s.api("/api/webhook", "POST", {"repository": {"clone_url": s.url}})
    except OSError:
        pass  # it died already
    done = lambda: (s.image(app) or "").endswith(":" + tag) and s.settled()  # noqa: E731
    s.until("death or the end", lambda: s.agent_ended() or done())
    died = len(s.proxy.killed) > deaths
    s.proxy.armed = None
    if died:
        s.agent.wait(10)
        s.start_agent()
    s.until("the new image", lambda: (s.image(app) or "").endswith(":" + tag))
    s.until("rest", s.settled)
    s.until("the callback", lambda: [c for c in s.callbacks.calls[calls:] if c[2]["app"] == app])
    mine = [c for c in s.callbacks.calls[calls:] if c[2]["app"] == app]
    assert len({c[1] for c in mine}) == 1  # at least once, one event
    assert {w[1] for w in s.writes(offset) if w[0] == "delete"} <= {"jobs"}
    return died


def ended(self):
    return self.agent.poll() is not None


Story.agent_ended = ended


def patient_wait(self, what, done, timeout):
    """As the demo's, but the agent may be dead."""
    import time
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        result = done()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {timeout} s. {self.describe()}")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_every_write(story, monkeypatch, moment):
    monkeypatch.setattr(Story, "wait", patient_wait)
    for app in APPS:
        n = 0
        while die_at(story, app, moment, n, f"{moment}-{n}"):
            n += 1
            assert n < 40
        assert n >= 3
    seen = {phase_of(path) for m, _, path in story.proxy.killed if m == moment}
    assert seen == {"PreSync", "Sync", "PostSync"}, seen
    assert not [p for _, m, p in story.proxy.killed if m == "DELETE" and not re.search("/jobs/", p)]
