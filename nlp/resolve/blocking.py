"""Which cases are worth comparing: keys that two tellings of one case are likely to share.

In: a `SourcedCase` or its `Sketch`. Out: short strings; two cases are compared when they share one. It decides nothing.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise
from operator import eq
from typing import TYPE_CHECKING

from nlp.divisions.table import MUNICIPALITIES
from nlp.incident import SourcedCase
from nlp.resolve.features import Sketch, dates, is_common, sketch

if TYPE_CHECKING:  # NumPy comes in with the first text that is filed, not with the first import
    import numpy as np
    from numpy.typing import NDArray

# 64 permutations in 21 bands of 3: a pair with Jaccard 0.5 meets with p = 1 - (1 - 0.5**3)**21 = 0.94, with 0.7 p = 0.999, one of two
# unrelated news stories (0.05) with p = 0.003. Of the 727 pairs of reprints in news_toutiao all meet (16 bands of 4: 0.968).
PERMUTATIONS = 64
BANDS = 21
MOST_KEYS = 96  # of one case; 40 is usual
COUNT_CLOSE = 1.06  # papers round down: two counts within 6 % may be one (see `nlp.resolve.compare`)
COUNT_STEP = 1.07  # wider than that, so that no step lies between two such counts
MOST_MASKED = 5  # masked surnames of one case that are taken two by two: ten keys
SHINGLE = 5  # characters; shorter ones meet by chance in news prose, longer ones break at every changed word


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """a (odd) and b of h → a·h + b mod 2^32, drawn as datasketch 2 draws them with seed 1 (RandomState's stream is frozen by NumPy)."""
    import numpy as np

    draw = np.random.RandomState(1)
    odd = draw.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return odd, draw.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)


def signature(text: str) -> tuple[int, ...]:
    """MinHash values of a text's 5-character shingles, white space aside; () for a text under 20 characters.

    The values of datasketch 2 (scheme "affine32"), value for value: a store holds them, and datasketch 1 gave others. Without the
    library, whose import brings SciPy along: 38 MB in every process that serves.
    """
    import numpy as np

    squeezed = "".join(text.split())
    if len(squeezed) < 20:
        return ()
    shingles = {squeezed[at : at + SHINGLE].encode() for at in range(len(squeezed) - SHINGLE + 1)}
    odd, shift = _permutations()
    least = np.full(PERMUTATIONS, 0xFFFFFFFF, dtype=np.uint32)
    hashes = _mixed(np.fromiter(map(zlib.crc32, shingles), dtype=np.uint32, count=len(shingles)))
    for at in range(0, len(hashes), 4096):  # a page of a megabyte at once would be 256 MB
        least = np.minimum(least, (hashes[at : at + 4096, None] * odd + shift).min(axis=0))
    return tuple(least.tolist())


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MurmurHash3's last step, a bijection of 32 bits: it spreads what CRC leaves close together."""
    import numpy as np

    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


def similarity(first: Sequence[int], second: Sequence[int]) -> float:
    """Estimated Jaccard similarity of two signatures, 0 where one is empty; standard error about 0.06 at 0.5."""
    if not first or not second:
        return 0.0
    equal: int = sum(map(eq, first, second))
    return equal / len(first)


def text_keys(signature: Sequence[int]) -> frozenset[str]:
    """Keys of a signature: one for each of its bands, () for none."""
    rows = len(signature) // BANDS
    bands = (tuple(signature[band * rows : (band + 1) * rows]) for band in range(BANDS if rows else 0))
    return frozenset(f"text:{band}:{zlib.crc32(repr(values).encode()):08x}" for band, values in enumerate(bands))


def _steps(number: int) -> set[int]:
    """The step of `COUNT_STEP` that a number lies in, and that of its 1.06-fold: of two numbers within `COUNT_CLOSE` the larger lies in one
    of the smaller's."""
    told = math.log(number)
    return {int(each / math.log(COUNT_STEP)) for each in (told, told + math.log(COUNT_CLOSE))}


def blocking_keys(sourced: SourcedCase | Sketch) -> frozenset[str]:
    """Keys of one case. A name that few bear is a key by itself; a common one (李某) only with its city, a sum or a day."""
    drawn = sketch(sourced)
    features = drawn.features
    keys: set[str] = set(text_keys(drawn.signature))
    # A municipality is one place: 上海市 told bare must meet 上海市/杨浦区.
    whole = [code for code in features.codes if code[2:4] != "00" and not code.startswith(MUNICIPALITIES)]
    cities = {code[:4] for code in whole} or {code[:2] for code in features.codes}
    cities |= {code[:2] for code in features.codes if code.startswith(MUNICIPALITIES)}
    sums = {(least, most) for _, least, most in features.sums}
    # 4月13日 told with its year by one paper and without it by another is one day; `compare` looks at the years.
    days = dates(features.days)
    months = {day for day in features.days if len(day) == 7 and not day.startswith("--")}
    for name in features.suspects | features.victims:
        if not is_common(name):
            keys.add(f"name:{name}")
            if "某" in name or len(name) == 3:
                keys.add(f"name:{name[0]}某{name[-1]}")
        keys |= {f"name-city:{name[0]}:{city}" for city in cities}
        keys |= {f"name-sum:{name[0]}:{least}:{most}" for least, most in sums}
        keys |= {f"name-day:{name[0]}:{day}" for day in days | months}
    for least, most in sums:
        keys |= {f"sum-city:{least}:{most}:{city}" for city in cities}
    keys |= {f"mark:{mark}" for mark in features.marks}
    # Neighbours among the sums that a case goes through step by step: 1,600 and 2,000, 2,000 and 3,000.
    steps = sorted(figure for figure in features.figures if figure >= 100)
    keys |= {f"steps:{low}:{high}" for low, high in pairwise(steps)}
    keys |= {f"handle:{handle}" for handle in features.handles}
    # Type and city by themselves make no two cases one (1.75 of the 5 points), and ever more cases share them: with the county or the day
    # they may.
    keys |= {f"label-county:{features.label}:{code[:6]}" for code in features.codes if code[4:6] != "00"}
    keys |= {f"city-day:{city}:{day}" for city in cities for day in days}
    # Large counts are as good as names, whatever the unit (1.88万名群众, 18800 villagers), as `compare` takes them.
    for _, minimum, _ in features.counts:
        if minimum >= 1000:
            keys |= {f"count:{step}" for step in _steps(minimum)}
    # Three masked surnames together tell a gang; two of them meet whoever has all three.
    masked = sorted(name for name in features.suspects if is_common(name))
    if len(masked) >= 3:
        keys |= {f"gang:{first}:{second}" for first, second in combinations(masked[:MOST_MASKED], 2)}
    # A round-up of forty cases that were not told apart has thousands of combinations: the plainest of them are enough.
    return frozenset(sorted(keys, key=lambda key: ("-" in key, key))[:MOST_KEYS])
