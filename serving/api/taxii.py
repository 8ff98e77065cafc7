"""TAXII 2.1 (OASIS Standard, June 2021): one API root with one collection, read only.

In: TAXII requests. Out: `application/taxii+json` of what `serving.stix_walk` walks through for the viewer. Nothing can be added or
deleted over TAXII, so the endpoints for that answer 405.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from nlp.errors import InputError, NotFoundError
from serving import stix_walk
from serving.api import problems
from serving.api.representations import base_of, caching
from serving.api.viewer import Anybody, Reader
from serving.formats.stix_bundle import SCHEMA_PATH, extension_schema
from serving.stix_walk import Added, Match, Place

router = APIRouter(tags=["TAXII"])
MEDIA = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
ROOT = "/taxii2/feed/"
COLLECTION = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:fanzha:taxii:incidents"))
LIMIT, MOST = 100, 1000
_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9]))"
)
_MOMENT = rf"^(?:19|20)[0-9]{{2}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?Z$"
_NEXT = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")
_PRINTABLE = r"^[ -~]*$"  # what STIX ids, types and versions are made of

CollectionId = Annotated[str, Path(description="集合", examples=[COLLECTION], max_length=64)]
ObjectId = Annotated[
    str, Path(description="STIX 对象", examples=["incident--0b1c0c5e-6a57-5d2f-9d0c-2f0c6d3f6a55"], pattern=r"^[a-z0-9-]{1,60}--[0-9a-f-]{36}$")
]  # fmt: skip


def _answers(*more: int) -> dict[int | str, dict[str, Any]]:
    good = {200: {"description": "见说明", "content": {"application/taxii+json": {"schema": {"type": "object"}}}}}
    return good | problems.documented(*more)


def _taxii(body: Mapping[str, Any], viewer: str, added: Sequence[Added] = ()) -> Response:
    headers = {"Vary": caching(viewer, "")["Vary"]}
    if added:
        headers |= {"X-TAXII-Date-Added-First": added[0].at, "X-TAXII-Date-Added-Last": added[-1].at}
    return Response(json.dumps(body, ensure_ascii=False), media_type=MEDIA, headers=headers)


def wanted_objects(
    added_after: Annotated[str, Query(description="只要这一刻之后加入的", examples=["2026-03-08T02:20:00.000000Z"], pattern=_MOMENT)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST, description="一页多少个", examples=[100])] = LIMIT,
    following: Annotated[
        str, Query(alias="next", description="上一页给出的 next", examples=["128.0"], pattern=r"^(?:|[0-9]{1,18}\.[0-9]{1,9})$")
    ] = "",
    ids: Annotated[str, Query(alias="match[id]", description="STIX id，逗号分隔", examples=[""],
        pattern=_PRINTABLE, max_length=4000)] = "",
    types: Annotated[str, Query(alias="match[type]", description="STIX 类型，逗号分隔", examples=["incident"],
        pattern=_PRINTABLE, max_length=400)] = "",
    versions: Annotated[str, Query(alias="match[version]", description="last、first、all 或时刻", examples=["last"],
        pattern=_PRINTABLE, max_length=400)] = "",
    spec_versions: Annotated[str, Query(alias="match[spec_version]", description="STIX 版本", examples=["2.1"],
        pattern=_PRINTABLE, max_length=40)] = "",
) -> tuple[Match, Place, int]:  # fmt: skip
    """The filters of TAXII 2.1 §3.4, the page, its size. Raises InputError."""
    found = _NEXT.fullmatch(following) if following else None
    if following and not found:
        raise InputError("next 不是本服务给出的", where="next", expected="上一页应答中的 next", advice="从头翻页")
    place = Place(int(found[1]), int(found[2])) if found else Place()
    try:
        after = datetime.fromisoformat(added_after) if added_after else None
    except ValueError as error:
        raise InputError("不是一个时刻", where="added_after", expected="2026-03-08T02:20:00.000000Z") from error
    parts = (tuple(part for part in told.split(",") if part) for told in (ids, types, versions, spec_versions))
    return Match(after, *parts), place, limit


WantedObjects = Annotated[tuple[Match, Place, int], Depends(wanted_objects)]


def _check_collection(collection_id: str) -> None:
    if collection_id != COLLECTION:
        raise NotFoundError("没有这个集合", where="collection_id", expected=COLLECTION)


def _envelope(
    request: Request, viewer: str, collection_id: str, wanted: tuple[Match, Place, int], shown: Callable[[Added], Any],
    *, name: str = "objects", only: str = "",
) -> Response:  # fmt: skip
    """A page of what `shown` makes of the objects, under `name`. only: of this one object, which there must be."""
    _check_collection(collection_id)
    match, place, limit = wanted
    if only:
        match = replace(match, ids=(only,))
    with request.app.state.engine.store.reading() as session:
        added, then = stix_walk.page(session, viewer, base_of(request), match, place, limit)
    if only and not added and then is None:
        raise NotFoundError("没有这个对象", where="object_id")
    body: dict[str, Any] = {"more": then is not None}
    if then is not None:
        body["next"] = str(then)
    if added:
        body[name] = [shown(each) for each in added]
    return _taxii(body, viewer, added)


@router.get("/taxii2/", summary="TAXII 2.1 发现", responses=_answers())
def discover(request: Request, viewer: Reader) -> Response:
    """有哪些 API root。"""
    root = f"{base_of(request)}{ROOT}"
    return _taxii(
        {"title": "反诈 fanzha", "description": "诈骗事件（STIX 2.1）", "default": root, "api_roots": [root]}, viewer
    )


@router.get(ROOT, summary="TAXII 的 API root", responses=_answers())
def api_root(viewer: Reader) -> Response:
    """版本与上限。"""
    return _taxii({"title": "诈骗事件", "versions": [MEDIA], "max_content_length": 1_000_000}, viewer)


def _collection() -> dict[str, Any]:
    return {
        "id": COLLECTION, "title": "诈骗事件", "description": "查看者可见的全部事件；撤下的以 revoked 对象出现", "alias": "incidents",
        "can_read": True, "can_write": False, "media_types": [STIX],
    }  # fmt: skip


@router.get(f"{ROOT}collections/", summary="TAXII 集合", responses=_answers())
def list_collections(viewer: Reader) -> Response:
    """只有一个集合：查看者可见的事件。"""
    return _taxii({"collections": [_collection()]}, viewer)


@router.get(ROOT + "collections/{collection_id}/", summary="TAXII 一个集合", responses=_answers(404))
def get_collection(viewer: Reader, collection_id: CollectionId) -> Response:
    """集合的说明。"""
    _check_collection(collection_id)
    return _taxii(_collection(), viewer)


@router.get(ROOT + "collections/{collection_id}/objects/", summary="TAXII 对象", responses=_answers(404))
def list_objects(request: Request, viewer: Reader, collection_id: CollectionId, wanted: WantedObjects) -> Response:
    """按加入的先后，一页一页；`next` 按变更序号，不按时间，因此不漏。被修订的事件会在末尾再次出现，撤下的成为 revoked 对象。"""
    return _envelope(request, viewer, collection_id, wanted, lambda each: each.stix)


@router.get(
    ROOT + "collections/{collection_id}/objects/{object_id}/", summary="TAXII 一个对象", responses=_answers(404)
)
def get_object(
    request: Request, viewer: Reader, collection_id: CollectionId, object_id: ObjectId, wanted: WantedObjects
) -> Response:
    """一个 STIX 对象的现有版本。"""
    return _envelope(request, viewer, collection_id, wanted, lambda each: each.stix, only=object_id)


@router.get(
    ROOT + "collections/{collection_id}/objects/{object_id}/versions/", summary="TAXII 对象的版本", responses=_answers(404)
)  # fmt: skip
def list_versions(
    request: Request, viewer: Reader, collection_id: CollectionId, object_id: ObjectId, wanted: WantedObjects
) -> Response:
    """现有的版本；旧版见 `GET /v1/incidents/{incident_id}/history`。"""
    return _envelope(request, viewer, collection_id, wanted, lambda each: each.version, name="versions", only=object_id)


@router.get(ROOT + "collections/{collection_id}/manifest/", summary="TAXII 清单", responses=_answers(404))
def get_manifest(request: Request, viewer: Reader, collection_id: CollectionId, wanted: WantedObjects) -> Response:
    """对象的 id、加入时刻、版本，不含内容。"""

    def line(each: Added) -> dict[str, Any]:
        return {"id": each.stix["id"], "date_added": each.at, "version": each.version, "media_type": STIX}

    return _envelope(request, viewer, collection_id, wanted, line)


@router.get(
    SCHEMA_PATH, summary="STIX 扩展的 JSON Schema",
    responses={200: {"description": "见说明", "content": {"application/schema+json": {"schema": {"type": "object"}}}}},
)  # fmt: skip
def stix_extension_schema(_: Anybody) -> Response:
    """STIX incident 扩展（金额、地点、人员等）的定义，供校验。"""
    return Response(json.dumps(extension_schema(), ensure_ascii=False), media_type="application/schema+json")
