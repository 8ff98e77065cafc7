"""Which of very many names stand in a text, or are cut through at its ends: what `nlp.mask` has to look at, and nothing else.

In: names → sort, as `nlp.mask` takes them. Out: the few that matter for one text, in the order of the mapping. An incident that hundreds of
people told names a thousand, and each of its thousands of quotes is masked: name by name that took minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


class Names(dict[str, str]):
    """Names → sort, looked up quickly. Not to be changed once made."""

    def __init__(self, names: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(names)
        self._automaton: Any = None
        self._heads: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._tails: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._longest = max(map(len, self), default=0)

    def standing_in(self, packed: str) -> list[str]:
        """Names that stand in a text without white space, white space in them left out."""
        if self._automaton is None:
            self._prepare()
        if not len(self._automaton):
            return []
        numbers: set[int] = set()
        for _, found in self._automaton.iter(packed):
            numbers.update(found)
        order = list(self)
        return [order[number] for number in sorted(numbers)]

    def cut_at(self, text: str, *, front: bool) -> list[str]:
        """Names a piece of which ends `text`, two characters of it at least; front: or begins it, one at least."""
        if self._automaton is None:
            self._prepare()
        return [name for _, name in sorted({*self._behind(text), *(self._before(text) if front else ())})]

    def _behind(self, text: str) -> Iterator[tuple[int, str]]:
        for at in range(max(0, len(text) - self._longest), len(text) - 1):
            for number, name in self._heads.get(text[at : at + 2], ()):
                if len(name) > len(text) - at and name.startswith(text[at:]):
                    yield number, name

    def _before(self, text: str) -> Iterator[tuple[int, str]]:
        for size in range(1, min(len(text) + 1, self._longest)):
            for number, name in self._tails.get(text[size - 1], ()):
                if len(name) > size and name.endswith(text[:size]):
                    yield number, name

    def _prepare(self) -> None:
        import ahocorasick

        automaton = ahocorasick.Automaton()
        for number, name in enumerate(self):
            self._heads[name[:2]].append((number, name))
            self._tails[name[-1:]].append((number, name))
            bare = "".join(name.split())
            if bare:  # two names may be one but for a space
                automaton.add_word(bare, (*automaton.get(bare, ()), number))
        if len(automaton):
            automaton.make_automaton()
        self._automaton = automaton
