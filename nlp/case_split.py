"""An article of kind "case" cut into the stretches that tell one case each.

In: an article's text and its mentions. Out: (start, end) of each case. Borders are proposed by `nlp.case_borders`; here is decided
which of them stand. A cut must show its reason: "everything is one case" is right for 219 of 282 real articles (train).

What each is worth, as F1 of "stand in the same case" on train, 0.976 with all of them (0.923 before): without headings 0.942,
numbers 0.957, turns 0.972, victims 0.930, suspects 0.975; names may straddle a border 0.965 (8 articles cut wrongly, now none);
common names never brought in anew 0.969; no heading given to the case below it 0.971. Reports without a name bring one article of 282.
All of it takes time linear in the text and the mentions.

1. A border that a name straddles falls, unless it is a heading that says "case".
2. A name right behind a heading belongs to the heading.
3. Piece by piece, `_begins` asks whether the text behind a border tells a case of its own; if not, it goes on with the one before.
4. A case ends where the next begins, or where advice or an account of the method does.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nlp.case_borders import OPENING_TIME, Border, borders, people, units
from nlp.records import Amount, Mention

MAXIMUM = 40  # cases an article may be cut into: the longest real round-up seen tells 12
_ADVICE = re.compile(
    r"^[\s【■●▲★◆]*(?:警方|民警|反诈|公安|检察官|法官|防骗|温馨|安全|特别|以案)?(?:中心)?(?:提醒|提示|防范|支招|建议|说法|释法|寄语)(?:[：:】\s]|$)"
)
# A short line of its own: 套路揭秘, 诈骗手法, 骗术分析, 警方提醒.
_METHOD = re.compile(
    r"[^0-9]{0,8}(?:(?:诈骗|作案|行骗|犯罪)?(?:手法|手段|套路|流程|步骤|过程|话术)(?:分析|揭秘|解析|剖析)?"
    r"|(?:骗局|骗术|套路)(?:揭秘|揭密|解析|分析)|防[范骗](?:技巧|攻略|指南|提[醒示]|建议)|注意事项|[警民]?[警方]提[醒示])[:：]?"
)
_STORY = re.compile(r"报警|报案|被骗|受骗|事主|受害人|被害人|抓获|损失|骗取|骗走")
_CAUGHT = re.compile(r"抓获|破获|打掉|判处|获刑|归案|落网|刑拘|刑事拘留")
# Two victims of one hand are one police case (train: 1 article kept whole, none joined wrongly).
_LINKED = re.compile(
    r"同一(?:名|个|伙)?(?:犯罪)?(?:嫌疑人|团伙|伙)|[两2二三3多]起案件(?:均|都|为|系|是)|串并案|并案侦查"
)
_NAMES = ("victim", "suspect")
_WEAK = (*_NAMES, "report")
_MOVED = ("loss", "payment", "gain", "flow", "recovered", "frozen")
_NEAR = 200  # characters within which a story without names must tell its sum: with 400 a page of advice became a case
_TITLE_REACH = 60  # characters from a heading like 2.刷单骗局 to the 真实案例 below it


class Index:
    """Mentions of an article with their starts, so that a stretch of text finds its own by bisection."""

    def __init__(self, mentions: Sequence[Mention]) -> None:
        self.mentions = sorted(mentions, key=lambda mention: mention.start)
        self.starts = [mention.start for mention in self.mentions]

    def within(self, start: int, end: int) -> list[Mention]:
        """The mentions that begin in [start, end)."""
        return self.mentions[bisect_left(self.starts, start) : bisect_left(self.starts, end)]


@dataclass(slots=True)
class _Piece:
    """A stretch of text and what it tells: roles of victims and suspects, sums, whether money moved, whether somebody was caught."""

    start: int
    end: int
    roles: set[str] = field(default_factory=set)
    sums: Counter[tuple[object, object]] = field(default_factory=Counter)
    moved: bool = (
        False  # a sum with a role that says so, or a sum beside 被骗, 报警: roles are wrong for one sum in seven
    )
    caught: bool = False

    def take(self, other: _Piece) -> None:
        self.end = other.end
        self.roles |= other.roles
        self.sums.update(other.sums)
        self.moved = self.moved or other.moved
        self.caught = self.caught or other.caught


def _moved(mentions: Iterable[Mention]) -> bool:
    return any(m.kind == "amount" and m.role in _MOVED for m in mentions)


def _sums(mentions: Iterable[Mention]) -> Counter[tuple[object, object]]:
    return Counter((m.value.value_min, m.value.value_max) for m in mentions if isinstance(m.value, Amount))


def _roles(mentions: Iterable[Mention]) -> set[str]:
    return {m.role for m in mentions if m.kind == "person" and m.role in _NAMES}


def _read(text: str, start: int, end: int, mentions: Sequence[Mention]) -> _Piece:
    caught = _CAUGHT.search(text, start, end) is not None
    sums = _sums(mentions)
    moved = _moved(mentions) or (bool(sums) and _STORY.search(text, start, end) is not None)
    return _Piece(start, end, _roles(mentions), sums, moved, caught)


def _crossed(starts: Sequence[int], named: Sequence[tuple[str, Mention]]) -> set[int]:
    """Those of `starts` (sorted) that a name stands on both sides of: a person's story is not cut in two."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for who, mention in named:
        first.setdefault(who, mention.start)
        last[who] = mention.start
    change = [0] * (len(starts) + 1)
    for who, begin in first.items():
        change[bisect_right(starts, begin)] += 1  # starts in (begin, last] have the name on both sides
        change[bisect_right(starts, last[who])] -= 1
    depth, crossed = 0, set()
    for number, start in enumerate(starts):
        depth += change[number]
        if depth > 0:
            crossed.add(start)
    return crossed


