"""Is it alive, is it ready: told as it is.

In: nothing. Out: `/healthz` (the process answers), `/readyz` (store open, model loaded, worker running), 503 while it is not.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from serving import inbox
from serving.api.answers import Health, ProgressOut, Readiness
from serving.api.viewer import Anybody

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
    state.ready = state.store == state.model == "ok" and (state.worker == "ok")
    return JSONResponse(state.model_dump(), status_code=200 if state.ready else 503)
