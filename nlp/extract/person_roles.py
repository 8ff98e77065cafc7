"""The role a person plays: suspect, victim, official or other, from the words beside every mention of the name.

In: a folded text and the person mentions found in it. Out: the same mentions with role and confidence. Finds no names.

1. The text is read with every person written @ and brackets after names dropped, so that a list shares its first word's evidence
   (嫌疑人@、@和@).
2. Each mention collects points from the cue table (`lexicon/person_cues.tsv`), its title and its form; points of all mentions of one
   name are added.
3. A linear model over the cues, what they add up to and the words beside all mentions of a name decides; its weights lie in
   `person_roles.json` (`training.train_person_roles` makes them). Points alone were right for 0.67 of the names of voices that nothing was
   learned from, the model for 0.82; on real texts both for 0.95.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from typing import cast

from nlp.extract import linear
from nlp.extract.linear import Weights
from nlp.extract.person_forms import title_at_end
from nlp.extract.surroundings import beside, traits
from nlp.records import Mention, PersonName

ROLES = ("suspect", "victim", "official", "other")
WINDOW = 40  # characters of context kept on each side before persons and brackets are folded away
REACH = 16
_UNSURE = math.log(0.4)  # of four roles; 0.3 to 0.5 are alike on names that the model has not seen


@dataclass(frozen=True, slots=True)
class Cue:
    """One row of the cue table."""

    name: str
    side: str
    reach: str
    pattern: re.Pattern[str]
    role: str
    weight: float
    example: str
    counter: str


@cache
def cues() -> tuple[Cue, ...]:
    """The cue table in file order."""
    text = resources.files("nlp.extract").joinpath("lexicon", "person_cues.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Cue(n, s, r, re.compile(p), role, float(w), e, c) for n, s, r, p, role, w, e, c in rows)


_BRACKETS = re.compile(r"@[（(][^（()）@]{0,40}[)）]")
_BRACKET_ONLY = re.compile(
    r"[\"”’」』]?(?:[（(][^（()）\n]{0,60}[)）])?(?:等人)?[、，,和与及 ]{0,2}(?:以及)?"
    r"(?:(?:其|他的|她的)?(?:妻子|丈夫|儿子|女儿|父亲|母亲|大哥|哥哥|弟弟|姐姐|妹妹|女友|男友|同伙|同乡|朋友))?[“\"‘「『]?\Z"
)
_LISTED = re.compile(r"[、和与及 ]")
_BRACKETED = re.compile(r"[（(][^（()）\n]{0,60}[)）]")
_QUOTES = "“”\"'‘’「」『』 "
_SENTENCE = re.compile(r"[。！？\n]")
# 被告人周某，曾用名李某: two names, one person.
_OTHER_NAME = re.compile("曾用名|又名|别名|绰号|外号|小名")
_ALSO_CALLED = re.compile(f"@[，,]?(?:{_OTHER_NAME.pattern})[为是叫:：]?$")


def _chains(folded: str, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """For every mention, the first and the last mention of the list it stands in: 蔡某、江某（男，22岁）和文某 is one chain."""
    firsts = list(range(len(mentions)))
    for index in range(1, len(mentions)):
        gap = folded[mentions[index - 1].end : min(mentions[index].start, mentions[index - 1].end + 70)]
        if (
            mentions[index].start - mentions[index - 1].end <= 66
            and _BRACKET_ONLY.match(gap)
            and _LISTED.search(_BRACKETED.sub("", gap))
        ):
            firsts[index] = firsts[index - 1]
    lasts = list(range(len(mentions)))
    for index in range(len(mentions) - 2, -1, -1):
        if firsts[index + 1] == firsts[index]:
            lasts[index] = lasts[index + 1]
    return list(zip(firsts, lasts, strict=True))


def contexts(folded: str, mentions: Sequence[Mention]) -> list[tuple[str, str]]:
    """Left and right context of every mention in its sentence, persons written @, brackets after them dropped.

    Members of a list share the left context of its first and the right context of its last member.
    """
    # 1. the whole text once with every person written @; brackets hold no person, so the n-th @ stays the n-th mention
    pieces = []
    at = 0
    for mention in mentions:
        pieces += [folded[at : mention.start].replace("@", " "), "@"]
        at = mention.end
    pieces.append(folded[at:].replace("@", " "))
    written = _BRACKETS.sub("@", "".join(pieces))
    places = [match.start() for match in re.finditer("@", written)]
    # 2. windows, cut at sentence borders; quotation marks beside the name do not part it from its cue
    found = []
    for first, last in _chains(folded, mentions):
        left = written[max(0, places[first] - WINDOW) : places[first]].rstrip(_QUOTES)
        right = written[places[last] + 1 : places[last] + 1 + WINDOW].lstrip(_QUOTES)
        found.append((_SENTENCE.split(left)[-1], _SENTENCE.split(right, maxsplit=1)[0]))
    return found


@cache
def _cue_groups() -> tuple[tuple[Cue, ...], tuple[Cue, ...], tuple[Cue, ...]]:
    """Cues that read the left context, the beginning of the right one, and the near right one."""
    return (
        tuple(c for c in cues() if c.side == "left"),
        tuple(c for c in cues() if c.side == "right" and c.reach == "touch"),
        tuple(c for c in cues() if c.side == "right" and c.reach == "near"),
    )


def fired(left: str, right: str) -> list[Cue]:
    """The cues that the two contexts of one mention fire."""
    lefts, touches, nears = _cue_groups()
    found = []
    if left:
        near_left = left[-REACH - 8 :]
        found += [cue for cue in lefts if cue.pattern.search(near_left)]
    if right:
        near_right = right[:REACH]
        found += [cue for cue in touches if cue.pattern.match(right)]
        found += [cue for cue in nears if cue.pattern.search(near_right)]
    return found


@lru_cache(maxsize=8192)
def _points(left: str, right: str) -> tuple[tuple[str, float], ...]:
    """Points by role. Kept for repeated contexts, so that a page of nothing but names costs little."""
    points: dict[str, float] = defaultdict(float)
    for cue in fired(left, right):
        points[cue.role] += cue.weight
    return tuple(points.items())


def _form_points(value: PersonName) -> dict[str, float]:
    """What the form alone says: titles from their table; a full or masked name nothing."""
    points: dict[str, float] = {}
    if value.form == "titled":
        points["victim"] = 1.0
        title = title_at_end(value.name)
        if title and title.role:
            points = {title.role: 4.0}
    elif value.form == "full":
        points["other"] = 0.5
    elif value.form == "alias":
        points["victim" if value.name[0] in "小阿" else "suspect"] = 1.0
    elif value.form == "masked":
        points["suspect"] = 0.5
    return points


def by_points(points_of: dict[str, float]) -> tuple[str, float]:
    """The role with most points and its lead over the next; "other" where nothing points anywhere."""
    ranked = sorted(((points, -ROLES.index(role), role) for role, points in points_of.items()), reverse=True)
    if not ranked:
        return "other", 0.0
    return ranked[0][2], ranked[0][0] - (ranked[1][0] if len(ranked) > 1 else 0.0)


def describe(folded: str, mentions: Sequence[Mention]) -> dict[str, list[str]]:
    """Name → feature names over all its mentions: cues and what they add up to, words beside it, form, title, the text as a whole."""
    title_end = folded.find("\n")
    whole = traits(folded)
    features: dict[str, list[str]] = {}
    totals: dict[str, dict[str, float]] = {}
    told: Counter[str] = Counter(cast(PersonName, mention.value).name for mention in mentions)
    for index, (mention, (left, right)) in enumerate(zip(mentions, contexts(folded, mentions), strict=True)):
        value = cast(PersonName, mention.value)
        own = features.get(value.name)
        if own is None:
            title = title_at_end(value.name)
            totals[value.name] = _form_points(value)
            own = features[value.name] = [
                *whole,
                f"form:{value.form}",
                f"form:{value.form}:{whole[0]}",
                f"title:{title.word if title else ''}",
                f"relation:{value.relation}",
                f"gender:{value.gender}",
                f"told:{min(told[value.name], 5)}",
                f"place:{min(index, 4)}",
                f"people:{min(len(told), 6)}",
            ]
        total = totals[value.name]
        for role, points in _points(left, right):
            total[role] = total.get(role, 0.0) + points
        own += _told_beside(left, right)
        if mention.start <= title_end <= 60:
            own.append("in_title")
    for name, own in features.items():
        role, lead = by_points(totals[name])
        own += [f"points:{role}", f"points:{role}{min(int(lead), 6)}"]
    return features


@lru_cache(maxsize=8192)
def _told_beside(left: str, right: str) -> tuple[str, ...]:
    """Features of one mention; kept for repeated contexts, so that a page of nothing but names costs little."""
    return (*(f"cue:{cue.name}" for cue in fired(left, right)), *beside(left, right))


def decide(features: Sequence[str], weights: Weights) -> str:
    """The role of one person, from what `describe` gives: the model's, or where it is unsure the one that most points speak for."""
    role, chance = linear.best(features, weights)
    if chance >= _UNSURE:
        return role
    return next(role for role in ROLES if f"points:{role}" in features)


def assign_roles(folded: str, mentions: Sequence[Mention], weights: Weights | None = None) -> list[Mention]:
    """`mentions` (persons, sorted, not overlapping) with `role` filled; every mention of one name has one role."""
    if not mentions:
        return []
    weights = weights or linear.shipped("person_roles")
    roles = {name: decide(features, weights) for name, features in describe(folded, mentions).items()}
    if _OTHER_NAME.search(folded):
        for (left, _), earlier, mention in zip(contexts(folded, mentions)[1:], mentions, mentions[1:], strict=False):
            if _ALSO_CALLED.search(left):
                roles[cast(PersonName, mention.value).name] = roles[cast(PersonName, earlier.value).name]
    return [replace(mention, role=roles[cast(PersonName, mention.value).name]) for mention in mentions]
