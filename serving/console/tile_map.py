"""The 34 divisions of China as tiles on a grid: a schematic picture, not a map, so it needs no approval and no geometry.

In: numbers by the first two digits of the division's code. Out: HTML. The place of a tile is only where people look for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving.console.html_parts import Html, tag

# Code → (short name, column, row), both from 1. Rows run north to south, columns west to east.
TILES: Mapping[str, tuple[str, int, int]] = {
    "23": ("黑龙江", 8, 1), "15": ("内蒙古", 6, 2), "22": ("吉林", 8, 2), "65": ("新疆", 1, 3), "64": ("宁夏", 4, 3),
    "14": ("山西", 5, 3), "13": ("河北", 6, 3), "11": ("北京", 7, 3), "21": ("辽宁", 8, 3), "63": ("青海", 2, 4),
    "62": ("甘肃", 3, 4), "61": ("陕西", 4, 4), "41": ("河南", 5, 4), "37": ("山东", 6, 4), "12": ("天津", 7, 4),
    "54": ("西藏", 1, 5), "51": ("四川", 3, 5), "50": ("重庆", 4, 5), "42": ("湖北", 5, 5), "34": ("安徽", 6, 5),
    "32": ("江苏", 7, 5), "31": ("上海", 8, 5), "53": ("云南", 3, 6), "52": ("贵州", 4, 6), "43": ("湖南", 5, 6),
    "36": ("江西", 6, 6), "33": ("浙江", 7, 6), "45": ("广西", 4, 7), "44": ("广东", 5, 7), "35": ("福建", 6, 7),
    "71": ("台湾", 8, 7), "46": ("海南", 4, 8), "82": ("澳门", 5, 8), "81": ("香港", 6, 8),
}  # fmt: skip
_STEPS = 4


def step(number: int, most: int) -> int:
    """0 for none, else 1..4 by the share of the largest, so that the largest alone is darkest."""
    return 0 if not number else min(_STEPS, 1 + int(number / most * _STEPS - 1e-9)) if most else 0


def tile_map(
    numbers: Mapping[str, int], *, address: Callable[[str], str] | None = None, act: str = "", chosen: str = "",
    small: bool = False, told: str = "各省份事件数",
) -> Html:  # fmt: skip
    """The tiles, darker where there is more. `address`: code → where a tile leads; `act`: the event it sends instead."""
    most = max(numbers.values(), default=0)
    drawn = []
    for code, (name, column, row) in TILES.items():
        number = numbers.get(code, 0)
        words = [name, None if small else tag("b", f"{number:,}" if number else "·")]
        class_ = f"tile s{step(number, most)}"
        title = f"{name} {number}"
        if number and act:
            tile = tag(
                "button", *words, type="button", data_act=act, data_value=code, class_=class_, title=title,
                aria_pressed=str(code == chosen).lower(),
            )  # fmt: skip
        elif number and address:
            tile = tag("a", *words, href=address(code), class_=class_, title=title)
        else:
            tile = tag("span", *words, class_=class_, title=title)
        drawn.append(tag("li", tile, style=f"grid-area:{row}/{column};display:grid"))
    return tag("ul", drawn, class_="tiles small" if small else "tiles", aria_label=f"{told}（示意图，不是地图）")
