"""Four writers, followers, and a `kill -9` in between: is the feed's sequence without gap, repeat and reorder?

    python -m benchmarks.feed_sequence sqlite:////tmp/s.db --seconds 60
    python -m benchmarks.feed_sequence postgresql+psycopg://user@host/empty_database --seconds 60

In: the URL of an empty store. Out: what was followed, as JSON; an AssertionError where something is missing. Three followers run
against the writers: one of every line, one filtered by type (told when an incident leaves), and one that fills up page by page
while the writers write and then follows. At the end each must hold what the store holds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from nlp import taxonomy
from nlp.records import Amount, Analysis, Case, Document, Mention, Person, PersonName, Place, Reading, Verdict
from nlp.segment import tokens
from serving import changes, filing, inbox, incidents, queries
from serving.queries import IncidentFilter
from serving.store import Store, open_store
from serving.store.tables import DocumentRow

ROOT = Path(__file__).resolve().parents[1]
LABELS = taxonomy.load().label_ids[:3]
PLACES = (("云南省/昆明市", "530100"), ("河南省/南阳市/邓州市", "411381"), ("山东省/济南市", "370100"))


def invented(name: str, dice: random.Random) -> tuple[Document, Reading]:
    """A document that tells one invented case, and its reading. Few suspects: many documents tell the same case."""
    suspect = f"{dice.choice('赵钱孙李周吴')}大{dice.choice('山川河海')}"
    region, code = dice.choice(PLACES)
    loss = dice.choice((23456, 78901, 34567))
    text = f"{name} 嫌疑人{suspect}在{region}骗走{loss}元。" + "".join(
        chr(dice.randrange(0x4E00, 0x9000)) for _ in range(60)
    )
    at = text.index(suspect)
    person = Person(
        suspect, "suspect", (Mention("person", at, at + 3, suspect, PersonName(suspect), "suspect", 1.0, "rule:x"),)
    )
    where = text.index(region)
    place = Mention("place", where, where + len(region), region, Place(region, code, "city"), "scene", 1.0, "rule:x")
    sum_at = text.index(str(loss), where)
    money = Mention(
        "amount", sum_at, sum_at + 5, str(loss), Amount(Decimal(loss), Decimal(loss), id="a1"), "loss", 1.0, "rule:x"
    )
    label = dice.choice(LABELS)
    case = Case(label, text[:30], 0, len(text), 0.9, (place,), (money,), (person,))
    verdict = Verdict("case", 0.9, label, 0.9, {label: 0.9}, model="invented")
    nature = "complaint" if dice.random() < 0.3 else "published"
    document = Document(
        name, text, title=name, nature=nature, metadata={"external_id": name} if nature == "complaint" else {}
    )
    return document, Reading(name, (Analysis("", 0, len(text), verdict, (), (money,), (case,)),))


def write(url: str, number: int) -> None:
    """File, withdraw and correct at random until killed, each in one transaction."""
    dice = random.Random(os.getpid())
    store = open_store(url)
    turn = 0
    tokens("兼职刷单")  # jieba's dictionary is loaded before anything is locked, as analysing does
    while True:
        turn += 1
        # Documents are analysed outside of the transaction; without any pause SQLite's unfair queue starves one writer.
        time.sleep(dice.uniform(0.01, 0.05))
        with store.writing() as session:
            changes.lock(session)
            known = list(session.scalars(sa.select(DocumentRow.id).where(DocumentRow.withdrawn.is_(False)).limit(40)))
            act = dice.random()
            if act < 0.2 and len(known) > 20:
                incidents.withdraw_documents(session, [dice.choice(known)])
            elif act < 0.35 and known:
                row = session.get_one(DocumentRow, dice.choice(known))
                touched = filing.relabel(session, row.id, inbox.as_document(row), "", dice.choice(LABELS), "某人")
                incidents.rebuild(session, touched)
            else:
                document, reading = invented(f"{number}-{os.getpid()}-{turn}", dice)
                accepted = inbox.accept(session, document)
                incidents.rebuild(session, filing.file_reading(session, accepted.document_id, document, reading))


@dataclass
class Follower:
    """One who follows the log and keeps what he was told: incident → revision."""

    wanted: IncidentFilter | None = None
    viewer: str = "analyst"
    limit: int = 7
    after: int = 0
    numbers: list[int] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)

    def fill(self, store: Store) -> None:
        """Page through everything while others write; then go on from the first page's number."""
        cursor, first = None, None
        while True:
            with store.reading() as session:
                first = changes.last_number(session) if first is None else first
                page = queries.list_incidents(
                    session, self.wanted or IncidentFilter(), viewer=self.viewer, cursor=cursor, limit=3
                )
            self.held |= {row.id: _revision(row, self.viewer) for row in page.rows}
            if (cursor := page.cursor) is None:
                break
        self.after = first or 0

    def step(self, store: Store) -> int:
        """Read one page; how many lines it had."""
        with store.reading() as session:
            page = queries.list_changes(session, self.after, limit=self.limit, viewer=self.viewer, wanted=self.wanted)
        for row in page.rows:
            assert row.sequence > self.after, f"{row.sequence} after {self.after}"
            self.numbers.append(row.sequence)
            self.after = row.sequence
            side = row.summary["after"]
            hidden = side is None or (self.viewer == "reader" and not side["public"])
            label = self.wanted.labels[0] if self.wanted else None
            if hidden or (label and side["label"] != label):
                self.held.pop(row.incident_id, None)
            else:
                self.held[row.incident_id] = row.revision if self.viewer != "reader" else row.reader_revision or 0
        assert page.cursor is not None
        assert page.cursor >= self.after
        self.after = page.cursor
        return len(page.rows)

    def check(self, store: Store) -> None:
        """Does he hold what the store holds?"""
        held: dict[str, int] = {}
        cursor = None
        while True:
            with store.reading() as session:
                page = queries.list_incidents(
                    session, self.wanted or IncidentFilter(), viewer=self.viewer, cursor=cursor, limit=500
                )
            held |= {row.id: _revision(row, self.viewer) for row in page.rows}
            if (cursor := page.cursor) is None:
                break
        assert self.held == held, {key: (self.held.get(key), held.get(key)) for key in self.held.keys() ^ held.keys()}


