"""A process that is killed (-9) at its n-th step, and two ways in which what was accepted can be wrong afterwards.

In: code, a number. Out: whether it was killed. The processes are forked from one that has imported everything (`dying_warm`), so that a
fault costs a fork and not a second of imports; the one that asks is never forked itself: tests have threads.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.processes import ROOT, TESTS, environment

STATEMENTS = ("before_cursor_execute", "commit")
_LIMIT = 120.0  # seconds: for what hangs
_STARTING = threading.Lock()


class LostError(AssertionError):
    """Something was accepted and is not there."""


class DoubledError(AssertionError):
    """Something is there twice."""


def once(expected: Iterable[Any], found: Iterable[Any]) -> None:
    """Everything expected is found, each once. Raises LostError, DoubledError, AssertionError for what nobody sent."""
    wanted, there = Counter(expected), Counter(found)
    if missing := wanted - there:
        raise LostError(f"{sum(missing.values())} lost, among them {next(iter(missing))!r}")
    if surplus := there - wanted:
        one = next(iter(surplus))
        if one in wanted:
            raise DoubledError(f"{sum(surplus.values())} doubled, among them {one!r}")
        raise AssertionError(f"nobody sent {one!r}")


def killed(code: str, number: int, events: tuple[str, ...] = STATEMENTS) -> bool:
    """Run `code` in a process that is killed (-9) at its n-th step; False where it was done before.

    A step is an event of SQLAlchemy's engines, or a call of `step()`, which the code finds in its names beside `listen(events)`.
    number 0: never killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dying_warm", *_main()])
    with tempfile.NamedTemporaryFile(prefix="fanzha-dying-") as errors:
        child = context.Process(target=_die, args=(code, number, events, dict(environment()), errors.name), daemon=True)
        with _STARTING, _path_of_tests():  # the first start brings up the process that forks, which imports by this
            child.start()
        child.join(_LIMIT)
        hung = child.exitcode is None
        if hung:
            child.kill()
            child.join()
        said = Path(errors.name).read_text(encoding="utf-8", errors="replace")
        assert not hung, f"hung: {said}"
        assert child.exitcode in (0, -signal.SIGKILL), said
        return child.exitcode != 0


def _main() -> list[str]:
    """The program that runs, where it is a module: every child executes it once more, which costs what is not imported before."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return [spec.name] if spec and not spec.name.endswith("__main__") else []


@contextlib.contextmanager
def _path_of_tests() -> Iterator[None]:
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(TESTS)))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _die(code: str, number: int, events: tuple[str, ...], variables: dict[str, str], errors: str) -> None:
    """In the child: the settings of the one who asks and none of ours, what it says into a file, and no way back."""
    import sqlalchemy as sa

    os.environ.clear()
    os.environ.update(variables)
    descriptor = os.open(errors, os.O_WRONLY)
    os.dup2(descriptor, 2)
    sys.stderr = os.fdopen(descriptor, "w")
    left = number

    def step(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def listen(wanted: Iterable[str] = STATEMENTS) -> None:
        for event in wanted:
            sa.event.listen(sa.Engine, event, step)

    listen(events)
    status = 0
    try:
        exec(code, {"step": step, "listen": listen, "__name__": "dying"})  # our own words, as `python -c` would
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stderr.flush()
    os._exit(status)
