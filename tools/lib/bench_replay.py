"""The cold start beside a bare loop of the same requests: a second agent fills a second empty cluster
through a proxy that keeps its writes, and a loop sends these to a third (tests/bench/reference)."""
import contextlib
import json
import os
import pathlib
import subprocess

import yaml

import demo


def replay_row(table, bench, ours, width):
    """ours: seconds to the last accepted write; width: so many writes were under way at once."""
    what = f"  last accepted write, {width} requests at once at most"
    program = os.environ.get("REFERENCE")
    if not program or not pathlib.Path(program).exists():
        table.add(what, f"{ours:.2f} s after the start", "a bare loop: tests/bench/reference is not built")
        return
    recording = bench.directory / "requests.jsonl"
    with second(bench, "recorded") as other:
        record(program, other, recording)
    with second(bench, "replayed") as other:
        loop = json.loads(demo.run(program, "replay", "-kubeconfig", other.kubeconfig, "-width", width, recording))
    for refused in loop["refused"] or []:
        print(f"  the bare loop: {refused}")
    table.add(what, f"{ours:.2f} s after the start",
              f"a bare loop of the same {loop['accepted']} requests: {loop['seconds']:.2f} s", f"{ours / loop['seconds']:.2f}")


@contextlib.contextmanager
def second(bench, name):
    """A cluster like the first in another directory, and an agent that could run on it."""
    other = type(bench)(bench.options, bench.directory / name)
    other.directory.mkdir()
    for part in ("bare", "checkout", "url", "expected", "crds", "claims"):
        setattr(other, part, getattr(bench, part))
    try:
        other.start_cluster()
        yield other
    finally:
        other.stop()


def record(program, other, recording):
    """Fills the cluster through the proxy."""
    proxy = subprocess.Popen([program, "record", "-kubeconfig", other.kubeconfig, "-out", recording],
                             stdout=subprocess.PIPE, text=True)
    try:
        url = proxy.stdout.readline().strip()
        config = yaml.safe_load(other.kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": url, "certificate-authority": f"{recording}.crt"}
        direct, other.kubeconfig = other.kubeconfig, other.directory / "proxied-kubeconfig"
        other.kubeconfig.write_text(json.dumps(config))
        other.write_configuration()
        other.start_agent()
        other.sync_by_hand()
        other.wait("all settled, recorded", other.all_settled, 240)
        other.stop_agent()
        other.kubeconfig = direct
    finally:
        proxy.terminate()
        proxy.wait(30)
        proxy.stdout.close()
