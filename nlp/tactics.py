"""Tactics: by which turns people were talked out of their money, found by phrases of the taxonomy in the sentences that tell of it.

In: the text of an article or of one case, and whether it tells of a case. Out: names of tactics, in the taxonomy's order. The phrases are
data (`tactics` in nlp/taxonomy), each tactic with an example and a counter-example that the tests run over.

A phrase is literal but for four signs: "(软件|APP)" one of these; "…" at most `GAP` characters of one sentence; " & " both of these, each
anywhere in the text; " ! (会议|远程)" but none of these in what was found or right beside it. In what tells of a case, sentences of advice do
not count: "不要告诉他人验证码" says nothing of how this victim paid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nlp import taxonomy
from nlp.errors import TaxonomyError
from nlp.spelling import fold

GAP = 14
BESIDE = 4  # characters before and behind a find where a word may spoil it
_GAP = f"[^。！？!?；\\n]{{0,{GAP}}}?"
_SENTENCE = re.compile(r"[^。！？!?；\n]+[。！？!?；]?")
# A sentence with one of these gives advice, or tells what such people do in general. Not "对方让她不要告诉家人": that is what was done to her.
_ADVICE = re.compile(
    r"提醒|提示[：:您广大]|切勿|请勿|勿轻|谨防|警惕|当心|(?<![让叫求我他她说称])不要|千万别|不轻信|不点击|不透露|不转账|务必|凡是|一律不|都是(?:诈骗|骗子|骗局)|"
    r"就是(?:诈骗|骗局)|不会(?:通过|要求|让|以|在)|如遇|如果(?:有人|遇到|接到|您|你)|一旦(?:遇到|接到|发现|有人)|应(?:当)?(?:立即|及时|第一时间)|防范"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One side of " & ": for each of its stretches the literals of which one has to stand, the whole as a pattern, words that spoil it."""

    literals: tuple[tuple[str, ...], ...]
    pattern: re.Pattern[str]
    spoiling: tuple[str, ...]

    def stands(self, text: str) -> bool:
        """Whether it is found in the text, unspoilt."""
        found = ((m.start(), m.end()) for m in self.pattern.finditer(text))
        return any(
            not any(word in text[max(0, start - BESIDE) : end + BESIDE] for word in self.spoiling)
            for start, end in found
        )


def _pieces(stretch: str, phrase: str) -> list[tuple[str, ...]]:
    """The choices of a stretch, one after the other; raises TaxonomyError for brackets that do not close."""
    found = re.findall(r"\(([^()]+)\)|([^()]+)", stretch)
    if not stretch or "".join(f"({choice})" if choice else plain for choice, plain in found) != stretch:
        raise TaxonomyError(
            f"手法的说法 {phrase!r} 读不懂",
            where="标签体系",
            expected="文字、(甲|乙)、…、用 & 连起的几段、! 后面不能有的词",
        )
    return [tuple(choice.split("|")) if choice else (plain,) for choice, plain in found]


def _parse(phrase: str) -> tuple[_Part, ...]:
    """The parts of one phrase; raises TaxonomyError for one that cannot be read."""
    parts = []
    for side in phrase.lower().split(" & "):
        wanted, sign, spoiling = side.partition(" ! ")
        stretches = [_pieces(stretch, phrase) for stretch in wanted.split("…")]
        pattern = _GAP.join(
            "".join(f"(?:{'|'.join(map(re.escape, words))})" for words in stretch) for stretch in stretches
        )
        words = tuple(choice for stretch in stretches for choice in stretch)
        unwanted = tuple(word for choice in _pieces(spoiling, phrase) for word in choice) if sign else ()
        parts.append(_Part(words, re.compile(pattern), unwanted))
    return tuple(parts)


class Tactics:
    """All phrases of one taxonomy, looked for at once."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """phrases: name → its phrases; raises TaxonomyError for one that cannot be read."""
        import ahocorasick

        self._named = {name: tuple(_parse(phrase) for phrase in own) for name, own in phrases.items()}
        self._words: Any = ahocorasick.Automaton()
        for parts in self._named.values():
            for part in (part for phrase in parts for part in phrase):
                for word in (word for choice in part.literals for word in choice):
                    self._words.add_word(word, word)
        self._words.make_automaton()

    def find(self, text: str, *, told: bool) -> tuple[str, ...]:
        """Names of the tactics in the text; told: it tells of a case, so its sentences of advice do not count."""
        folded = fold(text).lower()
        if told:
            folded = "".join(s for s in _SENTENCE.findall(folded) if not _ADVICE.search(s))
        standing = {word for _, word in self._words.iter(folded)}

        def stands(part: _Part) -> bool:
            return all(any(word in standing for word in choice) for choice in part.literals) and part.stands(folded)

        return tuple(
            name for name, phrases in self._named.items() if any(all(map(stands, phrase)) for phrase in phrases)
        )


@lru_cache(maxsize=2)
def _compiled(_version: str, phrases: tuple[tuple[str, tuple[str, ...]], ...]) -> Tactics:
    return Tactics(dict(phrases))


def tactics_of(text: str, kind: str) -> tuple[str, ...]:
    """Names of the tactics that a text of this kind tells of; () for one about something else."""
    if kind == taxonomy.UNRELATED:
        return ()
    known = taxonomy.load()
    return _compiled(known.version, tuple(known.tactics.items())).find(text, told=kind == taxonomy.CASE)
