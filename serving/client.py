"""The feed from another program: pages, changes and tables, with types; for notebooks and other systems.

    from serving.client import Feed
    feed = Feed("https://fanzha.example.org")
    for incident in feed.incidents(place="53", since="2025"): ...
    frame = feed.pandas(label=["…"])

In: the address of a service and, where one has it, a key. Out: incidents and changes as pydantic models, pandas or polars frames. All pages
of one call show one state of the feed (`as_of`), whatever is filed meanwhile. Needs httpx (extra `client`); pandas and polars when they
are asked for. It stores nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from nlp.errors import FanzhaError
from serving.api.feed_answers import Change, IncidentHead, IncidentOut
from serving.formats.flat_table import COLUMNS, row_of

if TYPE_CHECKING:
    import httpx
    import pandas
    import polars

PAGE = 500
# Times a page is asked for again when the service is busy or loading (503), after what it asks for.
TRIES = 5
_PANDAS = {"text": "string", "int": "Int64", "float": "float64", "bool": "boolean"}


class Filters(TypedDict, total=False):
    """What narrows a list: every field as in `GET /v1/incidents`; sums in yuan, dates ISO and as short as a year."""

    label: str | Iterable[str]
    place: str
    since: str
    until: str
    loss_min: float
    loss_max: float
    q: str
    status: str
    basis: str
    tlp: str


class FeedError(FanzhaError):
    """The service refused or did not answer as one of ours."""

    status = 502
    code = "feed"


def _query(filters: Filters) -> dict[str, Any]:
    return {
        key: list(value) if key == "label" and not isinstance(value, str) else value  # type: ignore[call-overload]
        for key, value in filters.items()
        if value not in (None, "")
    }


def _refused(response: httpx.Response) -> FeedError:
    try:
        told = response.json()
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    return FeedError(
        told.get("title") or f"HTTP {response.status_code}", where=str(response.url.copy_with(query=None)),
        expected=told.get("expected", ""), advice=told.get("advice", ""),
    )  # fmt: skip


def _wait(response: httpx.Response, tried: int) -> float | None:
    """Seconds to wait before asking again, None for an answer that stands."""
    if response.status_code != 503 or tried >= TRIES:
        return None
    told = response.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else 2.0**tried


def _client(address: str, key: str, **options: Any) -> dict[str, Any]:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    return {"base_url": address.rstrip("/"), "headers": headers, "timeout": 60.0} | options


def _pandas(rows: list[dict[str, Any]]) -> pandas.DataFrame:
    import pandas as library

    frame = library.DataFrame(rows, columns=[column.name for column in COLUMNS])
    return frame.astype({column.name: _PANDAS[column.sort] for column in COLUMNS})


def _polars(rows: list[dict[str, Any]]) -> polars.DataFrame:
    import polars as library

    sorts = {"text": library.String, "int": library.Int64, "float": library.Float64, "bool": library.Boolean}
    return library.DataFrame(rows, schema={column.name: sorts[column.sort] for column in COLUMNS})


class Feed:
    """The feed, read synchronously. A context manager; `options` go to `httpx.Client`."""

    def __init__(self, address: str, key: str = "", **options: Any) -> None:
        import httpx

        self._http = httpx.Client(**_client(address, key, **options))

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def incidents(self, as_of: int | None = None, **filters: Unpack[Filters]) -> Iterator[IncidentHead]:
        """Every incident that fits, newest change first, page by page as they are taken."""
        query: dict[str, Any] = _query(filters) | {"limit": PAGE} | ({} if as_of is None else {"as_of": as_of})
        while True:
            page = self._get("/v1/incidents", query)
            yield from (IncidentHead.model_validate(found) for found in page["incidents"])
            if page["cursor"] is None:
                return
            query["cursor"] = page["cursor"]
            if "q" not in query:  # the past cannot be asked for words
                query.setdefault("as_of", page["last"])

    def incident(self, incident_id: str, as_of: int | None = None) -> IncidentOut:
        """One incident with all its values and their evidence; a merged id leads to where it went."""
        query = {} if as_of is None else {"as_of": as_of}
        return IncidentOut.model_validate(self._get(f"/v1/incidents/{incident_id}", query))

    def evidence(self, incident_id: str) -> Iterator[Mapping[str, Any]]:
        """Every place where the sources of an incident tell one of its values."""
        skip = 0
        while True:
            page = self._get(f"/v1/incidents/{incident_id}/evidence", {"limit": PAGE, "skip": skip})
            yield from page["evidence"]
            skip += PAGE
            if page["next"] is None:
                return

    def last(self) -> int:
        """The newest number of the sequence: what to give to `changes` and `as_of`."""
        return int(self._get("/v1/incidents", {"limit": 1})["last"])

    def changes(
        self, after: int = 0, *, follow: bool = False, poll: float = 5.0, **filters: Unpack[Filters]
    ) -> Iterator[Change]:
        """Changes with numbers above `after`, in order; `follow`: and whatever comes, without end, asking every `poll` seconds."""
        while True:
            page = self._get("/v1/changes", _query(filters) | {"after": after, "limit": PAGE})
            yield from (Change.model_validate(found) for found in page["changes"])
            after = page["last"]
            if not page["more"]:
                if not follow:
                    return
                time.sleep(poll)

    def stats(self, by: Iterable[str] = ("month",), **filters: Unpack[Filters]) -> list[Mapping[str, Any]]:
        """Totals by year, month, day, label, province, city, county; losses as ranges in yuan."""
        return list(self._get("/v1/stats", _query(filters) | {"by": list(by)})["groups"])

    def rows(self, as_of: int | None = None, **filters: Unpack[Filters]) -> Iterator[dict[str, Any]]:
        """The incidents as flat rows: the columns of the data dictionary."""
        for incident in self.incidents(as_of, **filters):
            yield row_of(incident.model_dump())

    def pandas(self, as_of: int | None = None, **filters: Unpack[Filters]) -> pandas.DataFrame:
        """The incidents as a pandas frame, one row each, typed columns."""
        return _pandas(list(self.rows(as_of, **filters)))

    def polars(self, as_of: int | None = None, **filters: Unpack[Filters]) -> polars.DataFrame:
        """The incidents as a polars frame, one row each, typed columns."""
        return _polars(list(self.rows(as_of, **filters)))

    def _get(self, path: str, query: Mapping[str, Any]) -> Any:
        for tried in range(TRIES + 1):
            response = self._http.get(path, params=dict(query), follow_redirects=True)
            seconds = _wait(response, tried)
            if seconds is None:
                break
            time.sleep(seconds)
        if response.status_code != 200:
            raise _refused(response)
        return response.json()


class AsyncFeed:
    """The same for asyncio. `options` go to `httpx.AsyncClient`."""

    def __init__(self, address: str, key: str = "", **options: Any) -> None:
        import httpx

        self._http = httpx.AsyncClient(**_client(address, key, **options))

    async def __aenter__(self) -> AsyncFeed:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give back the connections."""
        await self._http.aclose()

    async def incidents(self, as_of: int | None = None, **filters: Unpack[Filters]) -> AsyncIterator[IncidentHead]:
        """See Feed.incidents."""
        query: dict[str, Any] = _query(filters) | {"limit": PAGE} | ({} if as_of is None else {"as_of": as_of})
        while True:
            page = await self._get("/v1/incidents", query)
            for found in page["incidents"]:
                yield IncidentHead.model_validate(found)
            if page["cursor"] is None:
                return
            query["cursor"] = page["cursor"]
            if "q" not in query:
                query.setdefault("as_of", page["last"])

    async def incident(self, incident_id: str, as_of: int | None = None) -> IncidentOut:
        """See Feed.incident."""
        query = {} if as_of is None else {"as_of": as_of}
        return IncidentOut.model_validate(await self._get(f"/v1/incidents/{incident_id}", query))

    async def evidence(self, incident_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """See Feed.evidence."""
        skip = 0
        while True:
            page = await self._get(f"/v1/incidents/{incident_id}/evidence", {"limit": PAGE, "skip": skip})
            for found in page["evidence"]:
                yield found
            skip += PAGE
            if page["next"] is None:
                return

    async def last(self) -> int:
        """See Feed.last."""
        return int((await self._get("/v1/incidents", {"limit": 1}))["last"])

    async def stats(self, by: Iterable[str] = ("month",), **filters: Unpack[Filters]) -> list[Mapping[str, Any]]:
        """See Feed.stats."""
        return list((await self._get("/v1/stats", _query(filters) | {"by": list(by)}))["groups"])

    async def changes(
        self, after: int = 0, *, follow: bool = False, poll: float = 5.0, **filters: Unpack[Filters]
    ) -> AsyncIterator[Change]:
        """See Feed.changes."""
        while True:
            page = await self._get("/v1/changes", _query(filters) | {"after": after, "limit": PAGE})
            for found in page["changes"]:
                yield Change.model_validate(found)
            after = page["last"]
            if not page["more"]:
                if not follow:
                    return
                await asyncio.sleep(poll)

    async def rows(self, as_of: int | None = None, **filters: Unpack[Filters]) -> AsyncIterator[dict[str, Any]]:
        """See Feed.rows."""
        async for incident in self.incidents(as_of, **filters):
            yield row_of(incident.model_dump())

    async def pandas(self, as_of: int | None = None, **filters: Unpack[Filters]) -> pandas.DataFrame:
        """See Feed.pandas."""
        return _pandas([row async for row in self.rows(as_of, **filters)])

    async def polars(self, as_of: int | None = None, **filters: Unpack[Filters]) -> polars.DataFrame:
        """See Feed.polars."""
        return _polars([row async for row in self.rows(as_of, **filters)])

    async def _get(self, path: str, query: Mapping[str, Any]) -> Any:
        for tried in range(TRIES + 1):
            response = await self._http.get(path, params=dict(query), follow_redirects=True)
            seconds = _wait(response, tried)
            if seconds is None:
                break
            await asyncio.sleep(seconds)
        if response.status_code != 200:
            raise _refused(response)
        return response.json()
