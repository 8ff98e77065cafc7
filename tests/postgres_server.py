"""A PostgreSQL server of our own on a free port of loopback, thrown away afterwards: what tests and benchmarks share."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
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


@contextlib.contextmanager
def running(*settings: str) -> Iterator[str]:
    """The URL of a running server, without a database. settings: "shared_buffers=1GB" and the like."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    assert initdb, missing()
    assert pg_ctl, missing()
    # Not under pytest's own folder: that one is closed to other users, and the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="fanzha-pg-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = free_port()

    def call(*words: str | Path) -> None:
        subprocess.run([str(word) for word in words], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    data = folder / "data"
    call(initdb, "-D", data, "-A", "trust", "-U", "fanzha", "-E", "UTF8", "--locale=C")
    options = " ".join((f"-p {port} -k {folder} -c listen_addresses=127.0.0.1", *(f"-c {each}" for each in settings)))
    call(pg_ctl, "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    try:
        yield f"postgresql+psycopg://fanzha@127.0.0.1:{port}"
    finally:
        call(pg_ctl, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
