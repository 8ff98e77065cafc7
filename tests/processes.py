"""What every test with a real process or a thread needs: an environment that finds our packages, a free port, a server, and to wait."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent


def environment(**more: str) -> dict[str, str]:
    """This process's environment without our settings, for a child that finds our packages and the helpers of the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FANZHA_")}
    return kept | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(TESTS)))} | more


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(ready: Callable[[], Any], seconds: float = 120, pause: float = 0.02) -> Any:
    """What `ready()` gives once it gives something. A busy machine is slow: the limit is for what hangs."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(pause)
    return found


@contextlib.contextmanager
def server(folder: Path, *options: str, **more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`fanzha serve` on a free port of loopback: its address and the process, which is ended again. What it says is in serve.log."""
    port = free_port()
    command = [sys.executable, "-m", "serving.command", "serve", "--port", str(port), *options]
    with (folder / "serve.log").open("w") as log, subprocess.Popen(
        command, env=environment(**more), cwd=folder, stdout=log, stderr=log
    ) as running:  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}", running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
                try:
                    running.wait(60)
                except subprocess.TimeoutExpired:
                    running.kill()


def until_it_answers(address: str, running: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until `address` gives a 200; a server that ended instead fails the test with its log."""

    def answered() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(address, timeout=60).status_code == 200
        return False

    wait_for(lambda: answered() or running.poll() is not None)
    assert running.poll() is None, (folder / "serve.log").read_text()
