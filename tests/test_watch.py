"""Following sources: real HTTP on loopback, a real store. What is private stays out of reach, what is polite is kept, nothing is lost."""

from __future__ import annotations

import gzip
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from corpora.page_links import Link, feed_links, list_links, plain_url, sitemap_links
from nlp.errors import InputError
from serving import outbound, watch, watch_leases, watch_pages, watch_sources
from serving.command import app
from serving.store import Store
from serving.store.tables import DocumentRow, InboxRow
from serving.store.watch_tables import WatchedHostRow, WatchedRow, WatchedSourceRow
from serving.watch_fetch import Visitor, retry_after
from tests.conftest import ROOT
from tests.processes import environment, wait_for
from tests.stores import address_of, fresh_store

PUBLIC = "93.184.216.34"
Answers = dict[str, Any]


def page(title: str, body: str, charset: str = "utf-8") -> str:
    paragraphs = "".join(
        f"<p>{body}，警方提醒市民注意，不要轻信陌生来电，凡是要求转账的都要核实。</p>" for _ in range(4)
    )
    return (
        f'<html><head><meta charset="{charset}"><title>{title}</title></head><body><nav>首页 新闻</nav>'
        f"<article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )


def rss(*items: str) -> str:
    entries = "".join(
        f"<item><title>某案</title><link>{url}</link><pubDate>Thu, 05 Mar 2026 08:00:00 GMT</pubDate></item>"
        for url in items
    )
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>通报</title>{entries}</channel></rss>'


class Site:
    """A real HTTP server on loopback. answers: path → text, bytes, or a function of the request's headers giving (status, headers, body)."""

    def __init__(self) -> None:
        self.answers: Answers = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.hold = 0.0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {key.lower(): value for key, value in self.headers.items()}
                site.asked.append((self.path, headers))
                if site.hold and not self.path.startswith(("/robots", "/rss")):
                    time.sleep(site.hold)
                status, more, body = site.answer(self.path, headers)
                self.send_response(status)
                for name, value in ({"Content-Type": "text/html", "Content-Length": str(len(body))} | more).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:  # a caller that hangs up on us is what is tested
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        found = self.answers.get(path)
        if found is None:
            return 404, {}, b""
        status, more, body = found(headers) if callable(found) else (200, {}, found)
        return status, more, body.encode() if isinstance(body, str) else body

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


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


def plan_of(folder: Path, text: str) -> watch_sources.Plan:
    file = folder / "sources.toml"
    file.write_text(f'delay = 0\nallow_private = ["127.0.0.1"]\n{text}', encoding="utf-8")
    return watch_sources.load(file)


def feed_of(site: Site, more: str = "") -> str:
    return f'[[source]]\nname = "通报"\npublisher = "某市公安局"\nfeed = "{site.address}/rss"\n{more}\n'


def go(store: Store, plan: watch_sources.Plan, **options: Any) -> watch.Round:
    return watch.once(store, plan, Visitor(store, plan, **options))


def documents(store: Store) -> list[DocumentRow]:
    with store.reading() as session:
        return list(session.scalars(sa.select(DocumentRow).order_by(DocumentRow.url)))


def make_due(store: Store) -> None:
    """As if the times that were noted had passed."""
    with store.writing() as session:
        session.execute(sa.update(WatchedRow).values(due=0.0))
        session.execute(sa.update(WatchedHostRow).values(not_before=0.0))


def test_a_feed_is_read_once_and_its_pages_are_accepted_with_where_they_come_from(
    site: Site, store: Store, tmp_path: Path
) -> None:
    def tagged(headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
        if headers.get("if-none-match") == '"v1"':
            return 304, {"ETag": '"v1"'}, ""
        return (
            200,
            {"ETag": '"v1"', "Content-Type": "application/rss+xml"},
            rss(f"{site.address}/a.html", "/b.html#top"),
        )

    gb = page("刷单返利案告破", "某县居民张某刷单被骗", "gb2312").encode("gb18030")
    site.answers = {
        "/rss": tagged,
        "/a.html": page("冒充客服案", "冒充客服骗走三万元"),
        "/b.html": lambda _: (200, {}, gb),
    }
    plan = plan_of(tmp_path, feed_of(site))
    done = go(store, plan)
    assert (done.new, done.listed, done.troubles) == (2, 2, [])
    first, second = documents(store)
    assert "冒充客服骗走三万元" in first.text
    assert "刷单返利案告破" in second.text  # gb18030, declared as gb2312
    assert second.encoding == "gb18030"
    for row, name in ((first, "a"), (second, "b")):
        assert (row.url, row.nature, row.publisher) == (f"{site.address}/{name}.html", "published", "某市公安局")
        assert row.published.startswith("2026-03-05")
        assert (row.origin, row.details["source"]) == (row.url, "通报")
        assert row.fetched
    with store.reading() as session:
        assert session.scalars(sa.select(InboxRow.state)).all() == ["accepted", "accepted"]
    assert site.paths() == ["/robots.txt", "/rss", "/a.html", "/b.html"]
    assert "fanzha/" in site.asked[0][1]["user-agent"]
    # Again: the list is as it was, and nothing else is asked for.
    again = go(store, plan)
    assert (again.new, again.lists, again.troubles) == (0, 1, [])
    assert site.paths()[4:] == ["/rss"]


def test_changed_pages_are_read_again_and_new_advertisements_are_no_change(
    site: Site, store: Store, tmp_path: Path
) -> None:
    changed = "2026-03-01"

    def atom(_: dict[str, str]) -> tuple[int, dict[str, str], str]:
        return 200, {"Content-Type": "application/atom+xml"}, (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>y</title>'
            f'<link href="{site.address}/a.html"/><updated>{changed}T00:00:00Z</updated></entry></feed>'
        )  # fmt: skip

    site.answers = {"/rss": atom, "/a.html": page("某案", "骗走三万元")}
    plan = plan_of(tmp_path, feed_of(site))
    assert go(store, plan).new == 1
    # The feed says it changed, and only what stands around the article did; asked for at most once a day.
    changed, site.answers["/a.html"] = "2026-03-02", page("某案", "骗走三万元").replace("首页", "广告")
    assert go(store, plan).fetched == 0
    make_due(store)
    assert (lambda done: (done.new, done.changed, done.same))(go(store, plan)) == (0, 0, 1)
    changed, site.answers["/a.html"] = "2026-03-03", page("某案", "骗走五万元")
    go(store, plan)
    make_due(store)
    assert go(store, plan).changed == 1
    earlier, later = sorted(documents(store), key=lambda row: row.stored_at)
    assert later.details["earlier"] == earlier.id


def test_robots_and_crawl_delay_are_kept(site: Site, store: Store, tmp_path: Path) -> None:
    site.answers = {
        "/robots.txt": "User-agent: *\nDisallow: /private*\nCrawl-delay: 30\n",
        "/rss": rss("/private/a.html", "/b.html", "/c.html"),
        "/b.html": page("乙", "骗走三万元"), "/c.html": page("丙", "骗走四万元"),
    }  # fmt: skip
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        make_due(store)

    done = go(store, plan_of(tmp_path, feed_of(site)), sleep=sleep)
    assert done.new == 2
    assert [trouble.reason for trouble in done.troubles] == ["robots.txt 不允许"]
    assert "/private/a.html" not in site.paths()
    assert len(slept) == 2  # between the feed and the two pages
    assert all(10 < seconds <= 30 for seconds in slept)


def test_robots_that_cannot_be_had_forbid_everything(site: Site, store: Store, tmp_path: Path) -> None:
    site.answers = {"/robots.txt": lambda _: (500, {}, ""), "/rss": rss("/a.html"), "/a.html": page("甲", "骗")}
    done = go(store, plan_of(tmp_path, feed_of(site)))
    assert "robots.txt 取不到" in done.troubles[0].reason
    assert site.paths() == ["/robots.txt"]
    assert done.troubles[0].due > time.time() + 300


def test_a_host_that_says_later_is_left_in_peace_and_others_go_on(site: Site, store: Store, tmp_path: Path) -> None:
    other = Site()
    try:
        site.answers = {"/rss": rss("/a.html", "/b.html"), "/a.html": lambda _: (429, {"Retry-After": "7200"}, "")}
        other.answers = {"/rss": rss("/c.html"), "/c.html": page("丙", "骗走四万元")}
        text = feed_of(site) + feed_of(other).replace("通报", "别处")
        done = go(store, plan_of(tmp_path, text))
        assert done.new == 1
        assert {trouble.reason for trouble in done.troubles} == {"对方答 429，要求稍后再来"}
        assert all(trouble.due > time.time() + 7000 for trouble in done.troubles)
        assert site.paths() == ["/robots.txt", "/rss", "/a.html"]  # not even the second page
        site.answers |= {"/a.html": page("甲", "骗走一万元"), "/b.html": page("乙", "骗走二万元")}
        assert go(store, plan_of(tmp_path, text)).new == 0
        make_due(store)
        assert go(store, plan_of(tmp_path, text)).new == 2
    finally:
        other.close()


def test_what_fails_is_told_and_tried_again_later(site: Site, store: Store, tmp_path: Path) -> None:
    huge, bomb = b"<html>" + b"x" * 200, gzip.compress(b"0" * 20_000_000, 1)
    site.answers = {
        "/rss": rss("/gone", "/error", "/picture", "/empty", "/huge", "/bomb", "/short", "/loop", "/fine"),
        "/error": lambda _: (500, {}, ""), "/picture": lambda _: (200, {"Content-Type": "image/png"}, b"\x89PNG"),
        "/empty": "<html><body></body></html>", "/huge": lambda _: (200, {"Content-Length": str(10**9)}, huge),
        "/bomb": lambda _: (200, {"Content-Encoding": "gzip"}, bomb),
        "/short": lambda _: (200, {"Content-Length": "5000", "Connection": "close"}, huge),
        "/loop": lambda _: (302, {"Location": "/loop"}, ""), "/fine": page("好", "骗走一万元"),
    }  # fmt: skip
    plan = plan_of(tmp_path, feed_of(site))

    def get(url: str, headers: Any, **options: Any) -> outbound.Answer:
        return outbound.get(url, headers, **(options | {"seconds": 2.0, "whole_seconds": 0.5}))

    done = go(store, plan, get=get)
    told = {trouble.url.rsplit("/", 1)[1]: trouble for trouble in done.troubles}
    expected = {
        "gone": "对方答 404", "error": "对方答 500", "picture": "内容类型 image/png", "empty": "正文", "huge": "没有收完", "bomb": "过大",
        "short": "没有收完", "loop": "转了",
    }  # fmt: skip
    assert {name: expected[name] in trouble.reason for name, trouble in told.items()} == dict.fromkeys(expected, True)
    assert all(trouble.due > time.time() for trouble in told.values())
    assert done.new == 1
    count = len(site.asked)
    go(store, plan)
    assert site.paths()[count:] == ["/rss"]  # not before their time
    make_due(store)
    site.answers["/error"] = page("改好了", "骗走二万元")
    assert go(store, plan, get=get).new == 1
    make_due(store)
    with store.writing() as session:
        session.execute(sa.update(WatchedRow).values(attempts=len(watch_pages.BACKOFF)))
    go(store, plan, get=get)
    with store.reading() as session:
        states = {row.url: row.state for row in session.scalars(sa.select(WatchedRow))}
    assert {states[f"{site.address}/{name}"] for name in ("gone", "picture", "loop")} == {"given_up"}


def test_a_body_over_the_limit_is_not_read_to_its_end(site: Site) -> None:
    site.answers = {"/a": "x" * 2000}
    with pytest.raises(outbound.OutboundError, match="正文过大"):
        outbound.get(f"{site.address}/a", {}, limit=1000, private_hosts=("127.0.0.1",))


PRIVATE = ("http://169.254.169.254/latest/", "http://10.0.0.8/x", "http://localhost:1/x", "http://[::1]/x")


@pytest.mark.parametrize("target", PRIVATE)
def test_a_redirect_or_a_link_to_a_private_address_is_refused(
    site: Site, store: Store, tmp_path: Path, target: str
) -> None:
    site.answers = {"/rss": rss("/a.html", target), "/a.html": lambda _: (302, {"Location": target}, "")}
    connected: list[str] = []

    def connector(address: str, port: int, seconds: float) -> socket.socket:
        connected.append(address)
        return outbound.connect(address, port, seconds)

    def get(url: str, headers: Any, **options: Any) -> outbound.Answer:
        return outbound.get(url, headers, connector=connector, **options)

    # Named among the hosts of the source, so that nothing but the address itself stands in the way.
    host = watch_sources.urlsplit(target).hostname
    done = go(store, plan_of(tmp_path, feed_of(site, f'hosts = ["{host}"]')), get=get)
    assert {"不是公网地址" in trouble.reason for trouble in done.troubles} == {True}
    assert len(done.troubles) == 2
    assert set(connected) == {"127.0.0.1"}
    assert f"{site.address}/rss" in {f"{site.address}{path}" for path in site.paths()}
    assert documents(store) == []


def test_a_public_list_does_not_lead_to_a_private_host_that_another_source_may_read(
    site: Site, store: Store, tmp_path: Path
) -> None:
    """The host is allowed by name, for the source that stands there: not for what somebody else's feed points at."""
    inner = Site()
    try:
        inner.answers = {"/secret.html": page("内部", "内部资料"), "/rss": rss()}
        site.answers = {"/rss": rss(f"{inner.address}/secret.html"), "/list.html": "<a href='/x'>x</a>"}
        text = feed_of(site, 'hosts = ["127.0.0.1"]') + feed_of(inner).replace("通报", "内网")
        done = go(store, plan_of(tmp_path, text))
        assert "不是公网地址" in done.troubles[0].reason
        assert "/secret.html" not in inner.paths()
    finally:
        inner.close()


def test_a_name_that_changes_its_answer_leads_nowhere_else(site: Site, store: Store, tmp_path: Path) -> None:
    """DNS rebinding: each request resolves once and connects to what was looked at; the second answer is private and refused."""
    site.answers = {"/rss": rss("/a.html"), "/a.html": page("甲", "骗走一万元")}
    answers = {"news.example": [[PUBLIC], [PUBLIC], ["127.0.0.1"]]}
    connected: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        return answers[host].pop(0)

    def connector(address: str, _port: int, seconds: float) -> socket.socket:
        connected.append(address)
        return socket.create_connection(("127.0.0.1", int(site.address.rsplit(":", 1)[1])), seconds)

    def get(url: str, headers: Any, **options: Any) -> outbound.Answer:
        return outbound.get(url, headers, resolver=resolver, connector=connector, **options)

    text = '[[source]]\nname = "甲"\nfeed = "http://news.example/rss"\n'
    done = go(store, plan_of(tmp_path, text), get=get)
    assert connected == [PUBLIC, PUBLIC]  # robots.txt and the feed
    assert "不是公网地址" in done.troubles[0].reason
    assert documents(store) == []


def test_sitemaps_lists_and_single_pages(site: Site, store: Store, tmp_path: Path) -> None:
    def urlset(*entries: tuple[str, str]) -> str:
        inner = "".join(f"<url><loc>{site.address}{path}</loc><lastmod>{day}</lastmod></url>" for path, day in entries)
        return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</urlset>'

    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{site.address}/one.xml.gz</loc><lastmod>2026-03-01</lastmod></sitemap></sitemapindex>"
    )
    packed = gzip.compress(
        urlset(("/fazhi/1", "2026-02-01"), ("/fazhi/2", "2024-01-01"), ("/tiyu/3", "2026-02-01")).encode()
    )
    site.answers = {
        "/sitemap.xml": index, "/one.xml.gz": lambda _: (200, {"Content-Type": "application/gzip"}, packed),
        "/index.html": '<base href="/anli/"><a href="1.html">一</a><a href="javascript:x">二</a><a href="/about">关于</a>',
        "/fazhi/1": page("甲", "骗走一万元"), "/anli/1.html": page("乙", "骗走二万元"), "/one": page("丙", "骗走三万元"),
    }  # fmt: skip
    plan = plan_of(
        tmp_path,
        f'[[source]]\nname = "图"\nsitemap = "{site.address}/sitemap.xml"\ninclude = ["*/fazhi/*"]\nsince = 2025-06-01\n'
        f'[[source]]\nname = "栏目"\nlist = "{site.address}/index.html"\ninclude = ["*/anli/*"]\n'
        f'[[source]]\nname = "单页"\npages = ["{site.address}/one"]\nrecheck = "1d"\n',
    )
    found, told = watch.preview(store, plan, Visitor(store, plan))
    assert [(source, url.removeprefix(site.address), why) for source, url, why in found] == [
        ("图", "/fazhi/1", "新"), ("栏目", "/anli/1.html", "新"), ("单页", "/one", "新"),
    ]  # fmt: skip
    assert not {"/fazhi/1", "/anli/1.html", "/one"} & set(site.paths())
    assert told.declined == {"早于 2025-06-01": 1, "不合 include": 2}
    done = go(store, plan)
    assert (done.new, done.troubles) == (3, [])
    count = len(site.asked)
    go(store, plan)
    assert sorted(site.paths()[count:]) == ["/index.html", "/sitemap.xml"]  # the inner sitemap did not change
    # A single page is looked at again when its time has come.
    with store.writing() as session:
        session.execute(sa.update(WatchedRow).values(fetched_at="2020-01-01T00:00:00.000Z"))
    site.answers["/one"] = page("丙", "骗走九万元")
    assert go(store, plan).changed == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('speed = 3\n[[source]]\nname = "甲"\nfeed = "https://a.example/"', "不认识的键 speed"),
        ('[[source]]\nname = "甲"\nfeed = "https://a.example/"\nexlude = []', "不认识的键 exlude"),
        ('[[source]]\nname = "甲"', "没有说从哪里读"),
        ('[[source]]\nname = "甲"\nfeed = "https://a.example/"\nlist = "https://a.example/"', "有 feed、list"),
        ('[[source]]\nfeed = "https://a.example/"', "name"),
        ('[[source]]\nname = "甲"\nfeed = "ftp://a.example/"', "http:// 或 https://"),
        ('[[source]]\nname = "甲"\nfeed = 7', "feed = 7"),
        ('[[source]]\nname = "甲"\nfeed = "https://a.example/"\nsince = "昨天"', "日期"),
        ('[[source]]\nname = "甲"\nfeed = "https://a.example/"\nrecheck = "soon"', "时长 soon"),
        ('[[source]]\nname = "甲"\nfeed = "https://a.example/"\nmost = 0', "most = 0"),
        ('every = "1s"\n[[source]]\nname = "甲"\nfeed = "https://a.example/"', "不短于 60 秒"),
        ('[[source]]\nname = "甲"\nfeed = "https://a.example/"\n' * 2, "名称重复：甲"),
        ("", "没有 [[source]]"),
        ("[[source", "TOML 写法有误"),
    ],
)
def test_a_slip_in_the_file_is_an_error_that_says_where(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "sources.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        watch_sources.load(tmp_path / "sources.toml")
    assert expected in str(raised.value)


def test_the_example_is_a_plan_of_example_domains() -> None:
    plan = watch_sources.load(ROOT / "docs" / "sources.toml")
    assert [source.sort for source in plan.sources] == ["feed", "sitemap", "list", "pages"]
    assert {host.rsplit(".", 2)[-2] for source in plan.sources for host in map(_host, source.addresses)} == {"example"}


def _host(url: str) -> str:
    return watch_sources.urlsplit(url).hostname or ""


def test_addresses_are_asked_for_as_they_are_written() -> None:
    assert plain_url("/新闻/a b.html?q=骗#x", "https://例子.test/") == (
        "https://xn--fsqu00a.test/%E6%96%B0%E9%97%BB/a%20b.html?q=%E9%AA%97"
    )
    assert plain_url("https://a.test:443/%E6%96%B0?a=1&a=%20") == "https://a.test/%E6%96%B0?a=1&a=%20"
    assert [plain_url(each) for each in ("mailto:a@b", "javascript:x", "https://u:p@a/", "https://", "http://[")] == [
        ""
    ] * 5


def test_lists_of_other_shapes() -> None:
    json_feed = json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "items": [{"url": "/a", "date_published": "2026-03-01"}]}
    )
    assert feed_links(json_feed.encode(), "", "https://a.test/feed") == [Link("https://a.test/a", "", "2026-03-01")]
    assert sitemap_links(b"https://a.test/1\nhttps://a.test/2\n", "text/plain", "https://a.test/s") == [
        Link("https://a.test/1"), Link("https://a.test/2"),
    ]  # fmt: skip
    gb = '<a href="/甲.html">甲</a>'.encode("gb18030")
    assert list_links(gb, "text/html; charset=gbk", "https://a.test/") == [Link("https://a.test/%E7%94%B2.html")]
    bomb = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>'
    assert sitemap_links(bomb, "text/xml", "https://a.test/s") == []
    for reader, data in (
        (feed_links, b"/etc/passwd"),
        (sitemap_links, b"<rss/>"),
        (feed_links, b"{}"),
        (list_links, b""),
    ):
        with pytest.raises(InputError):
            reader(data, "text/xml", "https://a.test/")


