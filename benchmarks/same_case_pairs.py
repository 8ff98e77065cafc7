"""Draws pairs of texts for people to judge: do both tell of one real case? Blind to the machine: it sees surfaces only.

    python -m benchmarks.same_case_pairs ../shared/data/news_toutiao.jsonl ../shared/data/news_ccbps.jsonl > pairs.csv

In: JSON Lines with `id`, `title`, `text` and, where known, `dup_cluster`. Out: CSV `first,second,difficulty` without a word of the texts.
Nothing of `nlp.resolve` or of the extraction is asked, so that what the system overlooks is drawn like what it finds. Ties are what two
texts share (sums, masked names, places, days, large numbers, quoted words) weighed by how few texts hold them; reprints are left out.

Difficulty, by what makes a pair hard; the first four are mostly one case, the others mostly not, and neither is sure:
  retold        many rare ties, hardly a sentence in common          roundup   a short text and one three times as long with rare ties
  partly_copied a third of the shorter text stands in the longer      spun      the same two-character words, hardly a run of ten
  few_ties      one or two rare ties                                  same_name one masked surname and one city, little else
  same_sum      one sum, little else                                  same_method  one city and the most alike texts of it, no rare tie
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ahocorasick

from nlp import divisions

# How many of each are drawn for --pairs 285.
SHARES = {
    "retold": 60, "partly_copied": 45, "roundup": 30, "spun": 15, "few_ties": 45, "same_name": 30, "same_sum": 30, "same_method": 30,
}  # fmt: skip
# Of one text or one cluster of reprints at most this many pairs: a case that forty papers told must not be the whole sample.
PER_TEXT = 2
RUN = 10  # characters of a shingle; two texts with Jaccard > 0.5 of these are reprints, as in `dup_cluster`
REPRINT = 0.5
# Weights of shared ties (natural logarithms): one tie of two texts in 2,700 weighs 7.2.
RARE, FEW, WEAK = 25.0, 16.0, 4.0
SAMPLED = 6000  # pairs with weak ties that are looked at; there are hundreds of thousands
COMMON = 150  # texts; a tie that more of them hold brings no pair
_SUM = re.compile(r"\d[\d,.]*[多余]?[千万亿]?[多余]?元")
_MASKED = re.compile(r"[\u4e00-\u9fff](?:某|\*+)[\u4e00-\u9fff]?")
_DAY = re.compile(r"\d{1,2}月\d{1,2}日")
_NUMBER = re.compile(r"\d[\d,]{2,}[余多]?(?=[名人张个部起条台件户])")
_QUOTED = re.compile(r"[“《]([^”》]{2,12})[”》]")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Surface:
    """What is seen of one text. `group`: its cluster of reprints, else its own id."""

    text: str
    group: str
    ties: frozenset[str]
    runs: frozenset[str]
    words: Counter[str]  # two-character pieces


def _places() -> ahocorasick.Automaton:
    found = ahocorasick.Automaton()
    for name in divisions.words():
        found.add_word(name, name)
    found.make_automaton()
    return found


def surface(row: dict[str, str], places: ahocorasick.Automaton) -> Surface:
    """A row of the corpus as what can be compared without understanding it."""
    text = "".join(f"{row.get('title') or ''}\n{row['text']}".split())
    ties = {f"sum:{re.sub('[,多余]', '', found)}" for found in _SUM.findall(text)}
    ties |= {f"name:{found[0]}" for found in _MASKED.findall(text)}
    ties |= {f"day:{found}" for found in _DAY.findall(text)}
    ties |= {f"number:{found.strip('余多').replace(',', '')}" for found in _NUMBER.findall(text)}
    ties |= {f"quoted:{found}" for found in _QUOTED.findall(text)}
    ties |= {f"place:{name}" for _, name in places.iter_long(text)}
    runs = frozenset(text[at : at + RUN] for at in range(max(1, len(text) - RUN + 1)))
    words = Counter(text[at : at + 2] for at in range(len(text) - 1))
    cluster = row.get("dup_cluster")
    return Surface(text, f"{row['id'][:4]}/{cluster}" if cluster not in (None, "") else row["id"], frozenset(ties), runs, words)  # fmt: skip


def cosine(first: Counter[str], second: Counter[str]) -> float:
    """Of two bags."""
    over = sum(count * second[word] for word, count in first.items())
    return over / math.sqrt(sum(c * c for c in first.values()) * sum(c * c for c in second.values()))


def difficulty(first: Surface, second: Surface, weight: float, shared: frozenset[str]) -> str:
    """What makes this pair hard; "" for a reprint or a pair of no interest. `weight`: of the ties they share."""
    common = len(first.runs & second.runs)
    if common / (len(first.runs) + len(second.runs) - common) > REPRINT:
        return ""
    contained = common / min(len(first.runs), len(second.runs))
    lengths = sorted((len(first.text), len(second.text)))
    sorts = Counter(tie.partition(":")[0] for tie in shared)
    if contained >= 0.3:
        return "partly_copied"
    if weight >= FEW and lengths[1] >= 3 * lengths[0]:
        return "roundup"
    if contained < 0.05 and lengths[0] > 150 and cosine(first.words, second.words) >= 0.6:
        return "spun"
    if weight >= RARE:
        return "retold"
    if weight >= FEW:
        return "few_ties"
    if sorts["place"] and sorts["name"] and not sorts["sum"]:
        return "same_name"
    if sorts["sum"] and not sorts["name"]:
        return "same_sum"
    if sorts["place"] and not sorts["name"] and not sorts["sum"] and cosine(first.words, second.words) >= 0.3:
        return "same_method"
    return ""


def classed(surfaces: dict[str, Surface], tells: set[str], dice: random.Random) -> dict[str, list[Pair]]:
    """Pairs that share ties, by difficulty; of those with weak ties a sample. `tells`: texts that may tell a case."""
    holders: dict[str, list[str]] = defaultdict(list)
    for name in sorted(tells):
        for tie in surfaces[name].ties:
            holders[tie].append(name)
    weights: Counter[Pair] = Counter()
    for names in holders.values():
        if 2 <= len(names) <= COMMON:
            for pair in itertools.combinations(names, 2):
                weights[pair] += math.log(len(surfaces) / len(names))  # type: ignore[assignment]
    found: dict[str, list[Pair]] = defaultdict(list)
    strong = [pair for pair, weight in weights.items() if weight >= FEW]
    weak = [pair for pair, weight in weights.items() if WEAK <= weight < FEW]
    for a, b in strong + dice.sample(weak, min(len(weak), SAMPLED)):
        first, second = surfaces[a], surfaces[b]
        if first.group != second.group:
            weight = weights[a, b]
            found[difficulty(first, second, weight, first.ties & second.ties)].append((a, b))
    found.pop("", None)
    return found


def drawn(found: dict[str, list[Pair]], surfaces: dict[str, Surface], count: int, dice: random.Random) -> Iterator[tuple[str, str, str]]:  # fmt: skip
    """Up to the share of each difficulty, the rarest class first, no text more than `PER_TEXT` times."""
    times: Counter[str] = Counter()
    seen: set[frozenset[str]] = set()
    for name in sorted(SHARES, key=lambda each: len(found[each])):
        left = round(count * SHARES[name] / sum(SHARES.values()))
        pairs = sorted(found[name])
        dice.shuffle(pairs)
        for a, b in pairs:
            groups = frozenset((surfaces[a].group, surfaces[b].group))
            if not left or groups in seen or any(times[group] >= PER_TEXT for group in groups):
                continue
            left -= 1
            times.update(groups)
            seen.add(groups)
            yield a, b, name


def read_rows(files: Iterable[Path]) -> Iterator[dict[str, str]]:
    """The rows of JSON Lines files."""
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="+")
    parser.add_argument("--pairs", type=int, default=sum(SHARES.values()))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    places = _places()
    surfaces = {row["id"]: surface(row, places) for row in read_rows(asked.corpus)}
    tells = {name for name, seen in surfaces.items() if any(tie.startswith(("sum:", "name:")) for tie in seen.ties)}
    dice = random.Random(asked.seed)
    found = classed(surfaces, tells, dice)
    for name, pairs in sorted(found.items()):
        print(f"{name}: {len(pairs)} candidate pairs", file=sys.stderr)
    rows = list(drawn(found, surfaces, asked.pairs, dice))
    dice.shuffle(rows)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("first", "second", "difficulty"))
    writer.writerows(rows)


if __name__ == "__main__":
    main()
