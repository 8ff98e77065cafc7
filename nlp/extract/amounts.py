"""Sums of money. In: an article's text. Out: `Mention`s of kind "amount" with bounds, currency, price unit, role and links.

Finds 3460 元人民币, 460 块, 1.5万余元, 380多万, 近10万, 上万元, 三五千, 两千五, 贰万叁仟元整, ￥1,299.00, 1－2万元, 五到八千, 5w, 100U,
300 USDT, 50万港币, 比特币2个, 1元/条. A number without a currency counts only in a money context (被骗30万, 30万货款).
Never counts people, cards, messages, percentages, dates, phone numbers, 十分, 一元化, 百元大钞. It does not decide whether a sum
belongs to a case. Roles are `amount_roles`, links `amount_links`, numbers `numerals`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from nlp.extract import amount_links, amount_roles, bare_sums
from nlp.extract.money_words import (
    AFTER_SUM,
    CENTS,
    COIN_BEFORE,
    COINS,
    CURRENCY,
    CURRENCY_START,
    CURRENCY_WORDS,
    FREE_AFTER,
    JOIN,
    LISTED,
    MEASURE,
    MONEY_BEFORE,
    MONEY_RIGHT_BEFORE,
    MONEY_TOLD_BEFORE,
    NOT_A_SUM_BEFORE,
    PER_AFTER,
    PER_BEFORE,
    SPOKEN,
    SYMBOL_BEFORE,
    SYMBOLS,
    TENTHS,
    THING_AFTER_BLOCK,
    WORD_AFTER_YUAN,
)
from nlp.extract.numerals import DIGITS, Number, Quantity, find_numbers
from nlp.extract.taken import overlaps
from nlp.records import Amount, Mention
from nlp.spelling import fold

_BARE_UNITS = frozenset("百千万亿十")
_SENTENCE = frozenset("。；！？\n;!?")
_HOTLINE = re.compile(r"1[12][0-9]|12[0-9]{3}|9[56][0-9]{3}")
_YEAR = re.compile(r"(?:19|20)\d\d")
# 502室, 100U盘, 10.5, 10:30, 3-5: the number is not over, or counts something that MEASURE does not know.
_GOES_ON = re.compile(
    r"[A-Za-z%％‰°℃.:/\-－—~～][A-Za-z0-9盘]|[%％‰°℃室栋幢号楼届期章级度版米克斤吨里层页]|毫米|公里|平米|平方|"
    r"受害|网民|网友|用户|会员|粉丝|群众|市民|学生|家庭|业主|村民|居民|员工|热线"
)
_CALLED = re.compile(r"(?:打|拨|致电|热线|电话|拨通)[^，。；]{0,5}$")  # 打了110, 拨12345, 打过两次12345
_BEGS = re.compile(r"不|别|要|勿|莫|小心|注意|记住|当心|提防")  # 千万不要


def _bounds(quantity: Quantity) -> tuple[Decimal, Decimal]:
    low, high = sorted((quantity.minimum, quantity.maximum))
    return low, high


def _plain(value: Decimal) -> Decimal:
    """3460.00 → 3460, 1.50 → 1.5; never in powers of ten."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _currency_after(folded: str, end: int) -> tuple[str, int, bool, str] | None:
    """(currency, end, 多/余 after it, the words) of a currency that begins at `end`."""
    position = end
    while position < len(folded) and folded[position] == " " and position < end + 2:
        position += 1
    if position >= len(folded) or (folded[position] not in CURRENCY_START and not _is_coin(folded, position)):
        return None
    match = CURRENCY.match(folded, end)
    if not match:
        return None
    index = next(i for i in range(len(CURRENCY_WORDS)) if match[f"c{i}"] is not None)
    more = match["more"]
    words = match[f"c{index}"]
    # 5元多 is "5 and more"; 3000元余款 is not.
    take_more = more == "多" and folded[match.end() : match.end() + 1] not in ("次", "名", "个", "人")
    return CURRENCY_WORDS[index][1], match.end() if take_more else match.end() - len(more), take_more, words


def _is_coin(folded: str, position: int) -> bool:
    return "币" in folded[position : position + 5]


def _smaller_unit(words: str) -> Decimal:
    """毛钱, 角 → 0.1 yuan; 分钱 → 0.01."""
    return Decimal("0.1") if words[0] in "毛角" else Decimal("0.01") if words[0] == "分" else Decimal(1)