def test_retry_after_is_a_number_or_a_date_and_never_longer_than_a_day() -> None:
    assert retry_after("120", 0) == 120
    assert retry_after("99999999", 0) == 86400
    assert 86000 < retry_after("Fri, 31 Dec 2100 23:59:59 GMT", 0) <= 86400
    assert [retry_after("nonsense", refusals) for refusals in (0, 1, 2)] == [60, 120, 240]


def command(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "serving.command", "watch", "sources.toml", *(() if "--store" in options else ("--store", "store.db")), *options],
        cwd=folder, env=environment(FANZHA_ANALYZER="tests.fake_analyzer:make"), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
def test_killed_and_stopped_it_loses_nothing_and_repeats_nothing(site: Site, tmp_path: Path) -> None:
    count = 9
    names = [f"/{number}.html" for number in range(count)]
    site.answers = {"/rss": rss(*names)} | {
        name: page(f"第{name}篇", f"骗局第{name}号，被骗{number}万元") for number, name in enumerate(names, 1)
    }
    site.hold = 0.05
    plan_of(tmp_path, feed_of(site))

    def accepted() -> int:
        if not (tmp_path / "store.db").exists():
            return 0
        try:
            with sqlite3.connect(tmp_path / "store.db") as connection:
                return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])
        except sqlite3.OperationalError:  # not made yet
            return 0

    for stop, least in ((signal.SIGKILL, 2), (signal.SIGINT, 5)):
        running = command(tmp_path, "--once")
        wait_for(lambda running=running, least=least: accepted() >= least or running.poll() is not None)
        running.send_signal(stop)
        told = running.communicate()[1]
        assert running.returncode == (-9 if stop == signal.SIGKILL else 130), told
    assert accepted() < count, "the kills came too late to show anything"
    out, told = command(tmp_path, "--once", "--json").communicate()
    assert told == "" or "WARNING" not in told
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT url) FROM documents").fetchone() == (count, count)
        assert connection.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall() == [("done", count)]
        assert connection.execute("SELECT count(*) FROM incidents").fetchone()[0] >= 1
    summary = json.loads(out)
    assert summary["troubles"] == []
    asked = [path for path in site.paths() if path in names]
    # What was under way at a stop is asked for again; nothing else is.
    assert set(asked) == set(names)
    assert len(asked) <= count + 2


