"""One sentence of a case's own text that says most of it: who lost how much, where, by whom.

In: an article's text, its mentions, the span of the case. Out: a sentence of at most `SUMMARY_LENGTH` characters, cut at a clause
border, in the article's own words. It writes nothing itself and never takes a headline or a heading while a sentence is there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from nlp.records import Mention

SUMMARY_LENGTH = 120
_SENTENCE = re.compile(r"[^。！？!?\n]{4,}?(?:[。！？!?]+[”’」』\"）)]{0,2}|(?=\n)|\Z|(?<=[\u4e00-\u9fff）)])\.(?!\.))")
# What stands before the words of a sentence: 案例一：, 1、, （二）, 【案例】, 01　, bullets, and what ended the one before.
_BEFORE = re.compile(
    r"(?:[\s、，,；;：:。.!！?？”’」』》〉）)\]】…—\-*#>■●★◆▶►]+"
    r"|[【\[（(]?(?:典型|真实)?(?:案例|案件|案情|警情)\s?[一二三四五六七八九十0-9]{0,2}[】\]）)]?[：:\s]"
    r"|(?:[一二三四五六七八九十]{1,2}|[0-9]{1,2})(?:、|[.．](?![0-9]))|[（(][一二三四五六七八九十0-9]{1,2}[)）]|[①-⑩]|0[0-9]\s)"
)
# Worth of a mention by kind and role: what a reader asks first is who lost how much; prices and later returns say little.
_WORTH = {
    ("amount", "loss"): 3.0,
    ("amount", "gain"): 2.0,
    ("amount", "flow"): 2.0,
    ("amount", "payment"): 1.0,
    ("amount", "frozen"): 0.75,
    ("amount", "recovered"): 0.75,
    ("person", "victim"): 2.0,
    ("person", "suspect"): 1.75,
    ("place", "scene"): 1.0,
    ("place", "victim_home"): 1.0,
}
_PLAIN = {
    "amount": 0.5,
    "place": 0.75,
    "time": 0.5,
    "count": 0.5,
    "outcome": 0.5,
    "platform": 0.25,
    "organisation": 0.25,
}
# Sentences that lean on the one before, quote somebody or ask say less when they stand alone.
_LEANS = re.compile(
    r"[“\"‘「『（(]|(?:其中?|他|她|它|该|对方|此后|随后|后来|之后|于是|但|而|却|结果|接着|然后|因此|所以|这|那)(?!人民币)"
)
# The deed itself.
_DEED = re.compile(r"骗|转账|转走|盗刷|盗走|刷走|损失|获利|打款|汇款|冒充|判处")
_SHORT = 15  # characters; 合计一万三千六。 says a sum and nothing of the case
_CLAUSE = "，；、：,;:"


def _shortened(sentence: str) -> str:
    """At most `SUMMARY_LENGTH` characters, cut behind the last clause that fits; a mark shows that more follows."""
    if len(sentence) <= SUMMARY_LENGTH:
        return sentence
    cut = max(sentence.rfind(mark, SUMMARY_LENGTH // 3, SUMMARY_LENGTH) for mark in "，；,;")
    if cut < 0:
        cut = max(sentence.rfind(mark, SUMMARY_LENGTH // 3, SUMMARY_LENGTH) for mark in _CLAUSE)
    return sentence[: cut if cut > 0 else SUMMARY_LENGTH - 1] + "…"


def summarise(text: str, mentions: Sequence[Mention], start: int, end: int) -> str:
    """The sentence of text[start:end] that says most; of equal ones the earlier. "" where there is no text.

    `mentions` are sorted by start; offsets are those of `text`.
    """
    starts = [mention.start for mention in mentions]
    best, best_points = "", float("-inf")
    for number, match in enumerate(_SENTENCE.finditer(text, start, end)):
        begin, stop = match.span()
        while (before := _BEFORE.match(text, begin, stop)) is not None:
            begin = before.end()
        if stop - begin < 4:
            continue
        shown = _shortened(text[begin:stop].rstrip())
        points = -0.05 * min(number, 20)
        seen: dict[tuple[str, str], int] = {}
        for mention in mentions[bisect_left(starts, begin) : bisect_left(starts, begin + len(shown))]:
            key = (mention.kind, mention.role)
            seen[key] = seen.get(key, 0) + 1
            # Two of a kind say a little more than one, five do not: a list of sums is no summary.
            if seen[key] <= 2:
                points += _WORTH.get(key, _PLAIN.get(mention.kind, 0.0)) * (1.0 if seen[key] == 1 else 0.25)
        if _DEED.search(shown):
            points += 1.0
        if len(shown) < _SHORT:
            points -= 1.5
        if _LEANS.match(text, begin):
            points -= 1.5
        if shown[-1] in "？?":
            points -= 2.0
        if shown[-1] not in "。！!？?…”’」』）).":
            points -= 4.0  # a headline, a heading, a caption
        if points > best_points:
            best, best_points = shown, points
    return best
