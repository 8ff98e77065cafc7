"""From surfaces listed per document to spans: where the names and sums of a gold file stand in its text.

In: a text and the `incidents` of one row of a full gold file; or single roles of sums. Out: `Tagged` spans for the token head. A surface says
what and in which role, not where, so:

1. A name is marked wherever it stands, but inside a longer name of the document (张某 in 张某强); likewise a sum, but where digits go on.
2. A sum that our rules find with the bounds of a listed one is the same sum in another wording (gold lists it once, GUIDE.md).
3. A surface with two roles in one document is marked without a role: the head learns that a person or sum stands there, no more.
4. A sum that the rules find and gold does not list is one without a role: gold leaves out restatements, and sums of cases told in a clause.
5. A name that the rules find, of the surname of a listed one and not listed itself, teaches nothing: it may be another form of the same.
6. Where no incident is listed (advice, or nothing about scams) sums teach as in 4, and names that the rules find teach nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nlp.extract.amounts import find_sums
from nlp.extract.persons import find_persons
from nlp.records import Amount
from nlp.spelling import fold

PERSON_KEYS = {"suspects": "suspect", "victims": "victim", "officials": "official", "others": "other"}
UNKNOWN = ""  # role: not known; kind: nothing is known of these characters
_DIGIT = re.compile(r"[0-9.,一二三四五六七八九十百千万亿两几数]")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A mention: characters start..end of the text, kind ("person", "amount"…) and role; either may be `UNKNOWN`."""

    start: int
    end: int
    kind: str
    role: str


def project(text: str, incidents: Sequence[Mapping[str, Any]]) -> tuple[Tagged, ...]:
    """Spans of persons and sums, sorted, none overlapping; role and kind may be `UNKNOWN`."""
    taken = [False] * len(text)
    found: list[Tagged] = []
    # 1. and 3. Names, the longest first.
    names: dict[str, set[str]] = defaultdict(set)
    for incident in incidents:
        for key, role in PERSON_KEYS.items():
            for name in incident.get(key, ()):
                names[name].add(role)
    for name in sorted(names, key=len, reverse=True):
        roles = names[name]
        # A bare surname stands in too many words to be looked for.
        kind, role = ("person", next(iter(roles)) if len(roles) == 1 else UNKNOWN) if len(name) > 1 else ("", "")
        found += _mark(text, name, kind, role, taken)
    # 1. and 3. Sums as written in gold.
    sums: dict[str, set[str]] = defaultdict(set)
    bounds: dict[tuple[Decimal, Decimal], set[str]] = defaultdict(set)
    for incident in incidents:
        for amount in incident.get("amounts", ()):
            sums[amount["surface"]].add(amount["role"])
            if amount.get("cny_min") is not None and amount.get("cny_max") is not None:
                bounds[Decimal(str(amount["cny_min"])), Decimal(str(amount["cny_max"]))].add(amount["role"])
    for surface in sorted(sums, key=len, reverse=True):
        roles = sums[surface]
        found += _mark(text, surface, "amount", next(iter(roles)) if len(roles) == 1 else UNKNOWN, taken, number=True)
    # 2. and 4. Sums that the rules find.
    for mention in find_sums(fold(text)):
        if isinstance(mention.value, Amount):
            roles = bounds.get((mention.value.value_min, mention.value.value_max), set())
            role = next(iter(roles)) if len(roles) == 1 else UNKNOWN
            found += _claim(mention.start, mention.end, "amount", role, taken)
    # 5. and 6. Names that the rules find.
    surnames = {name[0] for name in names}
    for person in find_persons(text):
        if not incidents or person.surface[:1] in surnames:
            found += _claim(person.start, person.end, UNKNOWN, UNKNOWN, taken)
    return tuple(sorted(found, key=lambda span: span.start))


def project_roles(text: str, roles: Iterable[tuple[int, int, str]]) -> tuple[Tagged, ...]:
    """Spans of sums judged one by one (start, end, role), and of what nobody judged: names, which teach nothing, and further sums."""
    taken = [False] * len(text)
    found: list[Tagged] = []
    for start, end, role in roles:
        found += _claim(start, end, "amount", role, taken)
    for mention in find_sums(fold(text)):
        found += _claim(mention.start, mention.end, "amount", UNKNOWN, taken)
    for person in find_persons(text):
        found += _claim(person.start, person.end, UNKNOWN, UNKNOWN, taken)
    return tuple(sorted(found, key=lambda span: span.start))


def _mark(text: str, surface: str, kind: str, role: str, taken: list[bool], number: bool = False) -> list[Tagged]:
    """Every place of a surface that is free yet; of a sum, none before which its digits begin."""
    found: list[Tagged] = []
    at = text.find(surface)
    while at >= 0:
        inside = number and at > 0 and _DIGIT.match(text[at - 1]) and _DIGIT.match(surface)
        claimed = [] if inside else _claim(at, at + len(surface), kind, role, taken)
        found += claimed
        at = text.find(surface, at + (len(surface) if claimed else 1))
    return found


def _claim(start: int, end: int, kind: str, role: str, taken: list[bool]) -> list[Tagged]:
    if start >= end or any(taken[start:end]):
        return []
    taken[start:end] = [True] * (end - start)
    return [Tagged(start, end, kind, role)]
