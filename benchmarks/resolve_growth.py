"""How the time of resolving grows with the number of cases: generated cases, clusters as in news (most alone, few of many).

    python -m benchmarks.resolve_growth 1000 10000 100000
    python -m benchmarks.resolve_growth --cluster 2000
    python -m benchmarks.resolve_growth --fill 100000

In: sizes. Out: one line a size: processor seconds of resolving (keys, candidates, links, the incident), milliseconds a case, the ratio to
the size before, peak memory. Documents, articles and cases are put into the rows beforehand and not timed; neither
are reading, search words and the incidents' own rows, which cost the same for every document however many there are (`--all` times them
as the worker does it, 32 documents a transaction). --cluster: what it costs that one more reprint joins an incident of N/4, N/2, N.
--fill: one store that grows to so many documents, filed as the worker does it: what a document costs at each doubling of the first 1,024, and its
speed against theirs.
The store is SQLite in a temporary folder.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.ratios import yardstick
from nlp import taxonomy
from nlp.records import Amount, Analysis, Case, Document, Mention, Person, PersonName, Place, Reading, Verdict
from nlp.resolve import signature
from serving import changes, filing, inbox, incidents, resolution
from serving.store import Store, identity, open_store, shapes
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, IncidentRow

BATCH = 32
FIRST = 1024  # whole batches
# Sizes of clusters in news_toutiao: 1,276 clusters of 1,595 texts, five in six alone.
CLUSTERS = (1,) * 83 + (2,) * 11 + (3,) * 4 + (6, 9)
_LETTERS = [chr(0x4E00 + at) for at in range(3000)]

Story = tuple[Document, Reading]


def _mention(kind: str, start: int, surface: str, value: object, role: str) -> Mention:
    return Mention(kind, start, start + len(surface), surface, value, role, 1.0, "rule:x")  # type: ignore[arg-type]


def stories(count: int, dice: random.Random, clusters: Sequence[int] = CLUSTERS) -> Iterator[Story]:
    """Invented documents; those of one cluster tell one case in mostly the same words."""
    labels = taxonomy.load().label_ids[:16]
    made = 0
    while made < count:
        suspect = "".join(dice.choices(_LETTERS, k=3))
        code = f"{dice.randrange(11, 66)}{dice.randrange(1, 30):02}{dice.randrange(1, 30):02}"
        loss = dice.randrange(1000, 5_000_000)
        words = "".join(dice.choices(_LETTERS, k=300))
        label = dice.choice(labels)
        for _ in range(min(dice.choice(clusters), count - made)):
            at = dice.randrange(200)
            text = words[:at] + "".join(dice.choices(_LETTERS, k=10)) + words[at:]
            person = Person(suspect, "suspect", (_mention("person", 0, suspect, PersonName(suspect), "suspect"),))
            region = Place(f"省{code[:2]}/市{code[:4]}/县{code}", code, "county")
            place = _mention("place", 5, code, region, "scene")
            money = _mention("amount", 10, str(loss), Amount(Decimal(loss), Decimal(loss), id="a1"), "loss")
            case = Case(label, text[:30], 0, len(text), 0.9, (place,), (money,), (person,))
            verdict = Verdict("case", 0.9, label, 0.9, {label: 0.9}, model="invented")
            name = f"n{made}"
            reading = Reading(name, (Analysis("", 0, len(text), verdict, (), (money,), (case,)),))
            yield Document(name, text, title=name), reading
            made += 1


def _in_batches(made: Iterator[Story]) -> Iterator[list[Story]]:
    batch: list[Story] = []
    for story in made:
        batch.append(story)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _put(session: Session, batch: Sequence[Story]) -> list[str]:
    """Documents, articles and cases as rows, nothing resolved; returns the ids of the cases."""
    documents, articles, cases = [], [], []
    for document, reading in batch:
        digest = identity.content_hash(document.text)
        own, analysis = identity.document_id(digest), reading.analyses[0]
        verdict = analysis.verdict
        documents.append({
            "id": own, "sha256": digest, "doc_id": document.doc_id, "title": document.title, "text": document.text, "nature": "published",
            "stored_at": "", "metadata": {}, "names": {},
        })  # fmt: skip
        articles.append({
            "document_id": own, "number": 0, "title": "", "start": 0, "end": analysis.end, "kind": verdict.kind, "label": verdict.label,
            "confidence": 0.9, "review": False, "model": verdict.model, "publisher": "", "published": "", "corrected_by": "", "analysis": {},
        })  # fmt: skip
        data, sketch = shapes.dump(analysis.cases[0]), list(signature(document.text))
        cases.append({
            "id": identity.case_id(own, 0, 0), "document_id": own, "article": 0, "number": 0, "label": verdict.label, "data": data,
            "signature": sketch, "stamp": identity.stamp(data, sketch), "incident_id": None,
        })  # fmt: skip
    for row, rows in ((DocumentRow, documents), (ArticleRow, articles), (CaseRow, cases)):
        session.execute(sa.inspect(row).local_table.insert(), rows)
    return [str(case["id"]) for case in cases]


def _found(session: Session, names: set[str]) -> None:
    """Bare rows of incidents that have none yet, for the foreign keys' sake."""
    known = set(session.scalars(sa.select(IncidentRow.id).where(IncidentRow.id.in_(names))))
    last = session.scalar(sa.select(sa.func.max(IncidentRow.sequence))) or 0
    moment = identity.now()
    rows = [
        {"id": name, "revision": 1, "sequence": last + number, "label": "", "title": "", "summary": "", "status": "", "basis": "",
         "tlp": "clear", "public": False, "sources": 1, "data": {}, "withdrawn": False, "created_at": moment, "revised_at": moment}
        for number, name in enumerate(sorted(names - known), 1)
    ]  # fmt: skip
    if rows:
        session.execute(sa.inspect(IncidentRow).local_table.insert(), rows)


