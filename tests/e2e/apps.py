"""Applications of a test's own beside the sample fleet: charts that are folders of plain manifests."""
import json
import signal
import subprocess

import pytest
import yaml

from story import Options, Story


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    s = Story(Options, tmp_path_factory.mktemp("options"))
    try:
        s.make_repository()
        s.ask_helm()
        s.start_cluster()
        s.write_configuration()
        s.start_agent()
        s.settle()
        s.base = s.config.read_text()
        yield s
    finally:
        s.stop()
    assert s.agent.returncode == 0, (s.directory / "agent.log").read_text()[-3000:]


def config_map(name, data="a", **annotations):
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"text": data},
            "metadata": {"name": name, "annotations": {f"argocd.argoproj.io/{k}": v for k, v in annotations.items()}}}


def deployment(name, replicas=1, env=None, cpu="100m"):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}},
                                  "spec": {"containers": [{"name": "main", "image": "registry.example.org/x:v1",
                                                           "env": env or [],
                                                           "resources": {"limits": {"cpu": cpu}}}]}}}}


class App:
    """One Application of the configuration, and the manifests of its chart."""

    def __init__(self, story, name, options=(), automated=None, ignore=(), create=True):
        self.story, self.name, self.namespace = story, name, f"ns-{name}"
        self.path = f"charts/options-{name}"
        policy = {"syncOptions": list(options)}
        if automated is not None:
            policy["automated"] = automated
        self.manifest = {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name},
            "spec": {"project": "default", "source": {"repoURL": story.url, "path": self.path},
                     "destination": {"server": "https://kubernetes.default.svc", "namespace": self.namespace},
                     "syncPolicy": policy, "ignoreDifferences": list(ignore)}}
        if create:
            story.cluster.kubectl("create", "namespace", self.namespace)

    def write(self, *objects):
        """Commits the chart: these objects and no other."""
        templates = self.story.checkout / self.path / "templates"
        old = {f"{self.path}/templates/{f.name}": None for f in templates.glob("*")} if templates.exists() else {}
        files = {f"{self.path}/templates/{i}.yaml": yaml.safe_dump(o) for i, o in enumerate(objects)}
        files[f"{self.path}/Chart.yaml"] = f"apiVersion: v2\nname: options-{self.name}\nversion: 1.0.0\n"
        self.story.commit(f"{self.name}: {len(objects)} objects", **{**old, **files})

    def git(self, *words):
        return subprocess.run(["git", "-C", str(self.story.checkout), *words], capture_output=True, text=True,
                              check=True).stdout.strip()

    def start(self):
        file = self.story.directory / f"{self.name}.yaml"
        file.write_text(json.dumps(self.manifest))
        text = self.story.config.read_text()
        self.story.config.write_text(text.replace("applications:\n", f"applications:\n- {file}\n", 1))
        self.story.agent.send_signal(signal.SIGHUP)
        self.story.until(f"{self.name} to be known", lambda: self.name in self.story.tiphys("get", "-o", "name").stdout)
        return self

    def seen(self):
        """Has the agent looked at the newest commit?"""
        return self.story.app(self.name)["status"]["sync"].get("revision") == self.git("rev-parse", "HEAD")

    def until_state(self, *wanted):
        self.story.until(f"{self.name} {' '.join(wanted)}", lambda: self.seen() and self.state() == wanted)

    def state(self):
        return self.story.state(self.story.app(self.name))

    def sync(self, *words):
        return self.story.tiphys("sync", self.name, *words)

    def get(self, *words):
        return self.story.cluster.get(*words, "-n", self.namespace)

    def writes(self, offset):
        """(verb, resource, name) in this namespace, in the order of the API server's log."""
        events, _ = self.story.cluster.audit(offset)
        return [(e["verb"], e["objectRef"]["resource"], e["objectRef"].get("name")) for e in events
                if e["verb"] in ("create", "update", "patch", "delete") and (e.get("objectRef") or {}).get("namespace")
                == self.namespace and e["user"]["username"].startswith("system:serviceaccount:tiphys:")
                and "dryRun=All" not in e["requestURI"]]


@pytest.fixture
def app(story):
    made = []

    def make(name, **options):
        made.append(App(story, name, **options))
        return made[-1]
    yield make
    story.config.write_text(story.base)
    story.agent.send_signal(signal.SIGHUP)
    story.until("the Applications gone", lambda: not {a.name for a in made}
                & set(story.tiphys("get", "-o", "name").stdout.split()))
