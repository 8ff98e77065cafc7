"""The parts of an incident's page: facts with their evidence, what the sources disagree on, the course of things, links, history.

In: what `serving.views` gave for a viewer (`incident_view`, `change_lines`). Out: HTML. Everything that comes in may be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from serving.console import wording
from serving.console.html_parts import Html, join, tag
from serving.console.room import BASE
from serving.console.tile_map import tile_map
from serving.showing_words import KINDS, ROLES, SORTS

# Facts of one kind that are shown at once; the rest opens.
SHOWN = 8
_ORDER = ("amount", "person", "place", "time", "account", "contact", "platform", "organisation", "count", "outcome")
_ROLE_ORDER = {role: number for roles in ROLES.values() for number, role in enumerate(roles)}
_SURE = 0.8  # a value less sure than this says so


def figures(view: Mapping[str, Any]) -> Html:
    """The sums of money, when and how well it is told."""
    told = [
        (wording.SUMS.get(total["role"], total["role"]), wording.money(total["min"], total["max"]), total["role"])
        for total in view["totals"]
    ]
    when = wording.days(view["first_date"], view["last_date"]) or (
        f"{wording.day(view['published'])} 报道" if view["published"] else ""
    )
    told += [("案发", when, "")] if when else []
    told.append(("来源", f"{len(view['sources'])} 件，独立 {view['independent_sources']}", ""))
    return tag(
        "div", [tag("div", tag("span", name), tag("b", value), class_=f"figure {role}") for name, value, role in told], class_="figures"
    )  # fmt: skip


def facts(view: Mapping[str, Any], *, quotes: bool) -> Html:
    """Every value by kind; a press on one lights its places in the sources. `quotes`: told in words instead, for readers."""
    parts: list[Any] = []
    for kind in _ORDER:
        found = [fact for fact in view["facts"] if fact["kind"] == kind]
        if not found:
            continue
        found.sort(key=lambda fact: (_ROLE_ORDER.get(fact["role"], 9), -fact["sources"], -len(fact["evidence"])))
        drawn = [_fact(fact, quotes) for fact in found]
        parts.append(tag("h3", f"{KINDS[kind]} {len(found)}", class_=f"k-{kind}"))
        parts += drawn[:SHOWN]
        if len(drawn) > SHOWN:
            parts.append(tag("details", tag("summary", f"另 {len(drawn) - SHOWN} 项"), drawn[SHOWN:], class_="more"))
    return join(parts) if parts else Html("<p class=inside>没有读出具体的值。</p>")


def _fact(fact: Mapping[str, Any], quotes: bool) -> Html:
    evidence = fact["evidence"]
    extra = [f"又称{'、'.join(fact['aliases'])}"] if fact["aliases"] else []
    value = fact["value"]
    extra += [f"{value['age']}岁"] if value.get("age") is not None else []
    extra += [str(value[key]) for key in ("relation", "origin") if value.get(key)]
    extra += [f"代码 {value['code']}"] if value.get("code") else []
    if fact["confidence"] < _SURE:
        extra.append(f"把握 {fact['confidence']:.2f}")
    told = f"{fact['sources']} 源" if fact["sources"] > 1 else ""
    places = f"{len(evidence)} 处" if evidence else ""
    inside = (
        tag("span", _role(fact), class_="role"),
        tag("span", fact["text"], tag("small", "　".join(extra)) if extra else None, class_="value"),
        tag("span", " · ".join(part for part in (told, places) if part), class_="told"),
    )
    if quotes or not evidence:
        quoted = [tag("p", f"“{found['quote']}”", class_="quote") for found in evidence[:2]]
        return join(tag("div", *inside, class_="fact"), quoted)
    refs = " ".join(f"{found['document_id']}:{found['start']}-{found['end']}" for found in evidence)
    return tag(
        "button",
        *inside,
        type="button",
        class_="fact",
        data_refs=refs,
        aria_pressed="false",
        title="在原文中查看；再按看下一处",
    )


def _role(fact: Mapping[str, Any]) -> str:
    """The word for what the value is: its role, else its sort."""
    kind = fact["kind"]
    word = ROLES.get(kind, {}).get(fact["role"], "")
    sort = fact["value"].get("what" if kind == "count" else "sort", "")
    return word or SORTS.get(kind, {}).get(sort, "") or KINDS[kind]


def contradictions(view: Mapping[str, Any], names: Mapping[str, str]) -> Html | None:
    """What the sources say differently, side by side, with who says it."""
    if not view["contradictions"]:
        return None
    rows = [
        tag(
            "tr", tag("th", found["field"], scope="row"),
            tag("td", [
                tag("div", tag("b", telling["text"].replace("/", "")), tag("small", _who(telling, names), title=_who(telling, names)),
                    class_="telling")
                for telling in found["tellings"]
            ]),
        )
        for found in view["contradictions"]
    ]  # fmt: skip
    return card("说法不一", tag("table", tag("tbody", rows), class_="differ"), f"{len(rows)} 项，未作取舍")


def _who(telling: Mapping[str, Any], names: Mapping[str, str]) -> str:
    listed = "、".join(names.get(document_id, document_id) for document_id in telling["document_ids"][:4])
    return f"{telling['sources']} 源：{listed}"


def course(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Html | None:
    """What happened when, as told; when it was published; what this store did with it."""
    happened: list[tuple[str, str, str, bool]] = []
    for fact in view["facts"]:
        if fact["kind"] == "time" and fact["value"].get("from"):
            quote = fact["evidence"][0]["quote"] if fact["evidence"] else ""
            happened.append(
                (fact["value"]["from"], wording.days(fact["value"]["from"], fact["value"].get("to")), quote, False)
            )
    for source in view["sources"]:
        if source["published"]:
            words = f"{'投诉' if source['nature'] == 'complaint' else '发布'}：{source['title'] or source['publisher'] or source['doc_id']}"
            happened.append((source["published"], wording.day(source["published"]), words, False))
    for change in history:
        words = f"入库：{_kind(change)}（第 {change['revision']} 版）"
        happened.append((change["at"], wording.local(change["at"]), words, True))
    dated = sorted((item for item in happened if not item[0].startswith("-")), key=lambda item: item[0][:10])
    undated = [item for item in happened if item[0].startswith("-")]
    if not happened:
        return None
    items = [
        tag("li", tag("time", when), words or "（原文只给出时间）", class_="ours" if ours else None)
        for _, when, words, ours in (*undated, *dated)
    ]
    return card("时间线", tag("ol", items, class_="line-time"), "没有年份的排在前面" if undated and dated else "")


def region(view: Mapping[str, Any]) -> Html | None:
    """The divisions of the case as tiles, and as a list with parts played."""
    if not view["places"]:
        return None
    numbers: dict[str, int] = {}
    for place in view["places"]:
        if place["code"]:
            numbers[place["code"][:2]] = numbers.get(place["code"][:2], 0) + 1
    listed = [
        tag(
            "div",
            tag("small", ROLES["place"].get(place["role"], "地点")),
            tag("span", place["region"].replace("/", " ")),
            class_="link-row place",
        )
        for place in view["places"][:SHOWN]
    ]
    tiles = tile_map(numbers, small=True, address=lambda code: f"{BASE}/incidents?place={code}", told="本案涉及的省份")
    return card("地点", tag("div", tag("div", listed), tiles, class_="beside"), "点省份看当地事件")


def links(view: Mapping[str, Any], names: Mapping[str, str], undecided: Iterable[Mapping[str, Any]]) -> Html:
    """Why the cases of this incident are one, and what else it may be, each with what agreed and what did not."""
    inner = [_link(link, names.get(link["first"], ""), names.get(link["second"], "")) for link in view["links"]]
    open_ones = [
        tag(
            "div",
            tag("div", tag("span", "待定　", class_="no"), tag("a", other["title"], href=f"{BASE}/incidents/{other['id']}"),
                tag("small", f"　得分 {other['score']:.1f}", style="display:inline")),
            _reasons(other["agreed"], other["contradicted"]), class_="link-row",
        )
        for other in undecided
    ]  # fmt: skip
    if not inner and not open_ones:
        return card("关联", tag("p", "只有一个来源讲到，没有可关联的事件。"))
    return card("关联", join(inner[:SHOWN], _rest(inner), open_ones), "合并的理由，和没有合并的相近事件")


def _rest(drawn: Sequence[Html]) -> Html | None:
    return (
        tag("details", tag("summary", f"另 {len(drawn) - SHOWN} 条"), drawn[SHOWN:], class_="more")
        if len(drawn) > SHOWN
        else None
    )


def _link(link: Mapping[str, Any], first: str, second: str) -> Html:
    decision = wording.DECISIONS.get(link["decision"], link["decision"])
    by = "" if link["decided_by"].startswith("rule") else f"，{link['decided_by']}"
    return tag(
        "div", tag("div", tag("b", f"{decision}　", class_="yes"), f"{first} ＝ {second}",
                   tag("small", f"　得分 {link['score']:.1f}{by}", style="display:inline")),
        _reasons(link["agreed"], link["contradicted"]), class_="link-row",
    )  # fmt: skip


def _reasons(agreed: Sequence[str], contradicted: Sequence[str]) -> Html:
    """What agreed and what did not, each on a line of its own; the same words said twice are said once."""
    lines = [("合", "yes", agreed), ("不合", "no", contradicted)]
    return join(
        [
            tag("p", tag("span", f"{word}　", class_=class_), "；".join(dict.fromkeys(texts)), class_="why")
            for word, class_, texts in lines
            if texts
        ]
    )


def history(changes: Sequence[Mapping[str, Any]]) -> Html:
    """Every change of the incident in the feed."""
    rows = [
        tag("tr", tag("td", f"第 {change['revision']} 版"), tag("td", _kind(change)),
            tag("td", wording.local(change["at"])), tag("td", f"序号 {change['sequence']}", class_="number"))
        for change in reversed(changes)
    ]  # fmt: skip
    return card("沿革", tag("table", tag("tbody", rows)), f"{len(rows)} 次变更")


def _kind(change: Mapping[str, Any]) -> str:
    return wording.CHANGES.get(change["kind"], change["kind"])


def card(heading: str, inside: Any, note: str = "", *, bare: bool = False) -> Html:
    """A box with a heading."""
    return tag(
        "section", tag("h2", heading, tag("small", note) if note else None), inside if bare else tag("div", inside, class_="inside"),
        class_="card",
    )  # fmt: skip


def citation(view: Mapping[str, Any], address: str, today: str) -> str:
    """How to cite the incident: title, id and version, moment, address, and the sources it stands on."""
    sources = "；".join(
        "，".join(part for part in (source["publisher"], f"《{source['title']}》" if source["title"] else "", wording.day(source["published"]),
                                   source["url"]) if part) or source["doc_id"] or "投诉"
        for source in view["sources"]
    )  # fmt: skip
    return (
        f"{' '.join(view['title'].split())}［反诈事件 {view['id']}，第 {view['revision']} 版，{view['revised_at'][:10]} 修订］．"
        f"{address}（{today} 引用）．来源：{sources}．"
    )
