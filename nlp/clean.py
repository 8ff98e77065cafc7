"""A document into its articles: markup and boilerplate out, lines joined, a page of several articles cut into them.

In: a `Document`. Out: `Article`s, each with its title on the first line, one paragraph a line, and the place of every character in
the document's text. Nothing is rewritten: characters are left out, pieces are put into reading order, and a newline between two
pieces is the only thing put in (a space between two Latin words that a line break parted). No judgement of kind or worth.

Steps
1. Front matter: title, source and date as metadata.
2. Lines without markup (`nlp.markup`), without a PDF's running heads (`nlp.running_heads`), without boilerplate
   (`nlp.boilerplate`); a PDF's pages with titles of their own apart (`nlp.titled_pages`).
3. An opening that stands twice is read once.
4. Hard-wrapped lines joined, also where spaces took the place of the breaks (`nlp.unwrap`).
5. The page cut into articles (`nlp.page`).
6. Each article: title, bylines, datelines and source told apart from its text (`nlp.credits`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nlp.aligned import Aligned, join, span
from nlp.boilerplate import cut_embedded_tail, strip_boilerplate
from nlp.credits import Credit, read_closing, read_credit_line, read_date_line, read_opening
from nlp.markup import FrontMatter, Line, read_front_matter, read_lines
from nlp.page import split
from nlp.reading_order import Section
from nlp.records import Article, Document
from nlp.running_heads import drop_running_heads, take_folio
from nlp.titled_pages import part_at_titled_pages
from nlp.unwrap import Block, cut_at_spaces, despaced, unwrap

LONGEST_TITLE = 60  # characters; of 2,335 titles in news_toutiao and news_ccbps 39 are longer, most of them whole posts
_TITLE_END = re.compile(r"[。，、；：,;]$")
_SAYS = re.compile(r"[^。！？!?；]{12}[。！？!?；]|\d{5}|^[（(]?[\d一二三四五六七八九十①-⑳]{1,2}[、.．）)]")
_SPACES = re.compile(r"\s+")


@dataclass(slots=True)
class _Sheet:
    """What is known of an article while it is put together."""

    title: Aligned
    bylines: list[Aligned] = field(default_factory=list)
    datelines: list[Aligned] = field(default_factory=list)
    publisher: str = ""
    published: str = ""
    body: list[Aligned] = field(default_factory=list)


def clean(document: Document) -> tuple[Article, ...]:
    """The articles of a document, in the order in which they begin; none for a document without a letter.

    Offsets count characters of `document.text`: `document.text[article.offsets[i]] == article.text[i]` for every character but
    the newlines and spaces put in between pieces, which have the place of the character before them.
    """
    text = document.text
    # 1. Front matter.
    start, title = _own_title(document)
    front = FrontMatter() if start else read_front_matter(text)
    # 2. Lines.
    pages = _page_starts(document)
    lines, day = drop_running_heads(read_lines(text, start or front.end), pages), ""
    if document.nature != "complaint":  # who complains may begin with the day and a number
        lines, day = take_folio(lines)
    lines = strip_boilerplate(lines)
    if lines:
        lines[-1].aligned = cut_embedded_tail(lines[-1].aligned)
    sheets: list[_Sheet] = []
    parts = part_at_titled_pages(lines, pages)
    for part in parts:
        sheets += _read_part(part, document.form, front, title if not sheets else None, len(parts) > 1)
    articles: list[Article] = []
    for sheet in sheets:
        article = _article(document, front, sheet, len(articles), day)
        if article:
            articles.append(article)
    return tuple(articles)


def _read_part(
    lines: list[Line], form: str, front: FrontMatter, title: Aligned | None, one_of_several: bool
) -> list[_Sheet]:
    """Steps 3 to 6 for lines that hold one article or more."""
    # 3. A doubled opening.
    lines = drop_doubled_opening(lines)
    # 4. Paragraphs.
    blocks, wrapped = unwrap(cut_at_spaces(lines), form)
    # 5. Articles.
    sections = split(blocks, wrapped, form) or [Section([])]
    # 6. Their parts told apart.
    several = wrapped or one_of_several or len(sections) > 1
    return [
        _read_section(section, title if number == 0 else None, front, several)
        for number, section in enumerate(sections)
    ]


def _page_starts(document: Document) -> list[int]:
    """Where the pages of a PDF begin; [] for everything else."""
    given = document.metadata.get("page_starts", "")
    return [int(start) for start in given.split(",")] if re.fullmatch(r"[0-9]+(?:,[0-9]+)*", given) else []


def _own_title(document: Document) -> tuple[int, Aligned | None]:
    """Where the text begins after the document's own title, and that title in place; (0, None) where the text has none."""
    title = document.title.strip()
    if title and document.text.startswith(document.title):
        low = document.text.index(title)
        return len(document.title), span(document.text, low, low + len(title))
    return 0, None


