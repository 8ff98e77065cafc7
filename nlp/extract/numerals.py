"""Numbers as Chinese texts write them, exact or vague. In: a folded text. Out: number spans with bounds as `Decimal`.

Reads 3460, 12,000, 12 000, 1.88万, 5w, 2万8千, 3万1, 两千五, 贰万叁仟, 十几, 三五千, 几十万, 数百, 380多, 一千多万, 近10, 上万, 超1000.
It does not say what is counted: money is `amounts`, people and cards are `counts`, dates are `times`.

Bounds (gold guide): X余/X多 = X up to the next unit of the last stated digit (380多万 = 3800000..3900000, 75万余 = 750000..760000);
近X = 0.9X..X; 上X = X..2X; 超X = X up to the next unit; 几X/数X = 2X..9X; 十几 = 11..19; 不到X = 0..X; 约X = X.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

DIGITS = {c: i % 10 for row in ("零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖") for i, c in enumerate(row)} | {
    "两": 2,
    "俩": 2,
    "貳": 2,
}
SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
LARGE = {"万": 10**4, "亿": 10**8, "萬": 10**4, "億": 10**8}
_LETTER = {"w": 10**4, "W": 10**4, "k": 10**3, "K": 10**3}

_HAN = "零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖两十百千拾佰仟万亿几数"
_ARABIC = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,3}(?: \d{3}){1,4}(?= ?[万亿]?元)|\d{1,16}(?!\d))(?:\.\d{1,8})?"
_SCALE = r"(?:[十百千]?[万亿]亿?|[百千]|[wWkK](?![a-zA-Z0-9]))"
_MORE = "[余多来]"
_PREFIX = re.compile(
    r"(?:将近|接近|近|超过了?|超出|超|逾|不低于|不少于|不下|至少|不到|不足|未满|大约|大概|约为?|成|上|好) ?\Z"
)
_PREFIX_LENGTH = 5
_NUMBER = (
    rf"(?P<arabic>(?<![\d.]){_ARABIC})(?P<tail> {{0,2}}{_MORE}? ?(?:{_SCALE}(?: ?[\d.]{{1,7}}[万千百十](?!分)"
    rf"){{0,3}}(?:\d(?![\d.,:年月日号个名人%]))?)?{_MORE}?)"
    rf"|(?P<han>[{_HAN}]{{1,16}}(?:点[零一二三四五六七八九]{{1,6}}[百千]?[万亿]?)?(?:{_MORE}[十百千]?[万亿]{{0,2}})?{_MORE}?)"
)
_CORE = re.compile(_NUMBER, re.ASCII)
_START = re.compile(f"[0-9{_HAN}]")
_MORE_SET = frozenset("余多来")
_HAN_POINT = re.compile(r"(.*)点([零一二三四五六七八九]+)(.*)", re.S)
_PIECE = re.compile(r"(\d+(?:\.\d+)?)([十百千万亿wWkK]*)", re.ASCII)
_UPWARDS = ("超", "逾", "不低于", "不少于", "不下", "至少")
_UP_TO = ("不到", "不足", "未满")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with bounds. `step` is the place value of the last stated digit (380万 → 100000)."""

    minimum: Decimal
    maximum: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text. `start` is where the digits begin, `prefix_start` where 近, 超, 约 begin (else = start)."""

    prefix_start: int
    start: int
    end: int
    text: str  # without the prefix
    prefix: str
    quantity: Quantity

    @property
    def scaled(self) -> bool:
        """Whether a unit of size is written: 30万, 5w, 三千."""
        return any(c in LARGE or c in SMALL or c in _LETTER for c in self.text)


def _last_digit_place(digits: str) -> Decimal:
    """Place value of the last digit that is not zero: 380 → 10, 1.80 → 0.1, 100 → 100, 0 → 1."""
    whole, _, part = digits.partition(".")
    part = part.rstrip("0")
    if part:
        return Decimal(1).scaleb(-len(part))
    stripped = whole.rstrip("0")
    return Decimal(1).scaleb(len(whole) - len(stripped)) if stripped.strip("0") else Decimal(1)


def _scale(text: str) -> Decimal:
    """万 → 10000, 百万 → 1000000, 万亿 → 10^12; "" → 1."""
    value = Decimal(1)
    for c in text:
        value *= SMALL.get(c) or LARGE.get(c) or _LETTER.get(c) or 1
    return value


def _parse_arabic(text: str) -> Quantity | None:
    """2万8千, 3万1, 1亿3000万, 12,000.50: pieces in falling order are added; another order is no number."""
    total, step, above = Decimal(0), Decimal(1), Decimal("Infinity")
    pieces = _PIECE.findall(text.replace(",", "").replace(" ", ""))
    if not pieces:
        return None
    for index, (digits, scale) in enumerate(pieces):
        size = _scale(scale)
        if index and not scale:  # 3万1 = 31000: a bare digit counts in the unit below
            size = above / 10
        if size >= above:
            return None
        total += Decimal(digits) * size
        step, above = _last_digit_place(digits) * size, size
    return Quantity(total, total, step)


def _parse_han(text: str) -> Quantity | None:
    """两千五, 三五千, 十几, 几十万, 贰万叁仟, 一千零五; None where the characters are no number (三三两两)."""
    if text == "百十":
        return Quantity(Decimal(100), Decimal(200), Decimal(10))
    if len(text) > 2 and all(c in DIGITS for c in text):  # 二〇二三
        value = Decimal("".join(str(DIGITS[c]) for c in text))
        return Quantity(value, value, Decimal(1))
    total = [0, 0]
    section = [0, 0]
    pending: list[int] | None = None
    last, step, zero = 1, 1, False
    for c in text:
        if c in "几数":
            if pending:
                return None
            pending = [1, 9] if last == 10 and c == "几" else [2, 9]
        elif c in DIGITS:
            digit = DIGITS[c]
            if pending is None:
                if digit == 0:
                    zero = True
                    continue
                pending = [digit, digit]
            elif pending[0] == pending[1] < digit:
                pending[1] = digit  # 三五千, 七八万
            else:
                return None
        elif c in SMALL:
            unit = SMALL[c]
            if pending is not None and pending == [1, 9] and last == 10:
                pending = [2, 9]
            low, high = pending or (1, 1)
            section = [section[0] + low * unit, section[1] + high * unit]
            pending, last, step, zero = None, unit, unit, False
        else:
            unit = LARGE[c]
            if pending:
                section = [section[0] + pending[0], section[1] + pending[1]]
                step = 1
            if section == [0, 0]:
                if total != [0, 0] and unit > 10**4:  # 一万亿
                    total, step, last = [total[0] * unit, total[1] * unit], step * unit, unit
                    continue
                section, step = [1, 1], 1
            total = [total[0] + section[0] * unit, total[1] + section[1] * unit]
            section, pending, last, step, zero = [0, 0], None, unit, step * unit, False
    if pending:
        # 两千五 = 2500, 一万三 = 13000, but 一千零五 = 1005 and 十五 = 15. 十几 keeps its ones.
        below = last // 10 if last > 10 and not zero else 1
        section = [section[0] + pending[0] * below, section[1] + pending[1] * below]
        step = below
    low, high = total[0] + section[0], total[1] + section[1]
    if not high and "零" not in text and "〇" not in text:
        return None
    return Quantity(Decimal(low), Decimal(high), Decimal(step))


@lru_cache(maxsize=8192)
def parse_core(text: str) -> Quantity | None:
    """A number without prefix: "380多万" → 3800000..3900000, "5w" → 50000, "三五千" → 3000..5000. None: not a number."""
    text = text.replace(" ", "")
    if len(text) == 1 and text in "壹贰叁肆伍陆柒捌玖":
        return None  # 伍某, 大陆用户
    more = any(c in _MORE_SET for c in text)
    bare = "".join(c for c in text if c not in _MORE_SET)
    if bare[:1].isdigit() and bare[:1].isascii():
        quantity = _parse_arabic(bare)
    elif match := _HAN_POINT.fullmatch(bare):
        whole = _parse_han(match[1])
        if whole is None:
            return None
        digits = f"{whole.minimum}.{''.join(str(DIGITS[c]) for c in match[2])}"
        size = _scale(match[3])
        quantity = Quantity(Decimal(digits) * size, Decimal(digits) * size, _last_digit_place(digits) * size)
    else:
        quantity = _parse_han(bare)
    if quantity is None or not more or quantity.minimum != quantity.maximum:
        return quantity
    return Quantity(quantity.minimum, quantity.minimum + quantity.step, quantity.step)


def apply_prefix(quantity: Quantity, prefix: str, core: str) -> Quantity | None:
    """Bounds after 近, 超, 上, 好, 不到, 约; None where the prefix cannot stand before this number (上3000)."""
    prefix = prefix.strip()
    low, high, step = quantity.minimum, quantity.maximum, quantity.step
    bare_unit = all(c in SMALL or c in LARGE for c in core.rstrip("余多来"))
    if prefix in ("上", "成"):
        return Quantity(low, low * 2, step) if bare_unit else None
    if prefix == "好":
        return quantity if core[:1] in "几多" else None
    if prefix in ("近", "将近", "接近"):
        return Quantity(low * Decimal("0.9"), high, step) if low == high else quantity
    if prefix.startswith(_UPWARDS):
        return Quantity(low, low + step, step) if low == high else quantity
    if prefix in _UP_TO:
        return Quantity(Decimal(0), high, step)
    return quantity


@lru_cache(maxsize=2)
def find_numbers(folded: str) -> tuple[Number, ...]:
    """Every number of the folded text, left to right, not overlapping; spans of digits that are no number are skipped.

    The last two texts are kept: sums and counts read the same numbers.
    """
    found: list[Number] = []
    end = 0
    # A character class finds where a number may begin (20 million characters a second); the whole pattern runs only there.
    for begin in _START.finditer(folded):
        first = begin.start()
        if first < end:
            continue
        match = _CORE.match(folded, first)
        if match is None:
            continue
        end = last = match.end()
        while folded[last - 1] == " ":
            last -= 1
        core = folded[first:last]
        quantity = parse_core(core)
        if quantity is None:
            continue
        prefix, prefix_start = "", first
        before = _PREFIX.search(folded, max(0, first - _PREFIX_LENGTH), first) if first else None
        if before:
            bounded = apply_prefix(quantity, before[0], core)
            if bounded is not None:
                prefix, prefix_start, quantity = before[0], before.start(), bounded
        found.append(Number(prefix_start, first, last, core, prefix, quantity))
    return tuple(found)
