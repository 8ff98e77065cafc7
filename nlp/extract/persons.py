"""Persons: every span of a text that stands for a person, with form, age, gender, origin and role.

In: clean article text. Out: `Mention`s of kind "person", sorted, not overlapping, offsets in that text. Grouping mentions
into people is `nlp.persons_grouped`; what role a person plays is decided in `nlp.extract.person_roles`.

Steps of `find_persons`:
1. regular forms: masked (陈某丰), titled (王女士), familiar (小张), quoted (“豆豆”), foreign (阿卜杜·热合曼);
2. full names: beside evidence (a title before or after, brackets with age or sex, a verb of saying, a list of names), and by a learned score;
3. the same names elsewhere in the text;
4. overlaps settled, attributes read from brackets;
5. roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nlp.extract.person_aliases import find_aliases, find_foreign
from nlp.extract.person_forms import (
    Candidate,
    title_at_end,
    titles,
)
from nlp.extract.person_full import FullNames, find_full
from nlp.extract.person_learned import find_learned, unlikely
from nlp.extract.person_masked import find_familiar, find_masked, find_titled
from nlp.extract.person_roles import assign_roles
from nlp.records import Mention, PersonName
from nlp.spelling import fold

_ATTRIBUTES = re.compile(r"[（(]([^（()）\n]{1,60})[)）]")
_AGE = re.compile(r"(?<!\d)(\d{1,2})\s*(?:周岁|岁)")
_ORIGIN = re.compile(r"(?:^|[，,、\s:：])(?:系|籍贯)?([一-鿿]{2,12}?(?:人|籍))(?=$|[，,、\s])")


def _again(folded: str, names: dict[str, Candidate]) -> Iterator[Candidate]:
    """Every other place where a name already found stands."""
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for name, candidate in names.items():
        automaton.add_word(name, candidate)
    if not names:
        return
    automaton.make_automaton()
    for last, candidate in automaton.iter(folded):
        name = folded[last + 1 - len(candidate.name) : last + 1]
        yield Candidate(
            last + 1 - len(name), last + 1, name, candidate.form, "again_" + candidate.rule, candidate.confidence * 0.9
        )


_STRENGTH = {"masked": 5, "titled": 4, "foreign": 4, "full": 3, "alias": 2}


def _settled(candidates: Iterable[Candidate], taken: list[tuple[int, int]]) -> list[Candidate]:
    """No overlaps: longer first within masked and titled, stronger forms first; nothing inside `taken`."""
    # Of equals the one found first: the order of a set would change from one process to the next.
    ranked = sorted(
        dict.fromkeys(candidates), key=lambda c: (-(c.end - c.start) - _STRENGTH[c.form], -c.confidence, c.start)
    )
    top = max((c.end for c in ranked), default=0)
    covered = bytearray(top + 1)
    for start, end in taken:
        for at in range(start, min(end, top)):
            covered[at] = 1
    kept = []
    for candidate in ranked:
        if any(covered[candidate.start : candidate.end]):
            continue
        covered[candidate.start : candidate.end] = b"\x01" * (candidate.end - candidate.start)
        kept.append(candidate)
    return sorted(kept, key=lambda c: c.start)


def _relation(folded: str, start: int) -> str:
    """The title just before a name: 队长, 研究员, 父亲; "" for none."""
    near = folded[max(0, start - 8) : start].rstrip(' ：:“"')
    for length in (5, 4, 3, 2):
        title = titles().get(near[-length:]) if len(near) >= length else None
        if title and title.place != "after":
            return title.word
    return ""


def _attributes(folded: str, candidate: Candidate) -> tuple[int | None, str, str]:
    """Age, gender and origin from the brackets after a name and from its title: 胡某某（男，22岁，重庆人）."""
    gender = ""
    if candidate.form == "titled":
        title = title_at_end(candidate.name)
        gender = title.gender if title else ""
    match = _ATTRIBUTES.match(folded, candidate.end)
    if not match:
        return None, gender, ""
    inside = match.group(1)
    age = _AGE.search(inside)
    sex = re.search(r"[男女]", inside)
    origin = _ORIGIN.search(inside)
    return (
        int(age.group(1)) if age else None,
        sex.group() if sex else gender,
        origin.group(1) if origin else "",
    )


def candidates(folded: str, taken: Iterable[tuple[int, int]] = ()) -> list[Candidate]:
    """All settled candidates of a folded text, in order."""
    reader = FullNames(folded)
    found = [
        *find_masked(folded),
        *find_titled(folded, reader),
        *find_familiar(folded),
        *find_aliases(folded),
        *find_foreign(folded),
        *find_full(folded, reader),
        *find_learned(folded),
    ]
    hardly = unlikely(folded)
    found = [c for c in found if (c.start, c.end) not in hardly]
    names: dict[str, Candidate] = {}
    for candidate in found:
        if candidate.form in ("full", "alias", "foreign") and folded[candidate.start : candidate.end] == candidate.name:
            best = names.get(candidate.name)
            if best is None or candidate.confidence > best.confidence:
                names[candidate.name] = candidate
    return _settled([*found, *_again(folded, names)], list(taken))


def find_persons(text: str, taken: Iterable[Mention] = ()) -> list[Mention]:
    """Every person mentioned in `text`, sorted by start, not overlapping.

    text: a clean article, title line first. taken: mentions of other kinds (organisations, platforms) that hold no person.
    Offsets are characters of `text`; `surface == text[start:end]`; `value` is a `PersonName` whose name has no spaces;
    `role` is suspect, victim, official or other. Never raises on any text.
    """
    folded = fold(text)
    spans = [(m.start, m.end) for m in taken if m.kind in ("organisation", "platform", "account", "contact")]
    mentions = []
    for candidate in candidates(folded, spans):
        age, gender, origin = _attributes(folded, candidate)
        surface = text[candidate.start : candidate.end]
        name = "".join(surface.split())
        value = PersonName(name, candidate.form, age, gender, origin, _relation(folded, candidate.start))
        mentions.append(
            Mention(
                "person",
                candidate.start,
                candidate.end,
                surface,
                value,
                "",
                candidate.confidence,
                "rule:" + candidate.rule,
            )
        )
    return assign_roles(folded, mentions)
