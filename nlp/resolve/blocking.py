"""Which cases are worth comparing: keys that two tellings of one case are likely to share.

In: a `SourcedCase`. Out: short strings; two cases are compared when they share one. It decides nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from nlp.incident import SourcedCase
from nlp.resolve.features import read_features

# 64 permutations in 21 bands of 3: a pair with Jaccard 0.5 meets with p = 1 - (1 - 0.5**3)**21 = 0.94, with 0.7 p = 0.999, one of two
# unrelated news stories (0.05) with p = 0.003. Of the 727 pairs of reprints in news_toutiao all meet (16 bands of 4: 0.968).
PERMUTATIONS = 64
BANDS = 21
SHINGLE = 5  # characters; shorter ones meet by chance in news prose, longer ones break at every changed word


def signature(text: str) -> tuple[int, ...]:
    """MinHash values of a text's 5-character shingles, white space aside; () for a text under 20 characters."""
    squeezed = "".join(text.split())
    if len(squeezed) < 20:
        return ()
    from datasketch import MinHash

    shingles = {squeezed[at : at + SHINGLE].encode() for at in range(len(squeezed) - SHINGLE + 1)}
    sketch = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=zlib.crc32)
    sketch.update_batch(shingles)
    return tuple(int(value) for value in sketch.hashvalues)


def similarity(first: Sequence[int], second: Sequence[int]) -> float:
    """Estimated Jaccard similarity of two signatures, 0 where one is empty; standard error about 0.06 at 0.5."""
    if not first or not second:
        return 0.0
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def text_keys(sketch: Sequence[int]) -> frozenset[str]:
    """Keys of a signature: one for each of its bands, () for none."""
    rows = len(sketch) // BANDS
    bands = (tuple(sketch[band * rows : (band + 1) * rows]) for band in range(BANDS if rows else 0))
    return frozenset(f"text:{band}:{zlib.crc32(repr(values).encode()):08x}" for band, values in enumerate(bands))


def blocking_keys(sourced: SourcedCase) -> frozenset[str]:
    """Keys of one case. A name of three characters is a key by itself; a common one (李某) only with its city."""
    features = read_features(sourced)
    keys: set[str] = set(text_keys(sourced.signature))
    cities = {code[:4] for code in features.codes if code[2:4] != "00"} or {code[:2] for code in features.codes}
    for name in features.suspects | features.victims:
        if len(name) >= 3 and not name.endswith(("先生", "女士", "某某")):
            keys.add(f"name:{name}")
            if "某" in name or len(name) == 3:
                keys.add(f"name:{name[0]}某{name[-1]}")
        keys |= {f"name-city:{name[0]}:{city}" for city in cities}
    for _, least, most in features.sums:
        keys |= {f"sum-city:{least}:{most}:{city}" for city in cities}
    keys |= {f"label-city:{features.label}:{city}" for city in cities}
    # Large counts are as good as names: 18800 villagers. Two leading digits let 1.8万 and 1.88万 meet.
    for what, minimum, _ in features.counts:
        if minimum >= 1000:
            keys.add(f"count:{what}:{len(str(minimum))}:{str(minimum)[:2]}")
    return frozenset(keys)
