"""The file that says what `fanzha watch` reads: TOML in, a frozen `Plan` out. An unknown key is an error, so that a slip is not silence.

It fetches nothing and knows no store. `docs/sources.toml` shows every key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corpora.page_links import READERS, plain_url
from nlp.errors import InputError

DAY = 86_400.0
# Seconds between two requests to one host, where neither the file nor robots.txt says more. Scrapy's and trafilatura's defaults lie
# between 0 and 5; the sites of counties are small.
DELAY = 5.0
# Pages of one source in one round: 200 at 5 s are a quarter of an hour.
MOST = 200
_SPAN = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}
_WHERE = (*READERS, "pages")


@dataclass(frozen=True, slots=True)
class Source:
    """One place to read: `sort` feed, sitemap, list or pages at these addresses.

    include, exclude: patterns (* and ?) on a page's whole address. hosts: where its pages may lie beside its own host. since: ISO date,
    older pages are left. most: pages a round. recheck: seconds after which a page is asked for again though no list says it
    changed, 0 for never.
    """

    name: str
    sort: str
    addresses: tuple[str, ...]
    publisher: str = ""
    licence: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    since: str = ""
    most: int = MOST
    recheck: float = 0.0

    @property
    def origins(self) -> frozenset[str]:
        """Scheme, host and port of its own addresses."""
        return frozenset(origin_of(address) for address in self.addresses)

    def elsewhere(self, url: str) -> str:
        """Why the host of an address is not one of this source, "" where it is."""
        host = urlsplit(url).hostname or ""
        known = host in self.hosts or host in {urlsplit(address).hostname for address in self.addresses}
        return "" if known else f"在别的主机上（{host}，要读就写进 hosts）"

    def declines(self, url: str) -> str:
        """Why a page of its list is not read, "" where it is."""
        if reason := self.elsewhere(url):
            return reason
        if self.include and not any(fnmatchcase(url, pattern) for pattern in self.include):
            return "不合 include"
        if any(fnmatchcase(url, pattern) for pattern in self.exclude):
            return "合 exclude"
        return ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is watched, and how. every, delay: seconds. private: hosts that may be private."""

    sources: tuple[Source, ...]
    every: float = 3600.0
    delay: float = DELAY
    contact: str = ""
    private: frozenset[str] = frozenset()


