"""Following repositories: agent/git at the end of a pipe (tests/agent/git_driver.c) against the
real `git http-backend`, a local path, `ssh`, and servers that mean harm."""
import http.server
import os
import pathlib
import queue
import socket
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures/git-http"))
from git_http import GitHTTP  # noqa: E402

PLACES = ("build/checked", "build-asan")
WHO = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org", "GIT_COMMITTER_NAME": "Ann",
       "GIT_COMMITTER_EMAIL": "ann@example.org", "GIT_CONFIG_GLOBAL": "/dev/null"}


def driver():
    if os.environ.get("GIT_DRIVER"):
        return os.environ["GIT_DRIVER"]
    for place in PLACES:
        path = ROOT / place / "tests/agent/git_driver"
        if path.exists():
            return str(path)
    raise FileNotFoundError("tests/agent/git_driver is not built: ninja -C build/checked")


class Repository:
    """A bare repository and a work tree that pushes to it."""

    def __init__(self, bare, branch="main"):
        self.bare, self.tree = bare, bare.with_suffix(".tree")
        self.branch = branch
        subprocess.run(["git", "init", "-q", "--bare", "-b", branch, bare], check=True)
        subprocess.run(["git", "init", "-q", "-b", branch, self.tree], check=True)

    def git(self, *words, where=None):
        done = subprocess.run(["git", "-C", where or self.tree, *words], env={**os.environ, **WHO},
                              capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.strip()

    def push(self, *words):
        return self.git("push", "-q", *words, str(self.bare), self.branch)

    def commit(self, message="change", push=True, **files):
        for name, text in (files or {"file": f"{time.time_ns()}\n"}).items():
            path = self.tree / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        if push:
            self.push()
        return self.git("rev-parse", "HEAD")


class Driver:
    def __init__(self, directory, config="", path=None):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.seen = directory, queue.Queue()
        self.configuration = directory / "tiphys.yaml"
        self.configuration.write_text(f"environment: test\nstate: {directory}\napplications: [a.yaml]\n{config}")
        self.errors = open(directory / "stderr", "w+")
        environment = dict(os.environ, **({"PATH": f"{path}:{os.environ['PATH']}"} if path else {}))
        self.process = subprocess.Popen([driver(), directory / "store", self.configuration], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=environment)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.seen.put(line.rstrip("\n").split("\t"))

    def say(self, *words):
        self.process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def hear(self, seconds=20):
        try:
            return self.seen.get(timeout=seconds)
        except queue.Empty:
            self.errors.seek(0)
            raise AssertionError(f"nothing was said; stderr: {self.errors.read()[-2000:]}") from None

    def quiet(self, seconds=0.5):
        with pytest.raises(queue.Empty):
            raise AssertionError(self.seen.get(timeout=seconds))

    def watch(self, number, url, revision="", interval_ms=100):
        self.say("watch", number, url, revision, interval_ms)

    def commit_of(self, number=1):
        word = self.hear()
        assert word[:2] == ["commit", str(number)], word
        return word[2]

    def error_of(self, number=1):
        word = self.hear()
        assert word[:2] == ["error", str(number)], word
        return word[2], word[3]

    def ask(self, *words):
        """The answer to list, cat, info, stats or poke; other events are kept for later."""
        self.say(*words)
        other = []
        while True:
            answer = self.hear()
            if answer[0] in (words[0], "poked"):
                break
            other.append(answer)
        for word in other:
            self.seen.put(word)
        return answer[1:]

    def cat(self, url, commit, path):
        answer = self.ask("cat", 9, url, commit, path)
        return answer if answer[0] == "error" else bytes.fromhex(answer[1]).decode()

    def stop(self):
        if self.process.poll() is None:
            self.say("quit")
        assert self.process.wait(20) == 0, self.stderr()
        self.errors.close()

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()[-4000:]


@pytest.fixture
def drivers(tmp_path):
    made = []

    def make(config="", name=None, path=None):
        made.append(Driver(tmp_path / (name or f"driver{len(made)}"), config, path))
        return made[-1]

    yield make
    for one in made:
        if not one.errors.closed:
            one.stop()


@pytest.fixture(params=["http", "path"])
def place(request, tmp_path):
    """(repository, its URL): over the real http-backend and by its path."""
    (tmp_path / "repos").mkdir()
    repository = Repository(tmp_path / "repos/charts.git")
    if request.param == "path":
        yield repository, str(repository.bare)
        return
    with GitHTTP(tmp_path / "repos", tmp_path / "http") as server:
        yield repository, server.url("charts.git")


def test_follows_a_branch(place, drivers):
    repository, url = place
    first = repository.commit(charts__web__Chart="name: web\n", message="first")
    d = drivers()
    d.watch(1, url)
    assert d.commit_of() == first
    assert d.ask("info", 1, url, first)[:2] == ["Ann", "ann@example.org"]
    assert d.cat(url, first, "charts/web/Chart") == "name: web\n"
    second = repository.commit(charts__web__Chart="name: new\n", charts__b="b")
    assert d.commit_of() == second
    assert d.cat(url, second, "charts/web/Chart") == "name: new\n"
    assert d.cat(url, first, "charts/web/Chart") == "name: web\n"
    listed = [e.split(":")[:2] for e in d.ask("list", 1, url, second, "charts")]
    assert listed == [["b", "f"], ["web", "d"]]
    assert d.cat(url, second, "charts/none")[2] == "not-found"
    assert d.cat(url, second, "charts/web")[2] == "invalid"
    d.quiet()


def test_fetches_no_history(place, drivers):
    repository, url = place
    for n in range(30):
        repository.commit(**{f"f{n}": "x" * 1000}, push=False)
    tip = repository.commit(last="1")
    d = drivers()
    d.watch(1, url)
    assert d.commit_of() == tip
    packs = list(d.directory.glob("store/*/packs/*.idx"))
    objects = subprocess.run(["git", "show-index"], stdin=open(packs[0], "rb"), capture_output=True,
                             text=True, check=True).stdout.splitlines()
    # One commit, one tree, and the blobs, of which two differ.
    assert len(objects) == 4


def test_merge_brings_one_commit(place, drivers):
    repository, url = place
    repository.commit(a="1")
    repository.git("checkout", "-q", "-b", "side")
    for n in range(20):
        repository.commit(**{f"s{n}": str(n)}, push=False)
    repository.git("checkout", "-q", "main")
    base = repository.commit(a="2")
    d = drivers()
    d.watch(1, url)
    assert d.commit_of() == base
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    repository.push()
    merged = repository.git("rev-parse", "HEAD")
    assert d.commit_of() == merged
    assert d.cat(url, merged, "s19") == "19"
    count = sum(len(subprocess.run(["git", "show-index"], stdin=open(p, "rb"), capture_output=True, check=True)
                    .stdout.splitlines()) for p in d.directory.glob("store/*/packs/*.idx"))
    assert count < 35, "the side's history came along"


def test_force_push(place, drivers):
    repository, url = place
    first = repository.commit(a="1")
    second = repository.commit(a="2")
    d = drivers()
    d.watch(1, url)
    assert d.commit_of() == second
    repository.git("reset", "-q", "--hard", first)
    third = repository.commit(a="3", push=False)
    repository.push("--force")
    assert d.commit_of() == third
    assert d.cat(url, third, "a") == "3"
    # Back to one that is held: told, not fetched again.
    fetches = d.ask("stats", 1)[1]
    repository.git("reset", "-q", "--hard", second)
    repository.push("--force")
    assert d.commit_of() == second
    assert d.ask("stats", 1)[1] == fetches


def test_the_server_has_forgotten_what_we_hold(place, drivers):
    repository, url = place
    first = repository.commit(a="1")
    held = repository.commit(a="2" * 3000)
    d = drivers()
    d.watch(1, url)
    assert d.commit_of() == held
    repository.git("reset", "-q", "--hard", first)
    third = repository.commit(a="2" * 3000 + "3", push=False)
    repository.push("--force")
    repository.git("reflog", "expire", "--expire=now", "--all", where=repository.bare)
    repository.git("gc", "-q", "--prune=now", where=repository.bare)
    assert d.commit_of() == third
    assert d.cat(url, third, "a") == "2" * 3000 + "3"
    fourth = repository.commit(b="4")
    assert d.commit_of() == fourth
    assert d.cat(url, held, "a") == "2" * 3000


def test_leftovers_of_a_crash_are_swept(tmp_path, drivers):
    repository = Repository(tmp_path / "charts.git")
    commit = repository.commit(a="1")
    d = drivers(name="same")
    d.watch(1, str(repository.bare))
    assert d.commit_of() == commit
    d.process.kill()
    d.process.wait()
    d.errors.close()
    store = next(d.directory.glob("store/*/packs")).parent
    for name in ("tmp_pack_x", "tmp_held", "packs/tmp_x", "packs/pack_git2_x"):
        (store / name).write_bytes(b"half")
    (store / "held").write_text(f"{commit}\n{'f' * 40}\nrubbish\n{'x' * 500}\n")
    d = drivers(name="same")
    assert d.cat(str(repository.bare), commit, "a") == "1"
    assert d.cat(str(repository.bare), "f" * 40, "a")[2] == "busy"
    assert sorted(p.name[:4] for p in store.glob("**/*")) == ["held", "pack", "pack", "pack"]


def test_deleted_branch_is_an_error_and_keeps_the_commit(place, drivers):
    repository, url = place
    first = repository.commit(a="1")
    repository.git("push", "-q", str(repository.bare), "main:release")
    d = drivers()
    d.watch(1, url, "release")
    assert d.commit_of() == first
    repository.git("branch", "-D", "release", where=repository.bare)
    kind, text = d.error_of()
    assert kind == "not-found" and "release" in text
    assert d.cat(url, first, "a") == "1"
    d.quiet()
    repository.git("push", "-q", str(repository.bare), "main:release")
    assert d.commit_of() == first


def test_empty_repository(place, drivers):
    repository, url = place
    d = drivers()
    d.watch(1, url)
    kind, text = d.error_of()
    assert kind == "not-found" and "no commit" in text
    first = repository.commit(a="1")
    assert d.commit_of() == first


def test_default_branch_is_renamed(place, drivers):
    repository, url = place
    first = repository.commit(a="1")
    d = drivers()
    d.watch(1, url, "HEAD")
    assert d.commit_of() == first
    repository.git("branch", "-m", "main", "trunk", where=repository.bare)
    repository.branch = "HEAD:trunk"
    second = repository.commit(a="2")
    assert d.commit_of() == second


def test_revisions(place, drivers):
    repository, url = place
    first = repository.commit(a="1")
    repository.git("tag", "-a", "-m", "one", "v1")
    repository.git("tag", "light")
    repository.git("push", "-q", str(repository.bare), "v1", "light")
    second = repository.commit(a="2")
    d = drivers()
    for number, revision in enumerate(["v1", "light", "refs/tags/v1", first, first.upper(), "main"], 1):
        d.watch(number, url, revision, 60000)
        assert d.commit_of(number) == (second if revision == "main" else first)
    d.watch(20, url, first[:10])
    kind, text = d.error_of(20)
    assert kind == "invalid" and "40 digits" in text
    d.watch(21, url, "no-such")
    assert d.error_of(21)[0] == "not-found"
    d.watch(22, url, "a..b")
    assert d.error_of(22)[0] == "invalid"
    d.watch(23, url, "0123456789" * 4)
    assert d.error_of(23)[0] == "not-found"
    d.say("unwatch", 21)
    d.say("unwatch", 20)
    d.quiet()


def test_version_ranges(place, drivers):
    repository, url = place
    at = {}
    for tag in ("1.0.0", "v1.2.0", "1.10.0", "2.0.0-rc.1", "junk"):
        at[tag] = repository.commit(version=tag)
        repository.git("tag", "-a", "-m", tag, tag)
        repository.git("push", "-q", str(repository.bare), tag)
    d = drivers()
    for number, (revision, tag) in enumerate({"1.x": "1.10.0", ">=1.0.0, <1.5": "v1.2.0", "~1.2": "v1.2.0", "*": "1.10.0",
                                              ">=2.0.0-0": "2.0.0-rc.1", "1.0.0": "1.0.0"}.items(), 1):
        d.watch(number, url, revision, 60000)
        assert d.commit_of(number) == at[tag], revision
    d.watch(20, url, "^3", 60000)
    kind, text = d.error_of(20)
    assert kind == "not-found" and "range ^3" in text
    commit = repository.commit(version="3.1.4")
    repository.git("push", "-q", str(repository.bare), "main:refs/tags/3.1.4")
    d.say("poke", url)
    said = [d.hear() for _ in range(4)]
    # Three ranges have no upper bound that forbids it.
    assert sorted(word[1] for word in said if word[0] == "commit") == ["20", "4", "5"]
    assert {word[2] for word in said if word[0] == "commit"} == {commit}


def test_tree_of_links(place, drivers):
    repository, url = place
    repository.commit(real__a="A", push=False)
    for name, target in {"dir": "real", "file": "dir/a", "out": "../x", "loop": "loop", "gone": "nowhere",
                         "real/up": "../file"}.items():
        (repository.tree / name).symlink_to(target)
    (repository.tree / "lfs").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    commit = repository.commit(b="B")
    d = drivers()
    d.watch(1, url)
    assert d.commit_of() == commit
    assert d.cat(url, commit, "dir/a") == d.cat(url, commit, "file") == d.cat(url, commit, "dir/up") == "A"
    assert d.cat(url, commit, "out")[2] == "invalid"
    assert d.cat(url, commit, "loop")[2] == "limit"
    assert d.cat(url, commit, "gone")[2] == "not-found"
    assert d.cat(url, commit, "lfs")[2] == "unsupported"
    assert d.ask("list", 1, url, commit, "")[2] == "invalid", "a link out of the tree is no entry"
    assert d.ask("list", 1, url, commit, "dir")[0].startswith("a:f:")
    assert d.cat(url, commit, "../a")[2] == "invalid"


def test_store_stays_small(place, drivers):
    repository, url = place
    repository.commit(**{f"d{n}__f": f"{n}" * 100 for n in range(50)})
    d = drivers()
    d.watch(1, url, "", 60000)
    d.commit_of()
    for n in range(80):
        commit = repository.commit(hot=f"{n}\n" * 50)
        d.say("poke", url)
        while (word := d.hear())[0] == "poked":
            pass
        assert word[2] == commit
        assert len(list(d.directory.glob("store/*/packs/*.pack"))) <= 66
    assert int(d.ask("stats", 1)[4]) == 1, "under load the packs are joined at twice the limit"
    for n in range(20):
        repository.commit(hot=f"quiet {n}")
        d.ask("poke", url)
        commit = d.commit_of()
    d.ask("poke", url)
    time.sleep(1)
    assert len(list(d.directory.glob("store/*/packs/*.pack"))) == 1, "a quiet poll joins them"
    assert d.cat(url, commit, "d7/f") == "7" * 100
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    assert d.cat(url, first, "hot")[2] == "busy", "dropped, which is not absent"


def test_restart_without_the_server(place, drivers):
    repository, url = place
    commit = repository.commit(a="1")
    d = drivers(name="same")
    d.watch(1, url)
    assert d.commit_of() == commit
    d.stop()
    repository.bare.rename(repository.bare.with_suffix(".gone"))
    d = drivers(name="same")
    assert d.cat(url, commit, "a") == "1"
    d.watch(1, url)
    assert d.error_of()[0] in ("not-found", "network")
    repository.bare.with_suffix(".gone").rename(repository.bare)
    assert d.commit_of() == commit
    assert d.ask("stats", 1)[1] == "0", "what is held is not fetched"


def test_damage_is_an_error_and_heals(place, drivers):
    repository, url = place
    commit = repository.commit(a="A" * 5000, b="B")
    d = drivers(name="same")
    d.watch(1, url)
    assert d.commit_of() == commit
    d.stop()
    pack = next(d.directory.glob("store/*/packs/*.pack"))
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    # Only the blobs' bytes: commit and tree come first in a pack.
    for at in range(len(data) - 60, len(data) - 24):
        data[at] ^= 0x55
    pack.write_bytes(data)
    d = drivers(name="same")
    kinds = {d.cat(url, commit, name)[2] for name in ("a", "b")} - {"A", ""}
    assert "corrupt" in kinds and "not-found" not in kinds
    d.watch(1, url)
    assert d.commit_of() == commit
    assert (d.cat(url, commit, "a"), d.cat(url, commit, "b")) == ("A" * 5000, "B")


@pytest.mark.parametrize("cut", ["pack", "idx"])
def test_a_cut_pack_is_never_an_empty_tree(place, drivers, cut):
    repository, url = place
    commit = repository.commit(a="A" * 5000)
    d = drivers(name="same")
    d.watch(1, url)
    d.commit_of()
    d.stop()
    file = next(d.directory.glob(f"store/*/packs/*.{cut}"))
    size = file.stat().st_size
    file.chmod(0o600)
    for n in (size // 2, 0):
        with open(file, "r+b") as f:
            f.truncate(n)
        d = drivers(name="same")
        answer = d.cat(url, commit, "a")
        assert answer[2] in ("busy", "corrupt"), answer
        d.stop()
    d = drivers(name="same")
    d.watch(1, url)
    assert d.commit_of() == commit
    assert d.cat(url, commit, "a") == "A" * 5000


def test_one_process_a_store(tmp_path, drivers):
    d = drivers(name="same")
    d.ask("stats", 1)
    other = subprocess.run([driver(), d.directory / "store", d.configuration], capture_output=True, text=True,
                           stdin=subprocess.DEVNULL)
    assert other.returncode == 1 and "another process" in other.stderr


def test_a_poll_is_one_small_request(tmp_path, drivers):
    repository = Repository(tmp_path / "charts.git")
    repository.commit(a="1", push=False)
    for n in range(500):
        repository.git("tag", f"t{n}")
    repository.git("push", "-q", "--tags", str(repository.bare), "main")
    with GitHTTP(tmp_path, tmp_path / "http") as server:
        d = drivers()
        url = server.url("charts.git")
        for number in range(1, 11):
            d.watch(number, url, "", 300000)
        for _ in range(10):
            d.hear()
        before = len(server.requests())
        assert d.ask("poke", url) == ["1"]
        time.sleep(1)
        new = server.requests()[before:]
    assert [(r["method"], r["git_protocol"], r["status"]) for r in new] == [("POST", "version=2", 200)]
    assert new[0]["sent"] < 600


def test_pokes_find_the_repository(tmp_path, drivers):
    repository = Repository(tmp_path / "Group" / "charts.git") if (tmp_path / "Group").mkdir() is None else None
    commit = repository.commit(a="1")
    rewrite = f"rewrite:\n- from: https://github.com/\n  to: {tmp_path}/\n"
    d = drivers(rewrite)
    url = "https://github.com/Group/charts.git"
    d.watch(1, url, "", 300000)
    assert d.commit_of() == commit
    for spelling in ("git@github.com:group/charts.git", "https://github.com/Group/charts", "ssh://git@github.com/group/charts", ""):
        commit = repository.commit()
        assert d.ask("poke", spelling) == ["1"]
        assert d.commit_of() == commit
    assert d.ask("poke", "https://github.com/group/other") == ["0"]
    assert d.cat(url, commit, "a") == "1"


def test_spellings_of_one_place_share_its_store(tmp_path, drivers):
    """Two stores in one directory threw away each other's packs."""
    (tmp_path / "repos").mkdir()
    one, two = (Repository(tmp_path / f"repos/{name}.git") for name in ("charts", "other"))
    with GitHTTP(tmp_path / "repos", tmp_path / "http") as server:
        url = server.url("charts.git")
        rewrite = "rewrite:\n- from: https://old.example.org/\n  to: {}\n"
        d = drivers(rewrite.format(server.url()))
        urls = [url, url + "/", "https://old.example.org/charts.git"]
        commits = [one.commit(), two.commit()]
        for n, spelling in enumerate(urls, 1):
            d.watch(n, spelling, "", 300000)
            assert d.commit_of(n) == commits[0]
        for _ in range(80):  # long enough for the packs to be joined
            commits[0] = one.commit()
            assert d.ask("poke", url) == ["1"]
            told = [d.hear() for _ in urls]
            assert sorted(word[1] for word in told) == ["1", "2", "3"] and {word[2] for word in told} == {commits[0]}
        for spelling in urls:
            assert d.ask("list", 1, spelling, commits[0], "")[0].startswith("file:f:")
        stats = d.ask("stats", 1)
        assert stats[4:] == ["1", "1", "3"], stats
        assert len(list(d.directory.glob("store/*/packs"))) == 1
        # Another configuration parts them: each watch follows its own URL.
        (d.directory / "new.yaml").write_text(d.configuration.read_text().replace(
            f"to: {server.url()}", f"to: {tmp_path}/moved/"))
        (tmp_path / "moved").mkdir()
        (tmp_path / "moved/charts.git").symlink_to(two.bare)
        d.say("configure", d.directory / "new.yaml")
        assert d.commit_of(3) == commits[1]
        commits[0] = one.commit()
        d.ask("poke", url)
        assert {d.hear()[1] for _ in urls[:2]} == {"1", "2"}
        commits[1] = two.commit()
        assert d.ask("poke", "https://old.example.org/charts.git") == ["1"]
        assert d.commit_of(3) == commits[1]
        d.quiet()


def test_credentials(tmp_path, drivers):
    (tmp_path / "repos").mkdir()
    commit = Repository(tmp_path / "repos/charts.git").commit(a="1")
    (tmp_path / "word").write_text("s3cr3t-word\n")
    with GitHTTP(tmp_path / "repos", tmp_path / "http", users={"ann": "s3cr3t-word"}) as server:
        d = drivers()
        d.watch(1, server.url("charts.git"))
        kind, text = d.error_of()
        assert kind == "denied" and "repositories" in text
        d.watch(2, server.url("charts.git", user="ann"))
        assert d.commit_of(2) == commit
        d.watch(3, server.url("charts.git", user="ann").replace("s3cr3t-word", "s3cr3t-wrong"))
        kind, text = d.error_of(3)
        assert kind == "denied" and "s3cr3t" not in text
        entry = f"repositories:\n- url: {server.url()}\n  username: ann\n  passwordFile: {tmp_path}/word\n"
        d = drivers(entry)
        d.watch(1, server.url("charts.git"))
        assert d.commit_of() == commit
        # The password is read anew for each poll.
        (tmp_path / "word").write_text("old\n")
        assert d.error_of()[0] == "denied"
        (tmp_path / "word").write_text("s3cr3t-word\n")
        assert d.commit_of() == commit


def test_server_goes_and_comes(tmp_path, drivers):
    (tmp_path / "repos").mkdir()
    repository = Repository(tmp_path / "repos/charts.git")
    first = repository.commit(a="1")
    server = GitHTTP(tmp_path / "repos", tmp_path / "http").start()
    try:
        d = drivers()
        url = server.url("charts.git")
        d.watch(1, url)
        assert d.commit_of() == first
        server.stop()
        assert d.error_of()[0] == "network"
        second = repository.commit(a="2")
        server.start()
        while (word := d.hear())[0] == "error":
            assert word[2] == "network"
        assert word[2] == second
    finally:
        server.stop()


# --- ssh ---

def fake_ssh(directory):
    """Stands for ssh: notes its words, runs what the host would run."""
    directory.mkdir()
    (directory / "ssh").write_text(f"""#!/bin/bash
printf '%s\\n' "$@" >{directory}/words
[ "$GIT_PROTOCOL" = version=2 ] || exit 9
exec bash -c "${{!#}}"
""")
    (directory / "ssh").chmod(0o755)
    return directory


def test_ssh(tmp_path, drivers):
    repository = Repository(tmp_path / "it's a.git")
    commit = repository.commit(a="1")
    path = fake_ssh(tmp_path / "bin")
    entry = f"repositories:\n- url: ssh://git@example.org:2222/\n  knownHostsFile: {tmp_path}/known\n  sshKeyFile: key\n"
    d = drivers(entry, path=path)
    url = f"ssh://git@example.org:2222{repository.bare}"
    d.watch(1, url)
    assert d.commit_of() == commit
    words = (path / "words").read_text().split("\n")
    assert "StrictHostKeyChecking=yes" in words and f"UserKnownHostsFile={tmp_path}/known" in words
    assert words[words.index("-i") + 1] == str(d.directory / "key") and words[words.index("-p") + 1] == "2222"
    d.watch(2, "git@example.com:group/charts")
    kind, text = d.error_of(2)
    assert kind == "denied" and "knownHostsFile" in text
    for number, bad in enumerate(["ssh://-oProxyCommand=x/y", "ssh://h/", "ext::sh -c id", "git@-x:y", "some/path",
                                  "https://host", "ftp://h/x"], 3):
        d.watch(number, bad)
        assert d.error_of(number)[0] == "invalid", bad


# --- servers of other kinds ---

class Other:
    """An HTTP server of one function: (path, headers) -> (status, headers, chunks)."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.headers.get("Content-Length"):
                    self.rfile.read(int(self.headers["Content-Length"]))
                seen.append((self.path, dict(self.headers)))
                status, headers, chunks = answer(self.path, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for chunk in chunks:
                        self.wfile.write(chunk)
                except OSError:
                    pass
                self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.seen = seen = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/charts.git"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def packet(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"%04x" % (len(data) + 4) + data


SMART = {"Content-Type": "application/x-git-upload-pack-advertisement"}
V2 = packet("version 2\n") + packet("ls-refs=unborn\n") + packet("fetch=shallow\n") + b"0000"


def flood():
    for n in range(10 ** 7):
        yield b"".join(packet(f"{n:040x} refs/heads/x{n}\n") for _ in range(1000))


@pytest.mark.parametrize("answer,kind,word", [
    (lambda p, h: (200, {"Content-Type": "text/plain"}, [b"0123\trefs/heads/main\n"]), "unsupported", "dumb"),
    (lambda p, h: (302, {"Location": "http://127.0.0.1:1/x"}, []), "invalid", "redirects"),
    (lambda p, h: (404, {}, []), "not-found", "404"),
    (lambda p, h: (503, {"Retry-After": "1"}, []), "busy", "503"),
    (lambda p, h: (200, SMART, [b"zzzz"]), "network", "git"),
    (lambda p, h: (200, SMART, [V2[:20]]), "network", "cut"),
    (lambda p, h: (200, SMART, [b"0003"]), "network", "length"),
    (lambda p, h: (200, SMART, [packet("ERR go \x1b[31maway\n")]), "network", "go  [31maway"),
    (lambda p, h: (200, SMART, [packet("version 2\n"), packet("object-format=sha256\n"), b"0000"]), "unsupported", "SHA-1"),
    (lambda p, h: (200, SMART, [packet("version 2\n"), packet("fetch=filter\n"), b"0000"]), "unsupported", "history"),
    (lambda p, h: (200, SMART, [V2] if p.startswith("/charts.git/info") else flood()), "limit", "LIMIT_GIT_REFS_BYTES"),
    (lambda p, h: (200, SMART, flood()), "limit", "LIMIT_GIT_REFS_BYTES"),
])
def test_servers_that_are_no_use(drivers, answer, kind, word):
    with Other(answer) as server:
        d = drivers()
        d.watch(1, server.url, "", 60000)
        got, text = d.error_of()
        assert got == kind and word in text, (got, text)


def hostile_pack(body):
    def answer(path, headers):
        if "info/refs" in path:
            return 200, SMART, [V2]
        if int(headers["Content-Length"]) < 130:  # ls-refs
            return 200, SMART, [packet("1" * 40 + " HEAD symref-target:refs/heads/main\n"), b"0000"]
        return 200, SMART, [packet("packfile\n"), *body]
    return answer


@pytest.mark.parametrize("body,word", [
    ([packet(b"\x01PACK\0\0\0\2\0\0\0\1xxxx"), b"0000"], "pack"),
    ([packet(b"\x01PACK\0\0\0\2\0\0\0\0"), b"0000"], "pack"),
    ([packet(b"\x03no disk\n")], "no disk"),
    ([packet(b"\x01PACK")], "cut"),
    ([packet(b"\x07what"), b"0000"], "side band"),
    ([b"0000"], "pack"),
])
def test_packs_that_are_no_use(drivers, body, word):
    with Other(hostile_pack(body)) as server:
        d = drivers()
        d.watch(1, server.url, "", 60000)
        kind, text = d.error_of()
        assert kind == "network" and word in text, (kind, text)
        assert not list(d.directory.glob("store/*/tmp_*")) + list(d.directory.glob("store/*/packs/*"))


def test_an_old_server_is_spoken_to_in_its_words(tmp_path, drivers):
    """The http-backend is made to speak v0, as servers did before 2018."""
    (tmp_path / "repos").mkdir()
    repository = Repository(tmp_path / "repos/charts.git")
    repository.commit(a="0")
    first = repository.commit(a="1")
    repository.git("tag", "-a", "-m", "one", "v1")
    repository.git("push", "-q", str(repository.bare), "v1")
    server = GitHTTP(tmp_path / "repos", tmp_path / "http")
    text = server.configuration()
    server.configuration = lambda: text.replace("$http_git_protocol;", "version=0;")
    with server:
        d = drivers()
        url = server.url("charts.git")
        d.watch(1, url)
        assert d.commit_of(1) == first
        d.watch(2, url, "v1")
        assert d.commit_of(2) == first
        second = repository.commit(a="2")
        assert d.commit_of(1) == second
        assert d.cat(url, second, "a") == "2"
        requests = server.requests()
        assert all(r["git_protocol"] == "version=2" for r in requests), "v2 is asked for nevertheless"
        assert sum(r["method"] == "GET" for r in requests) > 2, "each poll reads the advertisement"


def test_a_silent_server_holds_up_nobody(tmp_path, drivers):
    commit = Repository(tmp_path / "charts.git").commit(a="1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        d = drivers()
        for number in range(2, 8):
            d.watch(number, f"http://127.0.0.1:{silent.getsockname()[1]}/{number}.git")
        d.watch(1, str(tmp_path / "charts.git"))
        assert d.commit_of(1) == commit
        d.stop()


def test_ends_in_the_middle(tmp_path, drivers):
    """quit while rounds are under way leaves no handle, process or leak (the driver's exit says so)."""
    repository = Repository(tmp_path / "charts.git")
    repository.commit(**{f"f{n}": "x" * 2000 for n in range(200)})
    for wait in (0, 0.01, 0.03, 0.06, 0.1):
        d = drivers()
        d.watch(1, str(repository.bare))
        time.sleep(wait)
        d.stop()
