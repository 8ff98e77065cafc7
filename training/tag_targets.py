"""Which tags each token of a window may have: the targets of the token head, out of character spans.

In: windows of texts, their tokens' offsets, spans. Out: one (tokens, tags) mask a window, True where a tag agrees with what is known.
A token of a known mention has one True, a sum without a known role one for each role, a stretch that nobody judged all of them: the
loss is the probability that falls outside, so what is not known teaches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from nlp.encoder import Reading, place_tag_windows
from nlp.spelling import fold
from nlp.token_tags import OUTSIDE, TAGS, parse_tag
from training.project_spans import Tagged

_PARTS = [parse_tag(tag) for tag in TAGS]


def tag_windows(text: str, reading: Reading, most: int) -> list[tuple[int, int]]:
    """The first `most` windows that follow one another through a text, as the model tags it: (start, end) in characters."""
    return place_tag_windows(plain(text), reading)[:most]


def plain(text: str) -> str:
    """The text as the tokenizer sees it; of the same length."""
    return fold(text).encode("utf-8", "replace").decode("utf-8")


def allowed_tags(offsets: Sequence[tuple[int, int]], spans: Sequence[Tagged]) -> NDArray[np.bool_]:
    """Mask (tokens, tags). offsets and spans in the same characters; the first token that touches a mention begins it."""
    mask = np.zeros((len(offsets), len(TAGS)), dtype=bool)
    begun: set[int] = set()
    for row, (start, end) in enumerate(offsets):
        index = next((i for i, span in enumerate(spans) if start < min(end, span.end) and span.start < end), None)
        if index is None or start >= end:
            mask[row, TAGS.index(OUTSIDE)] = True
            continue
        span, place = spans[index], "I" if index in begun else "B"
        begun.add(index)
        if not span.kind:
            mask[row] = True
            continue
        for column, (own_place, kind, role) in enumerate(_PARTS):
            mask[row, column] = own_place == place and kind == span.kind and role in (span.role or role,)
    return mask


def tag_masks(
    text: str, windows: Sequence[tuple[int, int]], spans: Sequence[Tagged], tokenizer: Tokenizer, reading: Reading
) -> list[NDArray[np.bool_]]:
    """One mask a window of a text; the prefix's tokens stand outside. Mentions other than persons and sums are left out."""
    whole, shift = plain(text), len(reading.prefix)
    known = [span for span in spans if not span.kind or any(kind == span.kind for _, kind, _ in _PARTS)]
    masks = []
    for start, end in windows:
        encoding = tokenizer.encode(reading.prefix + whole[start:end])
        offsets = [(max(a - shift, 0) + start, max(b - shift, 0) + start) for a, b in encoding.offsets]
        masks.append(allowed_tags(offsets, [s for s in known if s.start < end and s.end > start]))
    return masks
