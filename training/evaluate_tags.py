"""The token head alone against annotated documents: names by role, sums with their roles; no rule helps it but the parsing of a sum.

    python -m training.evaluate_tags FOLDER --gold ../shared/gold/dev.jsonl [--data ../shared] [--voices]

In: a model folder with a token head, a full gold file or the held-out voices of the open corpus. Out: precision, recall and F1 on standard
output. Names and sums are compared as sets a document, as shared/tools/score.py does: a name without spaces and its role; a sum's bounds
in yuan and its role. Only documents of kind "case" of a gold file are asked about: others list no incident.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nlp.classify import Classifier
from nlp.extract.amounts import find_sums
from nlp.model_folder import load
from nlp.records import Amount
from training.evaluate import TEXTS
from training.gather import TRAIN, read_authored, read_rows, read_texts
from training.project_spans import PERSON_KEYS

Item = tuple[str, str, object]  # kind, role, name or bounds


@dataclass(frozen=True, slots=True)
class Found:
    """Counts of one sort of item over all documents."""

    right: int
    given: int
    wanted: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing is right."""
        return 2 * self.right / max(1, self.given + self.wanted)


def gold_items(incidents: Iterable[dict]) -> set[Item]:  # type: ignore[type-arg]
    """Names and sums of a row of a full gold file; a sum without a value in yuan is left out."""
    items: set[Item] = set()
    for incident in incidents:
        for key, role in PERSON_KEYS.items():
            items |= {("person", role, "".join(name.split())) for name in incident.get(key, ())}
        for amount in incident.get("amounts", ()):
            if amount.get("cny_min") is not None and amount.get("cny_max") is not None:
                bounds = Decimal(str(amount["cny_min"])), Decimal(str(amount["cny_max"]))
                items.add(("amount", amount["role"], bounds))
    return items


def item_of(kind: str, role: str, surface: str) -> Item | None:
    """A tagged surface as an item; None for a sum that cannot be parsed or is not in yuan."""
    if kind == "person":
        return kind, role, "".join(surface.split())
    sums = [m.value for m in find_sums(surface) if isinstance(m.value, Amount)]
    if not sums:
        # 被骗30万 needs its verb to be read as money; the head has said that it is.
        sums = [m.value for m in find_sums(surface + "元") if isinstance(m.value, Amount)]
    if not sums or sums[0].currency != "CNY":
        return None
    return kind, role, (sums[0].value_min, sums[0].value_max)


def compare(pairs: Iterable[tuple[set[Item], set[Item]]]) -> dict[str, Found]:
    """(wanted, given) sets, one pair a document → counts by "person:suspect", "amount:loss" …, "amount" (with role), "amount found"."""
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for gold, found in pairs:
        views = [
            (gold, found),
            ({(k, "found", v) for k, _, v in gold}, {(k, "found", v) for k, _, v in found}),
        ]
        for want, have in views:
            for counter, items in ((wanted, want), (given, have), (right, want & have)):
                for kind, role, _ in items:
                    counter[f"{kind}:{role}"] += 1
                    if kind == "amount" and role != "found":
                        counter["amount"] += 1
    return {name: Found(right[name], given[name], wanted[name]) for name in sorted({*wanted, *given})}


def tagged_items(classifier: Classifier, text: str) -> set[Item]:
    """What the token head finds in a text."""
    items = (item_of(tag.kind, tag.role, text[tag.start : tag.end]) for tag in classifier.tag(text))
    return {item for item in items if item is not None}


def gold_pairs(classifier: Classifier, gold: Path, data: Path) -> Iterator[tuple[set[Item], set[Item]]]:
    """Pairs for the cases of a full gold file."""
    texts = read_texts(data, TEXTS)
    for row in read_rows(gold):
        if row["kind"] == "case":
            yield gold_items(row["incidents"]), tagged_items(classifier, texts[str(row["doc_id"])][0])  # type: ignore[arg-type]


def voice_pairs(classifier: Classifier) -> Iterator[tuple[set[Item], set[Item]]]:
    """Pairs for the cases of the voices of the open corpus that nothing is learned from."""
    for example, split in read_authored():
        if split != TRAIN and example.kind == "case":
            spans = [s for s in example.spans or () if s.kind in ("person", "amount")]
            items = (item_of(s.kind, s.role, example.text[s.start : s.end]) for s in spans)
            yield {item for item in items if item is not None}, tagged_items(classifier, example.text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--voices", action="store_true", help="also the held-out voices of the open corpus")
    given = parser.parse_args(arguments)
    classifier = load(given.folder)
    sets = {}
    if given.gold:
        sets[given.gold.name] = compare(gold_pairs(classifier, given.gold, given.data))
    if given.voices:
        sets["留出的执笔口吻"] = compare(voice_pairs(classifier))
    for name, found in sets.items():
        print(f"{name}\n\n| 项 | P | R | F1 | 应有 |\n|---|---|---|---|---|")
        for item, one in found.items():
            p, r = one.right / max(1, one.given), one.right / max(1, one.wanted)
            print(f"| {item} | {p:.2f} | {r:.2f} | {one.f1:.3f} | {one.wanted} |")


if __name__ == "__main__":
    main()
