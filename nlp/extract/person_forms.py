"""The tables that names are read with: family names, given-name characters, titles, common words that only look like names.

In: data files under `nlp/extract/lexicon/`. Out: sets and records, loaded at the first call and kept. Finds nothing itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

HAN = re.compile(r"[一-鿿]")
# Punctuation and space beside which a name begins or ends; "" stands for the border of the text.
CLOSES = frozenset("、，。；：！？（）()“”\"'’》】]…,;:!?. \n\t/|") | {""}
# A word for a person just before a name: 嫌疑人马某某 is 马某某, though 人马 is a word.
PERSON_BEFORE = re.compile(
    r"(?:嫌疑人|被告人|被告|受害人|被害人|受害者|事主|男子|女子|市民|村民|居民|群众|员工|民警|同伙|上线|下线)\Z"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible person: span, name without spaces, form, the rule that found it, how sure it is."""

    start: int
    end: int
    name: str
    form: str
    rule: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Title:
    """A title beside a name. `place`: after, before or both; `role` "" where the title alone tells nothing."""

    word: str
    place: str
    role: str
    gender: str


def _lines(name: str) -> list[str]:
    text = resources.files("nlp.extract").joinpath("lexicon", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _borders() -> dict[str, str]:
    return dict(line.split("\t") for line in _lines("name_borders.tsv"))


@cache
def after_name() -> frozenset[str]:
    """Characters that begin what follows a name: a name may end before any of them."""
    return frozenset(_borders()["after"])


@cache
def after_name_words() -> frozenset[str]:
    """Words that follow a name and outweigh a word made by chance across its end."""
    return frozenset(_borders()["after_words"].split())


@cache
def never_given() -> frozenset[str]:
    """Characters that stand in no given name."""
    return frozenset(_borders()["never_given"])


@cache
def particles() -> frozenset[str]:
    """Family names that are also little words: 于, 向, 时."""
    return frozenset(_borders()["particles"])


@cache
def transliteration() -> frozenset[str]:
    """Characters of transliterated names."""
    return frozenset(_borders()["transliteration"])


@cache
def surnames() -> dict[str, frozenset[str]]:
    """Family names by class: plain, wary (also ends common words), rare (counts only before 某 or a title), compound (two characters)."""
    rows = dict(line.split("\t") for line in _lines("surnames.txt"))
    return {
        "plain": frozenset(rows["plain"]),
        "wary": frozenset(rows["wary"]),
        "rare": frozenset(rows["rare"]),
        "compound": frozenset(rows["compound"].split()),
    }


@cache
def given_characters() -> frozenset[str]:
    """Characters that often stand in given names."""
    return frozenset("".join(_lines("given_characters.txt")))


@cache
def common_words() -> frozenset[str]:
    """Words of two and three characters that are no names: 高额, 安全, 交易."""
    words: set[str] = set()
    for line in _lines("common_words.txt"):
        head, tails = line.split("\t")
        words.update(head + tail for tail in tails.split(" "))
    return frozenset(words)


@cache
def not_names() -> dict[str, frozenset[str]]:
    """Strings that look like names and are none, by the rule that would take them."""
    return {row[0]: frozenset(row[1].split()) for row in (line.split("\t") for line in _lines("not_names.tsv"))}


@cache
def titles() -> dict[str, Title]:
    """All titles by their word."""
    found = {}
    for line in _lines("person_titles.tsv"):
        word, place, role, gender = line.split("\t")
        found[word] = Title(word, place, "" if role == "-" else role, "" if gender == "-" else gender)
    return found


@cache
def after_titles() -> re.Pattern[str]:
    """Titles that follow a family name."""
    words = sorted((t.word for t in titles().values() if t.place in ("after", "both")), key=len, reverse=True)
    return re.compile("|".join(words))


@cache
def before_titles() -> re.Pattern[str]:
    """Titles that precede a name, with the blanks and quotes between."""
    words = sorted((t.word for t in titles().values() if t.place in ("before", "both")), key=len, reverse=True)
    return re.compile("(?:" + "|".join(words) + r")[ :：“\"]{0,2}(?=[一-鿿])")


@cache
def _title_end() -> re.Pattern[str]:
    words = sorted((t.word for t in titles().values() if t.place != "before"), key=len, reverse=True)
    return re.compile("(?:" + "|".join(words) + r")\Z")


def title_at_end(name: str) -> Title | None:
    """The title a name ends with: 女士 of 王女士."""
    match = _title_end().search(name)
    return titles()[match.group()] if match else None


def family_length(text: str, start: int) -> int:
    """Length of the family name that begins at `start`: 2 for 欧阳, 1 for 王, 0 for none."""
    table = surnames()
    if text[start : start + 2] in table["compound"]:
        return 2
    character = text[start : start + 1]
    return 1 if character in table["plain"] or character in table["wary"] else 0


def family_before(text: str, end: int) -> tuple[int, bool]:
    """Length of the family name that ends at `end`, and whether it is wary; (0, False) for none."""
    table = surnames()
    if end >= 2 and text[end - 2 : end] in table["compound"]:
        return 2, False
    character = text[end - 1 : end] if end else ""
    if character in table["plain"]:
        return 1, False
    return (1, True) if character in table["wary"] or character in table["rare"] else (0, False)


def may_end(folded: str, end: int) -> bool:
    """Whether a name may end at `end`: punctuation, the end, or the beginning of what people do."""
    return end >= len(folded) or folded[end] in CLOSES or folded[end] in after_name()
