"""A pasted list of addresses: real HTTP on loopback, a real store. Every address is accounted for, nothing private is reached, it can be undone."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from nlp.errors import ConflictError, InputError
from serving import batches, outbound, page_list
from serving.page_list import PageList, PageLists, addresses
from serving.store import Store
from tests.processes import wait_for
from tests.stores import fresh_store
from tests.test_watch import PUBLIC, Site, documents, page

HOST = "http://news.example.org"


@pytest.fixture
def site() -> Iterator[Site]:
    opened = Site()
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def led_to(site: Site, connected: list[str]) -> Callable[..., outbound.Answer]:
    """A GET whose names are public hosts, all of them the site on loopback; literal addresses stay what they are. No packet leaves."""

    def resolver(host: str, _port: int) -> list[str]:
        return [PUBLIC] if host.endswith(".example.org") else [host.strip("[]")]

    def connector(address: str, _port: int, seconds: float) -> socket.socket:
        connected.append(address)
        assert address == PUBLIC
        return outbound.connect("127.0.0.1", urlsplit(site.address).port or 0, seconds)

    def get(url: str, headers: Any, **options: Any) -> outbound.Answer:
        return outbound.get(url, headers, resolver=resolver, connector=connector, **options)

    return get


def rows(store: Store, batch_id: str) -> dict[str, str]:
    """Address → the reason, "" for what was accepted."""
    with store.reading() as session:
        return {
            row.error["where"] if row.error else row.name: row.error["found"] if row.error else ""
            for row in batches.rows(session, batch_id)
        }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://a.cn/1\nhttps://a.cn/2\r\n\nhttps://a.cn/1", ["https://a.cn/1", "https://a.cn/2"]),
        ("https://a.cn/1，https://a.cn/2；", ["https://a.cn/1", "https://a.cn/2"]),
        ("“https://a.cn/1”，\n《http://b.cn》", ["https://a.cn/1", "http://b.cn"]),
        ("ftp://a.cn/1\nfile:///etc/passwd", ["ftp://a.cn/1", "file:///etc/passwd"]),
        ("http://a.cn/1\n我在这个网站被骗了三万元", []),
        ("我被骗了，网址是 http://a.cn/1", []),
        ("", []),
    ],
)
def test_only_a_text_of_addresses_alone_is_a_list(text: str, found: list[str]) -> None:
    assert addresses(text) == found


def test_what_can_be_read_is_in_and_everything_else_says_why(site: Site, store: Store) -> None:
    site.answers = {
        "/robots.txt": "User-agent: *\nDisallow: /private\n",
        "/a.html": page("冒充客服案", "冒充客服骗走三万元"), "/b.html": page("刷单案", "刷单骗走两万元"),
        "/empty.html": "<html></html>", "/picture": lambda _: (200, {"Content-Type": "image/png"}, b"\x89PNG"),
        "/inside": lambda _: (302, {"Location": "http://169.254.169.254/latest/"}, ""), "/moved": lambda _: (301, {"Location": "/b.html"}, ""),
        "/busy": lambda _: (503, {"Retry-After": "9000"}, ""),
    }  # fmt: skip
    expected = {
        f"{HOST}/a.html": "", f"{HOST}/moved": "", f"{HOST}/private/x": "robots.txt 不允许", f"{HOST}/gone": "对方答 404",
        f"{HOST}/empty.html": "正文", f"{HOST}/picture": "内容类型 image/png", f"{HOST}/inside": "169.254.169.254",
        "http://10.0.0.8/x": "不是公网地址", "http://[::1]/x": "不是公网地址", "ftp://a.example.org/x": "不是可以读的网址",
        "http://u:p@news.example.org/": "不是可以读的网址", f"{HOST}/busy": "对方答 503", f"{HOST}/late": "对方答 503",
    }  # fmt: skip
    connected: list[str] = []
    under_way = PageList(store, list(expected), pause=0.0, get=led_to(site, connected))
    assert under_way.running
    under_way.run()
    assert not under_way.running
    assert under_way.done == len(expected)
    told = rows(store, under_way.batch_id)
    # What was accepted stands under the address that it led to.
    accepted = {name for name, reason in told.items() if not reason}
    assert accepted == {f"{HOST}/a.html", f"{HOST}/b.html"}
    wrong = {url: told.get(url) for url, reason in expected.items() if reason and reason not in (told.get(url) or "")}
    assert wrong == {}
    assert set(connected) == {PUBLIC}
    assert "/private/x" not in site.paths()
    assert "/late" not in site.paths()  # the host had asked for peace
    first, second = documents(store)
    assert "冒充客服骗走三万元" in first.text
    assert (first.nature, first.url, first.details["source"]) == ("published", f"{HOST}/a.html", page_list.NAME)
    with store.reading() as session:
        batch = batches.get(session, under_way.batch_id)
        assert (batch.state, batch.new, batch.refused) == ("finished", 2, len(expected) - 2)
    # The way back takes both.
    with store.writing() as session:
        assert batches.undo(session, under_way.batch_id).withdrawn == 2
    assert second.url == f"{HOST}/b.html"


def test_a_private_host_is_reached_only_where_it_was_allowed_by_name(site: Site, store: Store) -> None:
    site.answers = {"/a.html": page("内网通报", "冒充领导骗走九万元")}
    address = f"{site.address}/a.html"
    refused = PageList(store, [address], pause=0.0)
    refused.run()
    assert "不是公网地址" in rows(store, refused.batch_id)[address]
    assert "FANZHA_FETCH_HOSTS" in rows(store, refused.batch_id)[address]
    assert site.paths() == []
    allowed = PageList(store, [address], pause=0.0, private=["127.0.0.1"], nature="complaint")
    allowed.run()
    assert rows(store, allowed.batch_id) == {address: ""}
    assert documents(store)[0].nature == "complaint"


def test_a_list_that_is_stopped_or_undone_asks_nothing_more(site: Site, store: Store) -> None:
    site.answers = {f"/{n}.html": page(f"第{n}案", f"骗走{n}万元") for n in (1, 2, 3)}
    listed = [f"{HOST}/{n}.html" for n in (1, 2, 3)]
    stopped = PageList(store, listed, pause=3600.0, get=led_to(site, []))
    stopped.stop()
    stopped.run()
    assert set(rows(store, stopped.batch_id).values()) == {"没有取：停止了"}
    assert site.paths() == []
    undone = PageList(store, listed, pause=0.0, get=led_to(site, []))
    with store.writing() as session:
        batches.undo(session, undone.batch_id)
    undone.run()
    assert rows(store, undone.batch_id) == {}
    with store.reading() as session:
        assert batches.get(session, undone.batch_id).state == "undone"


def test_lists_have_bounds_and_end_by_themselves(store: Store) -> None:
    with pytest.raises(InputError, match="一次至多"):
        PageList(store, [f"{HOST}/{n}" for n in range(page_list.MOST + 1)])
    lists = PageLists()
    # Nothing is asked of these: their addresses are none.
    found = lists.begin(store, ["ftp://a.example.org/"], "published", ())
    wait_for(lambda: lists.under_way(found.batch_id) is None)
    assert rows(store, found.batch_id) == {"ftp://a.example.org/": "不是可以读的网址"}
    held = [PageList(store, [f"{HOST}/{n}"]) for n in range(page_list.AT_A_TIME)]
    lists._lists = {one.batch_id: one for one in held}
    with pytest.raises(ConflictError, match="正在取"):
        lists.begin(store, [f"{HOST}/x"], "published", ())


def test_two_lists_ask_one_host_one_after_the_other(store: Store) -> None:
    both, together = threading.Barrier(2), []

    def get(_url: str, _headers: Any, **_options: Any) -> outbound.Answer:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # only where the other one is asking too
            together.append(1)
        return outbound.Answer(404, {}, b"")

    lists = [PageList(store, [f"{HOST}/{n}"], pause=0.0, get=get) for n in (1, 2)]
    threads = [threading.Thread(target=one.run) for one in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == []
    assert [rows(store, one.batch_id) for one in lists] == [{f"{HOST}/{n}": "对方答 404"} for n in (1, 2)]
