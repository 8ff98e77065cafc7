"""The words of the console: states, grounds, sums and dates as a police officer writes them. In: ids and numbers. Out: words.

Names of mentions and roles stand in `serving.showing_words`, scam types in the taxonomy, sums are written by `nlp.money`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from nlp.money import write_money

STATUS = {"alleged": "涉嫌", "detained": "已刑拘", "charged": "已捕诉", "convicted": "已判决", "cleared": "已澄清"}
BASIS = {"complaint": "投诉", "published": "报道", "police": "警方", "court": "法院"}
SUMS = {"loss": "损失", "gain": "违法所得", "flow": "涉案流水", "recovered": "追回", "frozen": "冻结", "fine": "罚金"}
CHANGES = {
    "created": "建立", "revised": "修订", "split": "拆分", "merged": "并入其他事件", "withdrawn": "撤回", "expired": "到期删除",
    "marked": "改标记", "restricted": "转为内部", "restored": "恢复",
}  # fmt: skip
DECISIONS = {"reprint": "转载", "same": "同一案件", "undecided": "待定", "apart": "不是同一案件"}
TLP = {
    "clear": "公开（TLP:CLEAR）",
    "green": "行业内（TLP:GREEN）",
    "amber": "限制，本单位及其服务对象（TLP:AMBER）",
    "amber+strict": "限制，仅本单位（TLP:AMBER+STRICT）",
    "red": "仅本人（TLP:RED）",
}
SCENES = ("scene", "victim_home", "handling_police")
_MONTH_DAY = re.compile(r"--(\d\d)(?:-(\d\d))?")
_DAY = re.compile(r"---(\d\d)")


def money(minimum: float, maximum: float) -> str:
    """Yuan: 3460元, 380万–390万元."""
    return write_money(Decimal(str(minimum)), Decimal(str(maximum)))


def loss(line: Mapping[str, Any]) -> str:
    """The loss of an incident line, "" where none is told."""
    return next((money(total["min"], total["max"]) for total in line["totals"] if total["role"] == "loss"), "")


def day(moment: str | None) -> str:
    """2024-05-06T10:00 → 2024-05-06; --08-26 → 8月26日; ---15 → 15日; None → ""."""
    if moment and (found := _DAY.match(moment)):
        return f"{int(found[1])}日"
    if moment and (found := _MONTH_DAY.match(moment)):
        return f"{int(found[1])}月" + (f"{int(found[2])}日" if found[2] else "")
    return (moment or "")[:10]


def days(first: str | None, last: str | None) -> str:
    """When: one day, or from … to …."""
    return " 至 ".join(dict.fromkeys(day(moment) for moment in (first, last) if moment))


def local(moment: str) -> str:
    """One of our own moments (UTC) in the machine's time: 11-22 13:27, with the year where it is not this one."""
    if not moment:
        return ""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone()
    return then.strftime("%m-%d %H:%M" if then.year == datetime.now(UTC).astimezone().year else "%Y-%m-%d %H:%M")


def short_place(region: str) -> str:
    """The last two steps of a path: 河南省/新乡市/封丘县 → 新乡市封丘县."""
    return "".join(region.split("/")[-2:])


def places(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where it happened, what most sources say first; a place that another one lies in is left out."""
    scenes = [place for place in found if place["role"] in SCENES] or list(found)
    ranked = dict.fromkeys(place["region"] for place in sorted(scenes, key=lambda place: -place["sources"]))
    return [region for region in ranked if not any(other.startswith(f"{region}/") for other in ranked)]


def thousands(number: int) -> str:
    """12345 → 12,345."""
    return f"{number:,}"


def about(number: float) -> str:
    """A count or a sum for comparing: 12,345; 1.2万 from a hundred thousand on."""
    return f"{number:,.0f}" if number < 100_000 else f"{number / 10_000:,.1f}万"


def about_money(minimum: float, maximum: float) -> str:
    """Summed losses, rounded to what one can take in: 3,460元, 380万元, 1.2亿–1.3亿元."""

    def one(yuan: float) -> str:
        for size, name in ((1e8, "亿"), (1e4, "万")):
            if yuan >= size:
                digits = 0 if yuan >= size * 1000 else 1 if yuan >= size * 100 else 2
                number = f"{yuan / size:,.{digits}f}"
                return (number.rstrip("0").rstrip(".") if digits else number) + name
        return f"{yuan:,.0f}"

    low, high = one(minimum), one(maximum)
    return f"{low}元" if low == high else f"{low}–{high}元"