def _revision(row: object, viewer: str) -> int:
    return row.reader_revision if viewer == "reader" else row.revision  # type: ignore[attr-defined,no-any-return]


def run(url: str, seconds: float, at_least: int = 0, writers: int = 4) -> dict[str, object]:
    """Let them write and follow for `seconds` and `at_least` so many changes, one writer killed a third of the way in."""
    store = open_store(url)

    def begin(number: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "benchmarks.feed_sequence", url, "--writer", str(number)]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)

    running = [begin(number) for number in range(writers)]
    everything, filtered = Follower(), Follower(IncidentFilter(labels=(LABELS[0],)), limit=3)
    reader, late = Follower(viewer="reader"), Follower(limit=5)
    killed = 0
    try:
        while not everything.numbers:
            everything.step(store)
        began = time.monotonic()  # programs start slowly on a busy machine
        while time.monotonic() - began < seconds or len(everything.numbers) < at_least or not killed:
            everything.step(store)
            filtered.step(store)
            reader.step(store)
            if late.after:
                late.step(store)
            if not killed and time.monotonic() - began > seconds / 3 and len(everything.numbers) >= at_least / 3:
                running[0].send_signal(signal.SIGKILL)
                assert running[0].wait() == -signal.SIGKILL
                killed = 1
                late.fill(store)
        for process in running[1:]:
            assert process.poll() is None, process.stderr.read().decode()[-3000:] if process.stderr else ""
    finally:
        for process in running:
            process.kill()
            process.wait()
    for follower in (everything, filtered, reader, late):
        with store.reading() as session:
            last = changes.last_number(session)
        while follower.after < last:
            follower.step(store)
        follower.check(store)
    assert everything.numbers == list(range(1, len(everything.numbers) + 1)), "a gap, a repeat or a reorder"
    store.close()
    return {
        "store": store.engine.dialect.name, "writers": writers, "killed": killed, "changes": len(everything.numbers),
        "seen_by_readers": len(reader.numbers), "filtered": len(filtered.numbers), "incidents": len(everything.held),
    }  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--writer", type=int)
    asked = parser.parse_args()
    if asked.writer is not None:
        write(asked.url, asked.writer)
    print(json.dumps(run(asked.url, asked.seconds), ensure_ascii=False))


if __name__ == "__main__":
    main()
