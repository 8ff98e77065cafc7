"""The client against the real application: pages, one state, changes, frames; and the data dictionary says what is served."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from serving import incidents
from serving.client import AsyncFeed, Feed, FeedError
from serving.formats.flat_table import COLUMNS
from tests import write_data_dictionary
from tests.api_world import KEY, publish, serving, settings_at
from tests.test_api_feed import FIRST, story

COUNT = 5


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[tuple[Feed, object]]:
    with serving(settings_at(tmp_path_factory.mktemp("client"))) as api, pytest.MonkeyPatch.context() as patch:
        for number in range(COUNT):
            publish(api, story(number))
        patch.setattr("serving.client.PAGE", 2)
        feed = Feed("http://127.0.0.1:8000")
        feed._http = _Over(api, feed._http.headers)
        yield feed, api


class _Over:
    """The test client in the place of the network, with the headers that the feed would send."""

    def __init__(self, api, headers):
        self.api, self.headers = api, headers

    def get(self, path, params, follow_redirects):
        headers = {"accept": self.headers["accept"]}
        return self.api.get(path, params=params, headers=headers, follow_redirects=follow_redirects)


def test_pages_changes_and_single_incidents(world):
    feed, api = world
    incidents = list(feed.incidents())
    assert len({incident.id for incident in incidents}) == len(incidents) == COUNT
    assert [found.id for found in feed.incidents(place="53")] == [incidents[-1].id]
    assert len(list(feed.incidents(label=[FIRST], loss_min=1200))) == 3
    assert list(feed.incidents(q="昆明")) == [incidents[-1]]
    one = feed.incident(incidents[0].id)
    assert one.facts[0].evidence[0].quote
    assert {line["text"] for line in feed.evidence(one.id)} == {fact.text for fact in one.facts}
    changes = list(feed.changes())
    assert [change.sequence for change in changes] == list(range(1, feed.last() + 1))
    assert list(feed.changes(after=feed.last())) == []
    assert sum(group["incidents"] for group in feed.stats(["label"])) == COUNT
    with pytest.raises(FeedError, match="没有这个事件"):
        feed.incident("i-0123456789abcdef")
    # All pages show one state, whatever is filed between them.
    taken = feed.incidents()
    first = next(taken)
    publish(api, story(7))
    rest = list(taken)
    assert {found.id for found in (first, *rest)} == {found.id for found in incidents}
    assert [change.kind for change in feed.changes(after=changes[-1].sequence)] == ["created"]


def test_a_follower_by_words_hears_what_enters_and_what_leaves(world):
    feed, api = world
    start = feed.last()
    document = publish(api, story(9))
    (incident,) = document["incidents"]
    title = feed.incident(incident).title
    asked = {"q": title[:6], "loss_min": 1, "status": "alleged"}
    assert [(change.incident_id, change.filter) for change in feed.changes(after=start, **asked)] == [
        (incident, "entered")
    ]
    assert [change.filter for change in feed.changes(after=start)] == [None]
    assert list(feed.changes(after=start, q="鬱齾龘")) == []
    with api.app.state.engine.store.writing() as session:
        incidents.withdraw_documents(session, [document["document_id"]])
    assert [change.filter for change in feed.changes(after=start, **asked)] == ["entered", "left"]
    assert incident not in {found.id for found in feed.incidents(**asked)}


def test_frames(world):
    pandas = pytest.importorskip("pandas", reason="needs pandas (make test-all)")
    pytest.importorskip("polars", reason="needs polars (make test-all)")
    feed, api = world
    frame, other = feed.pandas(place="53"), feed.polars()
    assert list(frame.columns) == other.columns == [column.name for column in COLUMNS]
    assert frame.loc[0, "loss_max"] == 1000.0
    assert pandas.api.types.is_integer_dtype(frame["sequence"])
    assert other["loss_min"].sum() >= 1000
    assert len(feed.pandas(place="12")) == 0

    async def read() -> tuple[object, object]:
        transport = httpx.ASGITransport(app=api.app, client=("127.0.0.1", 50000))
        async with AsyncFeed("http://127.0.0.1:8000", transport=transport) as asynchronous:
            return await asynchronous.pandas(place="53"), await asynchronous.polars()

    same_frame, same_other = asyncio.run(read())
    pandas.testing.assert_frame_equal(same_frame, frame)
    assert same_other.equals(other)


def test_the_asynchronous_client_gives_the_same(world):
    feed, api = world

    async def read() -> tuple[list, list, list]:
        transport = httpx.ASGITransport(app=api.app, client=("127.0.0.1", 50000))
        async with AsyncFeed("http://127.0.0.1:8000", transport=transport) as other:
            heads = [incident async for incident in other.incidents()]
            changes = [change async for change in other.changes(after=1)]
            rows = [row async for row in other.rows(place="53")]
            assert (await other.incident(heads[0].id)).id == heads[0].id
            assert [line async for line in other.evidence(heads[0].id)] == list(feed.evidence(heads[0].id))
            assert await other.last() == feed.last()
            assert await other.stats(["label"]) == feed.stats(["label"])
            return heads, changes, rows

    heads, changes, rows = asyncio.run(read())
    assert heads == list(feed.incidents())
    assert changes == list(feed.changes(after=1))
    assert rows == list(feed.rows(place="53"))


def test_a_key_is_sent_and_a_busy_service_is_asked_again():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("authorization"))
        if len(asked) < 3:
            return httpx.Response(503, headers={"Retry-After": "0"}, json={"title": "忙"})
        return httpx.Response(200, json={"incidents": [], "cursor": None, "last": 7})

    with Feed("http://feed.test", key=KEY, transport=httpx.MockTransport(answer)) as feed:
        assert feed.last() == 7
    assert asked == [f"Bearer {KEY}"] * 3


def test_the_data_dictionary_is_up_to_date():
    assert write_data_dictionary.TARGET.read_text(encoding="utf-8") == write_data_dictionary.text()
