"""Who shares text with whom: shares of common 10-character shingles between texts.

In: texts by id. Out: for each candidate the reference it overlaps with most, or clusters of texts that overlap. It keeps
evaluation documents, and their reprints under other ids, out of everything that is trained on. It reads no files.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# Length of a shingle and the share from which a text counts as a reprint: the rule of shared/data/README.md.
SHINGLE = 10
LIMIT = 0.4
# A shingle that stands in more texts than this is boilerplate (来源：…, 编辑：…): it says nothing about reprints.
COMMON = 60

_NOT_TEXT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """`candidate` shares this part of its own shingles, or of the reference's, whichever is more."""

    candidate: str
    reference: str
    share: float


def shingles(text: str) -> frozenset[int]:
    """Hashes of all 10-character runs of a text without punctuation and space; a shorter text is one shingle."""
    bare = _NOT_TEXT.sub("", text)
    if not bare:
        return frozenset()
    return frozenset(hash(bare[i : i + SHINGLE]) for i in range(max(1, len(bare) - SHINGLE + 1)))


def find_overlaps(
    candidates: Mapping[str, str], references: Mapping[str, str], limit: float = LIMIT
) -> dict[str, Overlap]:
    """Candidates that share more than `limit` with one reference: id → the largest overlap.

    The share is taken of the candidate's shingles and of the reference's: a long page that contains a whole evaluation text
    counts, though most of the page is something else.
    """
    sizes: dict[str, int] = {}
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for name, text in references.items():
        parts = shingles(text)
        sizes[name] = len(parts)
        for part in parts:
            holders[part].append(name)
    found: dict[str, Overlap] = {}
    for name, text in candidates.items():
        parts = shingles(text)
        shared: Counter[str] = Counter()
        for part in parts:
            shared.update(holders.get(part, ()))
        for reference, common in shared.items():
            share = common / min(len(parts), sizes[reference])
            if share > limit and (name not in found or share > found[name].share):
                found[name] = Overlap(name, reference, share)
    return found


def cluster(texts: Mapping[str, str], limit: float = LIMIT) -> dict[str, int]:
    """Number of the cluster that each text belongs to: texts that overlap by more than `limit` are together."""
    names = list(texts)
    parts = [shingles(texts[name]) for name in names]
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for index, found in enumerate(parts):
        for part in found:
            holders[part].append(index)
    root = list(range(len(names)))

    def top(index: int) -> int:
        while root[index] != index:
            root[index] = root[root[index]]
            index = root[index]
        return index

    for index, found in enumerate(parts):
        shared: Counter[int] = Counter()
        for part in found:
            if len(holders[part]) <= COMMON:
                shared.update(other for other in holders[part] if other < index)
        for other, common in shared.items():
            if common / min(len(found), len(parts[other])) > limit:
                # The smaller number stays on top, so that a cluster's number does not hang on the order of the shingles.
                one, two = sorted((top(index), top(other)))
                root[two] = one
    return {name: top(index) for index, name in enumerate(names)}
