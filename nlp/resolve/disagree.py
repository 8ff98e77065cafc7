"""What the sources of one incident disagree on, every telling kept with who tells it.

In: sourced cases of one incident, and which documents are reprints of one another. Out: `Contradiction`s. It decides nothing and
hides nothing: a value that only one source gives is no contradiction, two values for one thing are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from nlp.incident import Contradiction, SourcedCase, Telling
from nlp.money import write_money
from nlp.records import Count, Place
from nlp.resolve.features import path
from nlp.resolve.tell import ROLE_NAMES, case_total, fact_text

_COUNTED = {"victims": "受害人数", "suspects": "涉案人数", "accounts": "账号数", "people": "涉及人数"}
_PEOPLE_UNITS = frozenset(("名", "人", "位", "人次", "余人"))
# 9 people caught here and 550 in the whole country are two things, 1.8万 and 1.88万 are one; papers seldom err by more than half.
_COMPARABLE = 3
_SCENE = ("scene", "victim_home", "handling_police")


def _largest_counts(sourced: SourcedCase) -> dict[str, Count]:
    """The largest count of each sort that a case tells; parts (5 caught in one place) stand beside totals in a text."""
    largest: dict[str, Count] = {}
    for mention in sourced.case.counts:
        value = mention.value
        if not isinstance(value, Count):
            continue
        # 1.88万名群众: people of whom the words around do not say whether they lost anything.
        what = "people" if value.what == "other" and value.unit in _PEOPLE_UNITS else value.what
        if what in _COUNTED and value.maximum > largest.get(what, Count(0, 0, "")).maximum:
            largest[what] = value
    return largest


def _main_scene(sourced: SourcedCase) -> tuple[str, ...]:
    """Where a case says it happened: the place told most often, cut at city level; () where it tells none."""
    for role in _SCENE:
        told = Counter(
            path(m.value.region)[:2]
            for m in sourced.case.places
            if m.role == role and isinstance(m.value, Place) and m.value.region
        )
        if told:
            return max(told, key=lambda place: (told[place], len(place)))
    return ()


def _tellings(rows: Mapping[str, set[str]], groups: Mapping[str, int]) -> tuple[Telling, ...]:
    tellings = [
        Telling(text, len({groups[d] for d in documents}), tuple(sorted(documents))) for text, documents in rows.items()
    ]
    return tuple(sorted(tellings, key=lambda telling: (-telling.sources, telling.text)))


def contradictions(cases: Sequence[SourcedCase], groups: Mapping[str, int]) -> tuple[Contradiction, ...]:
    """Fields for which documents give different values: sums by role, counts of people and accounts, the place.

    `groups` maps a document to the number of its group of reprints. One document cannot contradict itself here.
    """
    if len({sourced.source.document_id for sourced in cases}) < 2:
        return ()
    rows: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    sizes: dict[str, list[int]] = defaultdict(list)
    scenes: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for sourced in cases:
        document = sourced.source.document_id
        for role, name in ROLE_NAMES.items():
            if total := case_total(sourced, role):
                rows[name][write_money(*total)].add(document)
        for what, count in _largest_counts(sourced).items():
            rows[_COUNTED[what]][fact_text(count)].add(document)
            sizes[_COUNTED[what]].append(max(count.minimum, 1))
        if scene := _main_scene(sourced):
            scenes[scene].add(document)
    for name, numbers in sizes.items():
        if max(numbers) > _COMPARABLE * min(numbers):
            del rows[name]
    # 贵州省 contradicts 广西壮族自治区/贵港市; 广西壮族自治区 does not, it only says less.
    if any(a[: len(b)] != b and b[: len(a)] != a for a in scenes for b in scenes):
        rows["地点"] = {"/".join(scene): documents for scene, documents in scenes.items()}
    return tuple(Contradiction(name, _tellings(told, groups)) for name, told in sorted(rows.items()) if len(told) > 1)
