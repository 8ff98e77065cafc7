"""What is told of counted answers: the interval of a share, the F1 of a class.

In: counts, answers. Out: numbers. It reads no file.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of none."""
    if not count:
        return 0.0, 1.0
    z, share = 1.959964, right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    width = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - width, middle + width


def f1_of(given: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """F1 of one class."""
    return float(2 * (given & truth).sum() / max(1, given.sum() + truth.sum()))
