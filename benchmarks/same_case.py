"""Is one real case one incident? The system against people's verdicts on pairs of texts, beside the rule "same name and same sum".

    python -m benchmarks.same_case ../shared/data [--errors tune] [--readings kept.pickle] [--vectors]

In: a folder with the JSON Lines files (`id`, `title`, `text`) that the ids of `tests/data/same_case.csv` come from. Out: how well the two
readers agree, and the first with himself at a second reading (Cohen's kappa), and for both halves precision and recall over pairs (Wilson
intervals of 95 %) and B-cubed F1 (interval by drawing whole clusters anew). Two texts are the same case for the system when one incident holds a
case of both, for the rule when a case of each shares a person of one role and a sum. A pair on which the system asks a person counts as not
linked. Left out are pairs that the first reader left out (`none`: what they share is no case but a law, figures or a warning; `unsure`), and
those that one reader calls the same case and the other does not.

--vectors: how often the shipped encoder's vectors of two texts that tell one case are nearer than those of two that do not (area under the
curve, half `tune`): whether likeness of vectors would be a field worth comparing.
Errors are printed for the half `tune` only; `held` is for reporting. Prints ids, numbers and fields, no word of the texts.
"""

from __future__ import annotations

import argparse
import csv
import json
import pickle
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from corpora.check import kappa
from nlp import model_folder
from nlp.analyze import Analyzer
from nlp.records import Document, Reading
from nlp.resolve import compare
from nlp.resolve.compare import weigh
from nlp.resolve.features import Sketch
from serving import changes, filing, inbox, incidents, sourced
from serving.store import open_store
from serving.store.tables import CaseRow
from training.shares import wilson

PAIRS = Path(__file__).parent.parent / "tests" / "data" / "same_case.csv"
BATCH = 32  # documents filed in one transaction, as the worker does
DRAWS = 2000  # of clusters, for the interval of B-cubed
JUDGED = ("same", "apart")
MEASURES = ("precision", "recall", "bcubed")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Judged:
    """One pair of documents and what was said of it."""

    pair: Pair
    difficulty: str
    readings: tuple[str, str]  # of the first reader, at two times
    readers: tuple[str, str]  # what either of two readers, blind to the other and to the system, settled on
    agreed: str
    half: str


@dataclass(frozen=True)
class Resolved:
    """What the system made of the documents: their cases, and the incident that each case is in."""

    cases: Mapping[str, Sequence[Sketch]]
    home: Mapping[str, str | None]


