"""Where the names of divisions and foreign places stand in a text, before anything is decided about them.

In: folded text (`nlp.spelling.fold`). Out: hits, leftmost and longest, with the divisions each name can mean. Ordinary words that
merely hold a name (大同小异) are matched as themselves and so keep the name out. Decides neither which division is meant nor
whether the place belongs to a case: `nlp.extract.places` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import ahocorasick

from nlp.divisions.table import STILL, Division, abroad, blockers, ordinary, table

# Divisions that ended before these years are not read by their name alone: 高要市, 崇文 are still met, 和安县 (1960) or 动力区's short
# form are not. The earlier path of a standing name (简阳市 below 资阳市) is read whatever its year.
FORMER_FULL_SINCE = 1994
FORMER_SHORT_SINCE = 2000

# Words that jieba's dictionary lacks and that hold a name: the false friends met so far, by kind of accident.
_BLOCKED = """
    医保定点 社保定点 确保定 担保定金 四平方 公安全 本公安 二七大 大同乡 小三明 三明一暗 宜兴趣 中山装 海南岛以南 西安抚 上海滩
    沟通化解 如东西 东西 沙县小吃 兰州拉面 重庆小面 北京时间 北京烤鸭 桂林米粉 云南白药 贵州茅台 青岛啤酒 哈尔滨啤酒 北京现代 上海大众
    广州本田 北京奔驰 浙江吉利 南京条约 西安事变 北京冬奥 上海世博 北京奥运 广州亚运 杭州亚运 成都大运 长江 黄河 珠江 广东话 四川话
    上海话 东北话 河南话 新乡村 新安全 新建议 新建成 新民警 老河口味 大城市 小城市 新城市 都安全 都安装 国安全 平安全 同安全 保安全
    治安定 延安全 市中心 市中级 市中院 市南北 县城区 主城区 新城区域 中心城区 老城区 城区内 城区各 城区一 县城关 资阳光 信阳光
    朝阳光 沈阳光 南昌盛 永昌盛 海口岸 开放 广宗旨 陆续 上海外 通过道 交通道 沟通道 渠道 频道 河道 街道 赤道 管道 公安
"""


# Zones that are governed like counties and stand without their city in running text; they carry their city's code.
ZONES = {
    name: Division(code, f"{city}/{name}", 1990, STILL, f"{code}{name}")
    for name, code, city in (
        ("江北新区", "320100", "江苏省/南京市"), ("大鹏新区", "440300", "广东省/深圳市"), ("天府新区", "510100", "四川省/成都市"),
        ("郑东新区", "410100", "河南省/郑州市"), ("苏州工业园区", "320500", "江苏省/苏州市"), ("滨湖新区", "340100", "安徽省/合肥市"),
        ("湘江新区", "430100", "湖南省/长沙市"), ("赣江新区", "360100", "江西省/南昌市"),
    )
}  # fmt: skip


_CITIZEN = re.compile("民(?![警政生营事间办])")


@dataclass(frozen=True, slots=True)
class Hit:
    """A name at text[start:end]. `divisions` is empty for a foreign place, whose path stands in `foreign`."""

    start: int
    end: int
    name: str
    divisions: tuple[Division, ...]
    foreign: str = ""
    short: bool = False  # a short form: 南阳
    ordinary: bool = False  # first of all a word: 合作


def _meanings(name: str, rows: tuple[Division, ...]) -> tuple[Division, ...]:
    """The divisions a form can mean: those that stand, with the earlier states of the same ground; else the ended ones.

    A division that ended is read only where no standing one has the form: 江干区 is read, 衡阳县 of an old prefecture is not.
    """
    standing = {row.lineage for row in rows if row.last == STILL}
    if standing:
        full = {row.lineage for row in rows if row.last == STILL and row.name == name}
        keep = full or standing
        return tuple(row for row in rows if row.lineage in keep)
    ended = [row for row in rows if row.last >= (FORMER_FULL_SINCE if row.name == name else FORMER_SHORT_SINCE)]
    return tuple(row for row in ended if not row.name.endswith("地区"))


@cache
def _automaton() -> ahocorasick.Automaton:
    machine = ahocorasick.Automaton()
    for word in (*blockers(), *_BLOCKED.split()):
        machine.add_word(word, None)
    words = ordinary()
    for name, rows in table().by_name.items():
        meanings = _meanings(name, rows)
        if len(name) >= 2 and meanings:
            short = (
                all(row.name != name for row in meanings) and name[-1] not in "县州旗"
            )  # 禄劝县 is as good as a full name
            machine.add_word(name, (name, meanings, "", short, name in words))
    for name, zone in ZONES.items():
        machine.add_word(name, (name, (zone,), "", False, False))
    for name, path in abroad().items():
        machine.add_word(name, (name, (), path, False, False))
    machine.make_automaton()
    return machine


def _all_ended(meanings: tuple[Division, ...]) -> bool:
    """Whether no division of the name stands any more; a name of two characters is then read only right behind its city or province."""
    return bool(meanings) and all(row.last != STILL for row in meanings)


@lru_cache(maxsize=8)
def scan(folded: str) -> tuple[Hit, ...]:
    """All names in `folded`, leftmost and longest, not overlapping, sorted; offsets into `folded`, end exclusive.

    青岛市南区 is 青岛 + 市南区 and not 青岛市 + 南区: a 市 that begins the next county's name is given to it.
    """
    hits: list[Hit] = []
    machine = _automaton()
    rows = table().by_name
    for last, value in machine.iter_long(folded):
        if value is None:
            continue
        name, meanings, foreign, short, word = value
        start, end = last + 1 - len(name), last + 1
        if name[-1] == "市" and folded[end : end + 2] in ("南区", "北区", "中区"):
            inner = "市" + folded[end : end + 2]
            below = tuple(row for row in rows[inner] if any(row.path.startswith(f"{city.path}/") for city in meanings))
            if below:
                hits.append(Hit(start, end - 1, name[:-1], meanings, short=True))
                hits.append(Hit(end - 1, end + 2, inner, below))
                continue
        if name[-1] == "市" and len(name) > 2 and _CITIZEN.match(folded, end):
            end, name, short = end - 1, name[:-1], True  # 长春市民: the 市 belongs to the people
            word = name in ordinary()
        if len(name) == 2 and not foreign and not (hits and hits[-1].end == start) and _all_ended(meanings):
            continue  # 四川省达县, but 到达县城
        hits.append(Hit(start, end, name, meanings, foreign, short, word))
    return tuple(hit for i, hit in enumerate(hits) if not i or hit.start >= hits[i - 1].end)
