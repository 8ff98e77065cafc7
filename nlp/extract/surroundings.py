"""What a text is like as a whole and what stands beside a span in it, as named features for the linear models of roles.

In: folded text. Out: feature names. Knows nothing of persons, places or sums.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ABOUT = tuple(
    (name, re.compile(words))
    for name, words in (
        ("record", "讯问|询问人|答[：:]"),
        ("reporter", "记者|通讯员|本报"),
        ("police", "民警|派出所|公安"),
        ("court", "法院|判处|被告人|检察"),
        ("alarm", "报警|报案|接警"),
        ("cases", "案例"),
        ("net", "微信|QQ|网友"),
    )
)
_FAR_LEFT, _FAR_RIGHT = 16, 14  # characters whose pairs are features; what touches the span is taken whole, up to four


@lru_cache(maxsize=4)
def traits(folded: str) -> tuple[str, ...]:
    """What the text as a whole tells: first how often it says 我, then who speaks in it."""
    often = min(4, folded.count("我") * 300 // max(len(folded), 300))
    return (f"d:me{often}", *(f"d:{name}" for name, words in _ABOUT if words.search(folded)))


def beside(left: str, right: str) -> list[str]:
    """What stands beside a span: up to four characters as they are, pairs of characters further away."""
    near_left, near_right = left[-_FAR_LEFT:], right[:_FAR_RIGHT]
    return [
        *(f"l{n}:{left[-n:]}" for n in range(1, 5) if left),
        *(f"r{n}:{right[:n]}" for n in range(1, 5) if right),
        *(f"lb:{near_left[i : i + 2]}" for i in range(len(near_left) - 1)),
        *(f"rb:{near_right[i : i + 2]}" for i in range(len(near_right) - 1)),
        *(() if left else ("begins",)),
        *(() if right else ("ends",)),
    ]
