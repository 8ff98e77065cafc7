"""The FastAPI application: settings in, a configured app out. Model, jieba and spaCy load in the background, never at import.

In: `Settings`, whether this is the loopback demo. Out: an app whose `/healthz` answers at once and whose `/readyz` says what is
still loading. One worker thread finishes what the inbox holds; requests that wait for an answer meet at `serving.api.desk`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

from anyio import to_thread
from fastapi import FastAPI

from serving import secret
from serving import settings as settings_module
from serving.api import (
    analysis,
    complaints,
    documents,
    feed,
    health,
    home,
    imports,
    incident_detail,
    metrics,
    problems,
    reference,
    rulings_api,
    signing_in,
    stream,
    taxii,
    webhooks,
)  # fmt: skip
from serving.api.engine import Engine
from serving.api.guard import Guard
from serving.api.rates import Rates
from serving.api.viewer import checked_key
from serving.settings import Settings

DESCRIPTION = """把中文文章和投诉变成有结构、可引用的诈骗事件。

* 不带密钥即**读者**：受害人、联系方式、账号、未判决嫌疑人的姓名已脱敏；只有投诉、且没有人审核过的事件不出现。
* 值守人员用 `Authorization: Bearer 密钥`（`fanzha people key` 发给，或环境变量 FANZHA_OPERATOR_KEY），浏览器用 `POST /v1/session` 登录。
* 密钥有角色、权限（read 查、send 送、edit 改、manage 管）和期限；看未脱敏的内容、作任何改动，都先记入审计。
* 演示（`make run`，只在本机）不带密钥即值守人员，加 `?viewer=reader` 可看读者所见。
* 一切错误都是 `application/problem+json`（RFC 9457）：发现什么、在哪里、应为什么、怎么办；503、429 附 `Retry-After`。
* 一个密钥、一个地址每分钟的请求数有限，应答的 `RateLimit`、`RateLimit-Policy` 说还剩多少。
* 金额以元计，时间为 ISO 8601、与原文一样精确，地点为官方名称的路径和六位代码，偏移按字符从 0 数、不含止。
"""
# Requests that ask the store at the same time; SQLite answers one after the other anyway.
THREADS = 40


def version() -> str:
    """The installed version of the project."""
    try:
        return installed("fanzha")
    except PackageNotFoundError:
        return "0+unknown"


def create_app(settings: Settings | None = None, *, demo: bool = False) -> FastAPI:
    """An app over the store of `settings` (default: the environment's); the store is opened when the app starts.

    demo: nobody needs a key, and only loopback is served (see `serving.api.guard`). Raises InputError for nonsense in the
    environment; starting raises StoreError when the store cannot be opened.
    """
    chosen = settings or settings_module.load()
    from nlp import model_folder  # NumPy comes with it: not before somebody serves

    model_folder.adopt_labels(chosen.model)  # its further labels are known before it is loaded

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # A request that waits for its analysis keeps a thread; the others must not run out of them.
        to_thread.current_default_thread_limiter().total_tokens = THREADS + chosen.places
        app.state.engine = Engine(chosen)
        app.state.engine.start()
        yield
        app.state.engine.close()

    app = FastAPI(
        title="反诈 fanzha", version=version(), summary="诈骗事件库接口", description=DESCRIPTION, lifespan=lifespan,
        # Our own routes serve these (reference.py); a redirect for a trailing slash would repeat whatever Host was sent.
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.state.demo = demo
    secret.keys("start")  # a secret that could be guessed is refused before anything is signed with it
    app.state.operator_key = checked_key(os.environ.get("FANZHA_OPERATOR_KEY", ""))
    app.state.rates = Rates(chosen.rate, chosen.rate_anonymous)
    app.state.metrics_key = checked_key(os.environ.get("FANZHA_METRICS_KEY", ""), "FANZHA_METRICS_KEY")
    app.state.metrics = metrics.Metrics(app)
    app.state.followers, app.state.stream_seconds = 0, stream.stream_seconds()
    app.state.rooms = [
        room.router
        for room in (
            stream,
            incident_detail,
            feed,
            taxii,
            webhooks,
            rulings_api,
            analysis,
            documents,
            complaints,
            imports,
            signing_in,
            health,
            metrics,
            home,
            reference,
        )
    ]
    for router in app.state.rooms:
        app.include_router(router)
    problems.install(app)
    reference.install(app)
    app.add_middleware(Guard, demo=demo)
    return app
