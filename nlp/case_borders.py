"""Where one case of an article may end and the next begin: headings, numbers, new victims, words like 无独有偶.

In: an article's text and its mentions. Out: `Border`s, sorted. It only proposes; `nlp.cases` decides which borders stand.

1. The text is read as units: sentences and lines, for much of what is told in paragraphs elsewhere comes as one line.
2. A unit may open with a heading of a case (案例一), a number of a run (1、… 2、…, 01 … 02 …) or a word that turns to another case.
3. A unit may open with a victim or suspect nobody has named yet.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from nlp.records import Mention, PersonName, Place

# A full stop may be an ASCII one behind a Chinese character; ；parts stories told in one breath (4月3日，车某……；4月5日，骆某……).
_UNIT_END = re.compile(r"[。！？!?；;\n]+[”’」』\"]?|(?<=[\u4e00-\u9fff）)”])\.(?!\.)")
_BLANK = " \u3000\t\r\n\xa0"
_DIGITS = "一二三四五六七八九十"
# 案例一：…, 【案例2】…, 典型案例三, 案 例 一, 警情1, 真实案例 alone on its line.
_CASE_HEADING = re.compile(
    r"[【\[（(▶►■●★◆#*]{0,3}\s{0,2}(?:典型|真实|相关|近期|最新|身边)?(?:案\s?例|案\s?件|案\s?情|警\s?情)\s{0,2}"
    rf"(?:之?[{_DIGITS}]{{1,3}}|[0-9]{{1,2}}|[①-⑩])(?![0-9起年月日个条名])"
)
# A line that is nothing but 真实案例, 案例回顾, 案情: one may stand in the middle of a single case, several part cases.
_CASE_TITLE = re.compile(
    r"[【\[（(▶►■●★◆#*]{0,3}\s{0,2}(?:典型|真实|身边|相关)?案[例情件](?:回放|回顾|再现|直击|重现)?[】\]）)]?\s{0,2}[:：]?(?=\n)"
)
_NUMBERED = re.compile(
    rf"[【（(#*]{{0,2}}\s{{0,2}}(?:第(?P<nth>[{_DIGITS}])[起例次](?!以)|(?P<roman>[{_DIGITS}]{{1,2}})[、.．，)）]|[（(](?P<inner>[{_DIGITS}]{{1,2}}|[0-9]{{1,2}})[)）]"
    r"|(?P<arab>[0-9]{1,2})[、.．)）](?![0-9])|(?:No|NO)\.?(?P<no>[0-9]{1,2})(?![0-9])|(?P<ring>[①-⑩])"
    r"|(?P<bare>0?[0-9]|[0-9]{2})(?:(?=\n)|[ \u3000]{1,4}(?![0-9年月日时起])))"
)
# WeChat sets 01 as two lines, 0 and 1.
_SPLIT_NUMBER = re.compile(r"0\n{1,3}(?P<split>[1-9])(?=\n)")
# 近日，罗平县公安局接到多名群众报案
_REPORT = re.compile(r"接到?[^，。；]{0,20}(?:报案|报警|求助|举报)|(?:报案|报警)称")
# An entry of a duty log: 08:40　…, 12月9日 …; the blank or colon tells it from a sentence.
_ENTRY = re.compile(
    r"(?<![^\n])(?:[0-9]{1,2}月[0-9]{1,2}日(?:[ \u3000]?[0-9]{1,2}[:：][0-9]{2})?|[0-9]{1,2}[:：][0-9]{2}|[0-9]{1,2}时[0-9]{1,2}分?)"
    r"(?:[ \u3000\t]|[:：](?![0-9]))"
)
_TURN = re.compile(
    r".{0,2}?(?:无独有偶|另一起|另有一[名位起]|还有一起|同样(?:被骗|上当|中招|受骗|遭遇|落入)|相同的遭遇|类似的(?:案件|遭遇|骗局)|另外[，,]"
    r"|.{0,16}?另(?:外)?一(?:名|位|个)?(?:女子|男子|市民|居民|村民|女士|先生|受害人|被害人|群众|老人|学生))"
)
# The time a story opens with, within the first characters of its unit.
OPENING_TIME = re.compile(
    r".{0,12}?(?:[0-9]{2,4}年|[0-9]{1,2}月(?:[0-9]{1,2}[日号])?|[0-9]{1,2}[日号]|[0-9]{1,2}[:：][0-9]{2}|近日|日前|昨[天日]|今年|去年"
    r"|前[不段]|不久前|同[年月日]|当[天日])"
)


@dataclass(frozen=True, slots=True)
class Border:
    """`start`: where a case may begin. `sort`: heading (案例一), number, turn, report, victim, suspect."""

    start: int
    sort: str


def units(text: str) -> list[tuple[int, int]]:
    """(start, end) of the sentences and lines of the text, without the blanks before them. Linear in its length."""
    spans, at = [], 0
    for match in _UNIT_END.finditer(text):
        spans.append((at, match.end()))
        at = match.end()
    spans.append((at, len(text)))
    found = []
    for start, end in spans:
        while start < end and text[start] in _BLANK:
            start += 1
        if start < end:
            found.append((start, end))
    return found


def _number(text: str, start: int) -> tuple[str, int] | None:
    """(style, number) the unit at `start` opens with."""
    match = _SPLIT_NUMBER.match(text, start) or _NUMBERED.match(text, start)
    if match is None:
        return None
    style = cast(str, match.lastgroup)
    digits = match.group(style)
    if digits in _DIGITS:
        return style, _DIGITS.index(digits) + 1
    if style == "ring":
        return style, ord(digits) - ord("①") + 1
    if digits.isdecimal():
        return style, int(digits)
    return (style, 10 + _DIGITS.index(digits[1]) + 1) if digits[0] == "十" and digits[1] in _DIGITS else None


def _numbered(text: str, starts: Sequence[int]) -> Iterator[int]:
    """Starts of units that count 1, 2, 3 … in one style; a number out of turn ends its run, a lone 1 is no run."""
    runs: dict[str, list[tuple[int, int]]] = {}
    for start in starts:
        found = _number(text, start)
        if found is None:
            continue
        style, number = found
        run = runs.setdefault(style, [])
        if run and number == run[-1][1] + 1:
            if len(run) == 1:
                yield run[0][0]
            yield start
            run.append((start, number))
        elif number == 1:
            runs[style] = [(start, number)]


def family(mention: Mention) -> str:
    """What a bare name is known by: 王 of 王女士, 王某, 小王; the whole name where it is told in full or is an alias."""
    value = cast(PersonName, mention.value)
    name = value.name
    if value.form == "titled":
        return name[1:2] if name[0] in "小老阿" else name[0]
    if value.form == "masked" and name.rstrip("某").isalpha() and len(name.rstrip("某")) == 1:
        return name[0]
    return name


# 罗平县居民车某: a common name brought in anew, with a place nobody has named, is another person.
_BROUGHT_IN = re.compile(r"(?:居民|市民|村民|群众|事主|受害人|被害人|业主|职工|教师|学生)\Z")
_PLACE_REACH = 20


def people(text: str, mentions: Sequence[Mention]) -> list[tuple[str, Mention]]:
    """(who, mention) of victims and suspects in order; one key a person as far as the names tell."""
    found: list[tuple[str, Mention]] = []
    named_at: dict[str, int] = {}  # region → where it is first named
    place_end, place_first = -_PLACE_REACH - 1, 0
    told_at: dict[str, int] = {}  # family → where it was told last
    again: dict[str, int] = {}
    for mention in mentions:
        if isinstance(mention.value, Place):
            place_end, place_first = mention.end, named_at.setdefault(mention.value.region, mention.start)
        elif mention.kind == "person" and mention.role in ("victim", "suspect"):
            key = family(mention)
            if (
                len(key) == 1
                and key in told_at
                and mention.start - place_end <= _PLACE_REACH
                and place_first > told_at[key]
                and _BROUGHT_IN.search(text, max(0, mention.start - 4), mention.start)
            ):
                again[key] = again.get(key, 0) + 1
            told_at[key] = mention.start
            found.append((f"{key}{again[key]}" if key in again else key, mention))
    return found


def borders(text: str, spans: Sequence[tuple[int, int]], named: Sequence[tuple[str, Mention]]) -> list[Border]:
    """Where cases may begin, sorted by start, one border a place (a heading before a number before a turn before a name).

    `spans` are `units(text)`, `named` are the `people` of the text's mentions, in order. Offsets are those of `text`.
    """
    starts = [start for start, _ in spans]
    found: dict[int, str] = {}
    for start in starts:
        if _CASE_HEADING.match(text, start):
            found[start] = "heading"
    titles = [start for start in starts if _CASE_TITLE.match(text, start) and start not in found]
    if len(titles) > 1:
        found.update(dict.fromkeys(titles, "heading"))
    for start in _numbered(text, starts):
        found.setdefault(start, "number")
    entries = [start for start in starts if _ENTRY.match(text, start)]
    if len(entries) > 1:
        found.update(dict.fromkeys((start for start in entries if start not in found), "number"))
    for start in starts:
        if _TURN.match(text[start : start + 40]):
            found.setdefault(start, "turn")
    for start, sort in _openings(text, spans, named):
        found.setdefault(start, sort)
    name_starts = [mention.start for _, mention in named]
    for number, (start, end) in enumerate(spans):
        line = number == 0 or text[spans[number - 1][1] - 1] == "\n"
        nameless = bisect_left(name_starts, start) == bisect_left(name_starts, end)
        if (
            line
            and nameless
            and OPENING_TIME.match(text[start : start + 40])
            and _REPORT.search(text, start, min(end, start + 60))
        ):
            found.setdefault(start, "report")
    return [Border(start, found[start]) for start in sorted(found)]


# 被骗最多的是车女士, 车某是受害人之一: an example out of the case being told, not a case of its own.
# 经查，车某……; 目前，……; 随后……: what stands behind these goes on with the case being told.
_GOES_ON = re.compile(
    r"经(?:过|查|审|进|调|初|侦|了解)|目前|随后|期间|之后|据(?:其|犯罪|嫌疑|办案)|到案后|归案后|同时|至此|截[至止]"
)
_ONE_OF_THEM = re.compile(r"之一|其中|最[多大高]|也是")
# How far into its unit a name may stand to open it: 5月3日9时许，曲靖市罗平县警方接到车某报警 is 18.
_OPENING_REACH = 45


def _openings(
    text: str, spans: Sequence[tuple[int, int]], named: Sequence[tuple[str, Mention]]
) -> Iterator[tuple[int, str]]:
    """Starts of units whose first person is a victim (or, where a line opens with a time, a suspect) not named before."""
    starts = [start for start, _ in spans]
    known: set[str] = set()
    seen = -1
    for key, mention in named:
        at = bisect_left(starts, mention.start + 1) - 1
        near = at != seen and key not in known and mention.start - starts[at] <= _OPENING_REACH
        if (
            near
            and not _GOES_ON.match(text, starts[at])
            and not (known and _ONE_OF_THEM.search(text, starts[at], min(spans[at][1], mention.end + 20)))
        ):
            line = at == 0 or text[spans[at - 1][1] - 1] == "\n"
            timed = OPENING_TIME.match(text[starts[at] : starts[at] + 40]) is not None
            if mention.role == "victim":
                yield _with_heading(text, spans, at), "victim"
            elif line and timed:
                yield starts[at], "suspect"
        known.add(key)
        seen = at


def _with_heading(text: str, spans: Sequence[tuple[int, int]], at: int) -> int:
    """The start of unit `at`, or of the short line above it that is its heading (追星骗局)."""
    if at == 0:
        return spans[at][0]
    start, end = spans[at - 1]
    above = text[start:end].rstrip()
    if 3 <= len(above) <= 24 and text[end - 1] == "\n" and above[-1] not in "。！？!?；;，,、:：…" and start > 0:
        return start
    return spans[at][0]
