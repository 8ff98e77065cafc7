"""How far people agree: Cohen's κ, Krippendorff's α, F1 of spans; for all, per label, per pair of people.

In: judgments of documents that two or more people annotated. Out: figures, None where there is nothing to measure. It reads no store.

κ: J. Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement 20 (1960). α for nominal values
from the coincidence matrix: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), §C; any number of people, missing
values allowed. The package `krippendorff` computes the same but is under GPL-3.0-or-later, which an Apache-2.0 program cannot bring along.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from corpora.judgments import Judgment

# Document → person → what he said.
Judgments = Mapping[str, Mapping[str, Judgment]]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people over the documents both annotated. Spans count as the same with equal borders and type; `roles`: and equal role."""

    first: str
    second: str
    documents: int
    kind: float | None
    label: float | None
    accepted: float | None  # share where one's label is the other's label or second label
    spans: float | None
    roles: float | None


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """One label against all others: documents to which any of two gave it, share of those on which both did, κ."""

    label: str
    documents: int
    both: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Everything: α over all people, pairs, labels, F1 of spans per type."""

    documents: int
    kind_alpha: float | None
    label_alpha: float | None
    pairs: tuple[PairAgreement, ...]
    labels: tuple[LabelAgreement, ...]
    types: tuple[tuple[str, int, float], ...]  # type of span, spans of both sides, F1


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """κ of two people's values, one each a document; None for no documents or where both always say the same one thing."""
    if not first:
        return None
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    ours, theirs = Counter(first), Counter(second)
    expected = sum(ours[value] * theirs[value] for value in ours) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """α for nominal values; each unit holds the values given to it. Units with one value say nothing; None where all values are one."""
    together: Counter[tuple[Hashable, Hashable]] = Counter()
    for values in units:
        if len(values) > 1:
            for i, a in enumerate(values):
                for j, b in enumerate(values):
                    if i != j:
                        together[a, b] += 1 / (len(values) - 1)  # type: ignore[assignment]
    margins: defaultdict[Hashable, float] = defaultdict(float)
    for (a, _), weight in together.items():
        margins[a] += weight
    n = sum(margins.values())
    expected = n**2 - sum(weight**2 for weight in margins.values())
    if not expected:
        return None
    observed = sum(weight for (a, b), weight in together.items() if a != b)
    return 1 - (n - 1) * observed / expected


def f1(first: Iterable[Hashable], second: Iterable[Hashable]) -> float | None:
    """2·|A∩B| / (|A|+|B|), the same from either side; None where neither marked anything."""
    ours, theirs = set(first), set(second)
    return 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours or theirs else None


def agreement(judgments: Judgments) -> Agreement:
    """All figures over the documents that at least two people annotated."""
    doubled = {document: said for document, said in judgments.items() if len(said) > 1}
    together: defaultdict[tuple[str, str], list[tuple[str, Judgment, Judgment]]] = defaultdict(list)
    for document, said in sorted(doubled.items()):
        for first, second in combinations(sorted(said), 2):
            together[first, second].append((document, said[first], said[second]))
    every = [both for found in together.values() for both in found]
    return Agreement(
        len(doubled), krippendorff_alpha([[one.kind for one in said.values()] for said in doubled.values()]),
        krippendorff_alpha([[one.label for one in said.values()] for said in doubled.values()]),
        tuple(_pair(first, second, found) for (first, second), found in sorted(together.items())), _labels(every), _types(every),
    )  # fmt: skip


def _pair(first: str, second: str, found: Sequence[tuple[str, Judgment, Judgment]]) -> PairAgreement:
    accepted = sum(a.label in (b.label, *b.also) or b.label in a.also for _, a, b in found)
    return PairAgreement(
        first, second, len(found), cohen_kappa([a.kind for _, a, _ in found], [b.kind for _, _, b in found]),
        cohen_kappa([a.label for _, a, _ in found], [b.label for _, _, b in found]), accepted / len(found),
        f1(_places(found, 1), _places(found, 2)), f1(_places(found, 1, roles=True), _places(found, 2, roles=True)),
    )  # fmt: skip


def _places(found: Sequence[tuple[str, Judgment, Judgment]], side: int, *, roles: bool = False) -> list[Hashable]:
    return [
        (both[0], span.start, span.end, span.type, span.role if roles else "")
        for both in found
        for span in both[side].spans  # type: ignore[union-attr]
    ]


def _labels(every: Sequence[tuple[str, Judgment, Judgment]]) -> tuple[LabelAgreement, ...]:
    found = []
    for label in sorted({one.label for _, a, b in every for one in (a, b)}):
        ours, theirs = [a.label == label for _, a, _ in every], [b.label == label for _, _, b in every]
        any_of = sum(a or b for a, b in zip(ours, theirs, strict=True))
        both = sum(a and b for a, b in zip(ours, theirs, strict=True))
        found.append(LabelAgreement(label, any_of, both / any_of, cohen_kappa(ours, theirs)))
    return tuple(found)


def _types(every: Sequence[tuple[str, Judgment, Judgment]]) -> tuple[tuple[str, int, float], ...]:
    sides: defaultdict[str, tuple[set[Hashable], set[Hashable]]] = defaultdict(lambda: (set(), set()))
    for number, (document, a, b) in enumerate(every):
        for side, said in enumerate((a, b)):
            for span in said.spans:
                sides[span.type][side].add((number, document, span.start, span.end))
    return tuple(
        (name, len(ours) + len(theirs), f1(ours, theirs) or 0.0) for name, (ours, theirs) in sorted(sides.items())
    )