def drop_doubled_opening(lines: list[Line]) -> list[Line]:
    """Without the first of two tellings where a page begins twice: lines 1 to n again as lines n+1 to 2n, the last perhaps cut short.

    Also inside a single line. Openings of fewer than 20 characters stay: a chant is no copy.
    """
    for count in range(1, min(12, len(lines) // 2) + 1):
        head, again = lines[:count], lines[count : 2 * count]
        if sum(len(line.text) for line in head) < 20:
            continue
        same = all(a.text == b.text for a, b in zip(head[:-1], again, strict=False))
        if same and again[-1].text.startswith(head[-1].text):
            return lines[count:]
    if lines and len(lines[0].text) >= 60:
        text = lines[0].text
        second = text.find(text[:20], 20, 1200)
        if second > 0 and text.startswith(text[:second], second):
            lines[0].aligned = lines[0].aligned.cut(second)
    return lines


def _read_section(section: Section, title: Aligned | None, front: FrontMatter, split_page: bool) -> _Sheet:
    blocks = list(section.blocks)
    sheet = _Sheet(title or _section_title(section, blocks, front, split_page))
    same = {_key(sheet.title.text)} if sheet.title.text else set()
    if "title" in front.values:
        same.add(_key(front.values["title"].text))
    same |= {_key(block.text) for block in section.titles}
    names = {_key(front.values[key].text) for key in ("source", "account", "publisher") if key in front.values}
    early = 0  # characters of text read so far
    # The last block that says something: a sentence, a list item, a number, or a line too long for a caption.
    last = max(
        (at for at, block in enumerate(blocks) if len(block.text) >= 100 or _SAYS.search(block.text)),
        default=len(blocks),
    )
    tail = sum(len(block.text) for block in blocks[last + 1 :])
    signed = False  # the source has been named after it
    for index, block in enumerate(blocks):
        text = block.text
        key = _key(text)
        if key in same or (key in names and early < 30):
            continue
        if block.marked and text.startswith(sheet.title.text or "\n") and len(text) > len(sheet.title.text):
            # "# Title" that has swallowed what followed: the account's name, the first paragraph.
            block = replace(block, aligned=_cut_names(block.aligned.cut(len(sheet.title.text)).strip(), names))
            if not block.aligned.text:
                continue
        credits = read_credit_line(text)
        if credits is not None:
            _note(sheet, block.aligned, credits)
            signed = signed or (index > last and any(credit.part == "publisher" for credit in credits))
            continue
        if signed and index > last and early >= 3 * tail:
            continue  # what a page shows after the source of its text is about the page
        date = read_date_line(text) if early < 200 else ""
        if date:
            sheet.published = sheet.published or date
            continue
        source = sheet.publisher
        aligned = _take_credits(sheet, block.aligned, first=early < 200, last=index >= last)
        aligned = _unfold(aligned, split_page)
        signed = signed or (index >= last and sheet.publisher != source)
        if aligned.text:
            sheet.body.append(aligned)
            early += len(aligned.text)
    return sheet


def _cut_names(aligned: Aligned, names: set[str]) -> Aligned:
    name = next((name for name in names if name and aligned.text.startswith(name)), "")
    return aligned.cut(len(name)).strip()


def _section_title(section: Section, blocks: Sequence[Block], front: FrontMatter, split_page: bool) -> Aligned:
    """The headlines that the page gives the article; else its first line where that reads like one; else the front matter's."""
    wanted = _key(front.values["title"].text) if "title" in front.values else ""
    if wanted:
        for block in blocks:
            if _key(block.text) == wanted:
                return block.aligned
        return front.values["title"]
    if section.titles:
        chosen: list[Aligned] = []
        for block in section.titles:
            if sum(len(part.text) for part in chosen) + len(block.text) <= LONGEST_TITLE:
                chosen.append(_unfold(block.aligned, True))
        return join(chosen or [section.titles[0].aligned], "")
    for index, block in enumerate(blocks[:3]):
        if read_credit_line(block.text) is not None or read_date_line(block.text):
            continue
        following = [b.text for b in blocks[index + 1 : index + 8] if not _is_credit(b.text)][:2]
        plain = (
            len(block.text) <= 45 and not _TITLE_END.search(block.text) and any(len(text) >= 40 for text in following)
        )
        if len(block.text) <= LONGEST_TITLE and (block.marked or (plain and not read_opening(block.text))):
            return block.aligned
        break
    return Aligned("", ())


def _is_credit(text: str) -> bool:
    return read_credit_line(text) is not None or bool(read_date_line(text))


def _key(text: str) -> str:
    return _SPACES.sub("", text)


def _unfold(aligned: Aligned, split_page: bool) -> Aligned:
    """Without letters set wide, and without the second half of a line that says everything twice (newspaper pages only)."""
    if not split_page:
        return aligned
    aligned = despaced(aligned)
    half, odd = divmod(len(aligned.text), 2)
    if not odd and 4 <= half <= 30 and aligned.text[:half] == aligned.text[half:]:
        return aligned.cut(0, half)
    return aligned


def _note(sheet: _Sheet, aligned: Aligned, credits: Sequence[Credit]) -> None:
    for credit in credits:
        part = aligned.cut(credit.start, credit.end).strip()
        if not part.text:
            continue
        if credit.part == "byline":
            sheet.bylines.append(part)
        elif credit.part == "dateline":
            sheet.datelines.append(part)
        elif credit.part == "publisher":
            sheet.publisher = sheet.publisher or part.text


def _take_credits(sheet: _Sheet, aligned: Aligned, *, first: bool, last: bool) -> Aligned:
    """The paragraph without the credits at its ends, which are noted."""
    if first:
        opening = read_opening(aligned.text)
        if opening:
            _note(sheet, aligned, opening)
            aligned = aligned.cut(max(credit.end for credit in opening)).strip()
    if last or aligned.text.endswith(("作", "摄", "图", "绘", "）", ")", "】")):
        closing = read_closing(aligned.text)
        if closing:
            _note(sheet, aligned, closing)
            aligned = aligned.cut(0, min(credit.start for credit in closing if credit.part == "dropped")).strip()
    return aligned


def _article(document: Document, front: FrontMatter, sheet: _Sheet, index: int, day: str) -> Article | None:
    pieces = [sheet.title, *sheet.body] if sheet.title.text else sheet.body
    whole = join(pieces, "\n")
    if not any(character.isalnum() for character in whole.text):
        return None
    byline = join(sheet.bylines, " ")
    values = front.values
    source = next((values[key].text for key in ("source", "publisher", "account") if key in values), "")
    published = sheet.published or document.published
    if not published:
        published = next((values[key].text for key in ("date", "published") if key in values), day)
    return Article(
        doc_id=document.doc_id,
        index=index,
        text=whole.text,
        offsets=whole.offsets(),
        title=sheet.title.text or document.title.strip(),
        byline=byline.text,
        byline_offsets=byline.offsets(),
        dateline=" ".join(part.text for part in sheet.datelines),
        publisher=sheet.publisher or document.publisher or source,
        published=published,
        start=whole.start,
        end=whole.end,
    )
