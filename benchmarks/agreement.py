"""How well two ways of saying something agree: kappa, the interval of a share.

In: verdicts or counts. Out: numbers. It reads no file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def kappa(readings: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa of two readings, verdicts as categories."""
    count = len(readings)
    seen = sum(a == b for a, b in readings) / count
    first, second = (Counter(verdict[side] for verdict in readings) for side in (0, 1))
    chance = sum(first[verdict] * second[verdict] for verdict in first) / count**2
    return (seen - chance) / (1 - chance)


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of none."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    width = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - width, middle + width
