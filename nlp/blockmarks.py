"""What each block of a page is: text, headline, opening, end, credit, picture credit.

In: blocks in page order. Out: a `Page`, which names each block and says what ends where. The signs are those of the trade, not of any
topic. It draws no borders (`nlp.borders`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise, zip_longest
from typing import Literal

from nlp.aligned import Aligned
from nlp.credits import Credit, read_closing, read_credit_line, read_opening
from nlp.unwrap import Block

End = Literal["agency", "source", "byline", "photo", ""]
Sort = Literal["text", "heading", "end", "credit_line", "opening", "photo"]

INTRODUCTION = re.compile(r"编者按|开栏的话|开栏语")
# Items of a series: a round-up of cases is one article, whatever its parts speak of.
SERIES = re.compile(
    r"案例|案件?[一二三四五六七八九十\d]|第[一二三四五六七八九十\d]+|[一二三四五六七八九十\d]{1,2}[、.．]|[（(][一二三四五六七八九十\d]+[）)]|[①-⑳]|NO\.?\d|——",
    re.IGNORECASE,
)
_MARKERS = re.compile(
    r"[（(](?:据|摘自|原载)\s?《?[^（）()。！？\n]{1,18}》?(?:电|报道|网|报|社|》|讯|稿)?[）)]|[（(](?:本文)?来源\s?[:：][^（）()。！？\n]{2,20}[）)]"
    r"|新华社(?:发|记者)\s?(?:[\u4e00-\u9fff]\s?){2,9}?(?:摄|作|绘)(?![\u4e00-\u9fff]{0,2}[，。])"
)
_SOURCE_INSIDE = re.compile(
    r"(?<=[。！？!?”])\s?(?:转自[\u4e00-\u9fff]{2,12}?)?来源\s?[:：]\s?[\u4e00-\u9fff]{2,10}?(?:网|报|社|台|客户端|发布|新闻)(?=[\u4e00-\u9fff“《\d])"
)
_PHOTO_SIGN = re.compile(r"(?:摄|作|绘|图|漫画)\s*[）)]?\s*$")
# □ 本报记者 王甲: how papers set the byline under a headline. Without its mark the words are as common in a sentence.
_BYLINE_MARK = r"[□■◎●○◇◆▲△]\s?(?:[\u4e00-\u9fff]{1,6}报|本网|本刊|见习|首席|特约|全媒体)?(?:记者|通讯员)\s"
MARKED_BYLINE = re.compile(_BYLINE_MARK)
# The headline and the opening of another article, after the end of a sentence: 。早稻机收忙本报讯（记者 …
_OPENING_INSIDE = re.compile(
    r"(?:(?<=[。！？）)作摄])|(?<=[。！？]”)|^)(?P<headline>[^。！？；：（）()“”]{0,40}?(?:“[^“”]{1,16}”[^。！？；：（）()“”]{0,24}?)?)"
    rf"(?P<opening>(?:据新华社[\u4e00-\u9fff\d]{{0,14}}电|本报讯|本报[\u4e00-\u9fff]{{2,8}}(?:\d{{1,2}}月\d{{1,2}}日)?电|新华社[\u4e00-\u9fff]{{2,8}}\d{{1,2}}月\d{{1,2}}日电)\s?(?=[（(\s])|{_BYLINE_MARK})"
)


_HANGING = re.compile(r"(?<=[。！？”])[^。！？；：，”]{4,40}$")
_STOP = re.compile("[。！？；：]")
_CUT_HINT = re.compile(r"[（(]|新华社|来源|本报|[□■◎●○◇◆▲△]")


class Page:
    """The blocks of a page and what each one is."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self.sorts = [_sort(block) for block in blocks]
        self.ends = [
            _end(block.text) if sort in ("end", "photo", "opening") else ""
            for block, sort in zip(blocks, self.sorts, strict=True)
        ]
        for index in range(2, len(blocks)):  # a byline below its text ends it
            if (
                self.sorts[index] == "credit_line"
                and self.sorts[index - 1] == "text"
                and self.sorts[index - 2] in ("text", "heading", "opening")
            ):
                self.ends[index] = "byline"

        told = (
            len(block.text) if sort in ("text", "end", "opening", "photo") else 0
            for block, sort in zip(blocks, self.sorts, strict=True)
        )
        self._told = [0, *accumulate(told)]

    def said(self, start: int, end: int) -> int:
        """Characters of text in the blocks from `start` to `end`; headlines and credit lines do not count."""
        return self._told[end] - self._told[start]

    def gather(self, places: Sequence[int]) -> str:
        """The text of the blocks at `places`."""
        return "\n".join(self.blocks[at].text for at in places)

    def near(self, start: int, step: int, borders: set[int], limit: int) -> str:
        """Up to `limit` characters of text from a block on, forward (1) or backward (-1), not beyond a border, headlines left out."""
        texts: list[str] = []
        total, index = 0, start
        while 0 <= index < len(self.blocks) and total < limit and abs(index - start) < 80:
            if self.sorts[index] != "heading":
                text = self.blocks[index].text
                texts.append(text[:limit] if step > 0 else text[-limit:])
                total += len(text)
            if (step < 0 and index in borders) or (step > 0 and index + 1 in borders):
                break
            index += step
        return "\n".join(texts)

    def headline_runs(self) -> list[tuple[int, int]]:
        """Runs of headlines as (first, one past the last)."""
        runs: list[tuple[int, int]] = []
        for index, sort in enumerate(self.sorts):
            if sort == "heading":
                if runs and runs[-1][1] == index:
                    runs[-1] = (runs[-1][0], index + 1)
                else:
                    runs.append((index, index + 1))
        return runs


