"""What the overview draws: figures with their change, tricks with the incidents behind them, queues, the trend by type, provinces and cities.

In: numbers of `overview_numbers`, who looks. Out: HTML; the chart is drawn into the page. It asks the store nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from nicegui import ui

from nlp import taxonomy
from nlp.divisions import lookup
from serving.console import overview_numbers as numbers
from serving.console import shape_map, wording
from serving.console.html_parts import Html, join, tag
from serving.console.room import BASE, Visitor
from serving.console.tile_map import TILES, tile_map

# Told apart by colour-blind eyes too (Okabe & Ito, darkened or lightened to stand on both grounds).
COLOURS = ("#2f7fb8", "#d98200", "#1c9a72", "#c25b9b", "#7a68c7", "#a39121", "#8a93a0")
_IMPORT = tag("a", "导入文章或投诉", href=f"{BASE}/import")


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of the screen but what is new to one visitor. behind: trick → its newest incidents of the period, by id."""

    now: numbers.Sum
    before: numbers.Sum
    months: list[str]
    trend: dict[str, list[int]]
    divisions: dict[str, int]
    tricks: list[tuple[str, int, int]]
    behind: Mapping[str, Sequence[str]]
    waiting: numbers.Waiting | None


def regions(divisions: Mapping[str, int], province: str, *, shaped: bool) -> Html:
    """The provinces as shapes or tiles, and the cities of the one that is chosen (else of the one with most). shaped: shapes were asked for."""
    provinces = {code: number for code, number in divisions.items() if len(code) == 2}
    if not provinces:
        return tag("p", "这段时间没有写明地点的事件。选长一点的时段，或", _IMPORT, "。", class_="soft")
    chosen = province if province in provinces else max(provinces, key=lambda code: provinces[code])
    below = sorted(
        ((number, code) for code, number in divisions.items() if len(code) > 2 and code.startswith(chosen)), reverse=True
    )  # fmt: skip
    rows = [
        tag("li", tag("a", division(code), href=f"{BASE}/incidents?place={code}"), tag("b", wording.thousands(number)))
        for number, code in below[:10]
    ]
    name = TILES[chosen][0] if chosen in TILES else lookup(f"{chosen}0000")
    heading = tag("a", f"{name} {wording.thousands(provinces[chosen])}", href=f"{BASE}/incidents?place={chosen}")
    inside = tag("ol", rows) if rows else tag("p", "没有写到市县。")
    found = shape_map.shapes() if shaped else None
    if found is None:
        drawn = join(tile_map(provinces, act="province", chosen=chosen), _note(shape_map.missing()) if shaped else None)
    else:
        drawn = shape_map.shape_map(found, provinces, act="province", chosen=chosen)
    return tag("div", tag("div", drawn), tag("div", tag("h3", heading), inside, class_="cities"), class_="map")


def _note(text: str) -> Html | None:
    return tag("p", text, class_="why") if text else None


def pending() -> Html:
    return tag("p", "正在统计……", class_="soft", role="status")


def _change(now: float, before: float) -> Html:
    """↑12（+30%） against the stretch before."""
    if not before:
        return tag("small", "前一时段为 0")
    part = (now - before) / before
    sign, class_ = ("↑", "up") if part > 0 else ("↓", "down") if part < 0 else ("＝", "")
    return tag("small", tag("i", f"{sign} {abs(part):.0%}", class_=class_), f"　前一时段 {wording.about(before)}")


def sums(found: Figures, visitor: Visitor) -> Html:
    now, before = found.now, found.before
    told = [("新事件", f"{now.incidents:,}", _change(now.incidents, before.incidents), f"{BASE}/incidents")]
    if visitor.sees_all:
        told.append(("新投诉", f"{now.reports:,}", _change(now.reports, before.reports), f"{BASE}/desk"))
    loss = wording.about_money(now.loss_min, now.loss_max)
    told.append(("新事件所述损失", loss, _change_of_loss(now, before), f"{BASE}/incidents?sort=-loss"))
    if found.waiting is not None:
        waiting = found.waiting
        note = tag("small", f"{waiting.unsure:,} 篇机器拿不准")
        told.append(("待研判投诉", f"{waiting.reports:,}", note, f"{BASE}/desk"))
    tiles = [
        tag("a", tag("span", name), tag("b", value), change, href=address, class_="figure wide")
        for name, value, change, address in told
    ]
    return tag("div", tiles, class_="figures even")


