"""One resource, several shapes: which one a request wants, written as a response, with ETag and links.

In: a request's `Accept` or suffix, incidents as `serving.views` shows them to the viewer. Out: a response. It asks the store nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import Request, Response

from nlp import mask
from serving.formats.flat_table import csv_text
from serving.formats.parquet_file import parquet_bytes
from serving.formats.stix_bundle import bundle
from serving.formats.syndication import atom, json_feed

Shape = Literal["json", "jsonl", "feed", "atom", "csv", "parquet", "stix"]
MEDIA: Mapping[str, str] = {
    "json": "application/json", "jsonl": "application/x-ndjson", "feed": "application/feed+json", "atom": "application/atom+xml",
    "csv": "text/csv", "parquet": "application/vnd.apache.parquet", "stix": "application/stix+json",
}  # fmt: skip
_ALSO = {"application/jsonl": "jsonl", "application/ndjson": "jsonl", "application/jsonlines": "jsonl"}
_FULL_TYPE = {
    "stix": "application/stix+json;version=2.1",
    "csv": "text/csv; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
}
# Shapes that show every value with its evidence; the others are lists.
WITH_EVIDENCE = ("jsonl", "stix")
TABLES = ("jsonl", "csv", "parquet")


def wanted_shape(request: Request) -> Shape:
    """The shape that `Accept` likes best; JSON where it names none of ours (browsers, curl)."""
    by_media = {media: shape for shape, media in MEDIA.items()} | _ALSO
    liked: list[tuple[float, int, str]] = []
    for place, part in enumerate(request.headers.get("accept", "").split(",")):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        shape = by_media.get(media)
        if shape and _number(quality) > 0:
            liked.append((-_number(quality), place, shape))
    return min(liked)[2] if liked else "json"  # type: ignore[return-value]


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def documented(*shapes: str) -> dict[int | str, dict[str, Any]]:
    """The good answer of a route in these shapes, beside JSON, and 304, for OpenAPI."""
    schemas: dict[str, dict[str, Any]] = {"feed": {"type": "object"}, "stix": {"type": "object"}}
    content = {MEDIA[shape]: {"schema": schemas.get(shape, {"type": "string"})} for shape in shapes}
    return {
        200: {"description": "见说明", "content": content},
        304: {"description": "与 If-None-Match 所给的 ETag 相同，没有变"},
    }


def base_of(request: Request) -> str:
    """The address of this service without a slash at its end: the operator's word, else as the request named it."""
    return (os.environ.get("FANZHA_BASE_URL") or str(request.base_url)).rstrip("/")


def etag(request: Request, viewer: str, *content: Any) -> str:
    """A weak tag for what this viewer gets at this address; `content`: the numbers that change with it."""
    parts = [
        request.app.version,
        viewer,
        request.url.path,
        request.url.query,
        request.headers.get("accept", ""),
        *content,
    ]
    return f'W/"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]}"'


def unchanged(request: Request, tag: str) -> bool:
    """Does the caller hold this already (If-None-Match, RFC 9110 §13.1.2: compared weakly)?"""
    held = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag.removeprefix("W/") in held or held == ["*"]


def next_page(request: Request, **at: int) -> str:
    """Path and query of the next page: this request's, with `at` (how many, from where) in the place of its own."""
    asked = [(key, value) for key, value in request.query_params.multi_items() if key not in at]
    return f"{request.url.path}?{urlencode([*asked, *at.items()])}"


def caching(viewer: str, tag: str) -> dict[str, str]:
    """What a reader gets he may keep and ask about again; unmasked answers are kept nowhere."""
    headers = {"ETag": tag, "Vary": "Accept, Authorization"}
    return headers if mask.sees_all(viewer) else headers | {"Cache-Control": "private, no-cache"}


def not_modified(viewer: str, tag: str) -> Response:
    """304."""
    return Response(status_code=304, headers=caching(viewer, tag))


def written(
    shape: Shape, incidents: Sequence[Mapping[str, Any]], request: Request, following: str | None, headers: Mapping[str, str]
) -> Response:  # fmt: skip
    """The incidents in a shape that is not JSON. following: path and query of the next page."""
    base = base_of(request)
    here = f"{base}{request.url.path}{'?' + request.url.query if request.url.query else ''}"
    then = f"{base}{following}" if following else None
    body: str | bytes
    if shape == "jsonl":
        body = "".join(json.dumps(incident, ensure_ascii=False) + "\n" for incident in incidents)
    elif shape == "feed":
        body = json.dumps(json_feed(incidents, base=base, feed_url=here, next_url=then), ensure_ascii=False)
    elif shape == "atom":
        body = atom(incidents, base=base, feed_url=here, next_url=then)
    elif shape == "csv":
        body = csv_text(incidents)
    elif shape == "parquet":
        body = parquet_bytes(incidents)
    else:
        body = json.dumps(bundle(incidents, base), ensure_ascii=False)
    more = {"Content-Disposition": f'attachment; filename="incidents.{shape}"'} if shape in ("csv", "parquet") else {}
    return Response(body, media_type=_FULL_TYPE.get(shape, MEDIA[shape]), headers={**headers, **more})