def read_pairs(file: Path = PAIRS) -> list[Judged]:
    """The judged pairs."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            Judged((row["first"], row["second"]), row["difficulty"], (row["reading_1"], row["reading_2"]),
                   (row["first_reader"], row["second_reader"]), row["agreed"], row["half"])
            for row in csv.DictReader(stream)
        ]  # fmt: skip


def read_documents(folder: Path, wanted: set[str]) -> list[Document]:
    """The documents with these ids from the JSON Lines files of a folder; raises KeyError for one that is missing."""
    found: dict[str, Document] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if (name := row.get("id")) in wanted:
                title = row.get("title") or ""
                text = f"{title}\n{row['text']}" if title else row["text"]
                found[name] = Document(name, text, title=title, published=row.get("published") or "")
    if missing := wanted - found.keys():
        raise KeyError(f"{len(missing)} ids are not in {folder}, such as {min(missing)}")
    return [found[name] for name in sorted(wanted)]


def resolve(documents: Sequence[Document], readings: Sequence[Reading]) -> Resolved:
    """File and resolve in a store of their own, in an order that has nothing to do with the pairs."""
    both = list(zip(documents, readings, strict=True))
    random.Random(1).shuffle(both)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/pairs.db")
        names = {}
        for at in range(0, len(both), BATCH):
            touched: set[str] = set()
            with store.writing() as session:
                changes.lock(session)
                for document, reading in both[at : at + BATCH]:
                    accepted = inbox.accept(session, document)
                    names[accepted.document_id] = document.doc_id
                    touched |= filing.file_reading(session, accepted.document_id, document, reading)
                incidents.rebuild(session, touched)
        with store.reading() as session:
            rows = session.execute(sa.select(CaseRow.id, CaseRow.document_id, CaseRow.incident_id)).all()
            loaded = sourced.to_compare(session, [row.id for row in rows])
        store.close()
    cases: dict[str, list[Sketch]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row.id)):
        cases[names[row.document_id]].append(loaded[row.id])
    return Resolved(cases, {row.id: row.incident_id for row in rows})


def linked(resolved: Resolved, pair: Pair) -> bool:
    """Does one incident hold a case of both?"""
    first, second = ({resolved.home.get(case.case_id) for case in resolved.cases.get(name, ())} for name in pair)
    return bool(first & second - {None})  # what is only retold has none while nobody tells it


def holds_case(resolved: Resolved, name: str) -> bool:
    """Was the document read as holding a case, not only as speaking of one?"""
    return any(not case.retold for case in resolved.cases.get(name, ()))


def likest(resolved: Resolved, pair: Pair) -> tuple[Sketch, Sketch] | None:
    """The two cases of two documents that are most alike, in the order of their ids; None where one has no case."""
    first, second = (resolved.cases.get(name, ()) for name in pair)
    both = [(a, b) if a.case_id < b.case_id else (b, a) for a in first for b in second]
    return max(both, key=lambda each: compare(*each).score, default=None)


def by_rule(resolved: Resolved, pair: Pair) -> bool:
    """The baseline: a case of each shares a name and a sum."""
    first, second = ([case.features for case in resolved.cases.get(name, ())] for name in pair)
    return any(
        ((a.suspects & b.suspects) or (a.victims & b.victims))
        and {(low, high) for _, low, high in a.sums} & {(low, high) for _, low, high in b.sums}
        for a in first
        for b in second
    )


def bcubed(judged: Sequence[Judged], said: Mapping[Pair, bool]) -> float:
    """F1 of B-cubed over the documents; of the others only those count that a document was judged against, and itself."""
    true: dict[str, set[str]] = defaultdict(set)
    found: dict[str, set[str]] = defaultdict(set)
    for each in judged:
        for one, other in (each.pair, each.pair[::-1]):
            true[one] |= {one, other} if each.agreed == "same" else {one}
            found[one] |= {one, other} if said[each.pair] else {one}
    precision = sum(len(true[name] & found[name]) / len(found[name]) for name in true) / len(true)
    recall = sum(len(true[name] & found[name]) / len(true[name]) for name in true) / len(true)
    return 2 * precision * recall / (precision + recall)


def clusters(judged: Iterable[Judged]) -> list[list[Judged]]:
    """The pairs by what hangs together through their documents."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    judged = list(judged)
    for each in judged:
        parent[root(each.pair[0])] = root(each.pair[1])
    groups: dict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        groups[root(each.pair[0])].append(each)
    return list(groups.values())


