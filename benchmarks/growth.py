"""Does time grow linearly? Every finder, cleaning, segmenting and cutting into cases on their worst cases, a doubling of the text at a time.

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

from nlp.cases import read_cases
from nlp.clean import clean
from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_amounts
from nlp.extract.contacts import find_contacts
from nlp.extract.counts import find_counts
from nlp.extract.organisations import find_organisations
from nlp.extract.outcomes import find_outcomes
from nlp.extract.persons import find_persons
from nlp.extract.pipeline import find_mentions
from nlp.extract.places import find_places
from nlp.extract.platforms import find_platforms
from nlp.extract.times import find_times
from nlp.kind_evidence import weigh_kind
from nlp.records import Article, Case, Document, Verdict
from nlp.segment import Token, segment
from nlp.tactics import tactics_of

SMALLEST, MARKED, JUDGED = 15_625, 3.0, 0.02
PATIENCE = 60.0  # seconds after which a text is not doubled once more: what takes longer does not grow linearly
# What makes each work hardest: runs without an end, openings never closed, and a hit at every step.
COMMON = ("某", "1", "（", "“", "一", "、", " ", "\n", "王某", "13800138000", "a.", "啊")
_CASE = Verdict("case", 0.9, "", 0.9, {}, kinds={"case": 0.6, "advisory": 0.4})


def read_clean(text: str) -> tuple[Article, ...]:
    """Cleaning and cutting into articles."""
    return clean(Document("x", text))


def cut_words(text: str) -> list[Token]:
    """Words for the index."""
    return segment(text)


def find_tactics(text: str) -> tuple[str, ...]:
    """Tactics of what tells of a case."""
    return tactics_of(text, _CASE.kind)


def tell_cases(text: str) -> tuple[Case, ...]:
    """Everything behind the classifier: mentions, kind weighed anew, cases with their people and summaries."""
    found = find_mentions(text)
    weigh_kind(_CASE, text, found)
    return read_cases(text, found, _CASE)


Reader = Callable[[str], Sequence[object]]
FINDERS: tuple[tuple[Reader, tuple[str, ...]], ...] = (
    (
        find_amounts,
        ("被骗5万元", "1-", "1,000,", "十元、", "第一次转账", "每月扣费500元", "两千五百", "99、", "向他转", "共计"),
    ),
    (find_accounts, ("6222 ", "账号1 ", "0x1a", "卡号：", "卡号6222021234567890128，")),
    (find_contacts, ("138-", "微信：", "http://a", "a@", "q群 ")),
    (find_times, ("1月", "2021年", "1时", "去年", "今日")),
    (find_counts, ("1名", "十余", "三部手机", "1万")),
    (find_organisations, ("公安局", "某公司", "海县", "人民法院")),
    (
        lambda text: find_places(text, [], published=""),
        ("县", "朝阳", "中山路", "河南省", "李家村", "新", "京、", "新华区"),
    ),
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
    (read_clean, ("**", "# \n", "> ", "a b ", "|a|b|\n", "来源：", "记者王某某", "第1版\n", "![a](b)", "警方提醒：\n")),
    (
        find_tactics,
        ("下载", "下载软件会议", "群里", "进群", "录屏", "流水", "不要", "点击短信链接", "提现要交", "卡号", "会议"),
    ),
    (cut_words, ("某", "加v", "薇❤")),
    (
        tell_cases,
        (
            "海南打掉，某。",
            "王某被骗5万元，王甲说。",
            "案例一\n",
            "1、王女士被骗5万元。\n",
            "一、",
            "李女士、王某某、",
            "。",
        ),
    ),
)


def seconds(find: Reader, text: str) -> float:
    """Processor time of one reading."""
    began = time.process_time()
    find(text)
    return time.process_time() - began


def doublings(find: Reader, piece: str, largest: int) -> tuple[list[float], float]:
    """(ratio of each doubling, seconds of the largest) on texts of nothing but `piece`."""
    size, times = SMALLEST, []
    while size <= largest and (not times or times[-1] < PATIENCE):
        times.append(seconds(find, (piece * (size // len(piece) + 1))[:size]))
        size *= 2
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
