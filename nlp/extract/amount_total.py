"""What a crime came to, as one text tells it: the total it states, else the sum of what was taken in each fact.

In: a text and its sums (roles set). Out: (low, high) in yuan, None where nothing was taken. Made for judgments and notices, which
tell facts one by one and add them up; it weighs no evidence and corrects no arithmetic.

1. A sum that a word of totals introduces beside a word of taking (先后四次骗取共计27600元, 合计诈骗48704元): the largest of them.
2. Else the sum with which the charge concludes (骗取他人财物9010元，数额较大).
3. Else every sum taken or paid is added, each told once; what was returned, seized, fined, earned by reselling or spent is not.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal

from nlp.records import Amount, Mention
from nlp.spelling import fold

_TAKING = re.compile(
    r"骗|诈|盗|窃|抢|夺|价值|损失|被害|侵占|挪用|贪污|收受|受贿|敲诈|勒索|集资|吸收|涉案|转走|取走|刷卡|透支|数额|金额|财物|钱款|索"
)
_TOTAL = re.compile(
    r"(?:共计|总计|合计|累计|总共|一共|总价值|总额|总金额|共价值|合计价值|计(?:人民币|价值)|共[骗盗诈取])[^，。；\n]{0,16}\Z"
)
_NOT_TAKEN = re.compile(
    r"退|赔|返还|归还|偿还|追回|发还|扣押|查获|缴获|起获|冻结|罚|销赃|变卖|出售|卖给|获利|分得|分给|分赃|好处费|得款|得赃|月薪|工资|挥霍|用于|原价|购买价|购价|买进|垫付|未遂|余款"
)
_CONCLUDES = re.compile(r"[^，。；\n]{0,10}[，,]?(?:其中[^，]{0,20}，)?\s?(?:属于?|均属|系)?(?:数额|情节|其行为|价值)")
_CLAUSE, _BACK = "，。；：\n", 60


def _clause(folded: str, start: int) -> str:
    """What stands before the sum in its clause and the clause before it, at most 60 characters of one sentence."""
    reach = max(0, start - _BACK)
    first = max(reach, max(folded.rfind(c, reach, start) for c in "。；\n") + 1)
    return folded[first:start]


def crime_total(text: str, mentions: Sequence[Mention]) -> tuple[Decimal, Decimal] | None:
    """(low, high) yuan of the crime that `text` tells; `mentions` are its sums in order, with roles, offsets into `text`."""
    folded = fold(text)
    totals: list[Amount] = []
    concluded: list[Amount] = []
    taken: dict[tuple[Decimal, Decimal, int], Amount] = {}
    breaks = [match.start() for match in re.finditer("\n", folded)]
    for mention in mentions:
        amount = mention.value
        if not isinstance(amount, Amount) or amount.currency != "CNY" or amount.per:
            continue
        before = _clause(folded, mention.start)
        own = re.split("[，,：]", before)[-1]
        if (
            _NOT_TAKEN.search(own)
            or mention.role in ("recovered", "fine", "frozen", "gain")
            or not _TAKING.search(before)
        ):
            continue
        if _TOTAL.search(before):  # 1.
            totals.append(amount)
        if _CONCLUDES.match(folded, mention.end) and re.search("骗|诈|盗|窃|抢|侵占|财物", own):  # 2.
            concluded.append(amount)
        if (
            mention.role in ("loss", "payment", "flow", "other") or "价值" in own
        ):  # 3. told once: a sum may come again in the next fact
            line = bisect_left(breaks, mention.start)
            taken.setdefault((amount.value_min, amount.value_max, line), amount)
    if totals:
        best = max(totals, key=lambda amount: amount.value_max)
        return best.value_min, best.value_max
    if concluded:
        best = max(concluded, key=lambda amount: amount.value_max)
        return best.value_min, best.value_max
    if not taken:
        return None
    return sum((a.value_min for a in taken.values()), Decimal(0)), sum(
        (a.value_max for a in taken.values()), Decimal(0)
    )
