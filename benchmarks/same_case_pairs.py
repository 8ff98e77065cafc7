"""Draws pairs of cases for people to judge: is it one real case? Ids only; the texts stay where they are.

    python -m benchmarks.same_case_pairs sqlite:///data/fanzha.db --pairs 300 > pairs.csv

In: the URL of a filled store. Out: CSV with the two case ids, their documents' names and the stratum, in an order that tells nothing of the
score: a third linked by the machine (reprints left out), a third just below the line, a third that share a type and a city and were
left apart (the hard negatives). The column `verdict` is empty, for the judges: same, apart, unsure.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections import defaultdict

import sqlalchemy as sa

from nlp.resolve import blocking_keys, compare
from serving import resolution, sourced
from serving.settings import store_url
from serving.store import open_store
from serving.store.tables import CaseRow

STRATA = ("linked", "near", "far")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    found: dict[str, dict[tuple[str, str], tuple[str, str]]] = defaultdict(dict)
    store = open_store(store_url(asked.store), migrate=False)
    with store.reading() as session:
        ids = list(session.scalars(sa.select(CaseRow.id).order_by(CaseRow.id)))
        dice.shuffle(ids)
        for case_id in ids:
            case = sourced.to_compare(session, [case_id])[case_id]
            others = sourced.to_compare(session, resolution.candidates(session, case_id, blocking_keys(case)))
            for other in others.values():
                first, second = sorted((case, other), key=lambda each: each.case_id)
                link = compare(first, second)
                if link.decision == "reprint" or first.source.document_id == second.source.document_id:
                    continue
                stratum = "linked" if link.decision == "same" else "near" if link.score >= 2.0 else "far"
                found[stratum][first.case_id, second.case_id] = (first.source.doc_id, second.source.doc_id)
            if all(len(found[stratum]) >= asked.pairs for stratum in STRATA):
                break
    drawn = []
    for stratum in STRATA:
        pairs = sorted(found[stratum].items())
        drawn += [(*ids, *names, stratum) for ids, names in dice.sample(pairs, min(len(pairs), asked.pairs // 3))]
    dice.shuffle(drawn)
    writer = csv.writer(sys.stdout)
    writer.writerow(("first", "second", "first_document", "second_document", "stratum", "verdict"))
    writer.writerows((*row, "") for row in drawn)


if __name__ == "__main__":
    main()
