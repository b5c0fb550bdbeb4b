"""Following a repository over a real sshd: the key, the host's key, and what is refused."""
import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

from test_git import Repository, drivers  # noqa: F401

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


class Server:
    """An sshd of this user on a port of its own. Whoever has the key may run git-upload-pack alone."""

    def __init__(self, directory):
        self.directory = directory
        self.host_key, self.key = make_key(directory / "host"), make_key(directory / "key")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        (directory / "authorized").write_text(f"restrict {(directory / 'key.pub').read_text()}")
        (directory / "config").write_text(f"""
ListenAddress 127.0.0.1:{self.port}
HostKey {self.host_key}
AuthorizedKeysFile {directory}/authorized
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
AcceptEnv GIT_PROTOCOL
LogLevel VERBOSE
""")
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # sshd of root wants its empty directory
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", directory / "config"],
                                        stderr=open(directory / "log", "w"))
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((directory / "log").read_text())

    def known(self, name, key):
        path = self.directory / name
        path.write_text(f"[127.0.0.1]:{self.port} {key.with_suffix('.pub').read_text()}")
        return path

    def url(self, path):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    def entry(self, known, key):
        return (f"repositories:\n- url: ssh://{getpass.getuser()}@127.0.0.1:{self.port}/\n"
                f"  knownHostsFile: {known}\n  sshKeyFile: {key}\n")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("sshd"))
    yield s
    s.stop()


def test_follows_a_branch(server, tmp_path, drivers):  # noqa: F811
    repository = Repository(tmp_path / "it's a.git")
    first = repository.commit(charts__a="1")
    d = drivers(server.entry(server.known("known", server.host_key), server.key))
    d.watch(1, server.url(repository.bare))
    assert d.commit_of() == first
    assert d.ask("cat", 1, server.url(repository.bare), first, "charts/a")
    second = repository.commit(charts__a="2")
    assert d.commit_of() == second


def test_another_host_key_is_refused(server, tmp_path, drivers):  # noqa: F811
    repository = Repository(tmp_path / "a.git")
    repository.commit()
    other = make_key(tmp_path / "other")
    d = drivers(server.entry(server.known("wrong", other), server.key))
    d.watch(1, server.url(repository.bare))
    kind, text = d.error_of()
    assert "key" in text.lower() and kind in ("denied", "network"), (kind, text)


def test_an_unknown_key_is_refused(server, tmp_path, drivers):  # noqa: F811
    repository = Repository(tmp_path / "a.git")
    repository.commit()
    d = drivers(server.entry(server.known("known", server.host_key), make_key(tmp_path / "stranger")))
    d.watch(1, server.url(repository.bare))
    kind, text = d.error_of()
    assert "denied" in text.lower() and kind in ("denied", "network"), (kind, text)


def test_a_repository_that_is_not_there(server, tmp_path, drivers):  # noqa: F811
    d = drivers(server.entry(server.known("known", server.host_key), server.key))
    d.watch(1, server.url(tmp_path / "nowhere.git"))
    kind, text = d.error_of()
    assert "nowhere.git" in text, (kind, text)
