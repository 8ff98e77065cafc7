"""Words: jieba with the field's lexicon, our division names, masked names, and spellings normalised beside the original.

In: any text. Out: tokens with offsets into that text, and search words. Nothing is loaded before the first call
(the dictionary takes about a second, `nlp.dictionary`).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from nlp.dictionary import Dictionary
from nlp.spelling import find_evasive, fold

if TYPE_CHECKING:
    import jieba

# High enough that a lexicon word wins over its parts in jieba's word graph (jieba's own common words lie at 1e3–1e5).
_WORD_FREQUENCY = 20_000
_SHORT_NAME_FREQUENCY = 5
# Names with a struck-out part are one word: 陈某丰, 胡某某, 王某1, 李*. The character before 某 must be no 有, 在, 是 …
_MASKED = re.compile(r"(?<![一-鿿])?[一-鿿](?:某某?[甲乙丙丁0-9]|某[某一-鿿]?|[*×]{1,2}[一-鿿]?)")
_NOT_SURNAME = frozenset("有在是某的为从到对了和与及于以因其当这那一")
# After 某, these begin the next word rather than a name: 陈某在, 李某的, 王某被.
_NOT_GIVEN = frozenset("在的被因与和及为以将向从到是某等说称用把给对有了又再也还不就先后让叫来去个、，。")
_WORD = re.compile(r"\w", re.UNICODE)
# What jieba reads as one block. For characters that make no words its hidden Markov model copies its path at every one, so that a
# block of 100,000 takes minutes; longer ones than this, which no sentence is, are cut.
_BLOCK = re.compile(r"[\u4E00-\u9FD5a-zA-Z0-9+#&._%\-]+")
_LONGEST_BLOCK = 1000
_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Token:
    """A word: `surface` is text[start:end]; `normal` is its plain spelling, equal to the folded surface mostly."""

    start: int
    end: int
    surface: str
    normal: str


@cache
def lexicon() -> dict[str, str]:
    """The field's own words and their sort."""
    lines = resources.files("nlp.lexicon").joinpath("words.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t")[:2] for line in lines if line and not line.startswith("#"))


def _dictionary() -> Dictionary:
    """jieba's words, then ours and the names of divisions; loaded once, also where the first twelve requests ask for it together."""
    with _LOADING:
        return _read_dictionary()


@cache
def _read_dictionary() -> Dictionary:
    import jieba as library

    from nlp.divisions import words as division_names

    names = list(division_names())
    known, short, taken = Dictionary(), {name for name in names if len(name) == 2}, set()

    def add(word: str, often: int) -> None:
        known.add(word, often)
        if word[:2] in short:
            taken.add(word[:2])

    with library.get_module_res("dict.txt") as file:
        for line in file:  # one by one: all of them at once would leave holes of 30 MB in the heap
            word, often, _ = line.decode("utf-8").split(" ")
            add(word, int(often))
    for word in (*lexicon(), *(name for name in names if len(name) > 2)):
        if known.get(word) < _WORD_FREQUENCY:
            add(word, _WORD_FREQUENCY)
    # 黄平, 中牟: a bare county name of two characters must not cut 涉黄平台 and 从中牟利; rarer than most words, it only fills gaps, and
    # no word begins with it.
    for word in sorted(short - taken):
        known.add(word, _SHORT_NAME_FREQUENCY)
    known.finish()
    return known


@cache
def _tokenizer() -> jieba.Tokenizer:
    import jieba as library

    known = _dictionary()

    class OneWalk(library.Tokenizer):  # type: ignore[misc]
        """jieba's best way through the words of a sentence, the words looked up in one walk from the end, not one by one."""

        def get_DAG(self, sentence: str) -> dict[int, list[int]]:
            return {}

        def calc(self, sentence: str, _: dict[int, list[int]], route: dict[int, tuple[float, int]]) -> None:
            known.best_way(sentence, route)

    library.setLogLevel(logging.WARNING)
    tokenizer = OneWalk()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = known, known.total, True
    return tokenizer


def _fixed(folded: str) -> Iterator[tuple[int, int, str]]:
    """Spans that are one word whatever jieba thinks: evasive spellings first, then masked names. In order, not overlapping."""
    spans = [(found.start, found.end, found.normal) for found in find_evasive(folded)]
    if "某" in folded or "*" in folded or "×" in folded:
        for match in _MASKED.finditer(folded):
            start, end = match.span()
            if folded[start] in _NOT_SURNAME:
                continue
            if (
                end - start == 3
                and folded[start + 1] == "某"
                and folded[end - 1] in _NOT_GIVEN
                and folded[end - 1] != "某"
            ):
                end -= 1
            spans.append((start, end, folded[start:end]))
    last = 0
    for start, end, normal in sorted(spans):
        if start >= last:
            yield start, end, normal
            last = end


def _stretches(folded: str, start: int, end: int) -> Iterator[str]:
    """folded[start:end], cut where a block is longer than jieba can read in linear time."""
    if end - start > _LONGEST_BLOCK:
        for block in _BLOCK.finditer(folded, start, end):
            for cut in range(block.start() + _LONGEST_BLOCK, block.end(), _LONGEST_BLOCK):
                yield folded[start:cut]
                start = cut
    yield folded[start:end]


def segment(text: str) -> list[Token]:
    """All tokens of `text`, covering every character once, in order; offsets are characters of `text`."""
    folded = fold(text)
    tokenizer = _tokenizer()
    tokens: list[Token] = []

    def add_words(start: int, end: int) -> None:
        at = start
        for stretch in _stretches(folded, start, end):
            for word in tokenizer.cut(stretch):
                tokens.append(Token(at, at + len(word), text[at : at + len(word)], word))
                at += len(word)

    last = 0
    for start, end, normal in _fixed(folded):
        if start > last:
            add_words(last, start)
        tokens.append(Token(start, end, text[start:end], normal))
        last = end
    if last < len(text):
        add_words(last, len(text))
    return tokens


def is_word(text: str) -> bool:
    """Whether the dictionary (jieba's, our lexicon, division names) knows these characters as a word."""
    return bool(_dictionary().get(text))


def tokens(text: str) -> list[str]:
    """Search words of `text`: normal spellings in lower case, long words also by their parts, no punctuation.

    Used alike when a text is indexed and when a query is read, so that both sides meet.
    """
    known = _dictionary()
    words: list[str] = []
    for token in segment(text):
        word = token.normal.strip().lower()
        if not word or not _WORD.search(word):
            continue
        if len(word) > 2:
            # jieba's own cut_for_search habit: inner words of two and three characters that its dictionary knows.
            for size in (2, 3):
                if len(word) > size:
                    words.extend(part for at in range(len(word) - size + 1) if known.get(part := word[at : at + size]))
        words.append(word)
    return words
