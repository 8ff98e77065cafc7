"""Incidents for feed readers: JSON Feed 1.1 (jsonfeed.org) and Atom (RFC 4287).

In: dicts of `serving.views.incident_line` and the addresses of feed and site. Out: plain JSON values, XML bytes. An entry's id is the
incident's for life (a tag URI, RFC 4151: it names no host); a revision is the same entry with a newer `updated`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

TITLE = "反诈 fanzha：诈骗事件"
_ATOM = "http://www.w3.org/2005/Atom"
_TAG = "tag:fanzha.invalid,2026:"
_ROLES = {"loss": "损失", "gain": "违法所得", "flow": "涉案资金", "recovered": "追回", "frozen": "冻结", "fine": "罚金"}
# What XML 1.0 cannot carry (§2.2): articles hold stray control characters.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_feed(
    incidents: Sequence[Mapping[str, Any]], *, base: str, feed_url: str, next_url: str | None
) -> dict[str, Any]:
    """A JSON Feed 1.1. base: address of the service, without a slash at the end."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1", "title": TITLE, "home_page_url": f"{base}/", "feed_url": feed_url,
        "description": "最近变更的诈骗事件", "language": "zh-CN", "authors": [{"name": "反诈 fanzha"}],
    }  # fmt: skip
    if next_url:
        feed["next_url"] = next_url
    feed["items"] = [_item(incident, base) for incident in incidents]
    return feed


def _item(incident: Mapping[str, Any], base: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": _TAG + incident["id"], "url": f"{base}/v1/incidents/{incident['id']}", "title": incident["title"],
        "content_text": told(incident), "summary": incident["summary"], "date_published": incident["created_at"],
        "date_modified": incident["revised_at"], "language": "zh-CN",
        "tags": [incident["label_name"], *incident["tactics"]],
        "_fanzha": {key: incident[key] for key in (
            "revision", "sequence", "label", "status", "basis", "tlp", "first_date", "last_date", "places", "totals")},
    }  # fmt: skip
    if original := next((source["url"] for source in incident["sources"] if _is_web(source["url"])), None):
        item["external_url"] = original
    return item


def atom(incidents: Sequence[Mapping[str, Any]], *, base: str, feed_url: str, next_url: str | None) -> bytes:
    """An Atom feed as UTF-8 XML. `updated` of the feed is that of its newest entry."""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    _text(feed, "title", TITLE)
    _text(feed, "id", f"{_TAG}incidents")
    _text(feed, "updated", max((incident["revised_at"] for incident in incidents), default="1970-01-01T00:00:00Z"))
    author = ElementTree.SubElement(feed, f"{{{_ATOM}}}author")
    _text(author, "name", "反诈 fanzha")
    for relation, address in (("self", feed_url), ("alternate", f"{base}/"), ("next", next_url)):
        if address:
            ElementTree.SubElement(feed, f"{{{_ATOM}}}link", rel=relation, href=address)
    for incident in incidents:
        entry = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
        _text(entry, "title", incident["title"])
        _text(entry, "id", _TAG + incident["id"])
        _text(entry, "updated", incident["revised_at"])
        _text(entry, "published", incident["created_at"])
        ElementTree.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=f"{base}/v1/incidents/{incident['id']}")
        for source in incident["sources"]:
            if _is_web(source["url"]):
                ElementTree.SubElement(entry, f"{{{_ATOM}}}link", rel="via", href=_clean(source["url"]))
        for term, name in (
            (incident["label"], incident["label_name"]),
            *((tactic, tactic) for tactic in incident["tactics"]),
        ):
            ElementTree.SubElement(entry, f"{{{_ATOM}}}category", term=_clean(term), label=_clean(name))
        _text(entry, "summary", incident["summary"])
        _text(entry, "content", told(incident))
    return ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)


def told(incident: Mapping[str, Any]) -> str:
    """The incident in lines: summary, type, time, places, sums, state."""
    lines = [incident["summary"], f"类型：{incident['label_name']}"]
    if incident["first_date"]:
        end = incident["last_date"]
        lines.append(f"时间：{incident['first_date']}" + (f" 至 {end}" if end != incident["first_date"] else ""))
    if incident["places"]:
        lines.append("地点：" + "、".join(dict.fromkeys(place["region"] for place in incident["places"])))
    lines += [f"{_ROLES.get(t['role'], t['role'])}：{_money(t['min'], t['max'])}" for t in incident["totals"]]
    return "\n".join([*lines, f"独立来源：{incident['independent_sources']}"])


def _money(low: float, high: float) -> str:
    return f"{low:,} 元" if low == high else f"{low:,}–{high:,} 元"


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}").text = _clean(text)
