"""Around one incident, and over all of them: history, evidence, what is like it; totals by time, type and place.

In: an id or groups and filters. Out: pages of what `serving.views` lets the viewer see.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from nlp import taxonomy
from nlp.errors import NotFoundError
from serving import changes, likeness, queries, statistics, views
from serving.api import problems
from serving.api.bodies import LABEL, LABEL_NAME, KnownLabel
from serving.api.feed import DAY, IncidentId
from serving.api.feed_answers import HEAD, Change, EvidenceOut, IncidentHead
from serving.api.readings import Number, example_of
from serving.api.representations import caching, etag, next_page, not_modified, unchanged
from serving.api.viewer import Reader
from serving.queries import IncidentFilter

router = APIRouter(prefix="/v1", tags=["事件"])


class HistoryOut(BaseModel):
    """一个事件的全部变更，旧的在前；并入别处的事件也有。"""

    incident_id: str = Field(description="事件", examples=["i-0123456789abcdef"])
    changes: list[Change] = Field(description="变更；用 as_of=序号 看当时的内容", examples=[[example_of(Change)]])


class EvidenceLine(EvidenceOut):
    """一个值的一处出处。"""

    kind: str = Field(description="值的种类", examples=["amount"])
    role: str = Field("", description="作用", examples=["loss"])
    text: str = Field(description="值的写法", examples=["3.28万元"])


class EvidencePage(BaseModel):
    """一个事件的全部出处。"""

    evidence: list[EvidenceLine] = Field(description="出处，按值排", examples=[[example_of(EvidenceLine)]])
    total: int = Field(description="共几处", examples=[1])
    next: str | None = Field(None, description="下一页的地址，没有则为空", examples=[None])


class SimilarOut(BaseModel):
    """一个相似的事件和理由。"""

    incident: IncidentHead = Field(description="事件", examples=[HEAD])
    score: float = Field(
        description="分数；有独特的相同之处时 3.5 以上、只有平常的相同之处时 5 以上会归为同一件", examples=[2.25]
    )
    agreed: list[str] = Field([], description="相同之处", examples=[["地点同在云南省/昆明市"]])
    contradicted: list[str] = Field([], description="不同之处", examples=[["金额不同（损失）"]])


class SimilarPage(BaseModel):
    """最相似的事件，最像的在前。"""

    similar: list[SimilarOut] = Field(description="事件和理由", examples=[[example_of(SimilarOut)]])


class GroupOut(BaseModel):
    """一组的合计。"""

    year: str | None = Field(None, description="年；空串为不知", examples=["2026"])
    month: str | None = Field(None, description="月；原文只说到年的为年", examples=["2026-03"])
    day: str | None = Field(None, description="日；原文没有那么精确的为月或年", examples=["2026-03-05"])
    label: str | None = Field(None, description="诈骗类型 id", examples=[LABEL])
    label_name: str | None = Field(None, description="诈骗类型", examples=[LABEL_NAME])
    province: str | None = Field(None, description="省级代码（两位）；空串为不知", examples=["53"])
    city: str | None = Field(None, description="地级代码（四位）", examples=["5301"])
    county: str | None = Field(None, description="县级代码（六位）", examples=["530102"])
    place: str | None = Field(None, description="地区的名称", examples=["云南省"])
    incidents: int = Field(description="事件数", examples=[12])
    with_loss: int = Field(description="其中说到损失的", examples=[9])
    loss_min: Number = Field(description="损失合计的下限（元）", examples=[328000])
    loss_max: Number = Field(description="损失合计的上限（元）", examples=[346000])


class StatsOut(BaseModel):
    """合计，按时间、类型、地区分组。"""

    groups: list[GroupOut] = Field(description="各组", examples=[[example_of(GroupOut)]])
    total: GroupOut = Field(
        description="全部", examples=[example_of(GroupOut, "incidents", "with_loss", "loss_min", "loss_max")]
    )
    last: int = Field(description="统计到哪个序号", examples=[128])


@router.get(
    "/incidents/{incident_id}/history", summary="一个事件的历史", response_model=HistoryOut, responses=problems.documented(404)
)  # fmt: skip
def get_history(request: Request, viewer: Reader, incident_id: IncidentId) -> Any:
    """新增、修订、拆分、并入、撤下，每次变更前后的要点；并入或撤下之后仍可查。"""
    with request.app.state.engine.store.reading() as session:
        rows = queries.history_of(session, incident_id, viewer=viewer)
        lines = views.change_lines(rows, viewer, queries.public_among(session, views.told_of(rows)))
    return {"incident_id": incident_id, "changes": lines}


@router.get(
    "/incidents/{incident_id}/evidence", summary="一个事件的全部出处", response_model=EvidencePage,
    responses=problems.documented(404) | {304: {"description": "与 If-None-Match 所给的 ETag 相同，没有变"}},
)  # fmt: skip
def get_evidence(
    request: Request, response: Response, viewer: Reader, incident_id: IncidentId,
    limit: Annotated[int, Query(ge=1, le=queries.MOST, description="一页多少条", examples=[100])] = 100,
    skip: Annotated[int, Query(ge=0, le=10**7, description="跳过多少条（next 里有）", examples=[0])] = 0,
) -> Any:  # fmt: skip
    """事件里每个值只带前 50 处；这里是全部。按值排，修订之间次序不变。"""
    with request.app.state.engine.store.reading() as session:
        row = queries.get_incident(session, incident_id, viewer=viewer)
        tag = etag(request, viewer, row.id, queries.number_to(row, viewer))
        if unchanged(request, tag):
            return not_modified(viewer, tag)
        lines = likeness.evidence(session, row, viewer)
    following = None
    if skip + limit < len(lines):
        following = next_page(request, limit=limit, skip=skip + limit)
        response.headers["Link"] = f'<{following}>; rel="next"'
    response.headers.update(caching(viewer, tag))
    return {"evidence": lines[skip : skip + limit], "total": len(lines), "next": following}


@router.get(
    "/incidents/{incident_id}/similar", summary="相似的事件", response_model=SimilarPage, responses=problems.documented(404)
)  # fmt: skip
def get_similar(
    request: Request, viewer: Reader, incident_id: IncidentId,
    limit: Annotated[int, Query(ge=1, le=50, description="几个", examples=[10])] = 10,
) -> Any:  # fmt: skip
    """可能有关、但还不到算作同一件的事件：同地同手法、嫌疑人相容、金额相近等，附相同和不同之处。"""
    with request.app.state.engine.store.reading() as session:
        row = queries.get_incident(session, incident_id, viewer=viewer)
        return {"similar": likeness.similar(session, row, viewer, limit)}


@router.get(
    "/stats", summary="统计", response_model=StatsOut, response_model_exclude_unset=True,
    responses={304: {"description": "与 If-None-Match 所给的 ETag 相同，没有变"}},
)  # fmt: skip
def get_stats(
    request: Request, response: Response, viewer: Reader,
    by: Annotated[
        tuple[statistics.Group, ...],
        Query(description="分组：year、month、day、label、province、city、county，可多次给出", examples=[["month", "label"]], max_length=3),
    ] = ("month",),
    label: Annotated[
        tuple[KnownLabel, ...], Query(description="诈骗类型 id，可多次给出", examples=[[LABEL]], max_length=20)
    ] = (),
    place: Annotated[str, Query(description="地区代码或其前缀", examples=["53"], pattern=r"^(?:|[1-9][0-9](?:[0-9]{2}){0,2})$")] = "",
    since: Annotated[str, Query(description="案件时间不早于", examples=["2026-01"], pattern=DAY)] = "",
    until: Annotated[str, Query(description="案件时间不晚于", examples=["2026-03"], pattern=DAY)] = "",
) -> Any:  # fmt: skip
    """事件数和损失，按时间、类型、地区。损失是范围：约数有上下限；没有说到损失的事件不计入金额。一个事件只计一次：按最早的时间
    （没有则按发布日期）和主要地点。由随每次变更维护的日合计得出。
    """
    wanted = IncidentFilter(labels=label, place=place, since=since, until=until)
    with request.app.state.engine.store.reading() as session:
        last = changes.last_number(session)
        tag = etag(request, viewer, last)
        if unchanged(request, tag):
            return not_modified(viewer, tag)
        groups = statistics.totals(session, by, wanted, viewer=viewer)
        (total,) = statistics.totals(session, (), wanted, viewer=viewer)
    response.headers.update(caching(viewer, tag))
    return {"groups": [_group(by, found) for found in groups], "total": _group((), total), "last": last}


def _group(by: tuple[statistics.Group, ...], found: statistics.Totals) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(by, found.keys, strict=True))
    if "label" in named:
        named["label_name"] = taxonomy.load().name_of(named["label"])
    finest = max((named[sort] for sort in ("province", "city", "county") if sort in named), key=len, default="")
    if finest:
        named["place"] = _place(finest)
    return named | {
        "incidents": found.incidents, "with_loss": found.with_loss, "loss_min": found.loss_min_fen / 100,
        "loss_max": found.loss_max_fen / 100,
    }  # fmt: skip


def _place(code: str) -> str:
    """The name of a division by the beginning of its code, "" where the gazetteer has none."""
    from nlp import divisions

    try:
        return divisions.lookup(code.ljust(6, "0"))
    except NotFoundError:
        return ""