def _change_of_loss(now: numbers.Sum, before: numbers.Sum) -> Html:
    if not before.loss_max:
        return tag("small", "前一时段为 0")
    middle, earlier = (now.loss_min + now.loss_max) / 2, (before.loss_min + before.loss_max) / 2
    part = (middle - earlier) / earlier
    sign, class_ = ("↑", "up") if part > 0 else ("↓", "down")
    return tag(
        "small",
        tag("i", f"{sign} {abs(part):.0%}", class_=class_),
        f"　前一时段 {wording.about_money(before.loss_min, before.loss_max)}",
    )


def tricks(found: Figures, titles: Mapping[str, str]) -> Html:
    """The tricks that grew, each with its newest incidents; titles: incident → what it is called, for those that may be seen."""
    rows = [
        tag(
            "li",
            tag(
                "div", tag("a", name, href=f"{BASE}/incidents?q={quote(name)}"), tag("small", f"前一时段 {before}"),
                tag("b", str(number), tag("i", f" ↑{number - before}" if number > before else "", class_="up")), class_="line",
            ),
            [
                tag("a", titles[incident_id], href=f"{BASE}/incidents/{incident_id}", class_="behind")
                for incident_id in found.behind.get(name, ())
                if incident_id in titles
            ],
            class_="trick",
        )
        for name, number, before in found.tricks
    ]  # fmt: skip
    return list_card("上升的手法", rows, "点手法看全部，下面是最新的事件", "这段时间没有读出手法。选长一点的时段再看。")


def waiting(waiting: numbers.Waiting) -> Html:
    rows = [
        tag("li", tag("a", words, href=address) if address else words, tag("b", f"{number:,}{'+' if number >= numbers.WAITING else ''}"))
        for words, number, address in (
            ("待研判的投诉", waiting.reports, f"{BASE}/desk"), ("机器拿不准类型的文章", waiting.unsure, ""),
            ("可能是同一案的待定对", waiting.undecided, ""), ("已收下、待分析", waiting.unread, ""), ("分析失败", waiting.failed, ""),
        )
    ]  # fmt: skip
    return list_card("排队", rows, "", "")


def list_card(heading: str, rows: list[Html], note: str, nothing: str) -> Html:
    inside = tag("ol", rows) if rows else tag("p", nothing, class_="soft")
    return tag(
        "section",
        tag("h2", heading, tag("small", note) if note else None),
        tag("div", inside, class_="inside rows"),
        class_="card",
    )


def division(code: str) -> str:
    """4107 → 新乡市, 310115 → 浦东新区."""
    path = lookup(code.ljust(6, "0"))
    return path.split("/")[-1] if path else code


def chart(months: list[str], trend: dict[str, list[int]]) -> None:
    """Stacked columns by month; the colours of words follow the theme, for SVG takes them from the sheet."""
    if not trend:
        ui.html(tag("p", "还没有写明日期的事件。", _IMPORT, "后，这里按月画出。", class_="soft"), sanitize=False)
        return
    known = taxonomy.load()
    main = list(trend.items())[: numbers.TYPES]
    drawn = [(known.name_of(label), row) for label, row in main]
    addresses: list[str | None] = [f"{BASE}/incidents?label={label}&sort=-date" for label, _ in main]
    if rest := list(trend.values())[numbers.TYPES :]:
        drawn.append(("其他类型", [sum(column) for column in zip(*rest, strict=True)]))
        addresses.append(None)
    words = {"color": "var(--soft)", "fontSize": 12}
    ui.echart(
        {
            "aria": {"enabled": True, "label": {"description": "案发趋势：" + "；".join(f"{name} {sum(row)}" for name, row in drawn)}},
            "color": list(COLOURS), "animation": False, "textStyle": {"fontFamily": "inherit"},
            "grid": {"left": 34, "right": 8, "top": 8, "bottom": 24},
            "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
            "xAxis": {"type": "category", "data": months, "axisLabel": words, "axisTick": {"show": False},
                      "axisLine": {"lineStyle": {"color": "var(--line)"}}},
            "yAxis": {"type": "value", "minInterval": 1, "axisLabel": words, "splitLine": {"lineStyle": {"color": "var(--line)"}}},
            "series": [{"type": "bar", "stack": "all", "name": name, "data": row, "barMaxWidth": 26} for name, row in drawn],
        },
        renderer="svg",
    ).classes("trend")  # fmt: skip
    entries = [
        tag(
            "li",
            tag("i", style=f"background:{colour}"),
            tag("a", name, href=address) if address else name,
            tag("b", sum(row)),
        )
        for (name, row), address, colour in zip(drawn, addresses, COLOURS, strict=False)
    ]
    ui.html(tag("ul", entries, class_="legend"), sanitize=False)
