"""How many names of people a reader would see because no finder takes them for a name.

    python -m benchmarks.unmasked [--authored corpora/authored] [--show]

In: the open corpus with its marked persons. Out: of the victims and suspects whose names the writers did not mask themselves (and that a mask
would change: 小史 and 过先生 stay as published), how many stand unmasked in a quote: how many no finder takes for a name, and how many
of these are not given as perhaps one either (`nlp.extract.person_perhaps`). Beside it what that costs: places a thousand characters
where a word is masked that is nobody's name. Voices that nothing was learned from apart.
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
from nlp import mask
from nlp.extract.person_perhaps import perhaps_names
from nlp.extract.pipeline import find_mentions
from nlp.records import PersonName

_MASKED = re.compile("[某*×XxＸ]")
HIDDEN = ("victim", "suspect")  # what a reader is not to see in full (nlp.mask)


def missed_of(example: Example) -> tuple[Counter[str], list[str]]:
    """Role → names, "role missed" → those no finder took, "role shown" → those that stay visible; and the names that do.

    "characters", "needless": of the text, and places where a word is masked that is nobody's name.
    """
    mentions = find_mentions(example.text)
    found = {mention.value.name for mention in mentions if isinstance(mention.value, PersonName)}
    perhaps = perhaps_names(example.text, mentions)
    counts: Counter[str] = Counter()
    visible = []
    marked = {(example.text[s.start : s.end], TAGS[s.tag][1]) for s in example.spans if TAGS[s.tag][0] == "person"}
    for name, role in sorted(marked):
        if role not in HIDDEN or len(name) < 2 or _MASKED.search(name) or mask.mask_name(name, role) == name:
            continue
        counts[role] += 1
        if any(name in other or other in name for other in found):
            continue
        counts[f"{role} missed"] += 1
        if not any(name in other or other in name for other in perhaps):
            counts[f"{role} shown"] += 1
            visible.append(name)
    people = [(span.start, span.end) for span in example.spans if TAGS[span.tag][0] == "person"]
    counts["characters"] += len(example.text)
    counts["needless"] += sum(
        not any(start < place.end() and place.start() < end for start, end in people)
        for name in perhaps
        for place in re.finditer(re.escape(name), example.text)
    )
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
    table = Table("执笔口吻", "受害人", "没认出", "露出", "嫌疑人", "没认出", "露出", "多遮（每千字）")
    for learned, label in ((True, "学过的"), (False, "留出的")):
        told = totals[learned]
        row = [
            cell
            for role in HIDDEN
            for cell in (
                str(told[role]),
                str(told[f"{role} missed"]),
                f"{told[f'{role} shown']}（{told[f'{role} shown'] / max(1, told[role]):.3f}）",
            )
        ]
        table.add_row(label, *row, f"{1000 * told['needless'] / max(1, told['characters']):.2f}")
    console.print(table)
    if options.show:
        console.print("、".join(names))


if __name__ == "__main__":
    main()
