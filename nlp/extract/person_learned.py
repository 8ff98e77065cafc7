"""Full names by a learned score: 苑淑琴拿出一本, where no title and no list says that a person stands there.

In: a folded text. Out: candidates of the form "full". Every family name followed by one or two characters is scored by a linear model over
what stands in and around it (`describe`); weights in `person_names.json`, which `training.train_person_names` makes. Masked and titled
names are not asked about: `person_masked` reads those.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from nlp.extract.person_forms import (
    CLOSES,
    HAN,
    Candidate,
    after_name,
    after_name_words,
    before_titles,
    common_words,
    given_characters,
    never_given,
    surnames,
    titles,
)
from nlp.segment import is_word

# Measured on documents that the weights have not seen: see docs/quality.md.
SURE = 0.5
_SAYS = re.compile(
    r"(?:对记者|向记者)?(?:表示|介绍|告诉|指出|认为|提醒|坦言|说[，：,:。]|说道|称[，：,:]|交代|供述|供认|回忆|坦白|解释|强调|透露|呼吁|建议|分析)"
)
_BRACKET = re.compile(r"[（(](?=男|女|化名|化姓|汉族|\d{1,2}岁|网名|绰号|另案|在逃|已判|身份证|时年|现年)")
_AGE = re.compile(r"[，,、] ?(?=[男女][，,、。 ]|\d\d岁)")
_ADDRESSED = frozenset({"先生", "女士", "小姐", "警官", "老师"})

Place = tuple[int, int, int]  # start, end, characters of the family name


@cache
def _families() -> re.Pattern[str]:
    table = surnames()
    return re.compile(
        "|".join(sorted(table["compound"])) + "|[" + "".join(sorted(table["plain"] | table["wary"])) + "]"
    )


@cache
def _ungiven() -> frozenset[str]:
    return never_given() | {"某"}


def places(folded: str) -> list[Place]:
    """Where a full name of a known family may stand: every family name with one and with two characters behind."""
    found = []
    begins = _families()
    at = 0
    while match := begins.search(folded, at):
        start, given = match.span()
        at = start + 1
        for end in (given + 1, given + 2):
            character = folded[end - 1 : end]
            if not HAN.match(character) or character in _ungiven():
                break
            if folded[given:end] in titles() or folded[given : given + 2] in titles():
                break
            found.append((start, end, given - start))
    return found


def describe(folded: str, found: Sequence[Place]) -> Iterator[list[str]]:
    """Feature names of each place, in order: characters in and around it, words across its borders, repeats, titles."""
    titled = {match.end() for match in before_titles().finditer(folded)}
    counts = Counter(folded[start:end] for start, end, _ in found)
    words, table = common_words(), surnames()
    for start, end, family in found:
        name, given = folded[start:end], folded[start + family : end]
        n = len(given)
        left, left_two = folded[start - 1 : start] if start else "", folded[max(0, start - 2) : start]
        right, right_two = folded[end : end + 1], folded[end : end + 2]
        free_left, free_right = left in CLOSES, right in CLOSES
        features = [
            f"n{n}",
            f"l:{left}",
            f"ll:{left_two}",
            f"r:{right}",
            f"rr:{right_two}",
            f"{n}r:{right}",
            f"f:{name[:family]}",
            f"g{n}:{given[0]}",
            f"e{n}:{given[-1]}",
            f"known{n}:{sum(c in given_characters() for c in given)}",
            "family:" + ("compound" if family == 2 else "plain" if name[0] in table["plain"] else "wary"),
        ]
        border = "free" if free_right else "after" if right in after_name() else "han"
        features += [
            f"border:{border}",
            f"left:{free_left}",
            f"both{n}:{free_left}{border}",
        ]
        crossing = (
            ("name", is_word(name)),
            ("first", n == 2 and family == 1 and is_word(name[:2])),
            ("given", n == 2 and is_word(given)),
            ("into", not free_left and is_word(left + name[0])),
            ("into_two", len(left_two) == 2 and is_word(left_two + name[0])),
            ("through", is_word(left + name[:2])),
            ("out", not free_right and is_word(given[-1] + right)),
            ("out_two", not free_right and is_word(given[-1] + right_two)),
            ("common", name in words),
        )
        features += [f"{what}{n}" for what, holds in crossing if holds]
        if not free_right and len(right_two) == 2 and is_word(right_two):
            features.append("word_after")
        if not free_left and len(left_two) == 2 and is_word(left_two):
            features.append("word_before")
        if right_two in after_name_words():
            features.append("person_word_after")
        count = counts[name]
        features.append(f"told{n}:{min(count, 4)}")
        if n == 1 and count >= 2:  # how often it goes on as the same longer name
            features.append(f"longer:{4 * counts[folded[start : end + 1]] // count}")
        if start in titled:
            features += ["title", f"title{n}:{border}"]
        features += [
            what for what, cue in (("says", _SAYS), ("bracket", _BRACKET), ("age", _AGE)) if cue.match(folded, end)
        ]
        if right_two in _ADDRESSED:
            features.append("addressed")
        yield features


@cache
def shipped() -> Mapping[str, float]:
    """The weights of the package, read at the first call."""
    text = resources.files("nlp.extract").joinpath("person_names.json").read_text(encoding="utf-8")
    weights: dict[str, float] = json.loads(text)
    return weights


def find_learned(folded: str, weights: Mapping[str, float] | None = None) -> Iterator[Candidate]:
    """Places whose probability of being a name is at least `SURE`; of overlapping ones the most probable."""
    weights = shipped() if weights is None else weights
    found = places(folded)
    scored = []
    for (start, end, _), features in zip(found, describe(folded, found), strict=True):
        score = weights["bias"] + sum(weights.get(name, 0.0) for name in features)
        if score >= math.log(SURE / (1 - SURE)):
            scored.append((-score, start, end))
    covered: set[int] = set()
    for score, start, end in sorted(scored):
        if covered.isdisjoint(range(start, end)):
            covered.update(range(start, end))
            probability = 1 / (1 + math.exp(max(score, -30.0)))
            yield Candidate(start, end, folded[start:end], "full", "full_learned", round(0.4 + probability / 2, 3))