def origin_of(url: str) -> str:
    """https://www.example.org of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def load(path: Path) -> Plan:
    """The plan in a file; raises InputError that says which key of which source, and what was expected."""
    where = str(path)
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"读不到（{error.strerror}）", where=where, expected="TOML 文件", advice=_EXAMPLE) from error
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise InputError(f"TOML 写法有误（{error}）", where=where, expected="UTF-8 的 TOML", advice=_EXAMPLE) from error
    top = _Table(told, where)
    plan = Plan(
        tuple(_source(_Table(found, f"{where} 第 {number} 个 [[source]]")) for number, found in enumerate(top.tables("source"), 1)),
        every=top.span("every", "1h", least=60), delay=top.number("delay", DELAY, 0.0, 3600.0), contact=top.text("contact"),
        private=frozenset(top.texts("allow_private")),
    )  # fmt: skip
    top.done()
    if not plan.sources:
        raise InputError("没有 [[source]]", where=where, expected="至少一个来源", advice=_EXAMPLE)
    names = [source.name for source in plan.sources]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"名称重复：{'、'.join(sorted(twice))}", where=where, expected="每个来源一个名称")
    return plan


def span(text: str, where: str, least: float = 0.0) -> float:
    """Seconds of "90s", "30m", "1h", "7d"; raises InputError."""
    found = _SPAN.fullmatch(text.strip())
    seconds = int(found[1]) * _UNITS[found[2]] if found else -1.0
    if seconds < least:
        raise InputError(f"时长 {text}", where=where, expected=f"如 30m、1h、7d，不短于 {least:g} 秒")
    return seconds


_EXAMPLE = "写法见 docs/sources.toml"


def _source(table: _Table) -> Source:
    kinds = [sort for sort in _WHERE if table.has(sort)]
    if len(kinds) != 1:
        raise InputError(
            f"有 {'、'.join(kinds)}" if kinds else "没有说从哪里读", where=table.where, expected=f"{'、'.join(_WHERE)} 之一", advice=_EXAMPLE
        )  # fmt: skip
    (sort,) = kinds
    name = table.text("name", needed=True)
    table.where = f"{table.where}（{name}）"
    source = Source(
        name, sort, tuple(table.addresses(sort)), publisher=table.text("publisher"), licence=table.text("licence"),
        include=tuple(table.texts("include")), exclude=tuple(table.texts("exclude")), hosts=tuple(table.texts("hosts")),
        since=table.day("since"), most=int(table.number("most", MOST, 1, 100_000)),
        # Pages named one by one have no list that says when they change.
        recheck=table.span("recheck", "1d" if sort == "pages" else "0s"),
    )  # fmt: skip
    table.done()
    return source


class _Table:
    """One table of the file, key by key; what nobody asked for is unknown."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values, self.where, self.asked = values, where, set[str]()

    def has(self, key: str) -> bool:
        return key in self.values

    def take(self, key: str, sort: type | tuple[type, ...], expected: str, default: Any) -> Any:
        self.asked.add(key)
        value = self.values.get(key, default)
        if not isinstance(value, sort) or isinstance(value, bool):
            raise InputError(f"{key} = {value!r}", where=self.where, expected=expected)
        return value

    def text(self, key: str, *, needed: bool = False) -> str:
        value = str(self.take(key, str, "文字，写在引号里", "")).strip()
        if (needed and not value) or len(value) > 200:
            raise InputError(f"{key} = {value!r}", where=self.where, expected="1 到 200 个字")
        return value

    def texts(self, key: str) -> list[str]:
        values = self.take(key, list, '一列文字，如 ["甲", "乙"]', [])
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise InputError(f"{key} = {values!r}", where=self.where, expected='一列文字，如 ["甲", "乙"]')
        return [value.strip() for value in values]

    def addresses(self, key: str) -> list[str]:
        found = self.texts(key) if isinstance(self.values[key], list) else [self.text(key, needed=True)]
        made = [plain_url(value) for value in found]
        if not found or not all(made):
            wrong = [value for value, url in zip(found, made, strict=True) if not url]
            raise InputError(f"{key} = {wrong}", where=self.where, expected="http:// 或 https:// 地址")
        return list(dict.fromkeys(made))

    def day(self, key: str) -> str:
        value = self.values.get(key, "")
        self.asked.add(key)
        value = value.isoformat() if hasattr(value, "isoformat") else value
        if not isinstance(value, str) or (value and not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value[:10])):
            raise InputError(f"{key} = {value!r}", where=self.where, expected="日期，如 2026-01-01")
        return value[:10]

    def number(self, key: str, default: float, least: float, most: float) -> float:
        value = float(self.take(key, (int, float), "数", default))
        if not least <= value <= most:
            raise InputError(f"{key} = {value:g}", where=self.where, expected=f"{least:g} 到 {most:g}")
        return value

    def span(self, key: str, default: str, least: float = 0.0) -> float:
        return span(str(self.take(key, str, "如 30m、1h、7d", default)), f"{self.where} {key}", least)

    def tables(self, key: str) -> list[dict[str, Any]]:
        found = self.take(key, list, "[[source]]", [])
        if not all(isinstance(each, dict) for each in found):
            raise InputError(f"{key} 不是表", where=self.where, expected="[[source]]", advice=_EXAMPLE)
        return list(found)

    def done(self) -> None:
        if unknown := sorted(set(self.values) - self.asked):
            known = "、".join(sorted(self.asked | (set(_WHERE) if "name" in self.asked else set())))
            raise InputError(f"不认识的键 {'、'.join(unknown)}", where=self.where, expected=known, advice=_EXAMPLE)
