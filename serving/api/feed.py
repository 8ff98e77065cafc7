"""Incidents, one incident, the changes: what researchers and other systems read.

In: filters, a cursor. Out: pages of what `serving.views` lets the viewer see. Money in queries is yuan, in the store fen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from serving import changes, queries, snapshots, views
from serving.api import problems
from serving.api.bodies import LABEL, KnownLabel
from serving.api.feed_answers import ChangePage, IncidentOut, IncidentPage
from serving.api.representations import (
    TABLES,
    WITH_EVIDENCE,
    Shape,
    caching,
    documented,
    etag,
    next_page,
    not_modified,
    unchanged,
    wanted_shape,
    written,
)  # fmt: skip
from serving.api.viewer import Reader
from serving.queries import IncidentFilter
from serving.store import Store

router = APIRouter(prefix="/v1", tags=["事件"])
DAY = r"^(?:|[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?)$"
PLACE = r"^(?:|[1-9][0-9](?:[0-9]{2}){0,2})$"
YUAN = r"^(?:|[0-9]{1,13}(?:\.[0-9]{1,2})?)$"

Status = Literal["", "alleged", "detained", "charged", "convicted", "cleared"]
Basis = Literal["", "complaint", "published", "police", "court"]
Tlp = Literal["", "clear", "green", "amber", "amber+strict", "red"]


def wanted(
    label: Annotated[
        tuple[KnownLabel, ...], Query(description="诈骗类型 id，可多次给出", examples=[[LABEL]], max_length=20)
    ] = (),
    kind: Annotated[
        tuple[Literal["case", "advisory", "unrelated"], ...], Query(description="文章种类；只有 case 会成为事件", examples=[["case"]], max_length=3)
    ] = (),
    place: Annotated[
        str, Query(description="地区代码或其前缀：41 河南，4113 南阳，411381 邓州", examples=["4113"], pattern=PLACE),
    ] = "",
    since: Annotated[str, Query(description="案件时间不早于（年、年月或年月日）", examples=["2026-01"], pattern=DAY)] = "",
    until: Annotated[str, Query(description="案件时间不晚于（年、年月或年月日）", examples=["2026-03"], pattern=DAY)] = "",
    loss_min: Annotated[str, Query(description="损失不少于（元）", examples=["10000"], pattern=YUAN)] = "",
    loss_max: Annotated[str, Query(description="损失不多于（元）", examples=["500000"], pattern=YUAN)] = "",
    q: Annotated[
        str,
        Query(description="词语，全部都要出现；词尾加 * 按前缀", examples=["医保 村推"], max_length=200, pattern=r"^[^\x00]*$"),
    ] = "",
    status: Annotated[Status, Query(description="进展", examples=["detained"])] = "",
    basis: Annotated[Basis, Query(description="依据", examples=["police"])] = "",
    tlp: Annotated[Tlp, Query(description="TLP 2.0 标记", examples=["clear"])] = "",
) -> IncidentFilter:  # fmt: skip
    """The filters of a request as the store takes them."""
    return IncidentFilter(
        labels=label, kinds=kind, place=place, since=since, until=until, words=q, status=status, basis=basis, tlp=tlp,
        loss_min_fen=fen(loss_min), loss_max_fen=fen(loss_max),
    )  # fmt: skip


def fen(yuan: str) -> int | None:
    """Yuan as a request gives them ("" for not at all) in fen."""
    return int(Decimal(yuan) * 100) if yuan else None


Wanted = Annotated[IncidentFilter, Depends(wanted)]
Limit = Annotated[int, Query(ge=1, le=queries.MOST_ROWS, description="一页多少条", examples=[20])]
AsOf = Annotated[
    int | None, Query(ge=0, le=2**62, description="某个序号那时的样子（之后撤下的内容不再给出；不能与 q 同用）", examples=[128])
]  # fmt: skip
IncidentId = Annotated[str, Path(pattern=r"^i-[0-9a-f]{16}$", description="事件", examples=["i-0123456789abcdef"])]


# The page's numbers hang on no clock: an address, a viewer and the newest number make the answer.
Cursor = Annotated[int | None, Query(ge=0, le=2**62, description="上一页给出的 cursor", examples=[128])]
ShapeName = Annotated[
    Shape, Path(description="json、jsonl（每行一个事件，带出处）、feed（JSON Feed 1.1）、atom、csv、parquet、stix（STIX 2.1）", examples=["csv"])
]  # fmt: skip
_SHAPES = ("jsonl", "feed", "atom", "csv", "parquet", "stix")


@router.get(
    "/incidents",
    summary="列出事件",
    response_model=IncidentPage,
    responses=documented(*_SHAPES) | problems.documented(406, 409),
)
def list_incidents(
    request: Request, response: Response, viewer: Reader, filters: Wanted, limit: Limit = queries.LIMIT,
    cursor: Cursor = None, as_of: AsOf = None,
) -> Any:  # fmt: skip
    """最近变更的在前；筛选条件可以同时给出。`next` 和 `Link` 头是下一页的地址。翻页时新来的事件不会使别的重复或遗漏；
    翻页途中被修订的事件排到最前，用 `GET /v1/changes?after=首页的 last` 可以知道；或给出 `as_of=首页的 last`，各页便是同一时刻的样子。
    按 `Accept` 给出 JSON、JSON Lines、JSON Feed、Atom、CSV、Parquet、STIX 2.1；表格一页至多 10000 条，其余至多 500 条。
    """
    return _listed(request, response, viewer, filters, limit, cursor, as_of, wanted_shape(request))


@router.get(
    "/incidents.{shape}", summary="列出事件，指定形式", response_model=IncidentPage,
    responses=documented(*_SHAPES) | problems.documented(406, 409),
)  # fmt: skip
def list_incidents_as(
    request: Request, response: Response, viewer: Reader, filters: Wanted, shape: ShapeName, limit: Limit = queries.LIMIT,
    cursor: Cursor = None, as_of: AsOf = None,
) -> Any:  # fmt: skip
    """与 `GET /v1/incidents` 相同，形式由后缀决定，适合放进订阅软件和电子表格。"""
    return _listed(request, response, viewer, filters, limit, cursor, as_of, shape)


def _listed(
    request: Request, response: Response, viewer: str, filters: IncidentFilter, limit: int, cursor: int | None,
    as_of: int | None, shape: Shape,
) -> Any:  # fmt: skip
    most = queries.MOST_ROWS if shape in TABLES else queries.MOST
    limit = min(limit, most)
    with request.app.state.engine.store.reading() as session:
        last = changes.last_number(session)
        tag = etag(request, viewer, shape, last)
        if unchanged(request, tag):
            return not_modified(viewer, tag)
        page = queries.list_incidents(
            session, filters, viewer=viewer, cursor=cursor, limit=limit, as_of=as_of, most=most
        )
        shown = views.incident_view if shape in WITH_EVIDENCE else views.incident_line
        rows = [shown(row, viewer) for row in page.rows]
    headers = caching(viewer, tag)
    following = None
    if page.cursor is not None:
        following = next_page(request, limit=limit, cursor=page.cursor)
        headers["Link"] = f'<{following}>; rel="next"'
    if shape != "json":
        return written(shape, rows, request, following, headers)
    response.headers.update(headers)
    return {"incidents": rows, "cursor": page.cursor, "next": following, "last": last}


_ONE: dict[int | str, dict[str, Any]] = problems.documented(404, 406) | {
    308: {"description": "已并入另一事件，Location 为其地址"}
}


@router.get(
    "/incidents/{incident_id}.{shape}", summary="一个事件，指定形式", response_model=IncidentOut, response_model_exclude_unset=True,
    responses=documented(*_SHAPES) | _ONE,
)  # fmt: skip
def get_incident_as(
    request: Request, response: Response, viewer: Reader, incident_id: IncidentId, shape: ShapeName, as_of: AsOf = None
) -> Any:
    """与 `GET /v1/incidents/{incident_id}` 相同，形式由后缀决定。"""
    return _one(request, response, viewer, incident_id, as_of, shape, f".{shape}")


@router.get(
    "/incidents/{incident_id}", summary="一个事件，连同每个值的出处", response_model=IncidentOut, response_model_exclude_unset=True,
    responses=documented(*_SHAPES) | _ONE,
)  # fmt: skip
def get_incident(
    request: Request, response: Response, viewer: Reader, incident_id: IncidentId, as_of: AsOf = None
) -> Any:
    """每个值都带出处（文档、起止、引文）。已并入别处的事件转到新的地址；给出 `as_of` 则为那时的样子，并入前的也在。
    按 `Accept` 给出各种形式；带 `ETag`，未变则答 304。
    """
    return _one(request, response, viewer, incident_id, as_of, wanted_shape(request), "")


def _one(
    request: Request, response: Response, viewer: str, incident_id: str, as_of: int | None, shape: Shape, suffix: str
) -> Any:
    with request.app.state.engine.store.reading() as session:
        if as_of is not None:
            row = snapshots.get(session, incident_id, as_of, viewer=viewer)
        else:
            row = queries.get_incident(session, incident_id, viewer=viewer)
        if row.id != incident_id:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"/v1/incidents/{row.id}{suffix}{query}", status_code=308)
        tag = etag(request, viewer, shape, row.id, queries.number_to(row, viewer))
        if unchanged(request, tag):
            return not_modified(viewer, tag)
        shown = views.incident_view(row, viewer)
    if shape != "json":
        return written(shape, [shown], request, None, caching(viewer, tag))
    response.headers.update(caching(viewer, tag))
    return shown


@router.get("/changes", summary="跟随变更", response_model=ChangePage)
def list_changes(
    request: Request, viewer: Reader, filters: Wanted, limit: Limit = queries.LIMIT,
    after: Annotated[int, Query(ge=0, le=2**62, description="上次得到的 last；从 0 开始即从头补齐", examples=[0])] = 0,
) -> Any:  # fmt: skip
    """某个序号之后的变更，旧的在前。筛选与列出事件相同，按变更前或后的事件；`filter` 说明事件进入、仍在、离开了筛选。
    用词语筛选时，变更前的内容若已撤下而不再保存，也按离开告知。
    """
    lines, last, more = changes_after(request.app.state.engine.store, after, limit, viewer, filters)
    return {"changes": lines, "last": last, "more": more}


def changes_after(
    store: Store, after: int, limit: int, viewer: str, filters: IncidentFilter
) -> tuple[list[dict[str, Any]], int, bool]:
    """Lines of the log after a number, where to go on, whether there is more already."""
    with store.reading() as session:
        page = queries.list_changes(session, after, limit=limit, viewer=viewer, wanted=filters)
        lines = views.change_lines(
            page.rows, viewer, queries.public_among(session, views.told_of(page.rows)), page.movements
        )
        last = page.cursor if page.cursor is not None else after
        return lines, last, last < changes.last_number(session)
