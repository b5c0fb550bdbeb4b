"""Benchmarks as ratios against references of the same run. Run by tools/bench."""
import argparse
import datetime
import os
import pathlib
import platform
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import demo  # noqa: E402
from bench_agent import AgentBench, agent_rows  # noqa: E402
from bench_fetches import fetch_rows  # noqa: E402
from bench_render import render_rows  # noqa: E402
from bench_table import Table  # noqa: E402

BUNDLE = pathlib.Path(os.environ.get("TIPHYS_SHARED", demo.ROOT.parent / "shared")) / "data/govuk-replay.bundle"


class Options:
    once, environment, root, keep = True, "integration", None, None
    repo = str(BUNDLE) if BUNDLE.exists() else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", choices=["render", "agent", "fetches"])
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    parser.add_argument("--fetches", type=int, default=1000)
    options = parser.parse_args()
    print(f"{datetime.date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"{'GOV.UK integration' if Options.repo else 'the sample fleet (no GOV.UK charts here)'}")
    table = Table()
    bench = AgentBench(Options, tempfile.mkdtemp(prefix="tiphys-bench-"))
    failed = True
    try:
        bench.make_repository()
        if options.name in (None, "render"):
            render_rows(table, bench)
        if options.name in (None, "agent"):
            agent_rows(table, bench)
        if options.name in (None, "fetches"):
            fetch_rows(table, bench, options.fetches)
        failed = False
    finally:
        bench.stop()
        if failed:
            print(f"left for a look: {bench.directory}", file=sys.stderr)
        else:
            shutil.rmtree(bench.directory, ignore_errors=True)
    if options.json:
        table.write_json(options.json)
    if options.markdown:
        table.write_markdown(options.markdown)


if __name__ == "__main__":
    main()
