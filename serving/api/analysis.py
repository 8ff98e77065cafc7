"""`POST /v1/analyze`: texts in, what they say out, nothing stored. And the taxonomy, so that labels can be read.

In: texts. Out: for each the object that `fanzha analyze` writes. A text that cannot be analysed leaves its reason, the others go on.
"""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import APIRouter, Request

from nlp import taxonomy, wire
from nlp.records import Document, Reading
from serving.api import problems
from serving.api.admission import Place
from serving.api.answers import TaxonomyOut
from serving.api.bodies import AnalyzeIn, JsonBody, TextIn
from serving.api.readings import AnalyzeOut
from serving.api.viewer import Analyst, Anybody
from serving.worker import reason_of

router = APIRouter(prefix="/v1", tags=["分析"])


def document_of(text: TextIn, number: int, **more: Any) -> Document:
    """A record from what was sent; with a title the text begins with it, and offsets count from there."""
    whole = f"{text.title}\n{text.text}" if text.title else text.text
    digest = hashlib.sha256(whole.encode()).hexdigest()
    name = text.doc_id or f"text-{number}"
    return Document(
        doc_id=name, text=whole, title=text.title, origin="api", published=text.published, sha256=digest, **more
    )


@router.post(
    "/analyze", summary="分析文字，不保存", response_model=AnalyzeOut, response_model_exclude_unset=True, dependencies=[Place],
    responses=problems.documented(413, 415, 503),
)  # fmt: skip
def analyze(body: AnalyzeIn, request: Request, _: Analyst, _kind: JsonBody) -> Any:
    """每篇的种类、类型与把握、人员、地点、金额、账号、案件。偏移按“标题+换行+正文”的字符计。什么也不保存。"""
    documents = [document_of(text, number) for number, text in enumerate(body.documents, start=1)]
    lines: list[dict[str, Any]] = []
    for document, reading in zip(documents, request.app.state.engine.read(documents), strict=True):
        if isinstance(reading, Reading):
            lines.append(wire.to_line(reading))
        else:
            lines.append({"doc_id": document.doc_id, "articles": [], "error": reason_of(reading)})
    models = {article["model"] for line in lines for article in line["articles"]}
    return {"documents": lines, "model": "、".join(sorted(models))}


@router.get("/taxonomy", summary="标签体系", response_model=TaxonomyOut)
def read_taxonomy(_: Anybody) -> Any:
    """现行版本的文章种类、诈骗类型与手法。"""
    types = taxonomy.load()
    return TaxonomyOut.model_validate(
        {
            "version": types.version, "kinds": types.kinds, "labels": types.labels, "tactics": list(types.tactics),
            "former": types.former, "successors": types.successors,
        },
        from_attributes=True,
    )  # fmt: skip