def figures(judged: Sequence[Judged], said: Mapping[Pair, bool]) -> dict[str, float]:
    """Precision, recall and B-cubed F1 with the ends of their intervals (`precision_low` …)."""
    found = [each for each in judged if said[each.pair]]
    true = [each for each in judged if each.agreed == "same"]
    right = sum(said[each.pair] for each in true)
    groups, dice = clusters(judged), random.Random(1)
    drawn = sorted(
        bcubed([e for group in dice.choices(groups, k=len(groups)) for e in group], said) for _ in range(DRAWS)
    )
    ends = {
        "precision": wilson(right, len(found)),
        "recall": wilson(right, len(true)),
        "bcubed": (drawn[DRAWS // 40], drawn[-DRAWS // 40]),
    }
    values = [right / max(len(found), 1), right / max(len(true), 1), bcubed(judged, said)]
    return dict(zip(MEASURES, values, strict=True)) | {
        f"{name}_{end}": ends[name][at] for name in ends for at, end in enumerate(("low", "high"))
    }


def print_errors(judged: Sequence[Judged], said: Mapping[Pair, bool], resolved: Resolved) -> None:
    """Each wrong pair: ids, what is wrong, and the points that every field gave where its cases were likest."""
    for each in judged:
        if said[each.pair] == (each.agreed == "same"):
            continue
        told = "a text without a case"
        if both := likest(resolved, each.pair):
            parts = weigh(*both)
            told = f"{sum(p.points for p in parts):.2f}: " + " ".join(f"{p.field}{p.points:+.2f}" for p in parts)
        print(f"{'wrongly joined' if said[each.pair] else 'missed'} {' '.join(each.pair)} {each.difficulty}: {told}")


def report(judged: Sequence[Judged], resolved: Resolved) -> dict[Pair, bool]:
    """Print the table; returns what the system said."""
    ways = {"system": {each.pair: linked(resolved, each.pair) for each in judged},
            "same name and same sum": {each.pair: by_rule(resolved, each.pair) for each in judged}}  # fmt: skip
    for half in ("tune", "held"):
        some = [each for each in judged if each.half == half]
        for way, said in ways.items():
            f = figures(some, said)
            line = "  ".join(
                f"{name} {f[name]:.3f} ({f[f'{name}_low']:.3f}–{f[f'{name}_high']:.3f})" for name in MEASURES
            )
            print(f"{half} {len(some):4d} pairs  {way:22s}  {line}")
        read = [
            each.pair
            for each in some
            if each.agreed == "same" and all(holds_case(resolved, name) for name in each.pair)
        ]
        joined = sum(ways["system"][pair] for pair in read)
        low, high = wilson(joined, len(read))
        told = f"{joined} of {len(read)}, {joined / max(len(read), 1):.3f} ({low:.3f}–{high:.3f})"
        print(f"{half} recall where both texts were read as holding a case: {told}")
    hard = Counter((each.difficulty, each.agreed, ways["system"][each.pair]) for each in judged)
    for name in sorted({each.difficulty for each in judged}):
        same, apart = ([hard[name, verdict, said] for said in (True, False)] for verdict in JUDGED)
        print(f"{name:14s} same: {same[0]} of {sum(same)} joined; apart: {apart[0]} of {sum(apart)} joined")
    left = [likest(resolved, each.pair) for each in judged if not ways["system"][each.pair]]
    asked = sum(compare(*both).decision == "undecided" for both in left if both)
    print(f"{asked} pairs that are not joined go to a person")
    return ways["system"]


def nearer(judged: Sequence[Judged], near: Mapping[Pair, float]) -> float:
    """Of all choices of a pair that is one case and one that is not, the share in which the first is nearer; ties count half."""
    same, apart = ([near[each.pair] for each in judged if each.agreed == verdict] for verdict in JUDGED)
    won = sum((one > other) + (one == other) / 2 for one in same for other in apart)
    return won / max(len(same) * len(apart), 1)


def report_vectors(judged: Sequence[Judged], texts: Mapping[str, str]) -> None:
    """Print `nearer` for all pairs and for every difficulty that has both."""
    engine: Any = model_folder.load().engine
    vectors = {name: engine.represent(texts[name]) for name in {name for each in judged for name in each.pair}}
    near = {
        each.pair: float(a @ b / np.sqrt((a @ a) * (b @ b)))
        for each in judged
        for a, b in [[vectors[name] for name in each.pair]]
    }
    parts = {"all": judged} | {
        name: [each for each in judged if each.difficulty == name]
        for name in sorted({each.difficulty for each in judged})
    }
    for name, some in parts.items():
        counts = Counter(each.agreed for each in some)
        if all(counts[verdict] for verdict in JUDGED):
            print(
                f"vectors, {name:14s} {counts['same']} same, {counts['apart']} apart: nearer {nearer(some, near):.2f}"
            )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=Path, default=PAIRS)
    parser.add_argument("--errors", choices=["tune"])
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--readings", type=Path, help="keeps what was read; remove it when the analysis changed")
    asked = parser.parse_args()
    pairs = read_pairs(asked.pairs)
    told = ", ".join(f"{count} {verdict}" for verdict, count in Counter(each.agreed for each in pairs).most_common())
    print(
        f"{len(pairs)} pairs, kappa of the two readers {kappa([each.readers for each in pairs]):.3f}, "
        f"of the first with himself {kappa([each.readings for each in pairs]):.3f}; agreed: {told}"
    )
    judged = [each for each in pairs if each.agreed in JUDGED]
    documents = read_documents(asked.folder, {name for each in judged for name in each.pair})
    if asked.vectors:
        tuned = [each for each in judged if each.half == "tune"]
        return report_vectors(tuned, {document.doc_id: document.text for document in documents})
    if asked.readings and asked.readings.exists():
        readings = pickle.loads(asked.readings.read_bytes())  # the user's own file
    else:
        readings = list(Analyzer(model_folder.load()).analyze(documents))
        if asked.readings:
            asked.readings.write_bytes(pickle.dumps(readings))
    resolved = resolve(documents, readings)
    said = report(judged, resolved)
    if asked.errors:
        print_errors([each for each in judged if each.half == asked.errors], said, resolved)


if __name__ == "__main__":
    main()
