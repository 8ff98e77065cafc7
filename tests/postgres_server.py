"""A PostgreSQL server of our own on a free port of loopback, thrown away afterwards: what tests and benchmarks share.

It goes with the process that started it, also when that one is killed: a guard (`tests.postgres_guard`) holds the other end of a pipe.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.processes import free_port


def program(name: str) -> str | None:
    """A program of PostgreSQL, wherever Debian put it."""
    found = shutil.which(name)
    return found or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


def missing() -> str:
    """Why no server can be started here, "" where one can."""
    there = program("initdb") and program("pg_ctl") and find_spec("psycopg")
    return "" if there else "needs PostgreSQL and the extra scale"


class Postgres:
    """A server of our own; `url` is its address, without a database. It can be stopped and started in its place."""

    def __init__(self, *settings: str) -> None:
        initdb, pg_ctl = program("initdb"), program("pg_ctl")
        assert initdb, missing()
        assert pg_ctl, missing()
        self._pg_ctl = pg_ctl
        # Not under pytest's own folder: that one is closed to other users, and the server refuses to run as root.
        self.folder = Path(tempfile.mkdtemp(prefix="fanzha-pg-"))
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        guard = [sys.executable, "-S", str(Path(__file__).with_name("postgres_guard.py")), pg_ctl, str(self.folder)]
        # In a session of its own: a signal to the whole group of the tests (Ctrl-C) leaves it to its work.
        self._guard = subprocess.Popen([*guard, self._user or ""], stdin=subprocess.PIPE, start_new_session=True)
        port = free_port()
        self.url = f"postgresql+psycopg://fanzha@127.0.0.1:{port}"
        told = (f"-p {port} -k {self.folder} -c listen_addresses=127.0.0.1", *(f"-c {each}" for each in settings))
        self._options = " ".join(told)
        self._call(initdb, "-D", self.folder / "data", "-A", "trust", "-U", "fanzha", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._call(self._pg_ctl, *self._data, "-o", self._options, "-l", self.folder / "log", "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: "fast" as an administrator does, "immediate" as a crash does."""
        self._call(self._pg_ctl, *self._data, "-m", mode, "-w", "stop")

    def remove(self) -> None:
        """Stop it if it runs and remove its folder."""
        self._guard.communicate()

    @property
    def _data(self) -> tuple[str | Path, ...]:
        return ("-D", self.folder / "data")

    def _call(self, *words: str | Path) -> None:
        subprocess.run(
            [str(word) for word in words], user=self._user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL
        )


@contextlib.contextmanager
def controlled(*settings: str) -> Iterator[Postgres]:
    """A running server that can be stopped and started. settings: "shared_buffers=1GB" and the like."""
    server = Postgres(*settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def running(*settings: str) -> Iterator[str]:
    """The URL of a running server, without a database. settings: "shared_buffers=1GB" and the like."""
    with controlled(*settings) as server:
        yield server.url
