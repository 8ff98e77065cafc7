"""One training or evaluation at a time as a process of its own: started, followed by what it prints, cancelled. Nothing of training is imported here.

In: the words of `fanzha train`. Out: its lines, the losses and the remaining time among them, how it ended. The child runs the command line
as a person would, in a process group of its own, so that a training that runs out of memory takes no server with it; `fanzha train` itself
leaves the model that was there until the new one is whole, and goes on from its last checkpoint when it is started again.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from nlp.errors import ConflictError

# Lines that a screen shows, points of a curve.
LINES, POINTS = 200, 2000
# Between asking a child to stop and ending it.
PATIENCE_SECONDS = 10.0
_LOSS = re.compile(r"损失 (\d+(?:\.\d+)?)")
_LEFT = re.compile(r"[：:](\d+)/(\d+)，已用 ([\d.]+) 分，约剩 ([\d.]+) 分")
_MADE = re.compile(r"写好 (\S+?)。换用")


def missing() -> list[str]:
    """What a full training needs and is not installed here; [] where it can be started."""
    return [name for name in ("torch", "sklearn") if find_spec(name) is None]


def configurations() -> dict[str, Path]:
    """The configurations that come with the program: name → file."""
    found = find_spec("training")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return {path.stem: path for place in places for path in sorted(Path(place).glob("configs/*.toml"))}


class TrainingRun:
    """A run from its start to its end. state: running, done, failed, cancelled. Methods may be called from any thread."""

    def __init__(
        self, words: Sequence[str], title: str, tidy: Callable[[], None] = lambda: None, verb: str = "train"
    ) -> None:
        """Start it. words: what stands behind `fanzha train`, or another verb; tidy is called when it has ended, however it did."""
        self.verb = verb
        self.title, self.state, self._tidy = title, "running", tidy
        self.lines: deque[str] = deque(maxlen=LINES)
        self.losses: deque[float] = deque(maxlen=POINTS)
        self.done, self.total, self.minutes_left = 0, 0, 0.0
        self.made: Path | None = None
        command = [sys.executable, "-u", "-m", "serving.command", verb, *words]
        # As wide as any line, so that none is broken.
        environment = os.environ | {"COLUMNS": "4000", "NO_COLOR": "1"}
        self._child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace",
            start_new_session=True, env=environment,
        )  # fmt: skip
        with contextlib.suppress(OSError):  # what serves goes first
            os.setpriority(os.PRIO_PGRP, self._child.pid, 5)
        self._reader = threading.Thread(target=self._follow, name="fanzha-training", daemon=True)
        self._reader.start()
        atexit.register(self.cancel)

    def cancel(self) -> None:
        """End it and everything that it started; twice does no harm. What was there before is still there."""
        if self._child.poll() is not None:
            return
        self.state = "cancelled"
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._child.wait()

    def wait(self, seconds: float | None = None) -> str:
        """Wait for its end; returns the state."""
        self._reader.join(seconds)
        return self.state

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def _follow(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as stream:
            for line in stream:
                self._read(line.rstrip())
        code = self._child.wait()
        atexit.unregister(self.cancel)
        if self.state == "running":
            self.state = "done" if code == 0 else "failed"
        self._tidy()

    def _read(self, line: str) -> None:
        if not line.strip():
            return
        self.lines.append(line[:500])
        if found := _LOSS.search(line):
            self.losses.append(float(found[1]))
        if found := _LEFT.search(line):
            self.done, self.total, self.minutes_left = int(found[1]), int(found[2]), float(found[4])
        if found := _MADE.search(line):
            self.made = Path(found[1])


class Trainer:
    """The one run of this process: the present one, or the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.run: TrainingRun | None = None

    def start(self, words: Sequence[str], title: str, scratch: Path | None = None, verb: str = "train") -> TrainingRun:
        """Start one; scratch: a folder that is removed at its end. Raises ConflictError while another one runs."""

        def tidy() -> None:
            if scratch is not None:
                shutil.rmtree(scratch, ignore_errors=True)

        with self._lock:
            if self.run is not None and self.run.state == "running":
                tidy()
                raise ConflictError(f"正在进行：{self.run.title}", where="训练", advice="等它结束，或先取消")
            self.run = TrainingRun(words, title, tidy, verb)
            return self.run
