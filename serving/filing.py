"""Files what was read from a document: articles, cases, search words, incidents and changes, in the caller's transaction.

In: a document id, the `Document`, its `Reading`. Out: rows, and the numbers of the changes. It analyses and commits nothing.
Filing the same reading twice leaves the store as after the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.named import names_read
from nlp.persons_grouped import group_persons
from nlp.records import Analysis, Case, Document, Mention, Reading, Verdict
from nlp.resolve import signature
from nlp.todays_words import case_now, verdict_now
from serving import changes, gone_texts, incidents, marking, resolution, sourced, standing, telemetry
from serving.store import identity, shapes
from serving.store.search import search_for
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, ReportRow

# Needed for every document: put together once, and of tables, for an entity costs more than its row.
_ARTICLES, _CASES, _DOCUMENTS, _REPORTS = (
    sa.inspect(row).local_table for row in (ArticleRow, CaseRow, DocumentRow, ReportRow)
)
_WITHDRAWN = sa.select(_DOCUMENTS.c.withdrawn).where(_DOCUMENTS.c.id == sa.bindparam("document"))
_NAMED = sa.update(_DOCUMENTS).where(_DOCUMENTS.c.id == sa.bindparam("document")).values(names=sa.bindparam("told"))
_READ = sa.update(_REPORTS).where(_REPORTS.c.id == sa.bindparam("report")).values(state=sa.bindparam("told"))
_REPORT = sa.select(_REPORTS.c.id, _REPORTS.c.state, _REPORTS.c.correction).where(
    _REPORTS.c.document_id == sa.bindparam("document")
)


def file_reading(session: Session, document_id: str, document: Document, reading: Reading) -> set[str]:
    """Store one reading and resolve its cases; returns the incidents to rebuild (`incidents.rebuild`), once for many readings.

    The caller holds `changes.lock`. Only articles of the kind "case" found incidents; a published one of another kind that speaks of a
    case becomes a source of its incident, where there is one (`resolution`). A withdrawn document is left alone.
    1. The document may have been withdrawn meanwhile. 2. What an earlier reading left goes. 3. Articles and cases.
    4. Search words. 5. The report is analysed. 6. Cases find their incidents.
    """
    session.flush()  # what follows writes and asks tables, which does not flush by itself
    withdrawn = session.scalar(_WITHDRAWN, {"document": document_id})
    if withdrawn is None or withdrawn:  # 1.
        return set()
    touched = incidents.forget_analysis(session, document_id)  # 2.
    case_ids = _add_articles(session, document_id, document, reading)  # 3.
    complaint = document.nature == "complaint"
    names = names_read(reading.analyses, private=complaint)
    session.execute(_NAMED, {"document": document_id, "told": names})
    report = session.execute(_REPORT, {"document": document_id}).first() if complaint else None
    correction = (report.correction if report else None) or {}
    if correction.get("document_id") == document_id and (correction["kind"] or correction["label"]):
        # What a person said of this document stands, whatever the machine reads in it now.
        case_ids = _relabel(session, document_id, document, correction["kind"], correction["label"], correction["by"])
    search = search_for(session.get_bind().dialect.name)  # 4.
    search.put(session, document_id, document.text, private=complaint)
    if report is not None and report.state == "received":  # 5.
        session.execute(_READ, {"report": report.id, "told": "corrected" if correction else "analysed"})
    spoken = standing.renew(session, document_id)  # 6. What people ruled goes before what the machine finds.
    with telemetry.span("resolve", cases=len(case_ids)):
        homes = resolution.attach(session, case_ids, spoken) | resolution.settle(session, touched)
    marking.follow(session, document_id)
    return homes


def rename(session: Session, document_id: str) -> set[str]:
    """Write the labels of a filed document's articles and cases as they are called now; returns the incidents to rebuild.

    What was said stays as it was said, in the analysis, the correction and the cases' data: any version can be read off it again.
    """
    report = session.scalar(sa.select(ReportRow).where(ReportRow.document_id == document_id))
    correction = (report.correction if report else None) or {}
    given = correction.get("label", "") if correction.get("document_id") == document_id else ""
    verdicts: dict[int, Verdict] = {}
    kinds: set[int] = set()  # numbers of the articles that are cases
    for article in session.scalars(sa.select(ArticleRow).where(ArticleRow.document_id == document_id)):
        kinds |= {article.number} if article.kind == taxonomy.CASE else set()
        verdicts[article.number] = verdict = shapes.load_analysis(article.analysis).verdict
        now = verdict_now(verdict)
        if not given and article.label != now.label:
            article.confidence, article.review = now.confidence, now.review and not article.corrected_by
        article.label = _now(given, None) if given else now.label
    touched: set[str] = set()
    for case in session.scalars(sa.select(CaseRow).where(CaseRow.document_id == document_id)):
        label = _now(case.data["label"], None if given else verdicts.get(case.article))
        if label != case.label:
            case.label, case.stamp = label, _stamp(case.data, label, case.signature, case.article not in kinds)
            touched |= {case.incident_id} if case.incident_id else set()
    session.flush()
    return touched


def _stamp(data: Mapping[str, Any], label: str, sketch: Sequence[int], retold: bool = False) -> str:
    """What is kept of a case in a process is kept with the label that it has now, and with whether it is only retold."""
    return identity.stamp({**data, "label": label}, sketch, *(["retold"] if retold else []))


def _now(label: str, said: Verdict | None) -> str:
    return case_now(label, said) if said is not None else taxonomy.load().now(label)


def name_all(session: Session) -> None:
    """Write for every analysed document what it names, from the analysis that is filed: after a migration."""
    told: dict[str, list[Analysis]] = {}
    for row in session.execute(sa.select(ArticleRow.document_id, ArticleRow.analysis)):
        told.setdefault(row.document_id, []).append(shapes.load_analysis(row.analysis))
    natures = dict(session.execute(sa.select(DocumentRow.id, DocumentRow.nature)).all())
    for document_id, analyses in told.items():
        names = names_read(analyses, private=natures[document_id] == "complaint")
        session.execute(sa.update(DocumentRow).where(DocumentRow.id == document_id).values(names=names))


def relabel(session: Session, document_id: str, document: Document, kind: str, label: str, by: str) -> set[str]:
    """Put a person's kind and label ("" leaves the machine's) over every article of a filed document and resolve anew.

    An article that a person calls a case and that has none gets one, made of all its mentions. Returns the incidents to rebuild.
    """
    changes.lock(session)
    told, sketches = _told(session, document_id), _sketches(session, document_id)
    marking.note(session, document_id)
    touched = resolution.detach(
        session, [identity.case_id(document_id, a, n) for a in told for n in range(len(told[a]))]
    )
    case_ids = _relabel(session, document_id, document, kind, label, by, told, sketches)
    attached = resolution.attach(session, case_ids, standing.renew(session, document_id))
    homes = attached | resolution.settle(session, touched)
    marking.follow(session, document_id)
    return homes


def _told(session: Session, document_id: str) -> dict[int, list[Case]]:
    """The cases of a document by article."""
    told: dict[int, list[Case]] = {}
    for row in session.scalars(sa.select(CaseRow).where(CaseRow.document_id == document_id).order_by(CaseRow.number)):
        told.setdefault(row.article, []).append(shapes.load_case(row.data))
    return told


def _relabel(
    session: Session, document_id: str, document: Document, kind: str, label: str, by: str,
    told: Mapping[int, Sequence[Case]] | None = None, sketches: Mapping[str, Sequence[int]] | None = None,
) -> list[str]:  # fmt: skip
    """Write kind, label and cases of every article anew; returns the ids of the cases, which belong to no incident yet."""
    cases_by_article = told if told is not None else _told(session, document_id)
    session.execute(sa.delete(CaseRow).where(CaseRow.document_id == document_id))
    session.expire_all()
    added: list[str] = []
    for article in session.scalars(sa.select(ArticleRow).where(ArticleRow.document_id == document_id)).all():
        article.kind, article.label = kind or article.kind, label or article.label
        article.corrected_by, article.review = by, False
        if article.kind != taxonomy.CASE:
            continue
        cases = cases_by_article.get(article.number) or [_whole(shapes.load_analysis(article.analysis))]
        cases = [replace(case, label=article.label, confidence=1.0) if label else case for case in cases]
        place = (article.number, article.title, article.start, article.end)
        said = None if label else shapes.load_analysis(article.analysis).verdict
        added += _add_cases(session, document, document_id, place, cases, said, sketches=sketches)
    session.flush()
    return added


def _sketches(session: Session, document_id: str) -> dict[str, list[int]] | None:
    """Case → what its text is recognised by, where the text went with time: all that has no letters would be alike. None where it stands."""
    if not gone_texts.is_gone(session.get_one(DocumentRow, document_id)):
        return None
    return dict(
        session.execute(sa.select(CaseRow.id, CaseRow.signature).where(CaseRow.document_id == document_id)).all()
    )


def _whole(analysis: Analysis) -> Case:
    """All that an article mentions as one case."""
    found: dict[str, list[Mention]] = {}
    for mention in analysis.mentions:
        found.setdefault(mention.kind, []).append(mention)
    # The fields of a case are the plurals of the kinds of mentions.
    fields = {f"{kind}s": tuple(mentions) for kind, mentions in found.items() if kind != "person"}
    return Case(
        label=analysis.verdict.label, summary="", start=analysis.start, end=analysis.end, confidence=analysis.verdict.confidence,
        tactics=analysis.tactics, persons=group_persons(found.get("person", [])), **fields,
    )  # fmt: skip


def _add_articles(session: Session, document_id: str, document: Document, reading: Reading) -> list[str]:
    rows = [
        {"document_id": document_id, "number": number, "title": analysis.title, "start": analysis.start, "end": analysis.end,
         "kind": now.kind, "label": now.label, "confidence": now.confidence, "review": now.review, "model": now.model,
         "publisher": analysis.publisher,
         "published": analysis.published, "corrected_by": "",
         "analysis": shapes.dump(replace(analysis, cases=()))}  # cases have a table of their own
        for number, analysis in enumerate(reading.analyses)
        for now in (verdict_now(analysis.verdict),)  # the analysis keeps what the model said
    ]  # fmt: skip
    if rows:
        session.execute(_ARTICLES.insert(), rows)
    added: list[str] = []
    for number, analysis in enumerate(reading.analyses):
        place = (number, analysis.title, analysis.start, analysis.end)
        if analysis.verdict.kind == taxonomy.CASE:
            added += _add_cases(session, document, document_id, place, analysis.cases, analysis.verdict)
        elif document.nature == "published" and (told := _whole(analysis)) and _retells(told):
            added += _add_cases(session, document, document_id, place, [told], analysis.verdict, retold=True)
    return added


def _retells(case: Case) -> bool:
    """May this be a case that an article of another kind speaks of? With a person of it, or a place and a sum, it can be recognised."""
    people = any(person.role in ("suspect", "victim") for person in case.persons)
    return people or bool(case.places and case.amounts)


def _add_cases(
    session: Session, document: Document, document_id: str, place: tuple[int, str, int, int], cases: Sequence[Case],
    said: Verdict | None, *, retold: bool = False, sketches: Mapping[str, Sequence[int]] | None = None,
) -> list[str]:  # fmt: skip
    """place: number, title, start and end of the article that tells the cases. said: what the model said of the article, None where a
    person gave the cases their label. retold: the article is no case itself. `data` keeps the label as it was said. sketches: case → its
    signature, where it cannot be taken from the text any more.

    Of several cases each is compared by its own part of the text: half of a round-up has little in common with the whole of another.
    """
    if not cases:
        return []
    article, title, start, end = place
    rows = []
    for number, case in enumerate(cases):
        data, case_id = shapes.dump(case), identity.case_id(document_id, article, number)
        if sketches is None:
            sketch = signature(document.text[case.start : case.end] if len(cases) > 1 else document.text[start:end])
        else:
            sketch = tuple(sketches.get(case_id, ()))
        label = _now(case.label, said)
        stamp = _stamp(data, label, sketch, retold)
        rows.append(
            {"id": case_id, "document_id": document_id, "article": article, "number": number, "label": label,
             "data": data, "signature": list(sketch), "stamp": stamp, "incident_id": None}
        )  # fmt: skip
        sourced.note(
            case_id, stamp, replace(case, label=label), document.text, sketch, document_id=document_id, title=title,
            article=article, retold=retold,
        )  # fmt: skip
    session.execute(_CASES.insert(), rows)
    return [row["id"] for row in rows]
