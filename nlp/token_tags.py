"""From probabilities of BIO tags, one row a token, to character spans of persons and sums with their roles.

In: probabilities, the names of the tags, where each token stands. Out: `TokenTag`s. It runs no network (`nlp.encoder` does) and
parses no sum; joining with what the rules found is `nlp.extract`'s to do. How it is used there:

    tags = classifier.tag(article.text)      # () where the model has no token head; each window is computed once, for kind and label too
    best = role_at(tags, mention.start, mention.end, "person")   # the tag that covers most of a span that rules found, or None
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.records import TokenTag

OUTSIDE = "O"
# What the head marks, in this order: kind of mention and roles as in nlp.records.
ROLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("person", ("suspect", "victim", "official", "other")),
    ("amount", ("loss", "gain", "flow", "recovered", "frozen", "payment", "price", "fine", "other")),
)
TAGS: tuple[str, ...] = (
    OUTSIDE,
    *(f"{place}-{kind}:{role}" for kind, roles in ROLES for role in roles for place in "BI"),
)
# Signs at the edge of a span that belong to no name and no sum: a piece of the vocabulary can hold one beside a digit.
_EDGE = " \t\n\r，。、；：？！,;:?!（）()“”\"‘’'《》<>【】[]"


def parse_tag(tag: str) -> tuple[str, str, str]:
    """ "B-person:suspect" → ("B", "person", "suspect"); "O" → ("O", "", "")."""
    place, _, rest = tag.partition("-")
    kind, _, role = rest.partition(":")
    return place, kind, role


def decode(
    probabilities: NDArray[np.float32], tags: Sequence[str], offsets: Sequence[tuple[int, int]], text: str
) -> list[TokenTag]:
    """The most probable row of tags without an I that continues nothing (Viterbi), as spans of `text`, in order.

    probabilities: (tokens, tags). offsets: characters start, end of each token in `text`; a token of no characters stands outside.
    An I may follow a B or I of its kind with another role: a mention takes the role with the largest sum over its tokens.
    """
    if not len(probabilities):
        return []
    parts = [parse_tag(tag) for tag in tags]
    logs = np.log(np.maximum(probabilities.astype(np.float64), 1e-9))
    for row, (start, end) in enumerate(offsets):
        if start >= end:
            logs[row, 1:] = -np.inf
    allowed = np.array(
        [[place != "I" or (before != OUTSIDE and kind == own) for place, kind, _ in parts] for before, own, _ in parts]
    )
    steps = np.where(allowed, 0.0, -np.inf)  # (from, to)
    best = logs[0] + np.array([-np.inf if place == "I" else 0.0 for place, _, _ in parts])
    back = np.zeros(logs.shape, dtype=np.int64)
    for row in range(1, len(logs)):
        reached = best[:, None] + steps
        back[row] = reached.argmax(axis=0)
        best = reached.max(axis=0) + logs[row]
    path = [int(best.argmax())]
    for row in range(len(logs) - 1, 0, -1):
        path.append(int(back[row, path[-1]]))
    return _spans([parts[index] for index in reversed(path)], parts, probabilities, offsets, text)


def _spans(
    path: Sequence[tuple[str, str, str]],
    parts: Sequence[tuple[str, str, str]],
    probabilities: NDArray[np.float32],
    offsets: Sequence[tuple[int, int]],
    text: str,
) -> list[TokenTag]:
    found: list[TokenTag] = []
    row = 0
    while row < len(path):
        place, kind, _ = path[row]
        first = row
        row += 1
        if place != "B":
            continue
        while row < len(path) and path[row][0] == "I":
            row += 1
        start, end = offsets[first][0], offsets[row - 1][1]
        while start < end and text[start] in _EDGE:
            start += 1
        while end > start and text[end - 1] in _EDGE:
            end -= 1
        if start == end:
            continue
        sums: dict[str, float] = {}
        for index, (_, own, role) in enumerate(parts):
            if own == kind:
                sums[role] = sums.get(role, 0.0) + float(probabilities[first:row, index].sum())
        role = max(sums, key=lambda name: sums[name])
        found.append(TokenTag(start, end, kind, role, round(sums[role] / max(sum(sums.values()), 1e-9), 6)))
    return found


def role_at(tags: Sequence[TokenTag], start: int, end: int, kind: str) -> TokenTag | None:
    """The tag of this kind that shares most characters with start..end; None where none shares any."""
    shared = [(min(tag.end, end) - max(tag.start, start), tag) for tag in tags if tag.kind == kind]
    best = max(shared, key=lambda pair: (pair[0], pair[1].probability), default=(0, None))
    return best[1] if best[0] > 0 else None
