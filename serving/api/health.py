"""Is it alive, is it ready: told as it is.

In: nothing. Out: `/healthz` (the process answers), `/readyz` (store open, model loaded, worker running), 503 while it is not.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from nlp.errors import FanzhaError
from serving import data_key, inbox
from serving.api.answers import Health, ProgressOut, Readiness
from serving.api.viewer import Anybody
from serving.people.logins import COOKIE
from serving.people.who import who_is

log = logging.getLogger("fanzha.api")
router = APIRouter(tags=["状态"])


@router.get("/healthz", summary="进程是否在应答", response_model=Health)
async def healthz(_: Anybody) -> Any:
    """进程开始监听就应答；什么也不查。"""
    return Health(status="ok")


@router.get(
    "/readyz", summary="是否可以受理", response_model=Readiness, responses={503: {"model": Readiness, "description": "还没有就绪"}}
)  # fmt: skip
def readyz(request: Request, _: Anybody) -> Any:
    """查事件库、模型和收件处理；未就绪时答 503，各项说明缺什么。"""
    engine = request.app.state.engine
    state = Readiness(ready=True, store="ok", model=engine.model_state, worker="ok")
    try:
        with engine.store.reading() as session:
            state.inbox = ProgressOut(**inbox.counts(session))
    except sa.exc.SQLAlchemyError as error:
        log.error("store does not answer: %s", type(getattr(error, "orig", error)).__name__)
        state.store = "事件库不应答"
    if not engine.working:
        state.worker = "stopped"
    if _is_admin(request):
        state.sealing = "on" if data_key.keys() else "off"
    state.ready = state.store == state.model == "ok" and (state.worker == "ok")
    return JSONResponse(state.model_dump(exclude_none=True), status_code=200 if state.ready else 503)


def _is_admin(request: Request) -> bool:
    """Nobody needs a key here; an administrator's shows more. A wrong one shows what everybody is shown."""
    brought = {"authorization": request.headers.get("authorization"), "cookie": request.cookies.get(COOKIE)}
    state = request.app.state
    if not any(brought.values()):
        return False
    try:
        return who_is(state.engine.store, **brought, operator_key=state.operator_key, demo=False).role == "admin"
    except (FanzhaError, sa.exc.SQLAlchemyError):
        return False
