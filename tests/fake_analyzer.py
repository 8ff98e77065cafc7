"""An analyzer for tests that is about the store and not about reading: rules of one line, no model, deterministic.

A document's text is one article. A line `嫌疑人：X`, `地点：path code`, `损失：N` gives a person, a place and a loss.
"骗" in the text makes it a case, else "以案说法" an advisory; "POISON" raises, "DIE" kills the process.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal

from nlp import taxonomy
from nlp.records import Amount, Analysis, Case, Document, Mention, Person, PersonName, Place, Reading, Verdict

LABELS = taxonomy.load().label_ids
_SUSPECT = re.compile(r"嫌疑人：(\S+)")
_VICTIM = re.compile(r"受害人：(\S+)")
_PLACE = re.compile(r"地点：(\S+) (\d{6})")
_LOSS = re.compile(r"损失：(\d+)")


class FakeAnalyzer:
    """Reads the little language above; `pause` seconds a document, so that a test can kill it in the middle."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    def analyze(self, documents: Iterable[Document]) -> Iterator[Reading]:
        for document in documents:
            if "POISON" in document.text:
                raise ValueError("cannot read 13812345678")
            if "DIE" in document.text:
                os.kill(os.getpid(), signal.SIGKILL)
            if self.pause:
                time.sleep(self.pause)
            yield Reading(document.doc_id, (self._read(document),))

    def _read(self, document: Document) -> Analysis:
        text = document.text
        label = next((label for label in LABELS if f"类型：{label}" in text), LABELS[0])
        told = "骗" in text
        verdict = Verdict(
            "case" if told else "advisory" if "以案说法" in text else "unrelated",
            0.9,
            label,
            0.8,
            {label: 0.8},
            model="fake 1",
        )
        people, places, amounts = [], [], []
        for pattern, role in ((_SUSPECT, "suspect"), (_VICTIM, "victim")):
            for m in pattern.finditer(text):
                mention = Mention("person", *m.span(1), m[1], PersonName(m[1]), role, 1.0, "rule:fake")
                people.append(Person(m[1], role, (mention,)))
        for m in _PLACE.finditer(text):
            places.append(Mention("place", *m.span(1), m[1], Place(m[1], m[2], "city"), "scene", 1.0, "rule:fake"))
        for m in _LOSS.finditer(text):
            value = Amount(Decimal(m[1]), Decimal(m[1]), id=f"a{len(amounts) + 1}")
            amounts.append(Mention("amount", *m.span(1), m[1], value, "loss", 1.0, "rule:fake"))
        case = Case(label, text[:40], 0, len(text), 0.8, tuple(places), tuple(amounts), tuple(people))
        mentions = tuple(sorted([m for p in people for m in p.mentions] + places + amounts, key=lambda m: m.start))
        return Analysis(document.title, 0, len(text), verdict, (), mentions, (case,) if told else ())


def make() -> FakeAnalyzer:
    """What FANZHA_ANALYZER=tests.fake_analyzer:make names; FAKE_PAUSE is seconds a document."""
    return FakeAnalyzer(float(os.environ.get("FAKE_PAUSE", "0")))