def _word_not_sum(folded: str, number: Number, words: str, currency: str) -> bool:
    """The false friends that carry a currency character: 一元化, 三元区, 百元大钞, 两块地, 一分钱, 0元购."""
    core = number.text
    if currency == "XXX" and core in ("一", "几", "两"):
        return True  # 一个虚拟币投资平台: an article and a noun
    if number.quantity.maximum == 0:
        return True
    if core in ("百", "千", "万", "亿", "几") and not number.prefix:
        return not (core == "几" and words[:1] in "元块毛分")
    if words[0] == "元" and len(core) == 1 and core in DIGITS and WORD_AFTER_YUAN.match(folded, number.end):
        return True
    if words[0] == "块":
        if THING_AFTER_BLOCK.match(folded, number.end) and words == "块":
            return True
        if (
            words == "块"
            and not core[0].isdigit()
            and number.quantity.maximum < 10
            and not TENTHS.match(folded, number.end + 1)
        ):
            return True  # 一块, 两块: together, pieces
    if words[0] in "毛分角" and core in ("一", "半", "十", "几"):
        return core in ("一", "十") or words[0] == "角"
    return words == "元" and folded.startswith("元月", number.end)


def _before(folded: str, number: Number) -> str:
    """The clause before a number, up to 18 characters."""
    reach = max(0, number.prefix_start - 18)
    before = folded[max(reach, folded.rfind("\n", reach, number.prefix_start) + 1) : number.prefix_start]
    for c in "。；！？;!?":
        before = before.rpartition(c)[2]
    return before


def _is_no_sum(folded: str, number: Number) -> bool:
    """A number without a currency that certainly is no sum: 1.8万村民, 尾号3460, 2023年, 3单元502室, 12345, 千万不要."""
    # 千万不要, 万一, 百万保障: a bare unit is a sum only beside 被骗 and the like, and only 百万 and up.
    bare_unit = not number.prefix.strip() and all(c in _BARE_UNITS for c in number.text)
    if bare_unit and (
        len(number.text) < 2 or not MONEY_RIGHT_BEFORE.search(folded[max(0, number.start - 12) : number.start])
    ):
        return True
    if MEASURE.match(folded, number.end) or _GOES_ON.match(folded, number.end):
        return True
    if number.text.endswith("千万") and _BEGS.match(folded, number.end):
        return True
    before = _before(folded, number)
    if number.scaled and number.quantity.maximum >= 10**8 and not MONEY_RIGHT_BEFORE.search(before):
        return True  # 参保人数超13亿, 用户超7.2亿: hundreds of millions without 元 are people or cards
    if NOT_A_SUM_BEFORE.search(before) or number.text == "万一" or folded.startswith("万一", number.start):
        return True  # 以防万一
    if _YEAR.fullmatch(number.text):
        return True
    return bool(_HOTLINE.fullmatch(number.text) and _CALLED.search(before))


def _bare_is_money(folded: str, number: Number) -> bool:
    """Whether a number without a currency, of which `_is_no_sum` is not true, is a sum: 被骗30万, 30万货款, 转账13200."""
    before = _before(folded, number)
    if number.scaled and len(folded) <= 24 and folded.strip() == folded[number.prefix_start : number.end].strip():
        return True  # a cell or a line that holds nothing else: 380多万
    free = FREE_AFTER.match(folded, number.end)
    right_before = MONEY_RIGHT_BEFORE.search(before)
    value = number.quantity.maximum
    if number.scaled and value >= 10**8:
        return bool(free and right_before)
    if number.scaled and value >= 1000:
        near_money = (free and MONEY_BEFORE.search(before)) or right_before
        if near_money or (free and free.end() - number.end >= 2 and number.text[-1] in "万千wWkK"):
            return True
    if folded.startswith((".", ":", "-", "/"), number.end) or folded[number.start - 1 : number.start] in (
        "-",
        "/",
        ":",
        ".",
    ):
        return False
    arabic = number.text[:1].isdigit() and number.text[:1].isascii()
    if arabic and 100 <= value < 10**8 and right_before and free:
        return True
    return _told_bare(folded, number, before, bool(free))


def _told_bare(folded: str, number: Number, before: str, free: bool) -> bool:
    """850一张, 一桌1200, 给了3000, 九千八, 12,800: how complaints and records tell sums."""
    value = number.quantity.maximum
    if value < 10 or len(number.text) == 1 or _YEAR.fullmatch(number.text):
        return False
    if value >= 20 and PER_AFTER.match(folded, number.end) and not folded.startswith("/", number.end):
        return True
    if not free:
        return False
    if SPOKEN.search(number.text) or (PER_BEFORE.search(before) and value >= 20):
        return True
    if "," in number.text and value >= 1000 and MONEY_BEFORE.search(before):
        return True
    return value >= 100 and MONEY_TOLD_BEFORE.search(before) is not None


