"""The same tests on PostgreSQL: a server of our own on a free port, the tests of inbox and worker against it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.processes import TESTS, free_port

SAME = (
    "test_inbox.py", "test_worker.py", "test_feed_sequence.py", "test_backup.py", "test_annotation_store.py",
    "test_annotation_queue.py",
)  # fmt: skip
pytestmark = pytest.mark.slow


def _program(name: str) -> str | None:
    found = shutil.which(name)
    return found or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a running server, without a database."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if not initdb or not pg_ctl or not find_spec("psycopg"):
        pytest.skip("needs PostgreSQL and the extra scale")
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
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    call(pg_ctl, "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    yield f"postgresql+psycopg://fanzha@127.0.0.1:{port}"
    call(pg_ctl, "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.mark.parametrize("file", SAME)
def test_the_same_tests_hold_on_postgresql(server: str, file: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file], cwd=TESTS, capture_output=True, text=True,
        env=os.environ | {"FANZHA_TEST_POSTGRES": server, "PYTHONPATH": str(TESTS.parent)}, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-6000:]
