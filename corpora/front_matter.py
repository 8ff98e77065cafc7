"""The head of a crawled markdown file. In: decoded text. Out: what it says of title, url, publisher, dates. Text is not changed.

Read line by line as `key: value`, not as YAML: crawlers write titles like `关注 | 骗局: 三招识别` unquoted. `date` is when the page
was published, `fetch_date` when it was crawled; they are never taken for one another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from corpora.stamps import iso_stamp

_KEYS: Mapping[str, str] = {
    "title": "title", "标题": "title", "url": "url", "link": "url", "链接": "url", "原文链接": "url", "original_url": "url",
    "source": "publisher", "publisher": "publisher", "来源": "publisher", "公众号": "publisher", "nickname": "publisher",
    "account": "publisher", "media": "publisher", "date": "published", "published": "published", "publish_date": "published",
    "publish_time": "published", "pubdate": "published", "发布时间": "published", "发布日期": "published", "日期": "published",
    "fetch_date": "fetched", "fetched": "fetched", "fetch_time": "fetched", "crawl_date": "fetched", "crawl_time": "fetched",
    "抓取时间": "fetched", "采集时间": "fetched", "licence": "licence", "license": "licence", "许可": "licence",
}  # fmt: skip
_FENCE = re.compile(r"\s*---[ \t]*\n")
_ENTRY = re.compile(r"([A-Za-z_\u4e00-\u9fff][\w-]{0,40})[ \t]*[:：][ \t]*(.*)")
_LONGEST = 20_000  # characters; real heads are under 1,000
_ADDRESS = re.compile(r"https?://[^\s)\]`>\"'，。；]{4,1000}")
_REPOST = re.compile(r"^\s{0,3}(?:>\s*)?(?:原文|原文链接|原文地址|转自|链接|来源链接)\s*[:：]")


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says; empty strings where it is silent. `present` is False for a text without front matter."""

    present: bool = False
    title: str = ""
    url: str = ""
    publisher: str = ""
    published: str = ""
    fetched: str = ""
    licence: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_head(text: str) -> Head:
    """The front matter of a text (between two lines `---` at its beginning); an empty `Head` where there is none."""
    opening = _FENCE.match(text)
    if not opening:
        return Head()
    body = text[opening.end() : opening.end() + _LONGEST]
    lines = body.split("\n")
    end = next((number for number, line in enumerate(lines) if line.rstrip() in ("---", "...")), None)
    if end is None:
        return Head()
    found: dict[str, str] = {}
    rest: dict[str, str] = {}
    for line in lines[:end]:
        entry = _ENTRY.match(line)
        if not entry:
            continue
        key, value = entry[1].lower(), entry[2].strip().strip("\"'").strip()
        if not value:
            continue
        known = _KEYS.get(key)
        if known and known not in found:
            found[known] = value
        else:
            rest[key] = value
    if not found and not rest:
        return Head()
    for name in ("published", "fetched"):
        if name in found:
            given = found[name]
            found[name] = iso_stamp(given)
            if not found[name]:
                rest[f"{name}_as_given"] = given
    if found.get("publisher", "").startswith(("http://", "https://")):
        found.setdefault("url", found.pop("publisher"))
    return Head(present=True, metadata=rest, **found)


def repost_address(text: str) -> str:
    """The address that a plain repost gives for its original in its first twenty lines (`> 原文：…`); "" if none."""
    for line in text[:5000].split("\n")[:20]:
        if _REPOST.match(line):
            addresses = _ADDRESS.findall(line)
            if addresses:
                return str(addresses[-1])
    return ""


def first_heading(text: str) -> str:
    """The first markdown heading of level one or two in the first forty lines, without marks; "" if none."""
    for line in text[:8000].split("\n")[:40]:
        found = re.match(r"#{1,2}[ \t]+(.{1,200})$", line.rstrip())
        if found:
            return found[1].replace("**", "").strip(" #")
    return ""
