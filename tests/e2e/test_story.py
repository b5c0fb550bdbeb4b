"""The whole way on the sample fleet: a real control plane, a real git server, the agent under the
sanitizers with the token of its own ServiceAccount."""
import json
import os
import random
import shutil
import signal
import time
import urllib.error

import pytest

from story import Options, Story

IDLE = 11  # seconds: two polls


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    s = Story(Options, tmp_path_factory.mktemp("story"))
    try:
        s.make_repository()
        s.ask_helm()
        s.start_cluster()
        s.write_configuration()
        s.start_agent()
        s.settle()
        yield s
    finally:
        s.stop()
    assert s.agent.returncode == 0, (s.directory / "agent.log").read_text()[-3000:]
    assert "ERROR: AddressSanitizer" not in (s.directory / "agent.log").read_text()
    assert "runtime error" not in (s.directory / "agent.log").read_text()


def test_idle_writes_nothing(story):
    story.until("rest", story.settled)
    offset = story.audit_offset()
    time.sleep(IDLE)
    assert story.writes(offset) == []


def test_hooks_ran(story):
    story.hooks()


def test_manual_change_is_reverted_within_a_second(story):
    for _ in range(3):
        story.cluster.kubectl("patch", "deployment", "frontend", "-n", "apps", "--type=json", "-p",
                              '[{"op":"replace","path":"/spec/revisionHistoryLimit","value":9}]')
        changed = time.monotonic()
        story.until("the old value", lambda: story.cluster.get("deployment", "frontend", "-n", "apps")
                    ["spec"]["revisionHistoryLimit"] != 9, 20)
        took = time.monotonic() - changed
        if took < 1.5:  # asking by kubectl takes some of it
            break
        story.until("rest", story.settled)
        time.sleep(10)  # heals in a row wait longer
    assert took < 1.5


def test_foreign_field_stays(story):
    story.until("rest", story.settled)
    story.cluster.kubectl("annotate", "deployment", "frontend", "-n", "apps", "example.org/mine=kept")
    offset = story.audit_offset()
    time.sleep(3)
    assert story.writes(offset) == []
    live = story.cluster.get("deployment", "frontend", "-n", "apps")
    assert live["metadata"]["annotations"]["example.org/mine"] == "kept"


def test_deleted_object_comes_back(story):
    story.until("rest", story.settled)
    story.cluster.kubectl("delete", "service", "frontend", "-n", "apps")
    story.until("the Service", lambda: story.cluster.get("service", "frontend", "-n", "apps"))


def test_commit_reaches_only_what_it_touches(story):
    story.until("rest", story.settled)
    calls, offset = len(story.callbacks.calls), story.audit_offset()
    story.tag("mailer", "v41")
    story.until("the image", lambda: (story.image("mailer") or "").endswith(":v41"))
    story.until("the callback", lambda: story.callbacks.calls[calls:])
    story.until("rest", story.settled)
    time.sleep(1)
    assert {c[2]["app"] for c in story.callbacks.calls[calls:]} <= {"mailer", "mailer-digest", "app-config"}
    assert {w[2] for w in story.writes(offset) if w[1] in ("deployments", "services")} == {"mailer", "mailer-digest"}


def test_restart_and_lost_store_do_nothing(story):
    story.until("rest", story.settled)
    calls, offset = len(story.callbacks.calls), story.audit_offset()
    assert story.restart() < 2
    story.until("rest", story.settled)
    story.stop_agent()
    shutil.rmtree(story.directory / "state")
    story.start_agent()
    story.all_known()
    time.sleep(IDLE)
    assert story.writes(offset) == []
    assert story.callbacks.calls[calls:] == []


def test_broken_chart_is_told_and_harms_nothing(story):
    story.until("rest", story.settled)
    path = "charts/feeds/templates/broken.yaml"
    offset = story.audit_offset()
    story.commit("break it", **{path: 'a: {{ required "feeds needs a colour" .Values.colour }}\n'})
    messages = lambda: [c["message"] for c in story.app("feeds")["status"].get("conditions", [])]  # noqa: E731
    story.until("the condition", lambda: any("feeds needs a colour" in m for m in messages()))
    assert any("feeds/templates/broken.yaml:1" in m for m in messages())
    story.tag("search", "v42")  # others go on
    story.until("the image", lambda: (story.image("search") or "").endswith(":v42"))
    assert not [w for w in story.writes(offset) if w[0] == "delete" and w[1] != "jobs"]
    story.commit("mend it", **{path: None})
    story.until("rest", story.settled)