def break_at_credits(blocks: Sequence[Block]) -> list[Block]:
    """Blocks cut after a credit and before an opening in their middle: pages whose line breaks were lost."""
    broken: list[Block] = []
    for block, following in zip_longest(blocks, blocks[1:]):
        places = set() if block.heading else _places_to_cut(block.text)
        if following and not block.heading and MARKED_BYLINE.match(following.text):
            # The headline that the byline stands under hangs at the end of the text before it.
            hanging = _HANGING.search(block.text, max(0, len(block.text) - 48))
            places |= {hanging.start()} if hanging else set()
        broken += cut_block(block, sorted(places))
    return broken


def _places_to_cut(text: str) -> set[int]:
    if len(text) < 20 or not _CUT_HINT.search(text):
        return set()
    places = {hit.end() for hit in _MARKERS.finditer(text)}
    places |= {place for hit in _SOURCE_INSIDE.finditer(text) for place in hit.span()}
    places |= {place for hit in _OPENING_INSIDE.finditer(text) for place in hit.span("headline")}
    byline = MARKED_BYLINE.search(text, 0, 60)
    if byline and byline.start() and not _STOP.search(text, 0, byline.start()):
        places.add(byline.start())  # a headline that has lost the break before its byline
    return places


def cut_block(block: Block, places: Sequence[int]) -> list[Block]:
    """A block cut at `places` (offsets into its text, sorted); white space at the cuts goes."""
    cuts = [place for place in places if 0 < place < len(block.text)]
    if not cuts:
        return [block]
    pieces: list[Block] = []
    for start, end in pairwise([0, *cuts, len(block.text)]):
        piece: Aligned = block.aligned.cut(start, end).strip()
        if piece.text:
            pieces.append(
                Block(
                    piece,
                    False,
                    block.gap if not pieces else 0,
                    block.lines,
                    False,
                    block.open and end == len(block.text),
                )
            )
    return pieces


def _sort(block: Block) -> Sort:
    text = block.text
    credits = read_credit_line(text)
    if credits is not None:
        return _sort_of_line(text, credits)
    if block.heading:
        return "opening" if INTRODUCTION.match(text) else "heading"
    if INTRODUCTION.match(text):
        return "opening"
    if MARKED_BYLINE.match(text) or any(credit.part == "dateline" for credit in read_opening(text)):
        return "opening"
    closing = read_closing(text)
    if any(credit.part in ("dateline", "publisher") for credit in closing):
        return "end"
    if any(credit.part == "byline" for credit in closing):
        return "photo" if _PHOTO_SIGN.search(text[-8:]) else "end"
    return "text"


def _end(text: str) -> End:
    """What ends a text here: an agency's credit, a source, a byline, a photographer's or draughtsman's credit, or nothing."""
    credits = read_credit_line(text)
    parts = {credit.part for credit in (read_closing(text) if credits is None else credits)}
    if "dateline" in parts:
        return "agency"
    if "publisher" in parts:
        return "source"
    if "byline" in parts:
        return "photo" if _PHOTO_SIGN.search(text[-8:]) else "byline"
    return ""


def _sort_of_line(text: str, credits: Sequence[Credit]) -> Sort:
    if _PHOTO_SIGN.search(text):
        return "photo"
    if any(credit.part in ("dateline", "publisher") for credit in credits):
        return "end"
    return "credit_line"
