"""How many of the tactics that the authors of the open corpus marked are found, and how many that are found were marked.

    python -m benchmarks.tactics_found [--each]

In: corpora/authored (documents about scams, as their authors marked them). Out: precision and recall of the phrases of the taxonomy, beside
the plain words among them alone (what a list of key words reaches), for documents with a mark and for all; with --each a line a tactic.
Authors marked what they had in mind and seldom all that stands there, so precision is a lower bound: most of what counts as wrong is told.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from corpora.annotated import Example, read_annotated
from nlp import taxonomy
from nlp.tactics import Tactics
from training.gather import AUTHORED

SIGNS = ("…", "(", " & ", " ! ")


def counted(documents: Sequence[Example], found: Sequence[set[str]]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Per tactic: found and marked, found only, marked only."""
    names = set(taxonomy.load().tactics)
    both, more, less = Counter[str](), Counter[str](), Counter[str]()
    for document, own in zip(documents, found, strict=True):
        marked = set(document.tactics) & names
        both.update(own & marked)
        more.update(own - marked)
        less.update(marked - own)
    return both, more, less


def main() -> None:
    """Read, look, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", action="store_true", help="a line a tactic")
    each = parser.parse_args().each
    known = taxonomy.load()
    documents = [document for document in read_annotated(AUTHORED) if document.kind != taxonomy.UNRELATED]
    plain = {name: [p for p in own if not any(sign in p for sign in SIGNS)] for name, own in known.tactics.items()}
    ways = {
        "只看词": (Tactics(plain), False),
        "说法": (Tactics(known.tactics), True),
    }
    sets = {"标了手法的": [d for d in documents if d.tactics], "全部": documents}
    print("| 篇目 | 办法 | 准确 | 找到 | 有手法的篇 |\n|---|---|---|---|---|")
    for said, chosen in sets.items():
        for name, (tactics, advice) in ways.items():
            found = [set(tactics.find(d.text, told=advice and d.kind == taxonomy.CASE)) for d in chosen]
            both, more, less = (table.total() for table in counted(chosen, found))
            print(
                f"| {said} {len(chosen)} | {name} | {both / max(1, both + more):.3f} | {both / max(1, both + less):.3f} "
                f"| {sum(map(bool, found)) / len(chosen):.2f} |"
            )
    if each:
        found = [set(ways["说法"][0].find(d.text, told=d.kind == taxonomy.CASE)) for d in sets["标了手法的"]]
        both, more, less = counted(sets["标了手法的"], found)
        print("\n| 手法 | 找到且标了 | 只找到 | 只标了 |\n|---|---|---|---|")
        for name in known.tactics:
            print(f"| {name} | {both[name]} | {more[name]} | {less[name]} |")


if __name__ == "__main__":
    main()
