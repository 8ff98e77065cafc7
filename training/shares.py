"""The interval of a share that was counted.

In: counts. Out: numbers. It reads no file.
"""

from __future__ import annotations

import math


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of none."""
    if not count:
        return 0.0, 1.0
    z, share = 1.959964, right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    width = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - width, middle + width
