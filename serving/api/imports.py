"""Files over the web: an upload of any form that `corpora` reads becomes a batch with its rows, its errors, and its way back.

In: a multipart form with one file. Out: the batch. Every row is on disk when the answer goes out; the worker analyses them then.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Query, Request, Response, UploadFile
from pydantic import AfterValidator, GetJsonSchemaHandler, StringConstraints

from corpora.columns import field_names
from serving import batches
from serving.api import problems
from serving.api.answers import BatchHead, BatchOut, BatchPage, UndoneOut
from serving.api.bodies import MultipartBody, not_blank, storable
from serving.api.viewer import Analyst, Editor
from serving.ingest import IngestSummary, accept_all

router = APIRouter(prefix="/v1/batches", tags=["批量导入"])
BatchId = Annotated[str, Path(pattern=r"^b-[0-9a-f]{16}$", description="批次", examples=["b-0123456789abcdef"])]
RowState = Annotated[Literal["refused", "new", "already", "all"], Query(description="列出哪些行", examples=["refused"])]
_NAME = 200
_HEAD = tuple(BatchHead.model_fields)


class _ColumnSchema:
    """Makes OpenAPI list the fields that a column can be, read from `corpora` when the document is built."""

    @staticmethod
    def __get_pydantic_json_schema__(_core: Any, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        pattern = rf"^(?:{'|'.join(field_names())})=[^\u0000]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000]*$"
        return {"type": "string", "pattern": pattern, "maxLength": _NAME}


def column(text: str) -> str:
    """One pair "field=heading"; raises ValueError with what would have been right."""
    field, _, heading = storable(text).partition("=")
    try:
        known = field in field_names() and bool(not_blank(heading))
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"应为“字段=表头”，如 text=案情描述；字段可为 {'、'.join(field_names())}")
    return text


Column = Annotated[str, StringConstraints(max_length=_NAME), AfterValidator(column), _ColumnSchema]


def _shown(session: Any, batch_id: str, state: str = "refused", after: int = 0, limit: int = 100) -> dict[str, Any]:
    batch = batches.get(session, batch_id)
    rows = list(batches.rows(session, batch_id, state="" if state == "all" else state, after=after, limit=limit + 1))
    more = len(rows) > limit
    return {name: getattr(batch, name) for name in _HEAD} | {
        "progress": batches.progress(session, batch_id),
        "rows": [
            {"number": row.number, "state": row.state, "name": row.name, "document_id": row.document_id, "error": row.error}
            for row in rows[:limit]
        ],
        "rows_after": rows[limit - 1].number if more else None,
    }  # fmt: skip


@router.post(
    "", summary="导入一个文件", response_model=BatchOut, status_code=201,
    responses=problems.documented(409, 413, 415, 503),
)  # fmt: skip
def upload(
    request: Request,
    response: Response,
    _: Analyst,
    _kind: MultipartBody,
    file: Annotated[
        UploadFile,
        File(description="一个文件：网页、文字、PDF、DOCX、邮件、WARC、CSV、XLSX、JSON、JSONL 或其 ZIP，至多 100 MB"),
    ],
    columns: Annotated[
        tuple[Column, ...],
        Form(
            description="表格的一列是什么：字段=表头，可多次给出；不给则按表头识别",
            max_length=40,
            examples=[["text=案情描述"]],
        ),
    ] = (),
    nature: Annotated[
        Literal["", "published", "complaint"],
        Form(description="整个文件是公开文章还是投诉；不给则按内容判断", examples=["complaint"]),
    ] = "",
) -> Any:
    """读出每一行或每一篇并存盘；读不了的各留原因，其余照收。应答时全部已在盘上，分析随后进行，进度见 `progress`。
    整个文件都读不了时 `new` 和 `already` 为 0，`rows` 说明为什么。
    """
    from corpora.read import read_bytes  # lxml and the other readers load with the first upload

    mapped = dict(pair.split("=", 1) for pair in columns)
    name = file_name(file.filename)
    engine = request.app.state.engine
    with engine.uploading.entered("导入"):
        items = read_bytes(file.file.read(), name, columns=mapped, nature=nature or None)
        summary = IngestSummary()
        accept_all(engine.store, items, summary, name, nature or None)
    response.headers["Location"] = f"/v1/batches/{summary.batch_id}"
    with engine.store.reading() as session:
        return _shown(session, summary.batch_id)


def file_name(sent: str | None) -> str:
    """The upload's own name without what cannot be stored or printed; its extension tells how it is read."""
    name = (sent or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(letter for letter in name if letter.isprintable() and not "\ud800" <= letter <= "\udfff")
    return name[-_NAME:] or "upload"


@router.get("", summary="列出导入", response_model=BatchPage)
def list_batches(
    request: Request, _: Analyst, limit: Annotated[int, Query(ge=1, le=200, description="多少次", examples=[20])] = 50
) -> Any:
    """最近的导入在前。"""
    with request.app.state.engine.store.reading() as session:
        rows = batches.listing(session, limit=limit)
        return {"batches": [{name: getattr(row, name) for name in _HEAD} for row in rows]}


@router.get("/{batch_id}", summary="一次导入", response_model=BatchOut, responses=problems.documented(404))
def get_batch(
    request: Request, _: Analyst, batch_id: BatchId, rows: RowState = "refused",
    after: Annotated[int, Query(ge=0, le=2**62, description="只列此号之后的行", examples=[0])] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="一页多少行", examples=[100])] = 100,
) -> Any:  # fmt: skip
    """件数、分析进度、每个拒收的行和原因。"""
    with request.app.state.engine.store.reading() as session:
        return _shown(session, batch_id, rows, after, limit)


@router.delete("/{batch_id}", summary="撤销一次导入", response_model=UndoneOut, responses=problems.documented(404, 409))
def undo(request: Request, _: Editor, batch_id: BatchId) -> Any:
    """撤回这次导入带来的文档；只靠它们的事件撤下，其余事件按剩下的来源重建。别的导入也带来的文档保留。"""
    with request.app.state.engine.store.writing() as session:
        undone = batches.undo(session, batch_id)
    return {"id": batch_id, "withdrawn": undone.withdrawn, "kept": undone.kept, "changes": len(undone.changes)}
