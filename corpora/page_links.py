"""Lists of pages. In: the bytes of a feed (RSS, Atom, JSON Feed), a sitemap, or a page full of links. Out: the addresses they name.

Each link keeps what the list says of it: when it was published, when it was last changed. Feeds are feedparser's work, sitemaps lxml's.
Nothing is fetched, and no entity is looked up: a list comes from somebody else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from corpora.compose import one_line
from corpora.intake import refusing
from corpora.response import split_type
from nlp.errors import InputError

# A feed has tens of entries, a sitemap at most 50,000 (its own standard).
MOST = 50_000
# Longer addresses are made by machines for machines; the store indexes nothing beyond.
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Link:
    """One page (or, `nested`, one further sitemap). `changed`, `published`: ISO 8601 or ""; only what the list itself says."""

    url: str
    changed: str = ""
    published: str = ""
    nested: bool = False


def feed_links(data: bytes, content_type: str, url: str) -> list[Link]:
    """The entries of a feed in its order. Raises InputError for what is no feed."""
    if data.lstrip()[:1] == b"{":
        return _json_feed(data, url)
    import feedparser

    told = {"content-type": content_type, "content-location": url}
    with refusing(url, found="订阅源无法解析", expected=_FEED):
        # As a stream: feedparser takes bytes and strings for names of files and addresses to open, too.
        found: Any = feedparser.parse(io.BytesIO(data), response_headers=told, sanitize_html=False)
    if not found.version and not found.entries:
        raise InputError(
            "不是订阅源", where=url, expected=_FEED, advice="网页形式的列表请用 list，站点地图请用 sitemap"
        )
    return _links(
        url,
        (
            (entry.get("link") or "", _moment(entry.get("updated_parsed")) if found.version.startswith("atom") else "",
             _moment(entry.get("published_parsed") or entry.get("updated_parsed")))
            for entry in found.entries
        ),
    )  # fmt: skip


def sitemap_links(data: bytes, content_type: str, url: str) -> list[Link]:
    """The pages of a sitemap, or the sitemaps of an index (`nested`); a plain text of addresses is one too. Raises InputError."""
    expected = "sitemaps.org 的 XML，或每行一个地址的文本"
    if split_type(content_type)[0] == "text/plain" or data.lstrip()[:4] == b"http":
        return _links(url, ((line, "", "") for line in data.decode("utf-8", "replace").splitlines()))
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    with refusing(url, found="站点地图无法解析", expected=expected):
        root = etree.fromstring(data.strip(), parser)
    name = etree.QName(root).localname
    if name not in ("urlset", "sitemapindex"):
        raise InputError(f"根元素是 <{name}>", where=url, expected=expected, advice="订阅源请用 feed")
    nested = name == "sitemapindex"
    entries = ({etree.QName(part).localname: part for part in entry if isinstance(part.tag, str)} for entry in root)
    return _links(url, ((_text(entry, "loc"), _text(entry, "lastmod"), _news_date(entry)) for entry in entries), nested)


def list_links(data: bytes, content_type: str, url: str) -> list[Link]:
    """Where the links of a page lead, in its order. Raises InputError for what is no page."""
    from lxml import html

    from corpora.decoding import decode

    with refusing(url, found="列表页无法解析", expected="有链接的网页"):
        tree = html.fromstring(decode(data, split_type(content_type)[1], where=url).text)
        base = urljoin(url, next(iter(tree.xpath("//base/@href")), "") or url)
        return _links(base, ((str(target), "", "") for target in tree.xpath("//a/@href")))


READERS: Mapping[str, Callable[[bytes, str, str], list[Link]]] = {
    "feed": feed_links,
    "sitemap": sitemap_links,
    "list": list_links,
}
_FEED = "RSS、Atom 或 JSON Feed"


def plain_url(url: str, base: str = "") -> str:
    """An address as it is asked for: absolute, host in ASCII, path quoted, without fragment; "" for what is no web address."""
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port and parts.port != {"http": 80, "https": 443}.get(parts.scheme) else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return ""
    host = f"[{host}]" if ":" in host else host
    safe = "/%:@!$&'()*+,;=~-._?"
    made = urlunsplit((parts.scheme, host + port, quote(parts.path or "/", safe), quote(parts.query, safe), ""))
    return made if len(made) <= LONGEST else ""


def _links(base: str, found: Iterable[tuple[str, str, str]], nested: bool = False) -> list[Link]:
    """Each address once, where it stands first."""
    links: dict[str, Link] = {}
    for target, changed, published in found:
        url = plain_url(target, base) if target.strip() else ""
        if url and url not in links:
            links[url] = Link(url, _iso(changed), _iso(published), nested)
            if len(links) >= MOST:
                break
    return list(links.values())


def _json_feed(data: bytes, url: str) -> list[Link]:
    with refusing(url, found="JSON Feed 无法解析", expected=_FEED):
        items = json.loads(data)["items"]
        told = (
            (str(item.get("url") or ""), str(item.get("date_modified") or ""), str(item.get("date_published") or ""))
            for item in items
        )
        return _links(url, told)


def _text(entry: Mapping[str, Any], name: str) -> str:
    part = entry.get(name)
    return one_line(part.text or "") if part is not None else ""


def _news_date(entry: Mapping[str, Any]) -> str:
    """The date of Google's news extension, where a sitemap has it."""
    news = entry.get("news")
    found = [] if news is None else [part.text or "" for part in news if str(part.tag).endswith("}publication_date")]
    return found[0].strip() if found else ""


def _moment(parsed: Any) -> str:
    """feedparser's UTC time as ISO 8601, "" for none."""
    return datetime(*parsed[:6], tzinfo=UTC).isoformat() if parsed else ""


def _iso(text: str) -> str:
    """A W3C date or time as it is (2026-03, 2026-03-05, with time and zone); "" for what Python does not read as one."""
    text = text.strip()
    try:
        datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        return ""
    return text[:40]
