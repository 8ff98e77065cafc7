"""Money as people write it. In: bounds in yuan. Out: 3460元, 380万–390万元. It reads nothing back; that is nlp.extract.amounts."""

from __future__ import annotations

from decimal import Decimal

_UNITS = ((Decimal(100_000_000), "亿"), (Decimal(10_000), "万"))


def _number(value: Decimal) -> str:
    for size, name in _UNITS:
        if value >= size:
            scaled = value / size
            # Four decimals of 万 are whole yuan: nothing is rounded away that people write.
            if scaled == round(scaled, 4):
                return f"{scaled.normalize():f}{name}"
    return f"{value.normalize():f}"


def write_money(minimum: Decimal, maximum: Decimal, currency: str = "CNY") -> str:
    """`minimum`..`maximum` in units of `currency`: one number where they are equal, else a range."""
    unit = {"CNY": "元", "USD": "美元", "HKD": "港元", "TWD": "新台币元"}.get(currency, f" {currency}")
    if minimum == maximum:
        return f"{_number(minimum)}{unit}"
    low, high = _number(minimum), _number(maximum)
    # 1元–4882万元: without its own unit the 1 would read as 1万.
    return f"{low}{'' if low[-1] == high[-1] or low[-1] in '万亿' else unit}–{high}{unit}"
