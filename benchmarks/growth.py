"""Does time grow linearly? Every finder on its patterns' worst cases, a doubling of the text at a time.

    python -m benchmarks.growth [--largest 1000000] (the whole table to 1 MB takes a quarter of an hour) [--finder find_amounts]

Prints, for each finder and each piece that is repeated to fill the text, the processor time of the largest text and the ratio of each doubling: 2 is
linear, 4 quadratic. Lines whose last ratio is above 3 are marked. Texts that take under 20 ms are too short to judge and show no
ratio. Writes nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.console import Console
from rich.table import Table

from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_amounts
from nlp.extract.contacts import find_contacts
from nlp.extract.counts import find_counts
from nlp.extract.organisations import find_organisations
from nlp.extract.outcomes import find_outcomes
from nlp.extract.persons import find_persons
from nlp.extract.places import find_places
from nlp.extract.platforms import find_platforms
from nlp.extract.times import find_times
from nlp.records import Mention

SMALLEST, MARKED, JUDGED = 15_625, 3.0, 0.02
# What makes each work hardest: runs without an end, openings never closed, and a hit at every step.
COMMON = ("某", "1", "（", "“", "一", "、", " ", "\n", "王某", "13800138000", "a.", "啊")
FINDERS: tuple[tuple[Callable[[str], list[Mention]], tuple[str, ...]], ...] = (
    (
        find_amounts,
        ("被骗5万元", "1-", "1,000,", "十元、", "第一次转账", "每月扣费500元", "两千五百", "99、", "向他转", "共计"),
    ),
    (find_accounts, ("6222 ", "账号1 ", "0x1a", "卡号：")),
    (find_contacts, ("138-", "微信：", "http://a", "a@", "q群 ")),
    (find_times, ("1月", "2021年", "1时", "去年", "今日")),
    (find_counts, ("1名", "十余", "三部手机", "1万")),
    (find_organisations, ("公安局", "某公司", "海县", "人民法院")),
    (lambda text: find_places(text, [], published=""), ("县", "朝阳", "中山路", "河南省", "李家村")),
    (find_platforms, ("APP", "“名为", "支付宝", "某平台")),
    (
        find_persons,
        (
            "王某某",
            "李女士",
            "（男，",
            "“小张”、",
            "·阿",
            "小王",
            "嫌疑人张",
            "民警李国强、",
            "张三丰说",
            "来所",
            "网友“龙哥”",
        ),
    ),
    (find_outcomes, ("有期徒刑1年", "诈骗罪", "并处罚金", "刑事拘留")),
)


def seconds(find: Callable[[str], list[Mention]], text: str) -> float:
    """Processor time of one reading."""
    began = time.process_time()
    find(text)
    return time.process_time() - began


def doublings(find: Callable[[str], list[Mention]], piece: str, largest: int) -> tuple[list[float], float]:
    """(ratio of each doubling, seconds of the largest) on texts of nothing but `piece`."""
    sizes = [SMALLEST]
    while sizes[-1] * 2 <= largest:
        sizes.append(sizes[-1] * 2)
    times = [seconds(find, (piece * (size // len(piece) + 1))[:size]) for size in sizes]
    return [b / a for a, b in pairwise(times) if a >= JUDGED], times[-1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--largest", type=int, default=125_000, help="最长的文本有多少字")
    parser.add_argument("--finder", help="只测这一个")
    chosen = parser.parse_args(arguments)
    console = Console()
    table = Table(title=f"{SMALLEST:,} 字起逐次加倍到 {chosen.largest:,} 字；2 为线性，4 为平方")
    for column in ("抽取", "重复的片段", "秒（最长）", "每次加倍"):
        table.add_column(column)
    bent = 0
    for find, own in FINDERS:
        name = find.__name__ if find.__name__ != "<lambda>" else "find_places"
        if chosen.finder not in (None, name):
            continue
        find("预热")
        for piece in dict.fromkeys((*own, *COMMON)):
            ratios, longest = doublings(find, piece, chosen.largest)
            marked = bool(ratios) and ratios[-1] > MARKED
            bent += marked
            shown = " ".join(f"{ratio:.1f}" for ratio in ratios) + (" ←" if marked else "")
            table.add_row(name, repr(piece), f"{longest:.2f}", shown)
    console.print(table)
    console.print(f"末次加倍超过 {MARKED:g} 的：{bent}")


if __name__ == "__main__":
    main()
