"""What this process has done since it started, as plain counts: for `/metrics`, and for nobody's decisions.

In: a name and the labels of one event. Out: how often each happened. Labels are ids of ours (states, kinds, types, yes or no), never a
text, a name, a number or an id of a document. Threads may count at once; a new process begins at nought, as Prometheus expects.
"""

from __future__ import annotations

import threading
from collections import Counter

_counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
_lock = threading.Lock()


def count(name: str, *labels: str, by: int = 1) -> None:
    """`by` more events of this sort."""
    with _lock:
        _counts[name, labels] += by


def counted(name: str) -> dict[tuple[str, ...], int]:
    """Labels → how often."""
    with _lock:
        return {labels: number for (found, labels), number in _counts.items() if found == name}