class _Found:
    """One sum while it is put together."""

    __slots__ = ("currency", "end", "high", "low", "number", "start")

    def __init__(self, number: Number, start: int, end: int, low: Decimal, high: Decimal, currency: str) -> None:
        self.number, self.start, self.end, self.low, self.high, self.currency = number, start, end, low, high, currency


def _read_one(folded: str, number: Number) -> _Found | None:
    """The sum at `number`, "" as currency where none is written, None where the number is certainly no money."""
    before = folded[max(0, number.prefix_start - 6) : number.prefix_start]
    found = _currency_after(folded, number.end)
    low, high = _bounds(number.quantity)
    start = number.prefix_start if number.prefix.strip() not in ("大概", "大约", "成") else number.start
    if found:
        currency, end, more, words = found
        if currency in ("CNY", "XXX") and _word_not_sum(folded, number, words, currency):
            return None
        if more and low == high:
            high = low + number.quantity.step
        size = _smaller_unit(words) if currency == "CNY" else Decimal(1)
        low, high = low * size, high * size
        if words == "块" and low == high and not number.scaled and (tail := TENTHS.match(folded, end)):
            low = high = low + Decimal(DIGITS.get(tail[1], 0) if tail[1] in DIGITS else int(tail[1])) / 10
            end = tail.end()
        elif words in ("元", "块") and low == high and (cents := CENTS.match(folded, end)):
            low = high = low + _cents(cents)
            end = cents.end()
        if AFTER_SUM.match(folded, end) and folded.startswith("以上", end) and low == high:
            high, end = low + number.quantity.step, end + 2
        return _Found(number, start, end, low, high, currency)
    if coin := COIN_BEFORE.search(before):
        end = number.end + (1 if folded[number.end : number.end + 1] in ("个", "枚") else 0)
        return _Found(number, number.prefix_start - len(coin[0]), end, low, high, COINS[coin[1]])
    if (symbol := SYMBOL_BEFORE.search(before)) and not MEASURE.match(folded, number.end):
        return _Found(number, number.prefix_start - len(symbol[0]), number.end, low, high, SYMBOLS[symbol[1]])
    end = number.end
    if folded.startswith("以上", end) and low == high:
        high, end = low + number.quantity.step, end + 2
    return _Found(number, start, end, low, high, "")


def _cents(match: re.Match[str]) -> Decimal:
    def digit(text: str | None) -> int:
        return 0 if not text else DIGITS.get(text, 0) if not text.isdigit() or text in DIGITS else int(text)

    return Decimal(digit(match[1])) / 10 + Decimal(digit(match[2] or match[3])) / 100


def _join_ranges(folded: str, sums: list[_Found]) -> list[_Found]:
    """1-2万元, 1760元到2.4万元, 五到八千: two sums with a dash or 至 between them are one range."""
    joined: list[_Found] = []
    for found in sums:
        previous = joined[-1] if joined else None
        if previous is not None and found.start - previous.end <= 4:
            gap = JOIN.fullmatch(folded, previous.end, found.start)
            if (
                gap
                and (previous.currency in ("", found.currency))
                and found.end - previous.start <= 40
                and not found.number.prefix.strip()
            ):
                low, high = previous.low, found.high
                if not previous.currency and not previous.number.scaled and found.number.scaled and low < 1000:
                    # 1-2万: the first shares the unit of the second.
                    unit = _unit_of(found.number)
                    if low * unit <= high:
                        low *= unit
                if "或" not in gap[0] or previous.currency or low < high:
                    low, high = min(low, found.low, high), max(low, previous.high if previous.currency else low, high)
                    joined[-1] = _Found(found.number, previous.start, found.end, low, high, found.currency)
                    continue
        joined.append(found)
    return joined


def _unit_of(number: Number) -> Decimal:
    """The size that the last unit gives: 2万 → 10000, 八千 → 1000."""
    units = {"万": 10**4, "w": 10**4, "W": 10**4, "亿": 10**8, "千": 1000, "k": 1000, "K": 1000, "百": 100, "十": 10}
    size = 1
    for c in reversed(number.text):
        if c in "余多来":
            continue
        if c not in units:
            break
        size *= units[c]
    return Decimal(size)


