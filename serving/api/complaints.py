"""Complaints over the web: received one by one, answered with their analysis, corrected, withdrawn.

In: one complaint. Out: its label, mentions and incidents, after the inbox row is on disk. For analysts only: a complaint holds
people's own words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import InputError
from nlp.records import Document
from serving import inbox, queries, reports, standing, views
from serving.api import filed, problems
from serving.api.admission import Place
from serving.api.answers import ReportOut, ReportPage
from serving.api.bodies import CorrectionIn, JsonBody, ReportIn
from serving.api.viewer import Analyst, Asker, signature
from serving.store.tables import ReportRow

router = APIRouter(prefix="/v1/reports", tags=["投诉"])
ReportId = Annotated[str, Path(pattern=r"^r-[0-9a-f]{16}$", description="投诉", examples=["r-0123456789abcdef"])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=200, pattern=r"^[!-~]+$", description="调用方自定的键；同一键重发不会重复受理", examples=["7f3c-01"]
    ),
]
_NUMBER = "external_id"


def _text(title: str, text: str) -> str:
    return f"{title}\n{text}" if title else text


def document_of(body: ReportIn) -> Document:
    """A complaint as a document; with a title the text begins with it. Raises InputError."""
    if _NUMBER in body.details:
        raise InputError(f"details 中不能有 {_NUMBER}", where="details", advice=f"来源编号请放在 {_NUMBER} 字段")
    return Document(
        doc_id=body.external_id or "", text=_text(body.title, body.text), title=body.title, form="complaint", nature="complaint",
        origin="api", published=body.reported_at, publisher=body.source, metadata=body.details,
    )  # fmt: skip


def shown(session: Session, report: ReportRow) -> dict[str, Any]:
    """A report with its text, analysis and incidents, for an analyst."""
    articles = filed.articles(session, report.document_id)
    told = next((article for article in articles if article["kind"] != "unrelated"), articles[0] if articles else None)
    inbox_row = queries.inbox_of(session, report.document_id)
    document = queries.get_document(session, report.document_id)
    head: dict[str, Any] = {}
    if told is not None:
        head = {name: told[name] for name in ("kind", "label", "confidence", "review")}
        head |= {"label_name": taxonomy.load().name_of(told["label"])}
    former = [
        {"id": row.id, "incident_id": row.incident_id, "sort": row.sort, "into": row.details.get("into"), "by": row.by, "at": row.at,
         "note": row.note}
        for row in standing.left_behind(session, reports.former_texts(report), report.document_id)
    ]  # fmt: skip
    return reports.view(report) | head | ({"former_rulings": former} if former else {}) | {
        "title": document.title, "text": document.text, "reported_at": document.published, "source": document.publisher,
        "details": {key: str(value) for key, value in document.details.items() if key != _NUMBER},
        "articles": articles,
        "incidents": [views.incident_line(row, "analyst") for row in queries.incidents_of(session, report.document_id)],
        "error": inbox_row.error if inbox_row is not None else "",
    }  # fmt: skip


def _answer(engine: Any, report_id: str) -> dict[str, Any]:
    with engine.store.reading() as session:
        return shown(session, queries.get_report(session, report_id))


@router.post(
    "", summary="送来一件投诉", response_model=ReportOut, response_model_exclude_unset=True, status_code=201, dependencies=[Place],
    responses=problems.documented(409, 413, 415, 503)
    | {200: {"model": ReportOut, "description": "早已收下，没有改变"}, 202: {"model": ReportOut, "description": "已存盘，稍后分析"}},
)  # fmt: skip
def receive(
    body: ReportIn,
    request: Request,
    response: Response,
    _: Analyst,
    _kind: JsonBody,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """存盘后分析，答以类型、提及和相关事件。得到 201 或 202 即不会丢失。同样的内容再送来得 200，什么也不改；
    同一 `external_id` 或 `Idempotency-Key` 用于不同内容得 409。202 表示模型还没载入或分析太久，稍后 GET 即得分析。
    正忙时答 503，什么也没有收下，请按 `Retry-After` 再送。
    """
    engine = request.app.state.engine
    document = document_of(body)
    with engine.store.writing() as session:
        received = reports.receive(
            session, document, external_id=body.external_id, idempotency_key=idempotency_key, owner=engine.owner
        )
        claimed = received.claim or engine.claim(session, received.document_id)
    # From here on the complaint is on disk; whatever happens to the analysis, the inbox finishes it.
    finished = engine.finish(received.document_id, claimed, request.state.request_id)
    response.status_code = 202 if not finished else 201 if received.new else 200
    response.headers["Location"] = f"/v1/reports/{received.report_id}"
    return _answer(engine, received.report_id)


@router.get("", summary="列出投诉", response_model=ReportPage, response_model_exclude_unset=True)
def list_reports(
    request: Request, _: Analyst,
    state: Annotated[
        str, Query(pattern="^(?:|received|analysed|corrected|withdrawn)$", description="状态", examples=["analysed"])
    ] = "",
    reviewed: Annotated[bool | None, Query(description="是否已有人审核", examples=[False])] = None,
    cursor: Annotated[
        str, Query(pattern="^(?:|r-[0-9a-f]{16})$", description="上一页给出的 cursor", examples=["r-0123456789abcdef"])
    ] = "",
    limit: Annotated[int, Query(ge=1, le=100, description="一页多少件", examples=[20])] = 20,
) -> Any:  # fmt: skip
    """按编号排列，连同分析。"""
    with request.app.state.engine.store.reading() as session:
        rows, following = queries.list_reports(session, state=state, reviewed=reviewed, cursor=cursor, limit=limit)
        return {"reports": [shown(session, row) for row in rows], "cursor": following}


@router.get(
    "/{report_id}", summary="一件投诉", response_model=ReportOut, response_model_exclude_unset=True, responses=problems.documented(404)
)  # fmt: skip
def get_report(request: Request, _: Analyst, report_id: ReportId) -> Any:
    """状态、原文、分析、相关事件。"""
    return _answer(request.app.state.engine, report_id)


@router.put(
    "/{report_id}", summary="更正或审核一件投诉", response_model=ReportOut, response_model_exclude_unset=True, dependencies=[Place],
    responses=problems.documented(404, 409, 413, 415, 503) | {202: {"model": ReportOut, "description": "已存盘，稍后重新分析"}},
)  # fmt: skip
def correct(
    body: CorrectionIn,
    request: Request,
    response: Response,
    _: Analyst,
    who: Asker,
    _kind: JsonBody,
    report_id: ReportId,
) -> Any:
    """改了正文就重新分析；种类、类型盖过机器的判断；`accept` 表示已由人审核，所属事件从此可以给读者看。更正都留有记录。"""
    engine = request.app.state.engine
    by = signature(request, who, body.by)
    with engine.store.writing() as session:
        replaced = _replaced(session, report_id, body)
        if replaced or body.kind or body.label:
            reports.correct(
                session,
                report_id,
                by=by,
                document=replaced,
                kind=body.kind or "",
                label=body.label or "",
                note=body.note,
            )
        if body.accept:
            reports.review(session, report_id, by=by)
        document_id = queries.get_report(session, report_id).document_id
        claimed = engine.claim(session, document_id) if replaced else None
    if replaced and not engine.finish(document_id, claimed, request.state.request_id):
        response.status_code = 202
    return _answer(engine, report_id)


def _replaced(session: Session, report_id: str, body: CorrectionIn) -> Document | None:
    """The complaint with its corrected text; channel, date and other columns stay."""
    if body.text is None:
        return None
    before = inbox.as_document(queries.get_document(session, queries.get_report(session, report_id).document_id))
    return replace(before, text=_text(body.title, body.text), title=body.title, sha256="")


@router.delete(
    "/{report_id}", summary="撤回一件投诉", response_model=ReportOut, response_model_exclude_unset=True, responses=problems.documented(404)
)  # fmt: skip
def withdraw(request: Request, _: Analyst, report_id: ReportId) -> Any:
    """它的案件离开所属事件；只靠它的事件撤下。再撤一次没有影响。"""
    engine = request.app.state.engine
    with engine.store.writing() as session:
        reports.withdraw(session, report_id)
    return _answer(engine, report_id)
