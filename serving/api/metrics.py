"""`/metrics`: what Prometheus asks for, in its text format.

In: requests as the guard has seen them, the engine, the store. Out: counts, latencies and states. For the key in FANZHA_METRICS_KEY, which
opens nothing else, and for administrators: it tells how much a centre has to do. Loopback alone opens nothing: behind a reverse proxy
everybody comes from there. No label holds anything of a person, a text or an address: routes stand as templates, methods and states
are from fixed lists.

Every process counts for itself and has an address of its own; Prometheus tells them apart by `instance`. What is read from the store
(inbox, feed, webhooks) is the same from all of them: take one (`max`), do not add up. What `fanzha ingest` files shows in the store's
figures only.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from sqlalchemy.orm import Session

from serving import changes, inbox, tally
from serving.api.bodies import known_query
from serving.api.problems import ForbiddenError
from serving.api.viewer import asker, scope_of
from serving.store.feed_tables import WebhookRow
from serving.store.tables import InboxRow

router = APIRouter(tags=["状态"])
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
UNKNOWN = "unmatched"
# A probe is answered in a millisecond, a complaint in 40, a page of a large store in hundreds; a request waits 30 s at most.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# The store is counted at most this often, however many ask.
STORE_SECONDS = 10.0


class Metrics:
    """The registry of one application."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "fanzha_http_request_seconds", "Seconds until a request was answered, by route template.",
            ("method", "route", "status"), buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        ProcessCollector(registry=self.registry)
        self.registry.register(self)  # type: ignore[arg-type]  # anything with `collect` will do
        self._kept: tuple[float, list[Metric]] = (float("-inf"), [])
        self._lock = threading.Lock()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered. route: the template, "" where there is none; status 0: the client went away."""
        self._seconds.labels(method if method in METHODS else "other", route or UNKNOWN, str(status)).observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus' registry asks for at every scrape."""
        yield from self._process()
        yield from self._store()

    def _process(self) -> Iterator[Metric]:
        state, engine = self._application.state, self._application.state.engine
        yield _gauge("fanzha_model_ready", "1 once the model is loaded.", engine.model_state == "ok")
        yield _gauge("fanzha_worker_running", "1 while the threads run that read documents.", engine.working)
        yield _gauge("fanzha_places_taken", "Requests under way that want an analysis.", engine.desk.waiting)
        yield _gauge("fanzha_places", "How many of them there may be.", engine.desk.places)
        yield _gauge("fanzha_stream_followers", "Open change streams (SSE).", state.followers)
        refused = CounterMetricFamily(
            "fanzha_refused", "Requests refused: busy (503) or too many (429).", labels=("why",)
        )
        refused.add_metric(("busy",), engine.desk.refused)
        refused.add_metric(("rate",), state.rates.refused)
        yield refused
        for name, text, labels in (
            ("fanzha_documents", "Documents finished by this process.", ("outcome",)),
            ("fanzha_articles", "Articles filed by this process; review: the machine left it to a person.", ("kind", "label", "review")),
        ):  # fmt: skip
            family = CounterMetricFamily(name, text, labels=labels)
            for values, number in sorted(tally.counted(name).items()):
                family.add_metric(values, number)
            yield family
        yield InfoMetricFamily("fanzha", "The program.", {"version": self._application.version})

    def _store(self) -> list[Metric]:
        with self._lock:
            at, found = self._kept
            if time.monotonic() - at >= STORE_SECONDS:
                try:
                    with self._application.state.engine.store.reading() as session:
                        found = [*_of_store(session), _gauge("fanzha_store_up", "1 while the store answers.", 1)]
                except sa.exc.SQLAlchemyError:
                    found = [_gauge("fanzha_store_up", "1 while the store answers.", 0)]
                self._kept = (time.monotonic(), found)
            return found


def _of_store(session: Session) -> Iterator[Metric]:
    states = GaugeMetricFamily("fanzha_inbox_documents", "Documents in the inbox by state.", labels=("state",))
    for state, number in inbox.counts(session).items():
        states.add_metric((state,), number)
    yield states
    # Numbers grow with time, so the first of those that wait is the oldest.
    first = sa.select(InboxRow.received_at).where(InboxRow.state == "accepted").order_by(InboxRow.id).limit(1)
    oldest = session.scalar(first)
    age = (datetime.now(UTC) - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
    yield _gauge("fanzha_inbox_oldest_seconds", "How long the oldest waiting document has waited.", max(0.0, age))
    last = changes.last_number(session)
    yield _gauge("fanzha_feed_sequence", "The newest number of the feed.", last)
    after = session.scalar(sa.select(sa.func.min(WebhookRow.after)).where(WebhookRow.state == "active"))
    lag = 0 if after is None else last - after
    yield _gauge("fanzha_feed_lag_changes", "Changes that the slowest active webhook was not yet lined up for.", lag)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def watcher(
    request: Request,
    _known: Annotated[None, Depends(known_query)],
    viewer: Annotated[
        Literal["reader", "analyst", "editor", "admin"] | None,
        Query(description="以较低的角色查看；只能降低，不能升高", examples=["admin"]),
    ] = None,
) -> str:
    """The metrics key, or an administrator who may manage. Raises ForbiddenError, UnauthorizedError."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    key = request.app.state.metrics_key
    if (
        key
        and scheme.lower() == "bearer"
        and hmac.compare_digest(given.strip().encode("utf-8", "replace"), key.encode())
    ):
        request.state.role = "metrics"
        return "metrics"
    who = asker(request, None, None, viewer)
    if who.role != "admin" or scope_of(request.method, "admin") not in who.scopes:
        raise ForbiddenError(
            "当前角色无权使用", where="Authorization", expected="FANZHA_METRICS_KEY 的值，或管理员的密钥", advice="Authorization: Bearer …",
        )  # fmt: skip
    return who.role


watcher.minimum = "admin"  # type: ignore[attr-defined]


@router.get(
    "/metrics", summary="运行指标（Prometheus）", response_class=Response,
    responses={200: {"description": "Prometheus 的文本格式", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def metrics(request: Request, _: Annotated[str, Depends(watcher)]) -> Any:
    """请求数与耗时（按接口）、排队与拒绝、收件箱、分析结果的种类与类型、交人的比例、事件序号、推送滞后、模型与进程状态。标签里没有任何个人信息。"""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=MEDIA_TYPE)
