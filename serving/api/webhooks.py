"""Webhooks over the web: who is told of changes by POST, how it went, again. For administrators.

In: JSON. Out: webhooks and their messages; a secret is shown once, when it is made. Sending is `serving.delivery`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from serving import hooks
from serving.api import problems
from serving.api.bodies import LABEL, JsonBody, KnownLabel, Strict
from serving.api.feed import DAY, PLACE, YUAN, Basis, Status, Tlp, fen
from serving.api.feed_answers import AT
from serving.api.readings import example_of
from serving.api.viewer import at_least
from serving.fitting import IncidentFilter
from serving.store.feed_tables import DeliveryRow, WebhookRow

router = APIRouter(prefix="/v1/webhooks", tags=["推送"])
Admin = Annotated[str, Depends(at_least("admin"))]
_WEBHOOK = "w-0123456789abcdef"
WebhookId = Annotated[str, Path(pattern=r"^w-[0-9a-f]{16}$", description="推送", examples=[_WEBHOOK])]
# A name, not a number: addresses are looked at when something is sent (serving.outbound).
_URL = (
    r"^https?://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?::[1-9][0-9]{1,3})?(?:/[A-Za-z0-9._~/?=&%-]{0,500})?$"
)


class WebhookIn(Strict):
    """谁要收到哪些变更。"""

    url: str = Field(
        description="收件地址，须为公网 https（内网主机由管理员用 FANZHA_PRIVATE_HOSTS 放行）", max_length=800, pattern=_URL,
        examples=["https://hooks.example.invalid/fanzha"],
    )  # fmt: skip
    viewer: Literal["reader", "analyst"] = Field(
        "reader", description="按谁所见推送：reader 已脱敏的公开变更、analyst 全部", examples=["reader"]
    )
    label: list[KnownLabel] = Field([], description="只要这些诈骗类型", max_length=20, examples=[[LABEL]])
    place: str = Field("", description="只要这个地区（代码或前缀）", pattern=PLACE, examples=["53"])
    since: str = Field("", description="案件时间不早于（年、年月或年月日）", pattern=DAY, examples=["2026-01"])
    until: str = Field("", description="案件时间不晚于（年、年月或年月日）", pattern=DAY, examples=["2026-12"])
    loss_min: str = Field("", description="损失不少于（元）", pattern=YUAN, examples=["10000"])
    loss_max: str = Field("", description="损失不多于（元）", pattern=YUAN, examples=["500000"])
    q: str = Field(
        "", description="词语，全部都要出现；词尾加 * 按前缀", max_length=200, pattern=r"^[^\x00]*$", examples=["刷单"]
    )
    status: Status = Field("", description="进展", examples=["detained"])
    basis: Basis = Field("", description="依据", examples=["police"])
    tlp: Tlp = Field("", description="TLP 2.0 标记", examples=["clear"])
    note: str = Field(
        "", description="谁在用，给人看", max_length=100, pattern=r"^[^\x00]*$", examples=["省中心预警平台"]
    )


class WebhookOut(BaseModel):
    """一个推送。"""

    id: str = Field(description="推送", examples=[_WEBHOOK])
    url: str = Field(description="收件地址", examples=["https://hooks.example.invalid/fanzha"])
    viewer: str = Field(description="按谁所见", examples=["reader"])
    label: list[str] = Field([], description="诈骗类型", examples=[[LABEL]])
    place: str = Field("", description="地区代码", examples=["53"])
    since: str = Field("", description="案件时间不早于", examples=["2026-01"])
    until: str = Field("", description="案件时间不晚于", examples=["2026-12"])
    loss_min: str = Field("", description="损失不少于（元）", examples=["10000"])
    loss_max: str = Field("", description="损失不多于（元）", examples=["500000"])
    q: str = Field("", description="词语", examples=["刷单"])
    status: str = Field("", description="进展", examples=["detained"])
    basis: str = Field("", description="依据", examples=["police"])
    tlp: str = Field("", description="TLP 2.0 标记", examples=["clear"])
    note: str = Field("", description="谁在用", examples=["省中心预警平台"])
    state: str = Field(description="active 在用、disabled 对方答 410，已停", examples=["active"])
    created_at: str = Field(description="建立时刻（UTC）", examples=[AT])
    after: int = Field(description="已排到哪个序号", examples=[128])
    secret: str | None = Field(
        None, description="签名密钥（Standard Webhooks），只在建立时给出一次", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )  # fmt: skip
    waiting: int = Field(0, description="等待发送的条数", examples=[0])
    delivered: int = Field(0, description="近七天送达的条数", examples=[42])
    dead: int = Field(0, description="已放弃、可重发的条数", examples=[0])


class WebhookPage(BaseModel):
    """全部推送。"""

    webhooks: list[WebhookOut] = Field(description="推送", examples=[[example_of(WebhookOut)]])


class DeliveryOut(BaseModel):
    """一条推送消息怎样了。"""

    sequence: int = Field(description="变更的序号", examples=[128])
    state: str = Field(
        description="waiting 等待、sending 发送中、delivered 已送达、dead 已放弃", examples=["delivered"]
    )
    attempts: int = Field(description="发过几次", examples=[1])
    status: int | None = Field(None, description="对方答的状态码", examples=[204])
    error: str = Field("", description="没成的原因", examples=[""])
    ended_at: str = Field("", description="送达或放弃的时刻（UTC）", examples=[AT])


class DeliveryPage(BaseModel):
    """一个推送最近的消息，新的在前。"""

    deliveries: list[DeliveryOut] = Field(description="消息", examples=[[example_of(DeliveryOut)]])


class ReplayIn(Strict):
    """重发哪些。"""

    after: int | None = Field(
        None, description="从这个序号之后全部重发；不给则只重发已放弃的", ge=0, le=2**62, examples=[0]
    )


class ReplayOut(BaseModel):
    """重发了多少。"""

    again: int = Field(description="重新排队的消息（给出 after 时为变更数）", examples=[3])


def _shown(row: WebhookRow, counts: dict[str, int], secret: str | None = None) -> dict[str, Any]:
    wanted = hooks.wanted_by(row)
    return {
        "id": row.id, "url": row.url, "viewer": row.viewer, "label": list(wanted.labels), "place": wanted.place,
        "since": wanted.since, "until": wanted.until, "loss_min": _yuan(wanted.loss_min_fen), "loss_max": _yuan(wanted.loss_max_fen),
        "q": wanted.words, "status": wanted.status, "basis": wanted.basis, "tlp": wanted.tlp,
        "note": row.by, "state": row.state, "created_at": row.created_at, "after": row.after, "secret": secret,
        "waiting": counts.get("waiting", 0) + counts.get("sending", 0), "delivered": counts.get("delivered", 0),
        "dead": counts.get("dead", 0),
    }  # fmt: skip


def _yuan(fen: int | None) -> str:
    """As it was asked for: 10000, 0.50."""
    return "" if fen is None else f"{fen // 100}.{fen % 100:02}" if fen % 100 else str(fen // 100)


@router.post(
    "", summary="建立推送", response_model=WebhookOut, status_code=201, responses=problems.documented(413, 415)
)
def add_webhook(body: WebhookIn, request: Request, _: Admin, _kind: JsonBody) -> Any:
    """从此刻起，每条合乎筛选的变更（变更前或后；`filter` 说明进入、仍在还是离开）向该地址 POST 一次，
    按 Standard Webhooks 签名（`webhook-id`、`webhook-timestamp`、`webhook-signature`）。
    对方答 2xx 为送达；否则退避重发，十次不成即放弃，可以重发。同一条消息的 `webhook-id` 不变，凭它去重。
    """
    wanted = IncidentFilter(
        labels=tuple(body.label), place=body.place, since=body.since, until=body.until, words=body.q, status=body.status,
        basis=body.basis, tlp=body.tlp, loss_min_fen=fen(body.loss_min), loss_max_fen=fen(body.loss_max),
    )  # fmt: skip
    with request.app.state.engine.store.writing() as session:
        row = hooks.register(session, body.url, wanted, viewer=body.viewer, by=body.note)
        return _shown(row, {}, row.secret)


@router.get("", summary="列出推送", response_model=WebhookPage)
def list_webhooks(request: Request, _: Admin) -> Any:
    """全部推送和各自等待、送达、放弃的条数。不给出密钥。"""
    with request.app.state.engine.store.reading() as session:
        return {"webhooks": [_shown(row, counts) for row, counts in hooks.listed(session)]}


@router.delete("/{webhook_id}", summary="撤销推送", status_code=204, responses=problems.documented(404))
def remove_webhook(request: Request, _: Admin, webhook_id: WebhookId) -> Response:
    """不再推送，等待中的消息一并丢弃。"""
    with request.app.state.engine.store.writing() as session:
        hooks.remove(session, webhook_id)
    return Response(status_code=204)


@router.get(
    "/{webhook_id}/deliveries", summary="推送的消息", response_model=DeliveryPage, responses=problems.documented(404)
)
def list_deliveries(
    request: Request, _: Admin, webhook_id: WebhookId,
    state: Annotated[Literal["", "waiting", "sending", "delivered", "dead"], Query(description="只要这种状态的", examples=["dead"])] = "",
) -> Any:  # fmt: skip
    """最近 100 条，新的在前。"""
    with request.app.state.engine.store.reading() as session:
        rows = hooks.deliveries(session, webhook_id, state)
    return {"deliveries": [_delivery(row) for row in rows]}


def _delivery(row: DeliveryRow) -> dict[str, Any]:
    return {
        "sequence": row.sequence, "state": row.state, "attempts": row.attempts, "status": row.status, "error": row.error,
        "ended_at": row.ended_at,
    }  # fmt: skip


@router.post(
    "/{webhook_id}/replay", summary="重发", response_model=ReplayOut, responses=problems.documented(404, 409, 413, 415)
)
def replay_webhook(body: ReplayIn, request: Request, _: Admin, webhook_id: WebhookId, _kind: JsonBody) -> Any:
    """重发已放弃的消息，或某个序号之后的全部变更；被 410 停用的推送同时恢复。"""
    with request.app.state.engine.store.writing() as session:
        return {"again": hooks.replay(session, webhook_id, body.after)}
