"""How many names of people a reader would see because no finder takes them for a name.

    python -m benchmarks.unmasked [--authored corpora/authored] [--show]

In: the open corpus with its marked persons. Out: of the victims and suspects whose names the writers did not mask themselves, how many stand
unmasked in a quote: neither found anywhere in their document nor part of a name that is. Voices that nothing was learned from apart.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from corpora.annotated import TAGS, Example, read_annotated
from nlp.extract.pipeline import find_mentions
from nlp.records import PersonName

_MASKED = re.compile("[某*×XxＸ]")
HIDDEN = ("victim", "suspect")  # what a reader is not to see in full (nlp.mask)


def missed_of(example: Example) -> tuple[Counter[str], list[str]]:
    """Role → names, and "role missed" → those that stay visible; and the names that do."""
    found = {mention.value.name for mention in find_mentions(example.text) if isinstance(mention.value, PersonName)}
    counts: Counter[str] = Counter()
    visible = []
    marked = {(example.text[s.start : s.end], TAGS[s.tag][1]) for s in example.spans if TAGS[s.tag][0] == "person"}
    for name, role in sorted(marked):
        if role not in HIDDEN or len(name) < 2 or _MASKED.search(name):
            continue
        counts[role] += 1
        if not any(name in other or other in name for other in found):
            counts[f"{role} missed"] += 1
            visible.append(name)
    return counts, visible


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="没有被认作姓名、因而没有遮掩的名字")
    parser.add_argument("--authored", type=Path, default=Path("corpora/authored"))
    parser.add_argument("--show", action="store_true", help="列出这些名字（都是编的）")
    options = parser.parse_args(arguments)
    cases = [example for example in read_annotated(options.authored) if example.kind == "case"]
    totals: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    names: list[str] = []
    console = Console()
    for example in track(cases, "读自撰语料", console=Console(stderr=True)):
        counts, visible = missed_of(example)
        totals[example.split == "train"] += counts
        names += visible
    table = Table("执笔口吻", "受害人", "露出", "嫌疑人", "露出")
    for learned, label in ((True, "学过的"), (False, "留出的")):
        told = totals[learned]
        row = [f"{told[f'{role} missed']}（{told[f'{role} missed'] / max(1, told[role]):.3f}）" for role in HIDDEN]
        table.add_row(label, str(told["victim"]), row[0], str(told["suspect"]), row[1])
    console.print(table)
    if options.show:
        console.print("、".join(names))


if __name__ == "__main__":
    main()
