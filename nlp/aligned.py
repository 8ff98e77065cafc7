"""A text that knows where each of its characters stands in a document, through cutting, dropping and joining.

In: a document's text. Out: `Aligned` values, immutable, each a text with the document offset of every character.
It decides nothing about what to keep; `nlp.clean` and its helpers do. Only two characters are ever put in: a newline and
a space, each with the place of the character before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Run = tuple[int, int]  # document offset of the first character, number of characters


@dataclass(frozen=True, slots=True)
class Aligned:
    """`text` and the runs of document characters it is made of, in the order of `text`."""

    text: str
    runs: tuple[Run, ...]

    def __len__(self) -> int:
        return len(self.text)

    def offsets(self) -> tuple[int, ...]:
        """The document offset of every character of `text`."""
        if len(self.runs) == 1:
            start, length = self.runs[0]
            return tuple(range(start, start + length))
        places: list[int] = []
        for start, length in self.runs:
            places.extend(range(start, start + length))
        return tuple(places)

    @property
    def start(self) -> int:
        """Smallest document offset; 0 when empty."""
        return min((start for start, _ in self.runs), default=0)

    @property
    def end(self) -> int:
        """One past the largest document offset; 0 when empty."""
        return max((start + length for start, length in self.runs), default=0)

    def cut(self, start: int, end: int | None = None) -> Aligned:
        """The part from `start` to `end` (offsets into `text`, end exclusive)."""
        size = len(self.text)
        end = size if end is None else min(end, size)
        start = max(start, 0)
        if start == 0 and end == size:
            return self
        if start >= end:
            return EMPTY
        if len(self.runs) == 1:
            return Aligned(self.text[start:end], ((self.runs[0][0] + start, end - start),))
        return Aligned(self.text[start:end], tuple(_cut_runs(self.runs, start, end)))

    def drop(self, spans: Sequence[tuple[int, int]]) -> Aligned:
        """Without the given spans (offsets into `text`, sorted, not overlapping)."""
        if not spans:
            return self
        kept: list[tuple[int, int]] = []
        at = 0
        for start, end in spans:
            if start > at:
                kept.append((at, start))
            at = max(at, end)
        if at < len(self.text):
            kept.append((at, len(self.text)))
        return self.keep(kept)

    def keep(self, spans: Sequence[tuple[int, int]]) -> Aligned:
        """Only the given spans (offsets into `text`, sorted, not overlapping, not empty), one after the other."""
        runs: list[Run] = []
        index, run_start = 0, 0  # runs[index] begins at run_start in `text`
        for start, end in spans:
            while index < len(self.runs) and run_start + self.runs[index][1] <= start:
                run_start += self.runs[index][1]
                index += 1
            at, place = index, run_start
            while at < len(self.runs) and place < end:
                document_start, length = self.runs[at]
                low, high = max(start, place), min(end, place + length)
                _append(runs, document_start + low - place, high - low)
                place += length
                at += 1
        return Aligned("".join(self.text[start:end] for start, end in spans), tuple(runs))

    def strip(self) -> Aligned:
        """Without white space at both ends."""
        text = self.text
        stripped = text.strip()
        if len(stripped) == len(text):
            return self
        start = len(text) - len(text.lstrip())
        return self.cut(start, start + len(stripped))


EMPTY = Aligned("", ())


def span(text: str, start: int, end: int) -> Aligned:
    """The characters `start` to `end` of a document's text."""
    return Aligned(text[start:end], ((start, end - start),)) if start < end else EMPTY


def join(parts: Iterable[Aligned], separators: Sequence[str] | str) -> Aligned:
    """The parts one after the other; `separators` is one string for all gaps or one for each gap ("", "\\n" or " ")."""
    kept = list(parts)
    texts: list[str] = []
    runs: list[Run] = []
    for index, part in enumerate(kept):
        if index:
            separator = separators if isinstance(separators, str) else separators[index - 1]
            if separator and runs:
                texts.append(separator)
                runs.append((runs[-1][0] + runs[-1][1] - 1, 1))
        texts.append(part.text)
        for start, length in part.runs:
            _append(runs, start, length)
    return Aligned("".join(texts), tuple(runs))


def _append(runs: list[Run], start: int, length: int) -> None:
    if runs and runs[-1][0] + runs[-1][1] == start:
        runs[-1] = (runs[-1][0], runs[-1][1] + length)
    elif length > 0:
        runs.append((start, length))


def _cut_runs(runs: Sequence[Run], start: int, end: int) -> list[Run]:
    kept: list[Run] = []
    at = 0
    for place, length in runs:
        low, high = max(start, at), min(end, at + length)
        if low < high:
            kept.append((place + low - at, high - low))
        at += length
        if at >= end:
            break
    return kept
