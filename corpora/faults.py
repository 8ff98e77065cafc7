"""Faults of the authored corpus that a machine can see. In: examples. Out: `Fault`s, worst first. It judges form, never truth.

The figures are those the project set itself: no pair over 0.15 of shared 5-character shingles, no 6-character opening in more than
1 % of the documents, no voice on both sides of a split.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from corpora.annotated import TAGS, Example

SHINGLE = 5  # characters
ALIKE = 0.15  # Jaccard of shingles; two tellings of one scam by different people stay under 0.05
OPENING = 6  # characters, white space apart
OPENING_SHARE = 0.01
# How many documents may share a name or a sum before it is a habit of the writer: (at least, share of all documents).
# 王某 and 5000元 stand in many real texts; 阮荣恩 and 48,650元 do not.
# Writers who work side by side do not see one another's round sums: the floor is what the share gives at the 1,000 documents aimed for.
COMMON = (15, 0.015)
RARE = (2, 0.003)
_SPACE = re.compile(r"\s+")
_LONG_NUMBER = re.compile(r"\d{7,}")
_NUMERAL = re.compile(r"[0-9０-９零〇一二两三四五六七八九十百千万亿几数壹贰叁肆伍陆柒捌玖拾佰仟半余]")
_COMMON_NAME = re.compile(r".[某女男先小]|[小老阿].|.某某|.{1,2}(?:女士|先生|大爷|大妈|阿姨|警官|老师|同学)")
_SIGNIFICANT = re.compile(r"[1-9](?:[\d,，.]*[1-9])?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its sort, the documents it is in, and what to change, in Chinese."""

    sort: str
    said: str
    ids: tuple[str, ...]


def find_faults(examples: Sequence[Example]) -> list[Fault]:
    """Everything wrong with a set of documents, sort by sort."""
    return [
        *_find_duplicates(examples), *_find_openings(examples), *_find_repeats(examples),
        *_find_split_voices(examples), *_find_odd_marks(examples),
    ]  # fmt: skip


def shingles(text: str) -> set[str]:
    """Runs of SHINGLE characters of a text without white space."""
    bare = _SPACE.sub("", text)
    return {bare[i : i + SHINGLE] for i in range(max(1, len(bare) - SHINGLE + 1))}


def alike_pairs(texts: Mapping[str, str], above: float = ALIKE) -> dict[tuple[str, str], float]:
    """Pairs of ids whose shingles overlap by more than `above` (Jaccard). Counted through an inverted index, not pair by pair."""
    sets = {key: shingles(text) for key, text in texts.items()}
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for key, own in sets.items():
        for shingle in own:
            holders[shingle].append(key)
    shared: Counter[tuple[str, str]] = Counter()
    for keys in holders.values():
        shared.update(combinations(keys, 2))
    scores = {(a, b): count / (len(sets[a]) + len(sets[b]) - count) for (a, b), count in shared.items()}
    return {pair: score for pair, score in scores.items() if score > above}


def _find_duplicates(examples: Sequence[Example]) -> Iterator[Fault]:
    for (one, other), score in alike_pairs({example.id: example.text for example in examples}).items():
        sort = "重复" if score == 1 else "近似"
        yield Fault(sort, f"{one} 与 {other} 的五字片段重合 {score:.2f}（上限 {ALIKE}），换一种讲法", (one, other))


def _find_openings(examples: Sequence[Example]) -> Iterator[Fault]:
    limit = max(2, int(OPENING_SHARE * len(examples)))
    for opening, ids in _holders((_SPACE.sub("", e.text)[:OPENING], e.id) for e in examples).items():
        if len(ids) > limit:
            yield Fault("开头", f"{len(ids)} 篇以“{opening}”开头（上限 {limit}），换一种开头", ids)


def _find_repeats(examples: Sequence[Example]) -> Iterator[Fault]:
    for kind, what in (("person", "人名"), ("amount", "金额")):
        held = _holders((e.text[s.start : s.end], e.id) for e in examples for s in e.spans if TAGS[s.tag][0] == kind)
        for surface, ids in held.items():
            least, share = COMMON if _is_common(surface, kind) else RARE
            limit = max(least, int(share * len(examples)))
            if len(ids) > limit:
                yield Fault("复现", f"{what}“{surface}”见于 {len(ids)} 篇（上限 {limit}），换一个", ids)


def _is_common(surface: str, kind: str) -> bool:
    """A name or a sum that many texts may share: masked or titled, or round (one or two digits that count)."""
    if kind == "person":
        return _COMMON_NAME.fullmatch(surface) is not None
    digits = _SIGNIFICANT.findall(surface)
    return all(len(re.sub(r"\D", "", run)) <= 2 for run in digits)


def _find_split_voices(examples: Sequence[Example]) -> Iterator[Fault]:
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        splits[example.voice].add(example.split)
    for voice, sides in splits.items():
        if len(sides) > 1:
            ids = tuple(example.id for example in examples if example.voice == voice)
            yield Fault("泄漏", f"voice {voice} 同时在 {'、'.join(sorted(sides))} 里，一个 voice 只能在一边", ids)


def _find_odd_marks(examples: Sequence[Example]) -> Iterator[Fault]:
    for example in examples:
        for span in example.spans:
            surface, kind = example.text[span.start : span.end], TAGS[span.tag][0]
            if kind == "amount" and not _NUMERAL.search(surface):
                yield Fault("标记", f"{example.id} 的 <{span.tag}>{surface} 里没有数字", (example.id,))
            if kind == "person" and len(surface) > 20:
                yield Fault("标记", f"{example.id} 的 <{span.tag}>{surface} 太长，只标姓名", (example.id,))
        sums = [(span.start, span.end) for span in example.spans if TAGS[span.tag][0] == "amount"]
        for match in _LONG_NUMBER.finditer(example.text):
            if not any(start < match.end() and match.start() < end for start, end in sums):
                yield Fault("号码", f"{example.id} 的 {match[0]} 可能是别人的号码，用 * 遮住几位", (example.id,))


def _holders(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """What → ids that hold it, each once, the most frequent first."""
    held: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for what, key in pairs:
        held[what][key] = None
    return {what: tuple(ids) for what, ids in sorted(held.items(), key=lambda item: -len(item[1]))}
