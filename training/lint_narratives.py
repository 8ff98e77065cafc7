"""Faults of the narratives written for the project. In: examples. Out: one line a fault. It judges form, not truth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from training.containment import shingles
from training.gather import Example

OPENING = 6  # characters that begin a text
OPENING_SHARE = 0.04  # of all texts may begin alike (接警：事主 is how such records do begin)
ALIKE = 0.15  # shingle Jaccard
_NUMBER = re.compile(r"\d{7,}")


def find_faults(examples: Sequence[Example]) -> list[str]:
    """Near-duplicates, openings that repeat too often, kind and label that contradict, long numbers that could be somebody's."""
    faults = []
    for example in examples:
        if (example.kind == "unrelated") != (example.label == "none"):
            faults.append(f"{example.id}: {example.kind} 与 {example.label} 矛盾")
        if _NUMBER.search(example.text):
            faults.append(f"{example.id}: 有七位以上的号码")
    openings = Counter(example.text[:OPENING] for example in examples)
    most = max(3, int(OPENING_SHARE * len(examples)))
    faults += [f"开头“{opening}”出现 {count} 次" for opening, count in openings.items() if count > most]
    parts = [(example.id, shingles(example.text)) for example in examples]
    for index, (name, one) in enumerate(parts):
        for other_name, other in parts[:index]:
            if len(one & other) > ALIKE * len(one | other):
                faults.append(f"{other_name} 与 {name} 近似")
    return faults
