"""Markup out: front matter, Markdown and stray HTML tags, line by line.

In: a document's text. Out: `FrontMatter` (what stood between the two `---`) and `Line`s without their markers, each still
knowing its place in the document. It does not judge whether a line belongs to the article (`nlp.boilerplate`), nor joins lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nlp.aligned import Aligned, span

# Everything `str.splitlines` breaks at, so that no line of an article can break again.
_LINE = re.compile("[^\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00]")
_MAYBE_MARKED = re.compile(r"[*\[<`]|&nbsp;")
_IMAGE = r"!\[[^\[\]]{0,300}\]\([^()\s]{0,2000}(?:\s\"[^\"()]{0,200}\")?\)"
_TARGET = (
    r"\((?:(?:https?:|mailto:|javascript:|data:|weixin:|img/|\.{0,2}/|#)[^()\s]{0,2000})?(?:\s\"[^\"()]{0,200}\")?\)"
)
_INLINE = re.compile(
    rf"(?P<image>\[\s?{_IMAGE}\s?\]{_TARGET}|{_IMAGE})"
    rf"|(?P<link>\[(?P<words>[^\[\]]{{0,300}})\]{_TARGET})"
    r"|(?P<tag></?(?:p|br|b|strong|em|span|div|section|img|font|center|u|h[1-6]|blockquote|ul|ol|li|table|tr|td)"
    r"(?:\s[^<>]{0,500})?/?>|&nbsp;)",
    re.IGNORECASE,
)
_LOST_BREAK = re.compile(
    rf"(?P<image>\[?{_IMAGE}(?:\]{_TARGET})?)|(?<=[^#\s])#{{1,6}} (?=\S)|(?<=[^\s>])> (?=\S)|(?<=[：。；])\* (?=\S)"
)
_HEADING = re.compile(r"#{1,6}\s+")
_QUOTE = re.compile(r"(?:>\s?){1,8}")
_BULLET = re.compile(r"[*+\-]\s+")
_STARS = re.compile(r"\*{2,}")
_EVIDENCE = re.compile(rf"{_IMAGE}|^\s?\*\*[^*\n]{{1,200}}\*\*\s?$|^#{{1,6}} \S|^> \S", re.MULTILINE)
LONGEST_HEADING = 80  # characters; a longer one has swallowed its paragraph
_KEYS = "fetch_date|published|publisher|description|title|url|source|author|account|date|tags"
_KEY = re.compile(rf"(?P<key>{_KEYS}):[ \t]")
_FRONT = re.compile(rf"\s*---[ \t]*\n?(?=(?:{_KEYS}):)")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Keys and values before the text, and where the text begins (document offset)."""

    values: dict[str, Aligned] = field(default_factory=dict)
    end: int = 0


@dataclass(slots=True)
class Line:
    """One line of a document without its markers. `gap` counts the empty lines before it."""

    aligned: Aligned
    gap: int = 0
    indented: bool = False
    heading: bool = False  # "# …" and no more than a headline
    headed: bool = False  # "# …", whatever followed
    bold: bool = False  # nothing but "**…**"
    marked: bool = False  # held an image, a link, a quote or a bullet

    @property
    def text(self) -> str:
        return self.aligned.text


def read_front_matter(text: str) -> FrontMatter:
    """The YAML-like head that crawlers put before Markdown; also with its line breaks lost ("---title: …url: …---")."""
    opening = _FRONT.match(text)
    if not opening:
        return FrontMatter()
    close = text.find("---", opening.end(), opening.end() + 6000)
    if close < 0:
        return FrontMatter()
    values: dict[str, Aligned] = {}
    keys = list(_KEY.finditer(text, opening.end(), close))
    if not keys:  # it opens as one and tells nothing: it is text
        return FrontMatter()
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        end = following.start() if following else close
        value = _unquoted(span(text, key.end(), end).strip())
        if value.text and "\n" not in value.text:
            values.setdefault(key["key"], value)
    return FrontMatter(values, close + 3)


def _unquoted(value: Aligned) -> Aligned:
    """Without the quotes that YAML puts around a value, which are not part of it."""
    text = value.text
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        return value.cut(1, len(text) - 1).strip()
    return value


def read_lines(text: str, start: int = 0) -> list[Line]:
    """The lines of `text` from `start` on that hold more than white space, without their markup."""
    markdown = _EVIDENCE.search(text, start) is not None
    # Markdown in a single line has lost its line breaks.
    lost = markdown and text.find("\n", start, len(text.rstrip())) < 0
    invisible = _INVISIBLE.search(text, start) is not None
    lines: list[Line] = []
    last = start
    for low, high in _stretches(text, start, lost):
        raw = text[low:high]
        stripped = raw.strip()
        if not stripped:
            continue
        begin = low + len(raw) - len(raw.lstrip())
        aligned = Aligned(stripped, ((begin, len(stripped)),))
        gap = max(text.count("\n", last, low) - 1, 0) if lines else 0
        last = high
        line = Line(aligned, gap, begin > low)
        if invisible and _INVISIBLE.search(stripped):
            line.aligned = aligned.drop([hit.span() for hit in _INVISIBLE.finditer(stripped)]).strip()
        if markdown or _MAYBE_MARKED.search(stripped):
            _unmark(line, markdown, lost)
        if line.aligned.text:
            lines.append(line)
    return lines


def _stretches(text: str, start: int, lost: bool) -> Iterator[tuple[int, int]]:
    """Where lines begin and end. Markdown that has lost its line breaks is cut around images, before headings and quotes."""
    for match in _LINE.finditer(text, start):
        low, high = match.span()
        if lost:
            for hit in _LOST_BREAK.finditer(text, low, high):
                yield low, hit.start()
                low = hit.end() if hit["image"] else hit.start()
        yield low, high


def _unmark(line: Line, markdown: bool, lost: bool) -> None:
    if markdown:
        for pattern in (_QUOTE, _BULLET, _HEADING):
            hit = pattern.match(line.text)
            if hit:
                line.aligned = line.aligned.cut(hit.end()).strip()
                line.heading = line.heading or (pattern is _HEADING and len(line.text) <= LONGEST_HEADING)
                line.headed = line.headed or pattern is _HEADING
                line.marked = True
    spans: list[tuple[int, int]] = []
    for hit in _INLINE.finditer(line.text):
        if hit["link"] is not None:
            spans += [(hit.start(), hit.start("words")), (hit.end("words"), hit.end())]
        else:
            spans.append(hit.span())
    if spans:
        line.marked = True
        line.aligned = line.aligned.drop([(low, high) for low, high in spans if low < high]).strip()
    if markdown and "**" in line.text:
        line.bold = (
            line.text.startswith("**") and line.text.endswith("**") and line.text.strip("* ").count("**") % 2 == 0
        )
        line.aligned = line.aligned.drop(_emphasis(line.text, lost)).strip()


def _emphasis(text: str, lost: bool) -> list[tuple[int, int]]:
    """Runs of stars that mark bold type; those that hide characters (138****5678, 张**) stay."""
    runs = [hit.span() for hit in _STARS.finditer(text)]
    inner: list[tuple[int, int]] = []
    edge: list[tuple[int, int]] = []
    for start, end in runs:
        before, after = text[:start][-1:], text[end : end + 1]
        if not text[:start].strip("* ") or not text[end:].strip("* "):
            edge.append((start, end))
        elif not (before.isdigit() and after.isdigit()) and (end - start <= 4 or lost):
            inner.append((start, end))
    # A bold span has two ends: a single run inside the line pairs with one at its edge, or hides a name.
    return sorted(edge + inner) if edge or len(inner) != 1 else edge