def _price_unit(folded: str, found: _Found) -> tuple[str, int]:
    """Unit of a price and the sum's new end: 1元/条 → ("条", …), 每条信息1元 → ("条", end unchanged)."""
    if after := PER_AFTER.match(folded, found.end):
        return after[1].removeprefix("个") or after[1], after.end()
    reach = max(0, found.start - 10)
    line = max(reach, folded.rfind("\n", reach, found.start) + 1)
    if before := PER_BEFORE.search(folded[line : found.start]):
        return before[1] if before[1] == "个" else before[1].removeprefix("个"), found.end
    return "", found.end


def find_counted(folded: str, taken: Sequence[tuple[int, int]] = ()) -> tuple[list[_Found], list[bool]]:
    """Every number that may be a sum, and whether a currency, a rule or a list says so; spans in `taken` (accounts, phones) are none.

    A number that certainly is none stays only where a list says that it is a sum.
    """
    # 1. Every number with what stands around it.
    candidates: list[_Found] = []
    for number in find_numbers(folded):
        if overlaps(number.start, number.end, taken):
            continue
        found = _read_one(folded, number)
        if found is not None:
            candidates.append(found)
    # 2. Ranges, before numbers without a currency are dropped: the 1 of 1-2万元 has none.
    candidates = _join_ranges(folded, candidates)
    # 3. A currency, or a money context; what stands in a list with a sum is one (99、299、2499元).
    never = [not found.currency and _is_no_sum(folded, _whole(found)) for found in candidates]
    told = [
        bool(found.currency) or (not no and _bare_is_money(folded, _whole(found)))
        for found, no in zip(candidates, never, strict=True)
    ]
    for index in (*range(1, len(candidates)), *range(len(candidates) - 2, -1, -1)):
        told[index] = told[index] or any(
            0 <= other < len(candidates) and told[other] and _listed(folded, candidates[index], candidates[other])
            for other in (index - 1, index + 1)
        )
    kept = [index for index, no in enumerate(never) if told[index] or not no]
    return [candidates[index] for index in kept], [told[index] for index in kept]


def find_sums(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Sums of `text` without roles and links; spans in `taken` (accounts, phones) are no sums. Offsets into `text`."""
    folded = fold(text)
    candidates, told = find_counted(folded, taken)
    told = bare_sums.decide(folded, candidates, told)
    mentions: list[Mention] = []
    for found, is_sum in zip(candidates, told, strict=True):
        if not is_sum:
            continue
        confidence = 0.97 if found.currency else 0.8
        found.currency = found.currency or "CNY"
        if not found.high or found.high > Decimal(10) ** 16:
            continue
        per, end = _price_unit(folded, found)
        surface = text[found.start : end].replace("\n", "")
        value = Amount(_plain(found.low), _plain(found.high), found.currency, per)
        mentions.append(Mention("amount", found.start, end, surface, value, "", confidence, "rule:amounts"))
    return mentions


def _listed(folded: str, bare: _Found, other: _Found) -> bool:
    """Whether a bare number stands in a list beside a sum in yuan: 99、299、2499元; a comma is enough between numbers of three digits."""
    if other.currency not in ("", "CNY") or bare.low < 50 or _YEAR.fullmatch(bare.number.text):
        return False
    first, last = (bare, other) if bare.start < other.start else (other, bare)
    gap = LISTED.fullmatch(folded, first.end, last.start)
    if gap is None or not (bare.number.scaled or bare.number.text[:1].isdigit()):
        return False
    if bare is last and not FREE_AFTER.match(folded, bare.end):
        return False
    return "、" in gap[0] or (bare.low >= 100 and other.low >= 100)


def _whole(found: _Found) -> Number:
    """The number of a range as one number, so that its context is what stands before the first and after the last."""
    number = found.number
    if number.prefix_start == found.start and number.end == found.end:
        return number
    return replace(number, prefix_start=found.start, start=min(found.start, number.start), end=found.end)


def find_amounts(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Sums of `text` in order, ids a1, a2 …, role set, totals and retellings linked. Offsets into `text`, end exclusive."""
    found = find_sums(text, taken)
    numbered = []
    for index, mention in enumerate(found, 1):
        assert isinstance(mention.value, Amount)
        numbered.append(replace(mention, value=replace(mention.value, id=f"a{index}")))
    return amount_links.link(text, amount_roles.assign(text, numbered))
