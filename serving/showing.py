"""`fanzha show`: what was read in a document, laid over its text, for the terminal or one HTML page.

In: documents and their readings, and the role of the person who looks. Out: `ShownDocument`s, already masked, which
`serving.showing_terminal` and `serving.showing_html` draw. Nothing is stored; how it looks is decided there.
A reader sees names, numbers and text through `nlp.mask` and nothing of a complaint, which nobody has reviewed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nlp import mask, taxonomy
from nlp.clean import clean
from nlp.errors import FanzhaError
from nlp.named import PHONES, names_read
from nlp.records import Amount, Analysis, Article, Case, Contact, Document, Mention, Person, Place, Reading
from nlp.todays_words import analysis_now
from serving import showing_words
from serving.ingest import read_sources
from serving.settings import Settings
from serving.showing_spans import Event, Span, lines, masked, visible
from serving.worker import load_analyzer, read_through, reason_of

# Candidates that are listed where a person has to decide.
CANDIDATES = 4
WITHHELD = "投诉：没有人审核过，读者看不到"


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A small table: headings, the first of which names it, and rows, all as text."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case: its type with probability, one sentence, tactics, and what belongs to it."""

    heading: str
    summary: str
    tactics: str
    tables: tuple[ShownTable, ...]


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """One article. `facts` are (name, value) pairs; `lines` is the text, its title first where `titled`."""

    number: int
    title: str
    facts: tuple[tuple[str, str], ...]
    review: str  # why a person has to look, "" where none has
    titled: bool
    lines: tuple[tuple[Event, ...], ...]
    kinds: tuple[str, ...]  # kinds of mentions in the text
    cases: tuple[ShownCase, ...]


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """One document; `problem` says why there is nothing to see of it."""

    name: str
    articles: tuple[ShownArticle, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _View:
    """Who looks, and the names in the document with the way each is masked."""

    role: str
    names: Mapping[str, str]

    def text(self, value: str) -> str:
        return mask.render(value, "text", self.role, self.names)

    def value(self, mention: Mention, value: str) -> str:
        """A value or surface of this mention as the viewer may see it."""
        if mention.kind == "person":
            return mask.render(value, self.names.get(mention.surface, mention.role), self.role)
        if isinstance(mention.value, Contact):
            return mask.render(value, "phone" if mention.value.sort in PHONES else "contact", self.role)
        return mask.render(value, "account", self.role) if mention.kind == "account" else self.text(value)


# The cells of one mention, without the column 原文.
_Cells = Callable[[Mention, _View], tuple[str, ...]]


def show(
    sources: Sequence[str], settings: Settings, *, viewer: str = mask.DEFAULT_VIEWER,
    columns: Mapping[str, str] | None = None, nature: str | None = None,
) -> Iterator[ShownDocument]:  # fmt: skip
    """Every document of `sources` read and laid out for `viewer`, one after the other. Raises ModelError where no model is."""
    analyzer = None
    for document in read_sources(sources, columns, nature):
        if isinstance(document, FanzhaError):
            yield ShownDocument(visible(document.where or "输入"), problem=visible(str(document)))
            continue
        analyzer = analyzer or load_analyzer(settings)
        [reading] = read_through(analyzer, [document])
        if isinstance(reading, Exception):
            yield ShownDocument(visible(document.doc_id), problem=f"分析失败：{visible(reason_of(reading))}")
            continue
        yield shown(document, reading, viewer)


def shown(document: Document, reading: Reading, viewer: str = mask.DEFAULT_VIEWER) -> ShownDocument:
    """One document as `viewer` may see it; unknown roles see what a reader sees."""
    if document.nature == "complaint" and not mask.sees_all(viewer):
        return ShownDocument("投诉", problem=WITHHELD)
    view = _View(viewer, names_read(reading.analyses))
    articles = clean(document)
    return ShownDocument(
        visible(view.text(document.doc_id)),
        tuple(_article(document, articles, number, found, view) for number, found in enumerate(reading.analyses, 1)),
        "" if reading.analyses else "没有读出文章",
    )


def _article(
    document: Document, articles: Sequence[Article], number: int, analysis: Analysis, view: _View
) -> ShownArticle:
    analysis = analysis_now(analysis)
    text, places = _text_of(document, articles, analysis)
    spans, hidden = [], []
    for mention in analysis.mentions:
        start, end = places.get(mention.start, -1), places.get(mention.end - 1, -1) + 1
        if not 0 <= start < end:
            continue
        word = visible(view.value(mention, showing_words.value_text(mention)))
        detail = f"{showing_words.KINDS[mention.kind]} · {showing_words.tag(mention)} · {word}{_code(mention)}"
        spans.append(
            Span(
                start,
                end,
                mention.kind,
                showing_words.tag(mention),
                f"{detail} · 把握 {mention.confidence:.2f} · {mention.found_by}",
                f"{mention.start}-{mention.end}",
            )
        )
        if mention.kind in ("person", "account", "contact"):
            covered = view.value(mention, text[start:end])
            if covered != text[start:end]:
                hidden.append((start, end, covered))
    if not mask.sees_all(view.role):
        text, spans = masked(text, spans, hidden, view.text)
    verdict = analysis.verdict
    return ShownArticle(
        number=number, title=" ".join(visible(view.text(analysis.title)).split()) or "（无标题）", facts=tuple(_facts(analysis, view)),
        review=_review(analysis) if verdict.review else "", titled=bool(analysis.title) and text.startswith(view.text(analysis.title)),
        lines=tuple(tuple(line) for line in lines(visible(text), spans)),
        kinds=tuple(kind for kind in showing_words.KINDS if any(span.kind == kind for span in spans)),
        cases=tuple(_case(case, index, view) for index, case in enumerate(analysis.cases, 1)),
    )  # fmt: skip


def _text_of(document: Document, articles: Sequence[Article], analysis: Analysis) -> tuple[str, dict[int, int]]:
    """The article's clean text, and for every document offset in it its place there."""
    for article in articles:
        if (article.start, article.end, article.title) == (analysis.start, analysis.end, analysis.title):
            # A character that cleaning put in has the offset of the one before it, which comes first and keeps the place.
            places: dict[int, int] = {}
            for place, offset in enumerate(article.offsets):
                places.setdefault(offset, place)
            return article.text, places
    return document.text[analysis.start : analysis.end], {
        offset: offset - analysis.start for offset in range(analysis.start, analysis.end)
    }


def _code(mention: Mention) -> str:
    code = (mention.value.town_code or mention.value.code) if isinstance(mention.value, Place) else ""
    return f"（{code}）" if code else ""


def percent(probability: float) -> str:
    """0.7269 → 73%."""
    return f"{probability:.0%}"


def _facts(analysis: Analysis, view: _View) -> Iterator[tuple[str, str]]:
    known, verdict = taxonomy.load(), analysis.verdict
    kind = next((kind.name for kind in known.kinds if kind.id == verdict.kind), verdict.kind)
    yield "性质", f"{kind} {percent(verdict.kind_confidence)}"
    label = f"{known.name_of(verdict.label)} {percent(verdict.confidence)}"
    if verdict.kind == "unrelated":
        yield "类型", f"{known.empty.name}（若是诈骗，最像{label}）"
    else:
        also = [f"{known.name_of(other)} {percent(verdict.labels.get(other, 0.0))}" for other in verdict.also]
        yield "类型", label + (f"；也可能是{' / '.join(also)}" if also else "")
    yield "手法", "、".join(analysis.tactics) or "—"
    source = [analysis.publisher, analysis.published, analysis.byline]
    if any(source):
        yield "来源", visible(view.text("　".join(part for part in source if part)))
    yield "原文", f"第 {analysis.start}–{analysis.end} 字"
    if verdict.model:
        yield "模型", verdict.model


def _review(analysis: Analysis) -> str:
    known = taxonomy.load()
    ranked = sorted(analysis.verdict.labels.items(), key=lambda found: -found[1])[:CANDIDATES]
    listed = " / ".join(f"{known.name_of(label)} {percent(probability)}" for label, probability in ranked)
    return "把握不足，请人复核" + (f"：{listed}" if listed else "")


def _case(case: Case, number: int, view: _View) -> ShownCase:
    name = taxonomy.load().name_of(case.label)
    tables = (
        _persons(case.persons, view),
        _table(("金额", "作用", "原文", "关系"), case.amounts, _amount_cells(case.amounts), view),
        _table(("地点", "作用", "原文", "代码"), case.places, _place_cells, view),
        _table(
            ("其他", "值", "原文"),
            (*case.organisations, *case.platforms, *case.accounts, *case.contacts, *case.times, *case.counts, *case.outcomes),
            _other_cells, view,
        ),
    )  # fmt: skip
    return ShownCase(
        heading=f"案件 {number}　{name} {percent(case.confidence)}　第 {case.start}–{case.end} 字",
        summary=visible(view.text(case.summary)), tactics="、".join(case.tactics),
        tables=tuple(table for table in tables if table.rows),
    )  # fmt: skip


def _persons(persons: Iterable[Person], view: _View) -> ShownTable:
    rows = []
    for person in persons:
        sort = view.names.get(person.name, person.role)
        # As in the views of incidents: where somebody is from goes to nobody who may not see the name.
        role = showing_words.ROLES["person"][person.role]
        relation = "" if person.relation == role else view.text(person.relation)
        about = [person.gender, f"{person.age}岁" if person.age is not None else "", relation]
        about += [person.origin] if mask.sees_all(view.role) else []
        forms = dict.fromkeys(mask.render(mention.surface, sort, view.role) for mention in person.mentions)
        name = mask.render(person.name, sort, view.role)
        cells = (
            name, role,
            "、".join(forms) + (f" ×{len(person.mentions)}" if len(person.mentions) > 1 else ""),
            "、".join(part for part in about if part) or "—",
        )  # fmt: skip
        rows.append(tuple(map(visible, cells)))
    return ShownTable(("人物", "身份", "原文", "情况"), tuple(rows))


def _table(headings: tuple[str, ...], mentions: Iterable[Mention], cells: _Cells, view: _View) -> ShownTable:
    """One row for all mentions that say the same; the column 原文 has their different wordings and how many they are."""
    column = headings.index("原文")
    rows: dict[tuple[str, ...], list[str]] = {}
    for mention in mentions:
        row = tuple(map(visible, cells(mention, view)))
        rows.setdefault(row, []).append(visible(view.value(mention, mention.surface)))
    told = {
        row: "、".join(dict.fromkeys(surfaces)) + (f" ×{len(surfaces)}" if len(surfaces) > 1 else "")
        for row, surfaces in rows.items()
    }
    return ShownTable(headings, tuple((*row[:column], told[row], *row[column:]) for row in told))


def _amount_cells(mentions: Sequence[Mention]) -> _Cells:
    written = {
        mention.value.id: showing_words.value_text(mention) for mention in mentions if isinstance(mention.value, Amount)
    }

    def cells(mention: Mention, _view: _View) -> tuple[str, ...]:
        total = written.get(mention.value.part_of, "") if isinstance(mention.value, Amount) else ""
        return showing_words.value_text(mention), showing_words.tag(mention), f"{total} 的一部分" if total else "—"

    return cells


def _place_cells(mention: Mention, view: _View) -> tuple[str, ...]:
    return view.text(showing_words.value_text(mention)), showing_words.tag(mention), _code(mention).strip("（）") or "—"


def _other_cells(mention: Mention, view: _View) -> tuple[str, ...]:
    kind, word = showing_words.KINDS[mention.kind], showing_words.tag(mention)
    return kind if kind == word else f"{kind}·{word}", view.value(mention, showing_words.value_text(mention))
