"""How the time of resolving grows with the number of cases: generated cases, clusters as in news (most alone, few of many).

    python -m benchmarks.resolve_growth 1000 10000

In: sizes. Out: one line a size: seconds, seconds a case, the ratio to the size before, peak memory. The store is SQLite in a temporary
folder; documents are filed 32 at a time as the worker does, resolving and building incidents included, reading texts not.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from decimal import Decimal

from nlp import taxonomy
from nlp.records import Amount, Analysis, Case, Document, Mention, Person, PersonName, Place, Reading, Verdict
from serving import changes, filing, inbox, incidents
from serving.store import open_store

BATCH = 32
# Sizes of clusters in news_toutiao: 1,276 clusters of 1,595 texts, five in six alone.
CLUSTERS = (1,) * 83 + (2,) * 11 + (3,) * 4 + (6, 9)
_LETTERS = [chr(0x4E00 + at) for at in range(3000)]


def stories(count: int, dice: random.Random) -> list[tuple[Document, Reading]]:
    """Invented documents; those of one cluster tell one case in mostly the same words."""
    labels = taxonomy.load().label_ids[:16]
    found: list[tuple[Document, Reading]] = []
    while len(found) < count:
        suspect = "".join(dice.choices(_LETTERS, k=3))
        code = f"{dice.randrange(11, 66)}{dice.randrange(1, 30):02}{dice.randrange(1, 30):02}"
        loss = dice.randrange(1000, 5_000_000)
        words = "".join(dice.choices(_LETTERS, k=300))
        label = dice.choice(labels)
        for _ in range(min(dice.choice(CLUSTERS), count - len(found))):
            at = dice.randrange(200)
            text = words[:at] + "".join(dice.choices(_LETTERS, k=10)) + words[at:]
            name = f"n{len(found)}"
            person = Person(
                suspect, "suspect", (Mention("person", 0, 3, suspect, PersonName(suspect), "suspect", 1.0, "rule:x"),)
            )
            place = Mention(
                "place",
                5,
                9,
                code,
                Place(f"省{code[:2]}/市{code[:4]}/县{code}", code, "county"),
                "scene",
                1.0,
                "rule:x",
            )
            money = Mention(
                "amount", 10, 15, str(loss), Amount(Decimal(loss), Decimal(loss), id="a1"), "loss", 1.0, "rule:x"
            )
            case = Case(label, text[:30], 0, len(text), 0.9, (place,), (money,), (person,))
            verdict = Verdict("case", 0.9, label, 0.9, {label: 0.9}, model="invented")
            found.append(
                (
                    Document(name, text, title=name),
                    Reading(name, (Analysis("", 0, len(text), verdict, (), (money,), (case,)),)),
                )
            )
    return found


def main() -> None:
    """The command line."""
    before = 0.0
    for size in [int(word) for word in sys.argv[1:]] or [1000, 10_000]:
        made = stories(size, random.Random(size))
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(f"sqlite:///{folder}/growth.db")
            began = time.process_time()
            for start in range(0, size, BATCH):
                touched: set[str] = set()
                with store.writing() as session:
                    changes.lock(session)
                    for document, reading in made[start : start + BATCH]:
                        accepted = inbox.accept(session, document)
                        touched |= filing.file_reading(session, accepted.document_id, document, reading)
                    incidents.rebuild(session, touched)
            seconds = time.process_time() - began
            store.close()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ratio = f"{seconds / before:.1f} × the size before" if before else ""
        print(
            f"{size} cases: {seconds:.1f} s of CPU, {1000 * seconds / size:.2f} ms a case, {memory:.0f} MB  {ratio}",
            flush=True,
        )
        before = seconds


if __name__ == "__main__":
    main()
