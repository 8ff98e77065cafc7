"""People's decisions about incidents over the web: merge, split off, mark, undo. For editors.

In: JSON. Out: the decision and the incidents it touched. What a decision does is `serving.rulings`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from serving import rulings
from serving.api import problems
from serving.api.bodies import JsonBody, Strict
from serving.api.feed import IncidentId
from serving.api.feed_answers import AT
from serving.api.readings import example_of
from serving.api.viewer import Asker, Editor, signature
from serving.store.feed_tables import DecisionRow

router = APIRouter(prefix="/v1", tags=["归并"])
_INCIDENT, _OTHER = "i-0123456789abcdef", "i-fedcba9876543210"
_NO_NUL = r"^[^\x00]*$"
DecisionId = Annotated[int, Path(ge=1, le=2**53, description="决定", examples=[1])]


class Ruling(Strict):
    """谁决定，为什么。"""

    by: str = Field(
        "", description="谁决定；带个人密钥或登录时总是本人", max_length=100, pattern=_NO_NUL, examples=["编辑甲"]
    )
    note: str = Field("", description="理由", max_length=2000, pattern=_NO_NUL, examples=["两篇说的是同一名嫌疑人"])
    revision: int | None = Field(
        None, description="决定者看到的版本；事件已变则 409，什么也不改", ge=1, le=2**53, examples=[1]
    )


class MergeIn(Ruling):
    """并入哪个事件。"""

    into: str = Field(description="并入的事件", pattern=r"^i-[0-9a-f]{16}$", examples=[_OTHER])
    into_revision: int | None = Field(None, description="并入的事件被看到的版本", ge=1, le=2**53, examples=[1])


class SplitIn(Ruling):
    """分出哪些来源。"""

    document_ids: list[Annotated[str, Field(pattern=r"^d-[0-9a-f]{16}$")]] = Field(
        [], description="分出去的来源文档", max_length=500, examples=[["d-0123456789abcdef"]]
    )
    case_ids: list[Annotated[str, Field(pattern=r"^c-[0-9a-f]{16}$")]] = Field(
        [], description="分出去的案件（事件的 links 里有编号）", max_length=500, examples=[[]]
    )


class MarkIn(Ruling):
    """新的 TLP 2.0 标记。"""

    tlp: Literal["clear", "green", "amber", "amber+strict", "red"] = Field(
        description="标记；amber 及以上不再给读者看", examples=["amber"]
    )


class UndoIn(Strict):
    """谁撤销。"""

    by: str = Field(
        "", description="谁撤销；带个人密钥或登录时总是本人", max_length=100, pattern=_NO_NUL, examples=["编辑乙"]
    )


class DecisionOut(BaseModel):
    """一个决定。"""

    id: int = Field(description="决定", examples=[1])
    incident_id: str = Field(description="事件", examples=[_INCIDENT])
    sort: str = Field(description="merge 并入、split 拆分、mark 改标记", examples=["merge"])
    into: str | None = Field(None, description="并入或分出的事件", examples=[_OTHER])
    tlp: str | None = Field(None, description="标记", examples=[None])
    by: str = Field("", description="谁决定", examples=["编辑甲"])
    at: str = Field(description="何时（UTC）", examples=[AT])
    note: str = Field("", description="理由", examples=["两篇说的是同一名嫌疑人"])
    undone_by: str = Field("", description="谁撤销", examples=[""])
    undone_at: str = Field("", description="何时撤销，空为有效", examples=[""])


class DecisionPage(BaseModel):
    """决定，新的在前。"""

    decisions: list[DecisionOut] = Field(description="决定", examples=[[example_of(DecisionOut)]])


def _shown(row: DecisionRow) -> dict[str, Any]:
    return {
        "id": row.id, "incident_id": row.incident_id, "sort": row.sort, "into": row.details.get("into"),
        "tlp": row.details.get("tlp"), "by": row.by, "at": row.at, "note": row.note, "undone_by": row.undone_by,
        "undone_at": row.undone_at,
    }  # fmt: skip


_WRITES = problems.documented(404, 409, 413, 415)


@router.post("/incidents/{incident_id}/merge", summary="并入另一事件", response_model=DecisionOut, responses=_WRITES)
def merge_incident(
    body: MergeIn, request: Request, _: Editor, who: Asker, incident_id: IncidentId, _kind: JsonBody
) -> Any:
    """人认定两个事件是同一件。原编号从此转到新的地址；可以撤销。"""
    by = signature(request, who, body.by)
    with request.app.state.engine.store.writing() as session:
        return _shown(
            rulings.merge(
                session, incident_id, into=body.into, by=by, note=body.note, seen=body.revision, seen_into=body.into_revision
            )
        )  # fmt: skip


@router.post("/incidents/{incident_id}/split", summary="分出一个事件", response_model=DecisionOut, responses=_WRITES)
def split_incident(
    body: SplitIn, request: Request, _: Editor, who: Asker, incident_id: IncidentId, _kind: JsonBody
) -> Any:
    """人认定这些来源说的是另一件。机器不会再把两者并起来；可以撤销。"""
    by = signature(request, who, body.by)
    with request.app.state.engine.store.writing() as session:
        return _shown(
            rulings.split(
                session, incident_id, document_ids=body.document_ids, case_ids=body.case_ids, by=by, note=body.note,
                seen=body.revision,
            )
        )  # fmt: skip


@router.post("/incidents/{incident_id}/mark", summary="改 TLP 标记", response_model=DecisionOut, responses=_WRITES)
def mark_incident(
    body: MarkIn, request: Request, _: Editor, who: Asker, incident_id: IncidentId, _kind: JsonBody
) -> Any:
    """clear、green 可给读者看；amber、amber+strict、red 不给，跟随者会收到 `restricted`。可以撤销。"""
    by = signature(request, who, body.by)
    with request.app.state.engine.store.writing() as session:
        return _shown(rulings.mark(session, incident_id, tlp=body.tlp, by=by, note=body.note, seen=body.revision))


@router.get("/decisions", summary="人的决定", response_model=DecisionPage)
def list_decisions(
    request: Request, _: Editor,
    incident: Annotated[str, Query(description="只要涉及这个事件的", examples=[_INCIDENT], pattern=r"^(?:|i-[0-9a-f]{16})$")] = "",
) -> Any:  # fmt: skip
    """并入、拆分、改标记，连同谁、何时、为何、是否已撤销。最近 100 个。"""
    with request.app.state.engine.store.reading() as session:
        return {"decisions": [_shown(row) for row in rulings.listed(session, incident)]}


@router.post("/decisions/{decision_id}/undo", summary="撤销决定", response_model=DecisionOut, responses=_WRITES)
def undo_decision(
    body: UndoIn, request: Request, _: Editor, who: Asker, decision_id: DecisionId, _kind: JsonBody
) -> Any:
    """恢复原状：并入的按原编号分开，拆分的合回，标记还原。决定和撤销都留在记录里。"""
    by = signature(request, who, body.by)
    with request.app.state.engine.store.writing() as session:
        return _shown(rulings.undo(session, decision_id, by=by))
