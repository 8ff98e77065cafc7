"""What the system survives: faults, bad inputs, routes by role, attacks; one table, and an end that tells whether each figure is what it must be.

    make trust
    python -m benchmarks.trust [--short] [--only faults/merge inputs …] [--again] [--results runs/trust.jsonl] [--markdown FILE]
    python -m benchmarks.trust --list

In: nothing; stores, servers and files in a temporary folder, on SQLite, and on a PostgreSQL server of our own where one is installed. Out:
a table on standard output, as Markdown in a file where one is named; 1 where anything was lost, doubled, raised, late, leaked or hit.
What is tried stands in `trust_items`. An item's outcome is written down when it ends: a run that was interrupted goes on with the next one,
as long as the code is the same; `--other-code` takes in what other code came to, and marks it. `--again` runs them anew. The full form
takes two hours or so of one core; `--short` is for the tests and takes half a minute. Nothing here leaves loopback.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.trust_items import INPUTS, PARTS, WAYS, Item, Told, items

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("runs/trust.jsonl")
CODE = ("nlp", "corpora", "serving", "tests", "benchmarks")


@dataclass
class Line:
    """A line of the table, and of the file of results: an item and what it came to, with which code, when, how long it took."""

    name: str
    said: str
    told: Told
    code: str
    day: str
    minutes: float


def code_now() -> str:
    """A short hash of all code that takes part."""
    digest = hashlib.sha256()
    for file in sorted(file for room in CODE for file in (ROOT / room).rglob("*.py")):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:10]


def read_lines(file: Path) -> dict[str, Line]:
    """Name → the last line written of it; a line that was cut off by a power failure is none."""
    found: dict[str, Line] = {}
    for text in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        found[line["name"]] = Line(**{**line, "told": Told(**line["told"])})
    return found


def _write_line(file: Path, line: Line) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cut_off = file.exists() and not file.read_bytes().endswith(b"\n")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("\n" * cut_off)
        stream.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")


def chosen(everything: Iterable[Item], wanted: Sequence[str]) -> list[Item]:
    """The items whose name is one of `wanted` or begins with it, in that order: faults, faults/merge, faults/merge/sqlite, */postgresql."""

    def meant(item: Item, word: str) -> bool:
        return item.name.endswith(word[1:]) if word.startswith("*/") else f"{item.name}/".startswith(f"{word}/")

    everything = list(everything)
    found = {item.name: item for word in wanted for item in everything if meant(item, word)}
    return list(found.values()) if wanted else everything


def run(item: Item, code: str, scratch: Path) -> Line:
    """One item, run now; what breaks off the item itself is wrong, too."""
    began = time.monotonic()
    try:
        told = item.run(scratch)
    except Exception as error:
        told = Told(wrong=[f"没有跑完：{type(error).__name__}: {error}"[:2000]])
    return Line(item.name, item.said, told, code, time.strftime("%Y-%m-%d"), round((time.monotonic() - began) / 60, 1))


def table_of(lines: Sequence[Line], code: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows: a line an item, its total at the end. What other code came to is marked with *."""
    rows = []
    for line in lines:
        part, _, rest = line.name.partition("/")
        where = rest.rpartition("/")[2] if part == "faults" else ""
        said = f"{line.said}{f'（{line.told.remark}）' if line.told.remark else ''}"
        said = f"{said}：没有跑，{line.told.skipped}" if line.told.skipped else said
        mark = "" if line.code == code else " *"
        counts = [f"{line.told.counts[way]:,}" if way in line.told.counts else "" for way in WAYS]
        rows.append((PARTS[part], said + mark, where, f"{line.told.tried:,}", *counts))
    total = [f"{sum(line.told.counts.get(way, 0) for line in lines):,}" for way in WAYS]
    rows.append(("合计", "", "", f"{sum(line.told.tried for line in lines):,}", *total))
    return ("", "试什么", "库", "次数", *WAYS), rows


def wrong_of(lines: Sequence[Line], whole: bool) -> list[str]:
    """All that is not as it must be. whole: all items were asked for, in full."""
    wrong = [f"{line.name}：{text}" for line in lines for text in line.told.wrong]
    for line in lines:
        bad = sum(line.told.counts.values())
        if bad > len(line.told.wrong):
            wrong.append(f"{line.name}：共 {bad} 处，上面只列了 {len(line.told.wrong)} 处")
    inputs = sum(line.told.tried for line in lines if line.name.startswith("inputs/"))
    if whole and inputs < INPUTS:
        wrong.append(f"坏输入只试了 {inputs:,} 件，应有 {INPUTS:,}")
    return wrong


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]], wrong: Sequence[str], minutes: float) -> str:
    lines = [
        "| " + " | ".join(headings) + " |",
        "|" + "---|" * len(headings),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join([*lines, "", f"{len(wrong)} 处不对；用时 {minutes:.0f} 分钟。", ""])


def _draw(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], wrong: Sequence[str]) -> None:
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="right" if heading in ("次数", *WAYS) else "left")
    for at, row in enumerate(rows):
        table.add_row(*row, end_section=at + 1 == len(rows) or rows[at + 1][0] != row[0])
    console.print(table)
    for text in wrong[:60]:
        console.print(f"✗ {text}", markup=False, highlight=False, style="red")


def main(words: Sequence[str] | None = None) -> int:
    """The command line; 0 where every figure is what it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="faults, faults/merge, */postgresql, inputs …"
    )
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--again", action="store_true", help="run anew what was run already")
    parser.add_argument("--other-code", action="store_true", help="take in what other code came to; marked *")
    parser.add_argument("--results", type=Path, default=None, help=f"default {RESULTS}; the short form keeps none")
    parser.add_argument("--markdown", type=Path)
    asked = parser.parse_args(words)
    wanted = chosen(items(asked.short), asked.only)
    if not wanted:
        parser.error(f"没有叫 {'、'.join(asked.only)} 的；有哪些见 --list")
    if asked.list:
        print("\n".join(item.name for item in wanted))
        return 0
    logging.disable(logging.ERROR)  # faults are told in logs by the thousand; the server's own tests read them
    results = asked.results or (None if asked.short else RESULTS)
    code, lines = code_now(), []
    before = read_lines(results) if results and not asked.again else {}
    with tempfile.TemporaryDirectory(prefix="fanzha-trust-") as scratch:
        for item in wanted:
            line = before.get(item.name)
            if line is None or not (line.code == code or asked.other_code):
                line = run(item, code, Path(scratch))
                if results:
                    _write_line(results, line)
            told = line.told
            print(f"{item.name}: {told.tried:,} {told.counts} {told.skipped}", file=sys.stderr, flush=True)
            lines.append(line)
    headings, rows = table_of(lines, code)
    wrong = wrong_of(lines, whole=not (asked.short or asked.only))
    console = Console(width=None if sys.stdout.isatty() else 150)
    _draw(console, headings, rows, wrong)
    if asked.markdown:
        asked.markdown.write_text(
            _markdown(headings, rows, wrong, sum(line.minutes for line in lines)), encoding="utf-8"
        )
    console.print("[bold green]样样如数。[/bold green]" if not wrong else f"[bold red]{len(wrong)} 处不对。[/bold red]")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
