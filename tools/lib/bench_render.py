"""Rendering of a whole environment: from a cold process and in a warm one, beside helm's command
line and Helm's library in a warm process (tests/bench/reference)."""
import hashlib
import json
import os
import pathlib
import re
import subprocess

import yaml

import demo
from bench_table import children_cpu
from demo import rendered

ROUNDS = 12  # of ours; Helm's take seconds each
HELM_ROUNDS = 4


class HelmRecorder:
    """Runs helm for rendered.py and keeps what was asked for, as tests/bench/reference reads it."""

    def __init__(self):
        self.releases, self.cpu, self.objects = [], 0, 0

    def __enter__(self):
        self.original, rendered.helm_template = rendered.helm_template, self.template
        return self

    def __exit__(self, *_):
        rendered.helm_template = self.original

    def template(self, helm, chart, name, namespace, values=(), text=None, include_crds=True):
        before = children_cpu()
        output = self.original(helm, chart, name, namespace, values, text, include_crds)
        self.cpu += children_cpu() - before
        self.objects += len(rendered.documents(output))
        self.releases.append({"name": name, "namespace": namespace, "chart": str(chart), "includeCRDs": include_crds,
                              "values": [str(v) for v in values], "text": text or "",
                              "sha256": hashlib.sha256(output.encode()).hexdigest()})
        return output


def render_rows(table, bench):
    helm = HelmRecorder()
    with helm:
        rendered.render_fleet(os.environ["HELM"], bench.checkout, bench.environment, namespace=bench.namespace)
    command_line = f"helm's command line {helm.cpu:.2f} s CPU"
    root = bench.directory / "root-render.yaml"
    root.write_text(yaml.safe_dump(bench.root_application()))
    cold, count = cold_process(bench.checkout, root)
    table.add(f"render all, cold process ({count})", f"{1000 * cold:.0f} ms CPU", command_line, f"{helm.cpu / cold:.0f} x")
    warm, apps, objects = warm_process(bench.checkout, root)
    table.add("render all, warm process (templates compiled)", f"{1000 * warm:.1f} ms CPU", command_line,
              f"{helm.cpu / warm:.0f} x")
    for what, flags in (("  against Helm's library, warm, as it is", []),
                        ("  against Helm's library, warm, mended, GOGC=400", ["-mended"])):
        library = helm_library(bench.directory, helm.releases, flags)
        if isinstance(library, str):
            table.add(what, f"{1000 * warm:.1f} ms CPU", f"not measured: {library}")
        else:
            table.add(what, f"{1000 * warm:.1f} ms CPU", f"{1000 * library['cpuSeconds']:.0f} ms CPU",
                      f"{library['cpuSeconds'] / warm:.1f} x")
    if isinstance(library, dict):
        table.add("  what was rendered", f"{apps} Applications, {objects} objects",
                  f"{library['renders']} releases, {library['objects']} objects",
                  f"{library['identical']} texts are the command line's")


def cold_process(checkout, root):
    """The best CPU time of five, and what was rendered."""
    arguments = [demo.TIPHYS, "render", "-f", root, "--repo", checkout, "--recurse", "--count"]
    best, output = 1e9, ""
    for _ in range(5):
        before = children_cpu()
        output = subprocess.run([str(a) for a in arguments], capture_output=True, text=True).stdout
        best = min(best, children_cpu() - before)
    return best, output.strip()


def warm_process(checkout, root):
    """The best CPU time but the first, and the numbers of Applications and objects."""
    output = demo.run(demo.ROOT / "build/tests/bench_render", checkout, root, ROUNDS)
    warm, apps, objects = re.search(r"warm ([0-9.]+) ms (\d+) apps (\d+) objects", output).groups()
    return float(warm) / 1000, int(apps), int(objects)


def helm_library(directory, releases, flags):
    """What tests/bench/reference says, or why there is nothing."""
    program = os.environ.get("REFERENCE")
    if not program or not pathlib.Path(program).exists():
        return "tests/bench/reference is not built"
    listing = directory / "releases.json"
    listing.write_text(json.dumps(releases))
    done = subprocess.run([program, "render", "-rounds", str(HELM_ROUNDS), *flags, listing], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.strip()