def _stops(text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Where advice or an account of the method begins; neither belongs to a case."""
    return [
        start
        for start, end in spans
        if _ADVICE.match(text[start : min(end, start + 40)])
        or (end - start <= 40 and text[end - 1] == "\n" and _METHOD.fullmatch("".join(text[start:end].split())))
    ]


def _standing(text: str, spans: Sequence[tuple[int, int]], index: Index) -> list[Border]:
    """The borders that no name straddles, one for a heading and what stands right behind it."""
    named = people(text, index.mentions)
    proposed = borders(text, spans, named)
    crossed = _crossed([border.start for border in proposed], named)
    name_starts = [mention.start for _, mention in named]
    kept: list[Border] = []
    for border in proposed:
        if border.sort != "heading" and border.start in crossed:
            continue
        above = kept[-1] if kept else None
        if above and above.sort not in _WEAK and border.sort in _WEAK:
            if bisect_left(name_starts, above.start) == bisect_left(name_starts, border.start):
                continue
        elif above and (above.sort, border.sort) == ("number", "heading") and border.start - above.start < _TITLE_REACH:
            continue
        kept.append(border)
    return kept


def split(text: str, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """(start, end) of each case in the text; one pair over the whole text when nothing shows a second case."""
    whole = [(0, len(text))]
    index = Index(mentions)
    spans = units(text)
    kept = _standing(text, spans, index)  # 1. and 2.
    if not kept:
        return whole
    unit_starts = [start for start, _ in spans]
    stops = [*_stops(text, spans), len(text)]
    pieces: list[_Piece] = []
    for border, end in zip(kept, [*[b.start for b in kept[1:]], len(text)], strict=True):  # 3.
        if len(pieces) > MAXIMUM:
            break
        stop = min(end, stops[min(bisect_right(stops, border.start), len(stops) - 1)])  # 4.
        inside = index.within(border.start, stop)
        piece = _read(text, border.start, stop, inside)
        if border.sort == "turn" and not pieces:
            before = index.within(0, border.start)
            if _roles(before) or _moved(before):
                pieces.append(_read(text, 0, border.start, before))
        running = pieces[-1] if pieces and pieces[-1].end == border.start else None
        if running and border.sort in _NAMES:
            _give_heading(piece, running, index, unit_starts)
        if _begins(border, text, piece, running, pieces[-1] if pieces else None, inside):
            pieces.append(piece)
        elif running and border.sort not in ("heading", "number"):
            running.take(piece)
    if len(pieces) < 2:
        return whole
    return [(piece.start, piece.end) for piece in pieces[:MAXIMUM]]


def _give_heading(piece: _Piece, running: _Piece, index: Index, unit_starts: Sequence[int]) -> None:
    """A sentence above a piece that names nobody and has a sum of it is its heading, not the end of the case before."""
    above = unit_starts[max(0, bisect_left(unit_starts, piece.start) - 1)]
    heading = index.within(above, piece.start)
    sums = _sums(heading)
    if above > running.start and sums.keys() & piece.sums.keys() and not _roles(heading):
        running.end = piece.start = above
        running.sums -= sums
        piece.sums += sums


def _begins(
    border: Border, text: str, piece: _Piece, running: _Piece | None, last: _Piece | None, inside: Sequence[Mention]
) -> bool:
    """Does a case begin at the border?

    `running` is the case told up to it, if one is; `last` the case told last; `inside` the mentions of the piece.
    """
    story = _STORY.search(text, piece.start, piece.end) is not None
    if border.sort == "heading":
        return bool(piece.roles or piece.sums) or story
    near = story and _moved(m for m in inside if m.start < border.start + _NEAR)
    opening = "".join(text[border.start : min(piece.end, border.start + 60)].split())
    timed = OPENING_TIME.match(opening) is not None
    if border.sort == "turn":
        return bool(piece.roles) or (near and (timed or not text.startswith("另外", border.start)))
    if border.sort == "number":
        if last and piece.roles and not last.roles:
            return "victim" in piece.roles  # 一、手法 二、损失 三、抓获秦某: the sections of one notice
        return bool(piece.roles) or (near and timed)
    if _LINKED.search(text, piece.start, piece.end):
        return False
    if running is None:
        return piece.moved
    if border.sort == "report":
        return (
            bool(running.roles)
            and running.moved
            and running.caught
            and piece.moved
            and not piece.sums.keys() & running.sums.keys()
        )
    if border.sort not in running.roles or piece.sums.keys() & running.sums.keys():
        return False  # the first suspect belongs to the victim before; a sum told again is the same story
    if border.sort == "suspect":
        return piece.caught and running.caught
    return piece.moved and running.moved
