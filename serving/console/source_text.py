"""The text of a source with its mentions coloured, each one reachable from the fact that it is evidence for.

In: a document of the store and which of its articles are wanted. Out: a `SourceText` to draw. Laying out and masking are
`serving.showing`'s; full texts are for analysts, so a reader never gets here (he sees the quotes of the evidence).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from nlp.records import Case, Reading
from serving import inbox, queries, showing
from serving.console import wording
from serving.console.html_parts import Html, join, tag
from serving.showing import ShownArticle
from serving.showing_spans import Event, reads_as
from serving.store import shapes


@dataclass(frozen=True, slots=True)
class SourceText:
    """One source beside others: short name, what is known of it, its articles."""

    document_id: str
    name: str
    about: tuple[tuple[str, str], ...]
    url: str
    articles: tuple[ShownArticle, ...]
    left_out: int = 0  # articles of the same document that do not tell this case
    problem: str = ""


def load_source(session: Session, document_id: str, wanted: Collection[int], viewer: str) -> SourceText:
    """The articles with these numbers (all where none is named), as `viewer` may see them."""
    row = queries.get_document(session, document_id)
    document = inbox.as_document(row)
    found = [
        (article.number, shapes.load_analysis(article.analysis))
        for article in queries.articles_of(session, document_id)
    ]
    # As they are filed: a person's type, and the case that is made of all mentions where none was told apart.
    filed: dict[int, list[Case]] = {}
    for case in queries.cases_of(session, document_id):
        filed.setdefault(case.article, []).append(replace(shapes.load_case(case.data), label=case.label))
    kept = [
        replace(analysis, cases=tuple(filed.get(number, ())))
        for number, analysis in found
        if not wanted or number in wanted
    ]
    shown = showing.shown(document, Reading(document.doc_id, tuple(kept)), viewer)
    about = (
        ("性质", "投诉" if document.nature == "complaint" else "公开报道"), ("发布", document.publisher),
        ("日期", wording.day(document.published)), ("文件", document.doc_id), ("许可", document.licence),
    )  # fmt: skip
    url = document.url if document.url.startswith(("https://", "http://")) else ""
    titled = next((analysis.title for analysis in kept if analysis.title), "")
    return SourceText(
        document_id, document.title or titled or document.publisher or document.doc_id, tuple(pair for pair in about if pair[1]), url,
        shown.articles, len(found) - len(kept), shown.problem,
    )  # fmt: skip


def draw_source(source: SourceText, *, hidden: bool = False) -> Html:
    """One pane: what is known of the document, then its articles."""
    about = [tag("span", f"{name} {value}") for name, value in source.about]
    if source.url:
        about.append(tag("a", "原网址", href=source.url, rel="noreferrer noopener", target="_blank"))
    if source.left_out:
        about.append(tag("span", f"同一文档另有 {source.left_out} 篇与本案无关，未列出"))
    return tag(
        "section", tag("div", about, class_="about"), tag("p", source.problem) if source.problem else None,
        [draw_article(article, source.document_id) for article in source.articles], class_="pane", data_source=source.document_id,
        hidden=hidden, aria_label=source.name, tabindex="0",
    )  # fmt: skip


def draw_article(article: ShownArticle, document_id: str) -> Html:
    """Title and paragraphs of one article."""
    rows = list(article.lines)
    title = draw_line(rows.pop(0), document_id) if article.titled and rows else None
    told = title or (article.title if article.title != "（无标题）" else "")
    return join(
        tag("h3", told) if told else None,
        [tag("p", draw_line(row, document_id)) for row in rows if reads_as(row).strip()],
    )


def draw_line(events: Iterable[Event], document_id: str) -> Html:
    """One line with its marks; a mark carries `data-ref`: document, offsets."""
    parts: list[Html] = []
    for event in events:
        if event.what == "text":
            parts.append(join(event.text))
        elif event.what == "close":
            parts.append(Html("</mark>"))
        elif event.span:
            opened = tag(
                "mark", class_=f"k-{event.span.kind}", title=event.span.detail, data_tag=event.span.tag or None,
                data_ref=f"{document_id}:{event.span.ref}",
            )  # fmt: skip
            parts.append(Html(opened.removesuffix("</mark>")))
    return join(*parts)
