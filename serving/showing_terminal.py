"""Draws a shown document on a terminal: coloured spans with their roles behind them, tables aligned for Chinese widths.

In: `ShownDocument`s, already masked and free of control characters. Out: lines on a rich console.
Where the console has no colours, each span stands in brackets, so that a pipe or a log shows the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from serving.showing import ShownArticle, ShownCase, ShownDocument, ShownTable
from serving.showing_spans import Event
from serving.showing_words import KINDS

# Black on a light colour reads on dark and light terminals alike; the kinds told most often lie farthest apart.
STYLES = {
    "person": "black on #ffb3ba", "place": "black on #b5e8b5", "amount": "black on #ffe08a", "time": "black on #bcd9ff",
    "organisation": "black on #d8c2ff", "platform": "black on #a8ecec", "account": "black on #ffc9a3",
    "contact": "black on #f7bff0", "count": "black on #dcdcc4", "outcome": "black on #cfd6dd",
}  # fmt: skip
_TAG = "dim italic"
# Longer lines of Chinese are hard to follow with the eye.
WIDTH = 110

# What stays together on a line. Longer units are broken by the console.
_UNIT = re.compile(
    r"(?:‹[^‹›\s]{0,20}›|[“（《「『［]{0,3}(?:[A-Za-z0-9.%]{1,40}|[^\n]))(?:[，。、；：？！”’）》」』］]{0,3})"
)


def draw(console: Console, documents: Iterable[ShownDocument]) -> tuple[int, int]:
    """Draw one document after the other and the legend at the end; (shown, not shown)."""
    seen = missed = 0
    kinds: set[str] = set()
    for document in documents:
        if document.problem:
            missed += 1
            console.print(Text.assemble(("未显示 ", "red"), f"{document.name}：{document.problem}"), soft_wrap=True)
            continue
        seen += 1
        for article in document.articles:
            kinds.update(article.kinds)
            draw_article(console, document, article)
    if kinds:
        console.print(Rule(style="dim"), width=min(console.width, WIDTH))
        console.print(legend(console, [kind for kind in KINDS if kind in kinds]), width=min(console.width, WIDTH))
    return seen, missed


def legend(console: Console, kinds: Iterable[str]) -> Text:
    """What the colours mean."""
    text = Text("图例　")
    for kind in kinds:
        text.append(f" {KINDS[kind]} ", STYLES[kind])
        text.append("　")
    marks = "［原文 作用］" if _plain(console) else "‹›里是作用；套在一起的，外层的在后"
    return text.append(marks, "dim")


def draw_article(console: Console, document: ShownDocument, article: ShownArticle) -> None:
    """One article: verdict, text, cases."""
    width = min(console.width, WIDTH)
    number = f"　第 {article.number}/{len(document.articles)} 篇" if len(document.articles) > 1 else ""
    console.print(Rule(Text(f"{document.name}{number}", "bold"), align="left", style="cyan"), width=width)
    facts = Table(show_header=False, box=None, pad_edge=False)
    facts.add_column(style="bold cyan", no_wrap=True)
    facts.add_column(overflow="fold")
    if not article.titled:
        facts.add_row("标题", Text(article.title, "bold"))
    for name, value in article.facts:
        facts.add_row(name, Text(value))
    if article.review:
        facts.add_row(Text("复核", "bold red"), Text(f"⚠ {article.review}", "bold red"))
    console.print(facts, width=width)
    console.print()
    for index, line in enumerate(article.lines):
        if line:
            text = line_text(line, plain=_plain(console))
            if index == 0 and article.titled:
                text.stylize("bold")
            console.print(wrapped(text, width), overflow="fold", no_wrap=True)
            console.print()
    for case in article.cases:
        console.print(_case(case), width=width)
        console.print()


def line_text(events: Iterable[Event], *, plain: bool = False) -> Text:
    """One line with its spans; an inner span's colour lies on the outer one's, which goes on around it."""
    text = Text()
    stack: list[str] = []
    for event in events:
        if event.what == "text":
            text.append(event.text, stack[-1] if stack else "")
        elif event.span and event.what == "open":
            stack.append(STYLES[event.span.kind])
            text.append("［" if plain else "", stack[-1])
        elif event.span:
            style = stack.pop()
            if event.span.tag:
                text.append(f" {event.span.tag}" if plain else f"‹{event.span.tag}›", style if stack else _TAG)
            text.append("］" if plain else "")
    return text


def wrapped(text: Text, width: int) -> Text:
    """The text with line breaks for `width` columns: not within a tag, a number or a Latin word, nor before closing marks."""
    cuts: list[int] = []
    column = last = 0
    for unit in _UNIT.finditer(text.plain):
        size = cell_len(unit.group())
        if column + size > width and unit.start() > last:
            cuts.append(unit.start())
            column, last = 0, unit.start()
        column += size
    return Text("\n").join(text.divide(cuts))


def _plain(console: Console) -> bool:
    return console.no_color or console.color_system is None


def _case(case: ShownCase) -> Group:
    parts: list[Text | Padding] = [Text(case.heading, "bold magenta")]
    if case.summary:
        parts.append(Padding(Text(case.summary), (0, 0, 0, 2), expand=False))
    if case.tactics:
        parts.append(Padding(Text(f"手法：{case.tactics}", "dim"), (0, 0, 0, 2), expand=False))
    parts += [Padding(_table(table), (1, 0, 0, 2), expand=False) for table in case.tables]
    return Group(*parts)


def _table(shown: ShownTable) -> Table:
    table = Table(header_style="dim", box=None, pad_edge=False)
    for number, heading in enumerate(shown.headings):
        table.add_column(Text(heading, "" if number else "not dim bold cyan"), overflow="fold")
    for row in shown.rows:
        table.add_row(*map(Text, row))
    return table
