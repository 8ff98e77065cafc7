"""Where a name may stand, and what stands in and around it, as named features: the columns of `person_names.json`.

In: a folded text. Out: places of four sorts, and a list of feature names a place. Sorts: "full" (a family name and one or two characters),
"familiar" (小訾, 老童, 阿强), "titled" (支先生, 岑伯), "masked" (whether the character behind 某 still belongs: 丁某花). Decides nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from nlp.extract.person_forms import (
    CLOSES,
    HAN,
    after_name,
    after_name_words,
    after_titles,
    before_titles,
    common_words,
    given_characters,
    never_given,
    surnames,
    titles,
)
from nlp.extract.person_full import COMMA_PERSON, SAYS
from nlp.segment import is_word


class Place(NamedTuple):
    """Characters start..end, how many of them are the family name (or 小, 老, 阿), and the sort."""

    start: int
    end: int
    family: int
    sort: str


_BRACKET = re.compile(r"[（(](?=男|女|化名|化姓|汉族|\d{1,2}岁|网名|绰号|另案|在逃|已判|身份证|时年|现年)")
_ADDRESSED = frozenset({"先生", "女士", "小姐", "警官", "老师"})
_CALLED_SO = re.compile(r"[小老阿]([一-鿿])")
# Titles of one character are told of nobody else only behind a family name: 岑伯, 俞姐.
_DIVISIONS = frozenset("省市县区镇乡村")  # no given name: 西地省
_SHORT_TITLES = "哥姐伯婶叔嫂总队局"


@cache
def _families() -> re.Pattern[str]:
    table = surnames()
    return re.compile(
        "|".join(sorted(table["compound"])) + "|[" + "".join(sorted(table["plain"] | table["wary"])) + "]"
    )


@cache
def _titled() -> re.Pattern[str]:
    table = surnames()
    single = "".join(sorted(table["plain"] | table["wary"] | table["rare"]))
    return re.compile(
        f"({'|'.join(sorted(table['compound']))}|[{single}])(?:老|副)?(?:{after_titles().pattern}|[{_SHORT_TITLES}])"
    )


@cache
def _masked() -> re.Pattern[str]:
    table = surnames()
    single = "".join(sorted(table["plain"] | table["wary"] | table["rare"]))
    return re.compile(f"({'|'.join(sorted(table['compound']))}|[{single}])某(?=[一-鿿])(?!某)")


@cache
def _ungiven() -> frozenset[str]:
    return never_given() | {"某"}


def _full(folded: str) -> Iterator[Place]:
    begins = _families()
    at = 0
    while match := begins.search(folded, at):
        start, given = match.span()
        at = start + 1
        for end in (given + 1, given + 2):
            character = folded[end - 1 : end]
            if not HAN.match(character) or character in _ungiven() or character in _DIVISIONS:
                break
            if folded[given:end] in titles() or folded[given : given + 2] in titles():
                break
            yield Place(start, end, given - start, "full")


def places(folded: str) -> list[Place]:
    """Every place of a text where a name may stand; they overlap."""
    found = list(_full(folded))
    known = given_characters() | surnames()["plain"] | surnames()["wary"] | surnames()["rare"]
    found += [Place(m.start(), m.end(), 1, "familiar") for m in _CALLED_SO.finditer(folded) if m.group(1) in known]
    at = 0
    while match := _titled().search(folded, at):
        at = match.start() + 1
        found.append(Place(match.start(), match.end(), match.end(1) - match.start(), "titled"))
    found += [
        Place(m.start(), m.end() + 1, m.end(1) - m.start(), "masked")
        for m in _masked().finditer(folded)
        if folded[m.end()] not in never_given()
    ]
    return found


def describe(folded: str, found: Sequence[Place]) -> Iterator[list[str]]:
    """Feature names of each place, in order: characters in and around it, words across its borders, repeats, titles.

    Those of a sort other than "full" begin with the sort: what is told behind 小 is told apart from what is told behind a family name.
    """
    titles_told = [match.span() for match in before_titles().finditer(folded)]
    titled = {end for _, end in titles_told}
    inside = {at for start, end in titles_told for at in range(start + 1, end)}
    counts = Counter(folded[place.start : place.end] for place in found)
    bare = Counter(folded[place.start : place.end - 1] for place in found if place.sort == "masked")
    words, table, known = common_words(), surnames(), given_characters()
    goes_on, follows = after_name(), after_name_words()
    for start, end, family, sort in found:
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
            f"known{n}:{sum(c in known for c in given)}",
            "family:" + ("compound" if family == 2 else "plain" if name[0] in table["plain"] else "wary"),
        ]
        border = "free" if free_right else "after" if right in goes_on else "han"
        features += [
            f"border:{border}",
            f"left:{free_left}",
            f"both{n}:{free_left}{border}",
        ]
        if is_word(name):
            features.append(f"name{n}")
        if n == 2:
            if family == 1 and is_word(name[:2]):
                features.append("first2")
            if is_word(given):
                features.append("given2")
        if not free_left and is_word(left + name[0]):
            features.append(f"into{n}")
        if len(left_two) == 2 and is_word(left_two + name[0]):
            features.append(f"into_two{n}")
        if is_word(left + name[:2]):
            features.append(f"through{n}")
        if not free_right:
            if is_word(given[-1] + right):
                features.append(f"out{n}")
            if is_word(given[-1] + right_two):
                features.append(f"out_two{n}")
        if name in words:
            features.append(f"common{n}")
        if not free_right and len(right_two) == 2 and is_word(right_two):
            features.append("word_after")
        if not free_left and len(left_two) == 2 and is_word(left_two):
            features.append("word_before")
        if right_two in follows:
            features.append("person_word_after")
        count = counts[name]
        features.append(f"told{n}:{min(count, 4)}")
        if n == 1 and count >= 2:  # how often it goes on as the same longer name
            features.append(f"longer:{4 * counts[folded[start : end + 1]] // count}")
        if start in titled:
            features += ["title", f"title{n}:{border}"]
        if SAYS.match(folded, end):
            features.append("says")
        if free_right:
            features += [what for what, cue in (("bracket", _BRACKET), ("age", COMMA_PERSON)) if cue.match(folded, end)]
        if right_two in _ADDRESSED:
            features.append("addressed")
        if start in inside:  # 检察官|梁韵 is no 官梁韵
            features.append("in_title")
        if sort == "masked":  # how often the text goes on so after this family name and 某
            features.append(f"share:{count >= 2}{4 * count // max(1, bare[folded[start : end - 1]])}")
        yield [f"is:{sort}", *(features if sort == "full" else (f"{sort} {name}" for name in features))]
