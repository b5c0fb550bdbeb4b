"""Many fetches of one store: it must stay bounded. agent/git follows a branch at the end of a pipe
(tests/agent/git_driver.c), over HTTP, while the branch moves."""
import pathlib
import subprocess
import time

import demo
from git_http import GitHTTP


def fetch_rows(table, bench, count):
    directory = bench.directory / "fetches"
    repositories = directory / "repositories"
    bare = repositories / "charts.git"
    repositories.mkdir(parents=True)
    demo.run("git", "clone", "-q", "--bare", bench.bare, bare)
    branch = demo.run("git", "-C", bare, "symbolic-ref", "HEAD").strip()
    commits = make_commits(bare, branch, count)
    with GitHTTP(repositories, directory / "http") as server:
        with Follower(directory, server.url("charts.git")) as follower:
            follower.arrives()
            before = follower.store_size()
            most, started = before, time.monotonic()
            for commit in commits:
                # As git writes it, without starting git ten thousand times.
                reference = bare / "moved"
                reference.write_text(commit + "\n")
                reference.rename(bare / branch)
                follower.poke()
                follower.arrives(commit)
                most = max(most, follower.store_size())
            took = time.monotonic() - started
            after = follower.store_size()
            stats = follower.stats()
    table.add(f"{stats['fetches']} fetches of one store, {stats['compactions']} times joined",
              f"{1000 * took / count:.1f} ms each, {stats['bytes'] / count / 1000:.1f} kB",
              f"{before.said()} before, {most.said()} at most, {after.said()} after",
              f"{after.bytes / before.bytes:.2f}")


def make_commits(bare, branch, count):
    """A chain of image-tag commits on top of the branch, which stays where it is."""
    stream = []
    for n in range(1, count + 1):
        text = f"image_tag: v{n}\npromote_deployment: false\n"
        head = f"from {branch}^0\n" if n == 1 else f"from :{n - 1}\n"
        stream.append(f"commit refs/bench/chain\nmark :{n}\ncommitter Fleet Robot <robot@example.org> {1767225600 + n} +0000\n"
                      f"data 1\nx\n{head}M 100644 inline charts/app-config/image-tags/integration/frontend\n"
                      f"data {len(text)}\n{text}\n")
    marks = bare / "bench-marks"
    demo.run("git", "-C", bare, "fast-import", "--quiet", f"--export-marks={marks}", input="".join(stream))
    # Reachable through the branch alone, as a server's commits are.
    found = dict(line.split() for line in marks.read_text().splitlines())
    demo.run("git", "-C", bare, "update-ref", "-d", "refs/bench/chain")
    return [found[f":{n}"] for n in range(1, count + 1)]


class Size:
    def __init__(self, store):
        files = [(f.name, f.stat().st_size) for f in store.rglob("*") if f.is_file()]
        self.bytes = sum(size for _, size in files)
        self.packs = sum(name.endswith(".pack") for name, _ in files)

    def __gt__(self, other):
        return self.bytes > other.bytes

    def said(self):
        return f"{self.bytes / 1000:.0f} kB in {self.packs} packs"


class Follower:
    def __init__(self, directory, url):
        self.store, self.url = directory / "store", url
        configuration = directory / "tiphys.yaml"
        configuration.write_text(f"environment: bench\nstate: {directory}\napplications: [a.yaml]\n")
        self.process = subprocess.Popen([demo.ROOT / "build/tests/agent/git_driver", self.store, configuration], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.say("watch", 1, url, "", 600000)

    def say(self, *words):
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self, kind):
        """The next event of a kind; of others only poked may come between."""
        while True:
            words = self.process.stdout.readline().rstrip("\n").split("\t")
            if words[0] == kind:
                return words[1:]
            if words[0] != "poked":
                raise SystemExit(f"git_driver: {' '.join(words) or 'ended'} (waited for {kind})")

    def poke(self):
        self.say("poke", self.url)

    def arrives(self, commit=None):
        got = self.hear("commit")[1]
        if commit and got != commit:
            raise SystemExit(f"git_driver: {got} arrived instead of {commit}")

    def stats(self):
        self.say("stats", 0)
        polls, fetches, failures, received, compactions, *_ = map(int, self.hear("stats"))
        return {"fetches": fetches, "bytes": received, "compactions": compactions}

    def store_size(self):
        return Size(pathlib.Path(self.store))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
