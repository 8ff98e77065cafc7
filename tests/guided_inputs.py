"""Inputs that atheris (libFuzzer) makes: those that reach new branches of our code are kept and changed further.

In: a target, how many. Out: as `bad_inputs.tried` tells it, with the same checks. The fuzzer ends its process when it is done, so it has one
of its own, which writes what it saw into a file. Where atheris is not installed (it has wheels for Linux alone), nothing is tried, and that
is said: Hypothesis and Schemathesis make the inputs that must be tried everywhere.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

with contextlib.ExitStack() as _instrumented:
    if __name__ == "__main__":  # branches are told apart in what is imported here, and only here
        import atheris

        _instrumented.enter_context(atheris.instrument_imports(include=["corpora", "nlp"]))
    from tests import bad_inputs
from tests.bad_inputs import Tried
from tests.processes import ROOT, environment

TARGETS = {"read": "读取", "clean": "清洗与分篇", "extract": "全部提取器"}
# Bytes of an input: a few of the good files are 8 KB long; texts are a few hundred pieces.
LONGEST = {"read": 20_000, "clean": 400, "extract": 300}
_HOURS = 3  # for what hangs


def tried(target: str, count: int) -> Tried:
    """Make `count` inputs for `target` (one of TARGETS) and check each; a fuzzer that did not come to its end is told as raised."""
    if find_spec("atheris") is None:
        return Tried(skipped="没有装 atheris（pip install atheris，只有 Linux 的轮子）")
    with tempfile.TemporaryDirectory(prefix="fanzha-guided-") as folder:
        told = Path(folder, "told.json")
        command = [sys.executable, "-m", "tests.guided_inputs", target, str(count), folder]
        ran = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=3600 * _HOURS
        )
        found = Tried(**json.loads(told.read_text(encoding="utf-8"))) if told.exists() else Tried()
    if ran.returncode or found.tried < count:
        found.raised += 1
        found.note(f"到第 {found.tried} 件停了，退出码 {ran.returncode}：{ran.stderr[-1200:]}")
    return found


def _bytes_of(data: bytes, suffixes: list[str]) -> tuple[bytes, str]:
    """The first byte says which extension."""
    return data[1:], suffixes[data[0] % len(suffixes)]


def _text_of(data: bytes, words: list[str]) -> str:
    """An even first byte: each byte is one of `words`; an odd one: UTF-8."""
    if data[0] % 2:
        return data[1:].decode("utf-8", "ignore")
    return "".join(words[byte % len(words)] for byte in data[1:])


def _targets(target: str) -> tuple[Callable[[bytes], Any], Callable[[Any], None], list[bytes]]:
    """How an input is made of bytes, the check, and inputs to begin with."""
    if target == "read":
        files = bad_inputs.whole_files()
        suffixes = sorted({*files, *bad_inputs.READERS, ""})
        seeds = [bytes([suffixes.index(suffix)]) + data for suffix, data in files.items()]
        return lambda data: _bytes_of(data, suffixes), lambda made: bad_inputs.check_readable(*made), seeds
    texts = [file.read_bytes() for file in sorted((ROOT / "corpora" / "samples" / "articles").glob("*.md"))]
    seeds = [b"\1" + text[: LONGEST[target] - 1] for text in texts] + [
        bytes([0, at, at + 1, at + 2]) for at in range(0, 60, 3)
    ]
    words = bad_inputs.MARKUP_WORDS if target == "clean" else [*bad_inputs.WORDS, *bad_inputs.PERSON_WORDS]
    check = bad_inputs.check_cleaned if target == "clean" else bad_inputs.check_found(bad_inputs.find_mentions)
    return lambda data: _text_of(data, words), check, seeds


def _fuzz(target: str, count: int, folder: Path) -> None:
    """In a process of its own, which ends here."""
    make, check, seeds = _targets(target)
    for number, seed in enumerate(seeds):
        (folder / "seeds").mkdir(exist_ok=True)
        (folder / "seeds" / str(number)).write_bytes(seed)
    told = Tried()

    def one(data: bytes) -> None:
        if not data or told.tried == count:
            return
        told.tried += 1
        began = time.thread_time()
        try:
            check(make(data))
        except Exception:
            told.raised += 1
            told.note(f"{data!r}\n{traceback.format_exc()[-900:]}")
        if time.thread_time() - began > bad_inputs.LIMIT_SECONDS:
            told.slow += 1
            told.note(f"slow: {data!r}")
        if told.tried % 500 == 0 or told.tried == count:
            (folder / "told.json").write_text(json.dumps(asdict(told), ensure_ascii=False), encoding="utf-8")

    # A tenth more runs than are asked for: an empty input is none.
    options = [
        f"-runs={count + count // 10 + 10}",
        f"-max_len={LONGEST[target]}",
        "-seed=7",
        "-timeout=120",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], str(folder / "seeds"), *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
