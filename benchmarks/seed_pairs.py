"""The full table of pairs of cases of a few pages: linked or not, and what every field said. No text of the pages is printed.

    python -m benchmarks.seed_pairs ../shared/seeds

In: files or folders. Out: one line a case (number, page, article, type), then one line a pair: the two numbers, the decision, the points
in all and field by field, whether they stand in one incident; at the end how many pairs were decided how. `→` marks pairs that never met
in the store because they share no blocking key: they are compared here all the same.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from pathlib import Path

from benchmarks.same_case import resolve
from corpora.read import read
from nlp import model_folder
from nlp.analyze import Analyzer
from nlp.records import Document
from nlp.resolve import blocking_keys, compare
from nlp.resolve.compare import weigh


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, nargs="+")
    documents = [page for page in read(parser.parse_args().pages) if isinstance(page, Document)]
    resolved = resolve(documents, list(Analyzer(model_folder.load()).analyze(documents)))
    pages = {case.case_id: name for name in resolved.cases for case in resolved.cases[name]}
    cases = [case for name in sorted(resolved.cases) for case in resolved.cases[name]]
    titles = {name: sorted({case.article_title for case in resolved.cases[name]}) for name in resolved.cases}
    for number, case in enumerate(cases):
        page = pages[case.case_id]
        article = titles[page].index(case.article_title) + 1
        print(f"{number:3d}  {page[:24]:24s}  article {article}  {case.features.label}  {resolved.home[case.case_id]}")
    decided: Counter[str] = Counter()
    for (i, a), (j, b) in itertools.combinations(enumerate(cases), 2):
        first, second = sorted((a, b), key=lambda case: case.case_id)
        link, parts = compare(first, second), weigh(first, second)
        met = bool(blocking_keys(a) & blocking_keys(b))
        # What an article that is no case retells has no incident of its own.
        together = resolved.home[a.case_id] is not None and resolved.home[a.case_id] == resolved.home[b.case_id]
        decided[f"{link.decision}, {'one incident' if together else 'two incidents'}"] += 1
        why = "  ".join(f"{part.field} {part.points:+.2f}{'' if part.telling else ' plain'}" for part in parts)
        print(
            f"{i:3d} {j:3d}  {' ' if met else '→'} {link.decision:9s} {link.score:+6.2f}  {'together' if together else '-':8s}  {why}"
        )
    print("; ".join(f"{count} {what}" for what, count in decided.most_common()))


if __name__ == "__main__":
    main()