def test_prune(story):
    story.until("rest", story.settled)
    path = "charts/feeds/templates/extra.yaml"
    story.commit("more", **{path: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra-feed}\ndata: {a: b}\n"})
    find = lambda: (story.cluster.get("configmaps", "-A", "--field-selector", "metadata.name=extra-feed")  # noqa: E731
                    or {"items": []})["items"]
    story.until("the ConfigMap", find)
    story.commit("less", **{path: None})
    story.until("the ConfigMap gone", lambda: not find())


def test_kind_left_out_while_down_is_pruned(story):
    """No other object of the fleet has this kind: only the store knows that it was written."""
    story.until("rest", story.settled)
    path = "charts/feeds/templates/limits.yaml"
    story.commit("limits", **{path: "apiVersion: v1\nkind: LimitRange\nmetadata: {name: feed-limits}\n"
                                    "spec: {limits: [{type: Pod, max: {cpu: '4'}}]}\n"})
    find = lambda: (story.cluster.get("limitranges", "-A") or {"items": []})["items"]  # noqa: E731
    story.until("the LimitRange", find)
    story.until("rest", story.settled)
    story.stop_agent(signal.SIGKILL)
    story.commit("no limits", wake=False, **{path: None})
    story.start_agent()
    story.until("the LimitRange gone", lambda: not find())


def test_application_taken_out_of_the_configuration(story):
    story.until("rest", story.settled)
    before = story.config.read_text()
    extra = story.directory / "extra.yaml"
    extra.write_text(json.dumps({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "extra"},
        "spec": {"project": "default", "source": {"repoURL": story.url, "path": "charts/feeds"},
                 "destination": {"server": "https://kubernetes.default.svc", "namespace": "extra"},
                 "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]}}}))
    named = lambda: "extra" in story.tiphys("get", "-o", "name").stdout.split()  # noqa: E731
    story.config.write_text(before.replace("applications:\n", f"applications:\n- {extra}\n", 1))
    assert story.config.read_text() != before
    story.agent.send_signal(signal.SIGHUP)
    story.until("the Application", lambda: named() and story.state(story.app("extra")) == ("Synced", "Healthy"))
    offset = story.audit_offset()
    story.config.write_text(before)
    story.agent.send_signal(signal.SIGHUP)
    story.until("the Application gone", lambda: not named())
    story.until("rest", story.settled)
    assert story.writes(offset) == []  # what runs stays
    assert story.cluster.get("namespace", "extra")


def test_verbs(story):
    story.until("rest", story.settled)
    assert story.tiphys("wait", "frontend", "--timeout", "20s").returncode == 0
    assert story.tiphys("diff", "frontend").returncode == 0
    assert "frontend" in story.tiphys("get", "-o", "name").stdout.split()
    assert "Deployment" in story.tiphys("get", "frontend").stdout
    assert story.tiphys("sync", "frontend").returncode == 0
    assert "api" in story.tiphys("history", "frontend").stdout
    offset = story.audit_offset()
    assert story.tiphys("sync", "frontend", "--dry-run").returncode == 0
    assert story.writes(offset) == []
    selective = story.tiphys("sync", "frontend", "--resource", ":Service:apps/frontend")
    assert selective.returncode == 0 and "Deployment" not in selective.stdout
    assert story.tiphys("sync", "frontend", "--resource", ":ConfigMap:nothing").returncode == 1
    assert story.tiphys("get", "nobody").returncode == 1
    with pytest.raises(urllib.error.HTTPError) as refused:
        story.api("/api/v1/applications/nobody")
    assert refused.value.code == 404


def test_kill_at_random_moments(story):
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print("SEED", seed)
    dice = random.Random(seed)
    rounds = int(os.environ.get("KILLS", 50))
    story.until("rest", story.settled)
    offset, calls = story.audit_offset(), len(story.callbacks.calls)
    for i in range(rounds):
        story.tag("publisher", f"k{i}", webhook=False)
        time.sleep(dice.uniform(0, 1.5))
        story.restart(signal.SIGKILL)
    story.until("the last image", lambda: (story.image("publisher") or "").endswith(f":k{rounds - 1}"))
    story.until("rest", story.settled)
    story.until("the callback", lambda: [c for c in story.callbacks.calls[calls:]
                                         if any(i.endswith(f":k{rounds - 1}") for i in c[2]["images"] or [])])
    deleted = {w[1] for w in story.writes(offset) if w[0] == "delete"}
    assert deleted <= {"jobs"}  # hooks of before
    assert {c[2]["app"] for c in story.callbacks.calls[calls:]} <= {"publisher", "publisher-worker", "app-config"}
