"""Every route asked by every role: who is let in, and whether a reader, or nobody at all, is told what was planted.

In: an application with canaries in every field. Out: counts of routes, roles and requests, doors that were open or shut wrongly, leaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from starlette.testclient import TestClient

from serving.api import reference
from serving.people import RANKS, api_keys, roster
from tests.api_world import OPERATOR, UNLIMITED, serving, settings_at
from tests.test_api_privacy import CANARIES, NUMBERS, SUSPECT, VICTIM, plant, walk

PLAIN = (VICTIM, SUSPECT, *NUMBERS.values())
PASSWORD = "一句自己记得住的话真的很长"


@dataclass
class Held:
    """What was asked, and what was wrong."""

    routes: int = 0
    roles: int = 0
    requests: int = 0
    open: list[str] = field(default_factory=list)  # let in below the role that the route names
    shut: list[str] = field(default_factory=list)  # turned away with that role
    leaks: list[str] = field(default_factory=list)
    seen: int = 0  # canaries that an administrator sees: what is forbidden is there to be seen


def held(folder: Path, *, words: bool = True) -> Held:
    """Ask every route as everybody: without a key, and with one of each role. words: also in every shape, with every id there is."""
    told = Held()
    with serving(settings_at(folder, "tests.test_api_privacy:make", **UNLIMITED)) as api:
        ids = plant(api)
        keys = _keys(api)
        told.roles = len(keys)
        routes = list(reference.routes_of(api.app))
        # 1. Doors. Ids that exist nowhere: what is asked here shall change nothing.
        for route in routes:
            (needed,) = reference.roles_of(route)
            address = re.sub(r"\{(.)[a-z]*_id\}", r"\1-0123456789abcdef", route.path)
            for method in sorted(route.methods):
                told.routes += 1
                for role, headers in keys.items():
                    told.requests += 1
                    answered = api.request(method, address, headers=headers)
                    status = answered.status_code
                    if role in ("nobody", "reader"):
                        told.leaks += [
                            f"{role} {method} {address}: {canary}" for canary in CANARIES if canary in answered.text
                        ]
                    rank = RANKS.index(role) if role in RANKS else 0
                    may = needed == "anybody" or rank >= RANKS.index(needed)
                    # A form whose fields are wrong is told so (422) after the role was looked at, never before.
                    if not may and status not in (401, 403):
                        told.open.append(f"{role} {method} {route.path}: {status}")
                    if (may and status in (401, 403)) or status >= 500:
                        told.shut.append(f"{role} {method} {route.path}: {status}")
        # 2. Words. Everything that exists, in every shape, for those who may see nothing in the clear.
        for role in ("nobody", "reader") if words else ():
            for address, text in _walked(api, keys[role], ids):
                told.requests += 1
                told.leaks += [f"{role} {address}: {canary}" for canary in CANARIES if canary in text]
        everything = "".join(
            api.get(f"/v1/documents/{document}", headers=OPERATOR).text for document in ids["document"]
        )
        everything += "".join(
            api.get(f"/v1/incidents/{incident}", headers=OPERATOR).text for incident in ids["incident"]
        )
        told.seen = sum(canary in everything for canary in PLAIN)
    return told


def _walked(api: TestClient, headers: dict[str, str], ids: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    before = dict(api.headers)
    api.headers.update(headers)
    try:
        yield from walk(api, **ids)
    finally:
        api.headers = before


def _keys(api: TestClient) -> dict[str, dict[str, str]]:
    """Headers by role: nobody, and a key for each role of a person's."""
    headers: dict[str, dict[str, str]] = {"nobody": {}}
    with api.app.state.engine.store.writing() as session:
        roster.add(session, "first", "admin", PASSWORD)
        for role in RANKS:
            person = roster.add(session, f"p-{role}", role, PASSWORD)
            _, key = api_keys.add(session, person, role=role)
            headers[role] = {"Authorization": f"Bearer {key}"}
    return headers
