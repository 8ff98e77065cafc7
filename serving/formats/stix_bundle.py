"""An incident as STIX 2.1: incident with our extension, its places, organisations and quotes, and what relates them.

In: a dict of `serving.views.incident_view` (masked for the viewer). Out: STIX objects and bundles as plain JSON values.

STIX 2.1 leaves the incident a stub (§4.7), so losses, places, people and the rest stand in a property extension of our own, whose JSON
Schema is served (`EXTENSION_SCHEMA`). Marked TLP 2.0 as OASIS does it: marking definitions that an extension defines, with their fixed
ids. Ids are UUIDv5 over the incident's id and the value, so writing the same incident twice gives the same objects; every object
belongs to exactly one incident, but for the `shared` ones. A quote is a note, which names the publisher and the address.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

Object = dict[str, Any]

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:fanzha:stix")
# When these objects were first published; they change with a new version of the schema only.
SINCE = "2026-11-22T00:00:00.000Z"
SCHEMA_PATH = "/v1/stix/incident-extension.json"
# TLP 2.0 for STIX 2.1 (OASIS CTI TC, cti-stix-common-objects): ids, dates and names are fixed by it.
_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


def identifier(sort: str, *parts: str) -> str:
    """The id of an object of this type made from these values, always the same."""
    return f"{sort}--{uuid.uuid5(_SPACE, chr(31).join((sort, *parts)))}"


SYSTEM = identifier("identity", "fanzha")
EXTENSION = identifier("extension-definition", "incident")


@cache
def extension_schema() -> dict[str, Any]:
    """The JSON Schema of what our extension adds to an incident."""
    text = resources.files("serving.formats").joinpath("incident_extension.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def shared(base: str) -> list[Object]:
    """The objects that all incidents refer to: who we are, the extension, the markings. base: address of the service."""
    system = _object("identity", SYSTEM, SINCE, SINCE) | {
        "name": "反诈 fanzha", "identity_class": "system", "description": "由公开文章和经审核的投诉归并的诈骗事件库",
    }  # fmt: skip
    extension = _object("extension-definition", EXTENSION, SINCE, SINCE) | {
        "created_by_ref": SYSTEM, "name": "诈骗事件的金额、地点、人员和出处", "description": "Losses, places, people and evidence of a scam incident",
        "schema": f"{base}{SCHEMA_PATH}", "version": extension_schema()["version"], "extension_types": ["property-extension"],
    }  # fmt: skip
    return [system, extension, *(_marking(level) for level in TLP)]


def _marking(level: str) -> Object:
    return {
        "type": "marking-definition", "spec_version": "2.1", "id": TLP[level], "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{level.upper()}",
        "extensions": {_TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level}},
    }  # fmt: skip


def bundle(incidents: Sequence[Mapping[str, Any]], base: str) -> Object:
    """The incidents with all their objects and the shared ones, as one bundle; its id is that of its content."""
    objects = [*shared(base), *(found for incident in incidents for found in objects_of(incident))]
    names = sorted(f"{found['id']}{found.get('modified', '')}" for found in objects)
    return {"type": "bundle", "id": identifier("bundle", *names), "objects": objects}


def incident_id(ours: str) -> str:
    """The STIX id of an incident of ours."""
    return identifier("incident", ours)


def objects_of(incident: Mapping[str, Any]) -> list[Object]:
    """The objects of one incident, the incident first; every one marked and dated as it is."""
    ours, created, modified = incident["id"], _stamp(incident["created_at"]), _stamp(incident["revised_at"])
    marking = {"created_by_ref": SYSTEM, "object_marking_refs": [TLP[incident["tlp"]]]}

    def made(sort: str, *parts: str) -> Object:
        return _object(sort, identifier(sort, ours, *parts), created, modified) | marking

    head = _object("incident", incident_id(ours), created, modified) | marking
    # 1. Places and organisations, each with what ties it to the incident.
    found: list[Object] = []
    for place in _once(incident["places"], "code", "region"):
        location = made("location", place["code"], place["region"]) | _location(place)
        found += [location, _relation(made, head, "located-at", location, place["role"])]
    for fact in incident.get("facts", ()):
        if fact["kind"] == "organisation":
            body = made("identity", fact["text"]) | {"name": fact["text"], "identity_class": "organization"}
            found += [body, _relation(made, head, "related-to", body, fact["role"])]
    # 2. The incident itself.
    head |= {
        "name": incident["title"] or ours, "description": incident["summary"], "confidence": round(100 * incident["confidence"]),
        "lang": "zh", "labels": [incident["label"], *(tactic for tactic in incident["tactics"] if tactic != incident["label"])],
        "external_references": _references(incident), "extensions": {EXTENSION: _extension(incident)},
    }  # fmt: skip
    return [head, *found, *_notes(incident, head, made)]


def tombstone(ours: str, created: str, modified: str, into: str | None) -> list[Object]:
    """An incident that is no longer there: revoked, with nothing of what it said; a merged one names where it went."""
    created, modified = _stamp(created), _stamp(modified)
    gone = _object("incident", incident_id(ours), created, modified) | {
        "created_by_ref": SYSTEM, "name": ours, "revoked": True, "object_marking_refs": [TLP["clear"]],
    }  # fmt: skip
    if into is None:
        return [gone]
    tie = _object("relationship", identifier("relationship", ours, "duplicate-of", into), modified, modified) | {
        "created_by_ref": SYSTEM, "relationship_type": "duplicate-of", "source_ref": gone["id"], "target_ref": incident_id(into),
        "object_marking_refs": [TLP["clear"]],
    }  # fmt: skip
    return [gone, tie]


def _extension(incident: Mapping[str, Any]) -> Object:
    """What the schema describes; sums in yuan. Empty lists are left out: STIX has none (§2.11)."""
    told = {
        "extension_type": "property-extension", "incident_id": incident["id"], "revision": incident["revision"],
        "sequence": incident["sequence"], "scam_type": incident["label"], "scam_type_name": incident["label_name"],
        "status": incident["status"], "basis": incident["basis"], "first_date": incident["first_date"] or "",
        "last_date": incident["last_date"] or "", "independent_sources": incident["independent_sources"],
        "amounts": [{"role": total["role"], "min": total["min"], "max": total["max"], "currency": "CNY"} for total in incident["totals"]],
        "places": [{"name": place["region"], "code": place["code"], "role": place["role"]} for place in incident["places"]],
        "persons": [{"name": person["name"], "role": person["role"]} for person in incident["persons"]],
        "tactics": list(incident["tactics"]),
        "tokens": [{"sort": found["sort"], "token": found["token"]} for found in incident["tokens"]],
        "contradictions": [
            {"field": told["field"], "values": [telling["text"] for telling in told["tellings"]]}
            for told in incident.get("contradictions", ())
        ],
    }  # fmt: skip
    return {key: value for key, value in told.items() if value not in ("", [])}


def _location(place: Mapping[str, Any]) -> Object:
    parts = [part for part in place["region"].split("/") if part]
    location: Object = {"name": place["region"], "country": "CN"}
    if parts:
        location["administrative_area"] = parts[0]
    if len(parts) > 1:
        location["city"] = parts[-1] if len(parts) == 2 else parts[1]
    if place["code"]:
        location["external_references"] = [{"source_name": "GB/T 2260", "external_id": place["code"]}]
    return location


def _notes(incident: Mapping[str, Any], head: Object, made: Any) -> Iterable[Object]:
    """One note a source: what it says, in its words, and where it stands."""
    quotes: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for fact in incident.get("facts", ()):
        for evidence in fact["evidence"]:
            quotes[evidence["document_id"]].setdefault(evidence["quote"], []).append(fact["text"])
    for source in incident["sources"]:
        told = quotes.get(source["document_id"])
        if told:
            note = made("note", source["document_id"]) | {
                "abstract": source["title"] or source["publisher"] or source["document_id"],
                "content": "\n".join(f"「{quote}」{'、'.join(dict.fromkeys(values))}" for quote, values in told.items()),
                "object_refs": [head["id"]], "lang": "zh",
            }  # fmt: skip
            if source["publisher"]:
                note["authors"] = [source["publisher"]]
            if source["url"]:
                note["external_references"] = [_reference(source)]
            yield note


def _references(incident: Mapping[str, Any]) -> list[Object]:
    return [{"source_name": "fanzha", "external_id": incident["id"]}, *map(_reference, incident["sources"])]


def _reference(source: Mapping[str, Any]) -> Object:
    reference = {"source_name": source["publisher"] or "来源", "external_id": source["document_id"]}
    if source["url"].startswith(("https://", "http://")) and not any(mark in source["url"] for mark in ' "<>\\^`{|}'):
        reference["url"] = source["url"]
    if source["title"]:
        reference["description"] = source["title"]
    return reference


def _relation(made: Any, source: Object, how: str, target: Object, role: str) -> Object:
    tie: Object = made("relationship", how, target["id"]) | {
        "relationship_type": how, "source_ref": source["id"], "target_ref": target["id"],
    }  # fmt: skip
    return tie | ({"description": role} if role else {})


def _once(places: Iterable[Mapping[str, Any]], *keys: str) -> Iterable[Mapping[str, Any]]:
    """Each place once: it may have two roles."""
    return {tuple(place[key] for key in keys): place for place in reversed(list(places))}.values()


def _object(sort: str, name: str, created: str, modified: str) -> Object:
    return {"type": sort, "spec_version": "2.1", "id": name, "created": created, "modified": modified}


def _stamp(moment: str) -> str:
    """ISO 8601 UTC with at least milliseconds, which STIX demands (§2.16)."""
    return moment if "." in moment else f"{moment[:19]}.000Z"
