"""OpenTelemetry: where the time of a request or an import goes, for whoever runs a collector. Off unless the standard variables ask for it.

In: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_TRACES_EXPORTER=otlp turn it on; OTEL_TRACES_EXPORTER=none and
OTEL_SDK_DISABLED=true off. All else that the SDK reads from OTEL_* holds (OTEL_SERVICE_NAME, samplers, headers, batches). Out: spans of
requests, reading, analysing, filing and resolving, to the collector. While it is off nothing of it is imported. A span's name is one of
ours, its attributes are numbers and names from our own lists (`OURS`), never a text: no address with its query, no name, no number, no id of
a document, and of an error its type alone. So nothing instruments the application by itself; `span` is the only way in.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any

log = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# Attributes that may be words, because only our own lists fill them: a route is its template, a method one of HTTP's.
OURS = ("http.route", "http.request.method", "fanzha.role")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Do the standard variables ask for spans?"""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    return exporter == "otlp" or any(environment.get(name, "").strip() for name in _ENDPOINTS)


@cache
def tracer() -> Any:
    """What makes spans in this process, None while nobody wants any or the extra is not installed (said once, in the log)."""
    if not wanted():
        return None
    if not (find_spec("opentelemetry") and find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter")):
        log.warning("设了 OTEL_*，但没有安装 OpenTelemetry：不送出跨度；安装 fanzha[telemetry]，或去掉这些变量")
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return of(BatchSpanProcessor(OTLPSpanExporter()))


def of(processor: Any) -> Any:
    """A tracer whose spans go to this processor of the SDK."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "fanzha"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(processor)
    return provider.get_tracer("fanzha")


@contextmanager
def span(name: str, **numbers: float) -> Iterator[None]:
    """What happens inside took so long; `name` is a word of ours. An error leaves its type, not what it says."""
    if (made := tracer()) is None:
        yield
        return
    with made.start_as_current_span(f"fanzha.{name}", record_exception=False, set_status_on_exception=False) as current:
        for key, value in numbers.items():
            current.set_attribute(f"fanzha.{key}", value)
        try:
            yield
        except BaseException as error:
            _failed(current, type(error).__name__)
            raise


class Request:
    """The span of one request, begun before its route is known; the trace of the caller goes on in it (`traceparent`)."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._span = self._token = None
        if (made := tracer()) is None:
            return
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # `traceparent` alone: `tracestate` and `baggage` may hold anything, and would be handed on.
        given = {"traceparent": headers["traceparent"]} if "traceparent" in headers else {}
        parent = TraceContextTextMapPropagator().extract(given)
        self._span = made.start_span("fanzha.request", context=parent, kind=trace.SpanKind.SERVER)
        self._token = context.attach(trace.set_span_in_context(self._span, parent))

    def end(self, method: str, route: str, status: int, role: str) -> None:
        """route: the template, "" where there is no such address. Twice is harmless."""
        if self._span is None:
            return
        from opentelemetry import context

        method = method if method in _METHODS else "_OTHER"
        self._span.update_name(f"{method} {route}".strip())
        told = (route or "-", method, role)
        for key, value in zip(OURS, told, strict=True):
            self._span.set_attribute(key, value)
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500 or not status:
            _failed(self._span, str(status or "no answer"))
        self._span.end()
        context.detach(self._token)
        self._span = None


def _failed(current: Any, sort: str) -> None:
    from opentelemetry.trace import StatusCode

    current.set_status(StatusCode.ERROR)
    current.set_attribute("error.type", sort)