def resolving(store: Store, size: int) -> float:
    """Processor seconds of resolving `size` cases, and of nothing else."""
    seconds = 0.0
    for batch in _in_batches(stories(size, random.Random(size))):
        with store.writing() as session:
            changes.lock(session)
            names = _put(session, batch)
            began = time.process_time()
            touched = resolution.attach(session, names)
            seconds += time.process_time() - began
            _found(session, touched)
    return seconds


def everything(store: Store, made: Iterator[Story]) -> float:
    """Processor seconds of filing as the worker files: rows, search words, resolving, incidents."""
    began = time.process_time()
    for batch in _in_batches(made):
        touched: set[str] = set()
        with store.writing() as session:
            changes.lock(session)
            for document, reading in batch:
                accepted = inbox.accept(session, document)
                touched |= filing.file_reading(session, accepted.document_id, document, reading)
            incidents.rebuild(session, touched)
    return time.process_time() - began


def joining(size: int) -> None:
    """Print what one more reprint costs an incident of size/4, size/2 and size reprints."""
    made = stories(size + 1, random.Random(size), clusters=(size + 1,))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/cluster.db")
        held, before = 0, 0.0
        for mark in (size // 4, size // 2, size):
            everything(store, (next(made) for _ in range(mark - held - 1)))
            seconds = everything(store, iter([next(made)]))
            held = mark
            with store.reading() as session:
                count = session.scalar(sa.select(sa.func.count()).select_from(IncidentRow))
            ratio = f"  {seconds / before:.1f} × that of half as many" if before else ""
            print(f"reprint {mark} of {count} incident: {1000 * seconds:.0f} ms of processor time{ratio}", flush=True)
            before = seconds
        store.close()


def filling(size: int) -> None:
    """Print what a document costs in a store of 1,024, 2,048, 4,096 … `size` documents: over the last thousand before each.

    Plain work in Python runs between the batches, and the cost is told against it: a machine that does other things slows both.
    """
    made = stories(size, random.Random(size))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/fill.db")
        held, first, mark = 0, 0.0, FIRST
        while held < size:
            everything(store, islice(made, mark - FIRST - held))
            seconds = beside = 0.0
            for _ in range(0, FIRST, 4 * BATCH):
                seconds += everything(store, islice(made, 4 * BATCH))
                began = time.process_time()
                yardstick()
                beside += time.process_time() - began
            held, first = mark, first or seconds / beside
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{held} documents: the last {FIRST} cost {1000 * seconds / FIRST:.2f} ms of processor time each, against plain Python "
                f"{first / (seconds / beside):.0%} of the speed of the first; {memory:.0f} MB",
                flush=True,
            )
            mark = min(2 * mark, size) if held < size else mark
        store.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--cluster", type=int)
    parser.add_argument("--fill", type=int)
    asked = parser.parse_args()
    signature("甲" * 30)  # what the first one loads is not its own cost
    before = 0.0
    for size in asked.sizes or ([] if asked.cluster or asked.fill else [1000, 10_000]):
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(f"sqlite:///{folder}/growth.db")
            seconds = everything(store, stories(size, random.Random(size))) if asked.all else resolving(store, size)
            store.close()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ratio = f"  {seconds / before:.1f} × the size before" if before else ""
        told = f"{1000 * seconds / size:.2f} ms a case, {memory:.0f} MB{ratio}"
        print(f"{size} cases: {seconds:.1f} s of processor time, {told}", flush=True)
        before = seconds
    if asked.cluster:
        joining(asked.cluster)
    if asked.fill:
        filling(asked.fill)


if __name__ == "__main__":
    main()
