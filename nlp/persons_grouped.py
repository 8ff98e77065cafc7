"""Mentions of persons grouped into people: 陈某 is 陈某丰 where only one 陈某… fits, and is dropped where two do.

In: person mentions of one case (roles filled). Out: one `Person` a person under the fullest name, all mentions kept with it.
Reads no text: names, roles and distances decide.

1. Mentions are gathered by name.
2. A short name joins the one longer name it can stand for: 陈某 → 陈某丰 or 陈大丰, 小章 → 章某明, and 王某 ↔ 王女士 (the one told more
   often wins). With two or more candidates it is dropped, for nobody can say who it is; with none it stands for itself.
   A name with age or origin of its own, or beside the longer name in a list, is a person of its own.
3. Role: the one with most confidence over all mentions; attributes: the first that is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from nlp.records import Mention, Person, PersonName, PersonRole

# Two names closer than this stand in one list (陈某、陈某丰): they are different people.
_LIST_GAP = 2
# A lone 王某 of another role is still the 王女士 told of at least this often: a slip of the pen, seen 3 times in 386 documents.
_OFTEN = 5


def _value(mention: Mention) -> PersonName:
    return cast(PersonName, mention.value)


def _family(name: PersonName) -> str:
    """The family name as far as the form shows it: 王 of 王女士, 小王, 王某丰."""
    if name.form == "titled" and name.name[:1] in ("小", "老"):
        return name.name[1:2]
    return name.name[: name.name.index("某")] if "某" in name.name[:3] else name.name[:1]


def _bare(name: PersonName) -> bool:
    """Whether a masked name shows nothing but the family name: 陈某, 陈某某."""
    return name.form == "masked" and name.name.endswith("某") and name.name.count("某") <= 2


def _stands_for(short: list[Mention], long: list[Mention], same_role: bool) -> bool:
    """Whether the first name can be a shorter way to write the second, all their mentions considered."""
    a, b = _value(short[0]), _value(long[0])
    if _family(a) != _family(b) or a.name == b.name:
        return False
    if _bare(a):
        if b.form == "titled":
            return len(short) < len(long) if same_role else len(short) == 1 and len(long) >= _OFTEN
        if not same_role or a.name.count("某") != 1:
            return False
        return b.form == "full" or (b.form == "masked" and b.name.startswith(a.name) and not b.name.endswith("某"))
    if a.form == "titled" and same_role:
        if a.name[0] in "小老" and b.form == "masked" and not _bare(b):
            return True
        return _bare(b) and len(short) < len(long)
    return False


def _beside(mentions: list[Mention]) -> set[int]:
    """Where a name that stands next to one of these mentions begins or ends."""
    borders = {m.end + gap for m in mentions for gap in range(_LIST_GAP + 1)}
    return borders | {m.start - gap for m in mentions for gap in range(_LIST_GAP + 1)}


def _owners(by_name: dict[str, list[Mention]]) -> dict[str, str]:
    """Short name → the name it stands for, "" where two or more fit."""
    families: dict[str, list[str]] = {}
    for name, own in by_name.items():
        families.setdefault(_family(_value(own[0])), []).append(name)
    owners = {}
    roles = {name: _role(own)[0] for name, own in by_name.items()}
    for name, own in by_name.items():
        if not _bare(_value(own[0])) and _value(own[0]).form != "titled":
            continue
        if any(_value(m).age is not None or _value(m).origin for m in own):
            continue  # introduced in its own right: 陈某（男，34岁）
        borders = _beside(own)
        fits = [
            other
            for other in families[_family(_value(own[0]))]
            if _stands_for(own, by_name[other], roles[name] == roles[other])
            and not any(m.start in borders or m.end in borders for m in by_name[other])
        ]
        if fits:
            owners[name] = fits[0] if len(fits) == 1 else ""
    return owners


def group_persons(mentions: Iterable[Mention]) -> tuple[Person, ...]:
    """People behind the person mentions of one case, in order of first mention.

    Mentions of other kinds are passed over. A short name that two people could bear is dropped. Offsets are left as they are.
    """
    # 1. by name
    by_name: dict[str, list[Mention]] = {}
    for mention in sorted((m for m in mentions if m.kind == "person"), key=lambda m: (m.start, m.end)):
        by_name.setdefault(_value(mention).name, []).append(mention)
    # 2. short names to long ones; a chain (小陈 → 陈某 → 陈大丰) is followed to its end
    owners = _owners(by_name)
    gathered = {name: list(own) for name, own in by_name.items() if name not in owners}
    for name in owners:
        seen = {name}
        long = owners[name]
        while long in owners and long not in seen:
            seen.add(long)
            long = owners[long]
        if long in gathered:
            gathered[long].extend(by_name[name])
    # 3. people
    people = [_person(name, sorted(own, key=lambda m: m.start)) for name, own in gathered.items()]
    return tuple(sorted(people, key=lambda p: p.mentions[0].start))


def _role(mentions: Iterable[Mention]) -> tuple[str, float]:
    """The role with most confidence over `mentions`, and that confidence."""
    weights: dict[str, float] = {}
    for mention in mentions:
        role = mention.role or "other"
        weights[role] = weights.get(role, 0.0) + mention.confidence
    return max(weights.items(), key=lambda item: item[1])


def _person(name: str, mentions: list[Mention]) -> Person:
    role, weight = _role(mentions)
    values = [_value(m) for m in mentions]
    return Person(
        name,
        cast(PersonRole, role),
        tuple(mentions),
        age=next((v.age for v in values if v.age is not None), None),
        gender=next((v.gender for v in values if v.gender), ""),
        origin=next((v.origin for v in values if v.origin), ""),
        relation=next((v.relation for v in values if v.relation), ""),
        confidence=round(weight / len(mentions), 4),
    )
