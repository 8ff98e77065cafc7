"""Documents over the web, one by one: on disk before they are analysed.

In: JSON. Out: the document's id and what became of it; to analysts its text and analysis, to readers the head of a published one
that tells a public incident. Complaints never go to readers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from nlp import mask
from nlp.errors import NotFoundError
from serving import inbox, queries, views
from serving.api import filed, problems
from serving.api.admission import Place
from serving.api.analysis import document_of
from serving.api.answers import AcceptedOut, DocumentOut
from serving.api.bodies import DocumentIn, JsonBody
from serving.api.viewer import Analyst, Reader

router = APIRouter(prefix="/v1/documents", tags=["文档"])
DocumentId = Annotated[str, Path(pattern=r"^d-[0-9a-f]{16}$", description="文档", examples=["d-0123456789abcdef"])]


@router.post(
    "", summary="收下一篇文档", response_model=AcceptedOut, status_code=201, dependencies=[Place],
    responses=problems.documented(409, 413, 415, 503)
    | {200: {"model": AcceptedOut, "description": "早已收下，没有改变"}, 202: {"model": AcceptedOut, "description": "已存盘，稍后分析"}},
)  # fmt: skip
def accept(body: DocumentIn, request: Request, response: Response, _: Analyst, _kind: JsonBody) -> Any:
    """先存盘，后分析：得到应答即不会丢失。同一来源的同样文字再送来不会重复。"""
    engine = request.app.state.engine
    document = document_of(
        body, 1, nature=body.nature, publisher=body.publisher, url=body.url, licence=body.licence, form="json"
    )
    # The same words from two publishers are two sources: what names the source is part of the hash.
    head = json.dumps([body.nature, body.publisher, body.url, body.doc_id], ensure_ascii=False)
    digest = hashlib.sha256(f"{head}\n{document.text}".encode()).hexdigest()
    with engine.store.writing() as session:
        named = replace(document, doc_id=body.doc_id or digest[:16], sha256=digest)
        accepted = inbox.accept(session, named, owner=engine.owner)
        claimed = accepted.claim or engine.claim(session, accepted.document_id)
    # From here on the document is on disk; whatever happens to the analysis, the inbox finishes it.
    finished = engine.finish(accepted.document_id, claimed, request.state.request_id)
    response.status_code = 202 if not finished else 201 if accepted.outcome == "new" else 200
    with engine.store.reading() as session:
        row = queries.inbox_of(session, accepted.document_id)
        return {
            "document_id": accepted.document_id, "outcome": accepted.outcome, "report_id": accepted.report_id,
            "state": row.state if row is not None else "done",
            "incidents": [incident.id for incident in queries.incidents_of(session, accepted.document_id)],
        }  # fmt: skip


@router.get(
    "/{document_id}", summary="一篇文档", response_model=DocumentOut, response_model_exclude_unset=True,
    responses=problems.documented(404),
)  # fmt: skip
def get_document(request: Request, viewer: Reader, document_id: DocumentId) -> Any:
    """值守人员得到全文和分析；读者得到公开事件所引公开文章的篇首和原文地址，看不到任何投诉。"""
    with request.app.state.engine.store.reading() as session:
        row = queries.get_document(session, document_id)
        incidents = queries.incidents_of(session, document_id)
        full = mask.sees_all(viewer)
        if not full and (row.nature == "complaint" or row.withdrawn or not any(found.public for found in incidents)):
            raise NotFoundError("没有这个文档", where=document_id)
        told = (item for incident in incidents for item in views.names_in(incident).items())
        everything = ((name, sort, ()) for name, sort in [*told, *row.names.items()])
        names = mask.names_of(everything, convicted=False)
        state = queries.inbox_of(session, document_id)

        def shown(text: str) -> str:
            return mask.render(text, "text", viewer, names)

        head = {
            "id": row.id, "name": shown(row.doc_id), "title": shown(row.title), "nature": row.nature,
            "publisher": shown(row.publisher), "url": mask.render(row.url, "url", viewer, names), "published": row.published, "licence": row.licence,
            "form": row.form, "sha256": row.sha256, "withdrawn": row.withdrawn, "state": state.state if state else "",
            "incidents": [incident.id for incident in incidents if full or incident.public],
        }  # fmt: skip
        if full:
            head |= {"text": row.text, "error": state.error if state else ""}
            head |= {"articles": filed.articles(session, document_id)}
        return head