@pytest.mark.slow
def test_two_processes_on_one_store_fetch_nothing_twice(site: Site, store: Store, tmp_path: Path) -> None:
    names = [f"/{number}.html" for number in range(8)]
    site.answers = {"/rss": rss(*names)} | {name: page(f"第{name}篇", f"骗局第{name}号") for name in names}
    site.hold = 0.2
    plan_of(tmp_path, feed_of(site))
    running = [command(tmp_path, "--once", "--json", "--no-analyze", "--store", address_of(store)) for _ in range(2)]
    summaries = [json.loads(each.communicate()[0]) for each in running]
    assert sorted(summary["new"] for summary in summaries) in ([0, 8], [8])
    assert [path for path in site.paths() if path in names] == names
    assert sum(bool(summary["elsewhere"]) for summary in summaries) <= 1
    with store.reading() as session:
        assert session.scalars(sa.select(WatchedSourceRow.name)).all() == []


def test_a_source_is_left_to_whoever_reads_it_until_he_is_gone(
    site: Site, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers = {"/rss": rss("/a.html"), "/a.html": page("甲", "骗走一万元")}
    plan = plan_of(tmp_path, feed_of(site))
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    holder = f"{socket.gethostname()}:{other.pid}:0011"
    with monkeypatch.context() as patch:
        patch.setattr(watch_leases, "this_worker", lambda: holder)
        watch_leases.Leases(store, ["通报"])
    assert (went := go(store, plan)).elsewhere == ["通报"]
    assert (went.lists, went.new, site.paths()) == (0, 0, [])
    other.communicate()
    assert go(store, plan).new == 1
    # One of another machine, of which nothing is known: its time must be over.
    with store.writing() as session:
        session.add(WatchedSourceRow(name="通报", holder="elsewhere:1:0011", until=time.time() + 60))
    assert go(store, plan).elsewhere == ["通报"]
    with store.writing() as session:
        session.execute(sa.update(WatchedSourceRow).values(until=time.time() - 1))
    assert go(store, plan).elsewhere == []


def test_a_lease_is_renewed_and_a_lost_one_ends_the_reading(store: Store) -> None:
    leases = watch_leases.Leases(store, ["甲", "乙"])
    with store.writing() as session:
        session.execute(sa.update(WatchedSourceRow).values(until=1.0))
        session.execute(
            sa.update(WatchedSourceRow)
            .where(WatchedSourceRow.name == "乙")
            .values(holder="elsewhere:1:0011", until=time.time() + 60)
        )
    assert leases.keep() == {"甲", "乙"}
    leases._renewed -= 900
    assert leases.keep() == {"甲"}
    with store.reading() as session:
        assert session.get_one(WatchedSourceRow, "甲").until > time.time()
    leases.release()
    with store.reading() as session:
        assert session.scalars(sa.select(WatchedSourceRow.name)).all() == ["乙"]


def test_the_command_lists_what_it_would_fetch_and_says_what_it_did(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers = {"/rss": rss("/a.html", "/b.html"), "/a.html": page("甲", "骗走一万元")}
    plan_of(tmp_path, feed_of(site))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FANZHA_ANALYZER", "tests.fake_analyzer:make")

    def ran(*options: str) -> Any:
        return CliRunner().invoke(app, ["watch", "sources.toml", "--store", "store.db", *options])

    listed = ran("--dry-run")
    assert listed.stdout.splitlines() == [f"通报\t新\t{site.address}/a.html", f"通报\t新\t{site.address}/b.html"]
    assert "会取 2 页" in listed.stderr
    done = ran("--once")
    assert done.exit_code == 0
    assert f"取不到 通报 {site.address}/b.html：对方答 404；" in done.stdout
    assert re.search(r"新收 +1 .*已分析 +1", done.stdout, re.DOTALL)
    site.close()
    make_all_due = sqlite3.connect("store.db")
    with make_all_due:
        make_all_due.execute("UPDATE watched_hosts SET robots_at = 0")
    make_all_due.close()
    assert ran("--once").exit_code == 1  # nothing could be reached
    (tmp_path / "sources.toml").write_text("sourse = 1\n", encoding="utf-8")
    assert "不认识的键 sourse" in str(ran("--once").exception)
