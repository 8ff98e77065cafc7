"""What stands around a sum, as named features. In: the folded text and its sums in order. Out: a set of feature names a sum.

Cues before and after in the clause, the sentence and the one before it; the sum's place, size and repetition; what other sums of the text are told
as. The names are the columns of the weights in `amount_roles.json`; changing one means training again (`training.amount_roles`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from nlp.extract.amount_cues import find_cues
from nlp.extract.amount_phrases import find_phrases
from nlp.records import Amount, Mention

_SENTENCE_ENDS = "。；！？!?;\n"
_CLAUSE_ENDS = "，,：:（）() "
_BEFORE, _AFTER, _EARLIER = 48, 28, 60  # characters; longer windows brought in other sums' cues and cost accuracy
_NEIGHBOURS = 20  # sums on either side that a sum is compared with: keeps a page of prices linear
_TAKING = frozenset({"cheat", "stolen", "loss"})


def _bounds(folded: str, start: int, end: int) -> tuple[int, int]:
    first = max((folded.rfind(c, max(0, start - _BEFORE), start) for c in _SENTENCE_ENDS), default=-1) + 1
    last = min(
        (p for c in _SENTENCE_ENDS if (p := folded.find(c, end, end + _AFTER)) >= 0),
        default=min(len(folded), end + _AFTER),
    )
    return max(first, start - _BEFORE, 0), last


def describe(folded: str, mentions: Sequence[Mention]) -> list[list[str]]:
    """Feature names of each sum of `mentions`, in the order given. Offsets of the mentions are into `folded`."""
    amounts = [mention.value for mention in mentions if isinstance(mention.value, Amount)]
    repeated = Counter((a.value_min, a.value_max, a.currency) for a in amounts)
    largest = max((a.value_max for a in amounts), default=0)
    title_end = folded.find("\n")
    nearest: list[str] = []
    columns: list[list[str]] = []
    whole = _whole(folded, len(repeated), title_end)
    for index, mention in enumerate(mentions):
        first, last = _bounds(folded, mention.start, mention.end)
        before = find_cues(folded, first, mention.start)
        after = find_cues(folded, mention.end, last)
        earlier_first = max(0, first - _EARLIER)
        earlier = find_cues(folded, earlier_first, max(earlier_first, first - 1))
        clause = max((folded.rfind(c, first, mention.start) for c in _CLAUSE_ENDS[:4]), default=first - 1)
        clause_end = min((p for c in _CLAUSE_ENDS[:4] if (p := folded.find(c, mention.end, last)) >= 0), default=last)
        features = ["bias"]
        in_clause = [name for name, start, _ in before if start > clause]
        out_clause = [name for name, start, _ in before if start <= clause]
        features += {f"b:{name}" for name in in_clause} | {f"p:{name}" for name in out_clause}
        after_in = [name for name, start, _ in after if start < clause_end]
        features += {f"a:{name}" for name in after_in} | {
            f"q:{name}" for name, start, _ in after if start >= clause_end
        }
        features += {f"e:{name}" for name, _, _ in earlier}
        features += [f"ph:{name}" for name in find_phrases(folded, mention.start, mention.end)]
        last_cue = before[-1] if before else None
        near = last_cue[0] if last_cue else "nothing"
        features.append(f"n:{near}")
        if last_cue:
            gap = mention.start - last_cue[2]
            features.append(f"n{'0' if gap == 0 else '2' if gap <= 2 else '5' if gap <= 5 else '9'}:{near}")
        if len(before) > 1:
            features.append(f"nn:{before[-2][0]}>{near}")
        if after and after[0][1] - mention.end <= 3:
            features.append(f"an:{after[0][0]}")
            features.append(f"na:{near}>{after[0][0]}")
        features.append("title" if mention.end <= title_end <= 60 else "body")
        amount = amounts[index]
        features.append(f"size:{len(str(int(amount.value_max)))}")
        if amount.value_max == largest:
            features.append("largest")
        if repeated[amount.value_min, amount.value_max, amount.currency] > 1:
            features.append("repeated")
        if amount.per:
            features.append("per")
        if amount.value_min != amount.value_max:
            features.append("vague")
        features += whole
        columns.append(features)
        nearest.append(near)
    _add_discourse(folded, mentions, amounts, columns, nearest)
    return columns


_SAVED = re.compile("劝阻|拦截|止损|避免|险些|差点|保住|止付|挽回|阻止")
_CAUGHT = re.compile("抓获|团伙|判处|落网|刑拘|被告人")


def _whole(folded: str, sums: int, title_end: int) -> list[str]:
    """What the text as a whole tells: was money saved, was somebody caught, how many sums, how long."""
    features = [
        f"d:saved{min(len(_SAVED.findall(folded)), 3)}",
        f"d:caught{min(len(_CAUGHT.findall(folded)), 3)}",
        f"d:sums{min(sums, 8)}",
        f"d:length{min(len(folded) // 300, 5)}",
    ]
    if _SAVED.search(folded, 0, max(0, min(title_end, 60))):
        features.append("d:title_saved")
    return features


_NEW_CASE = re.compile(
    r"(?m)^[ 【「\[(（]{0,3}(?:真实|典型)?(?:案例|案件|案情|受害人|事件)?[ ]?(?:[一二三四五六七八九十]{1,2}|[0-9]{1,2})[ 】」\])）、.:：，]"
    r"|^[ 【]{0,2}(?:案例|案件)|^[^\n，。]{0,6}[0-9]{1,2}月[0-9]{1,2}日[^\n，。]{0,12}，"
)
_PAYING = frozenset({"transfer", "top_up", "buy", "deposit"})


def segments(folded: str) -> list[int]:
    """Where a new story may begin: numbered headings and paragraphs that open with a date. Sorted, first is 0."""
    return [0, *(match.start() for match in _NEW_CASE.finditer(folded) if match.start())]


def _covers(vague: Amount, exact: Amount) -> bool:
    """Whether `vague` is a rounded telling of `exact`: 1万余元 or 56万 of 568700."""
    if vague.value_min <= exact.value_min and exact.value_max <= vague.value_max:
        return True
    return (
        vague.value_min == vague.value_max
        and 0 <= exact.value_max - vague.value_max <= vague.value_max / 10
        and vague.value_max % 1000 == 0
    )


def _add_discourse(
    folded: str,
    mentions: Sequence[Mention],
    amounts: Sequence[Amount],
    columns: list[list[str]],
    nearest: Sequence[str],
) -> None:
    """Features that need the other sums of the same story: is there a larger taken sum, is this the sum of others, the only payment."""
    starts = segments(folded)
    part = [bisect_right(starts, mention.start) for mention in mentions]
    title_end = folded.find("\n")
    near_sets = [{f[2:] for f in column if f[:2] == "b:"} | {nearest[i]} for i, column in enumerate(columns)]
    taking = [bool(near & _TAKING) for near in near_sets]
    paying = [bool(near & _PAYING) and not near & _TAKING for near in near_sets]
    bounds = [(amount.value_min, amount.value_max) for amount in amounts]
    taken_bounds = Counter(bounds[i] for i in range(len(columns)) if taking[i])
    titles = [i for i in range(min(len(columns), _NEIGHBOURS)) if mentions[i].end <= title_end <= 60 and taking[i]]
    for index, features in enumerate(columns):
        amount = amounts[index]
        near_by = range(max(0, index - _NEIGHBOURS), min(len(columns), index + _NEIGHBOURS + 1))
        mates = [i for i in near_by if part[i] == part[index] and amounts[i].currency == amount.currency]
        others = [i for i in mates if bounds[i] != bounds[index]]
        # 1. Is a sum told as lost or taken in the same story, and is it larger?
        larger = [i for i in others if taking[i] and amounts[i].value_max > amount.value_max]
        if larger:
            features.append("taken_larger:after" if larger[-1] > index else "taken_larger:before")
        else:
            features.append("taken_smaller" if any(taking[i] for i in others) else "taken_none")
        if not taking[index] and taken_bounds[bounds[index]]:
            features.append("taken_elsewhere")
        if any(i != index and bounds[i] != bounds[index] and _covers(amounts[i], amount) for i in titles):
            features.append("title_covers")
        # 2. Payments: how many, and is there a total they add to?
        if paying[index]:
            count = len({amounts[i].value_max for i in mates if paying[i]})
            features.append(f"paying:{min(count, 4)}")
            if amount.value_max >= max(amounts[i].value_max for i in mates):
                features.append("paying_largest")
            if not larger:
                features.append(f"paying_no_total:{min(count, 3)}")
        features += _sums_up(index, amount, amounts, mates, others)
        # 3. Place in the story, and the neighbours.
        features.append(f"mates:{min(len(mates), 5)}")
        if mates[-1] == index:
            features.append("last_of_story")
        if mates[0] == index:
            features.append("first_of_story")
        if index:
            features.append(f"pn:{nearest[index - 1]}")
            gap = mentions[index].start - mentions[index - 1].end
            features += [f"close:{nearest[index - 1]}"] if gap <= 8 else []
            features += ["listed"] if gap <= 1 else []
            features += ["after_larger"] if amounts[index - 1].value_max > amount.value_max else []
        if index + 1 < len(columns):
            features.append(f"nx:{nearest[index + 1]}")
            features += ["before_larger"] if amounts[index + 1].value_max > amount.value_max else []


def _sums_up(
    index: int, amount: Amount, amounts: Sequence[Amount], mates: Sequence[int], others: Sequence[int]
) -> list[str]:
    """sum_of_others: 5万 after 2万 and 3万; part_of_sum: the 2万 and the 3万."""
    features = []
    smaller = [amounts[i].value_max for i in others if amounts[i].value_max < amount.value_max]
    if len(smaller) >= 2 and _is_sum(amount.value_max, smaller):
        features.append("sum_of_others")
    bigger = [i for i in others if amount.value_max < amounts[i].value_max == amounts[i].value_min]
    for i in bigger[:4]:
        if _is_sum(
            amounts[i].value_max, [amounts[j].value_max for j in mates if amounts[j].value_max < amounts[i].value_max]
        ):
            features.append("part_of_sum")
            break
    return features


def _is_sum(total: Decimal, values: Sequence[Decimal]) -> bool:
    """Whether a run of two to eight of `values` (in text order) adds up to `total` exactly."""
    values = values[:24]
    for start in range(len(values) - 1):
        running = values[start]
        for value in values[start + 1 : start + 8]:
            running += value
            if running == total:
                return True
            if running > total:
                break
    return False
