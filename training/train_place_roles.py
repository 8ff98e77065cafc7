"""Learn which role a place has in its case: the weights of `nlp.extract.place_roles`.

    python -m training.train_place_roles [--data ../shared] [--authored corpora/authored] [--check dev] --output nlp/extract/place_roles.json

In: the open corpus with its marked places, and gold/train.jsonl of a folder in the form of ../shared with the texts it names. Out: the JSON of
weights; accuracy over the places that are found, beside that of the table of patterns alone, on the gold named by --check and on the voices held out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corpora.annotated import TAGS
from nlp.extract.linear import Weights, best
from nlp.extract.pipeline import find_mentions
from nlp.extract.place_roles import describe, role_of
from nlp.records import Mention
from nlp.spelling import fold
from training.fit_roles import fit_roles, write_roles
from training.rule_weights import Texts, authored_cases, gold_cases, read_material

STRENGTH = 0.3  # inverse regularisation; 0.1 is right for 2 points less
AUTHORED_WEIGHT = (
    0.3  # of a place of the open corpus: its writers call more places "other" than the real texts' annotators do
)
LEAST = 4  # places that a feature must be told of
SMALLEST = 0.03


class Told(NamedTuple):
    """A place that was found and that somebody judged: feature names, its role, what the table alone says."""

    features: list[str]
    role: str
    by_table: str


def places_of(text: str, role: Mapping[tuple[int, int], str]) -> Iterator[Told]:
    """The places found in a text whose span has a role in `role`."""
    folded = fold(text)
    found: list[Mention] = [mention for mention in find_mentions(text) if mention.kind == "place"]
    for mention, features in zip(found, describe(folded, found), strict=True):
        span = (mention.start, mention.end)
        if span in role:
            yield Told(features, role[span], role_of(folded, *span)[0])


def read_gold(path: Path, texts: Texts) -> Iterator[Told]:
    """Places of the cases of a gold file; a surface with two roles in one document teaches nothing."""
    for text, incidents in gold_cases(path, texts):
        roles: dict[str, set[str]] = defaultdict(set)
        for place in (place for incident in incidents for place in incident["places"]):
            roles[place["surface"]].add(place["role"])
        spans = {
            match.span(): next(iter(own))
            for surface, own in roles.items()
            if len(own) == 1 and surface
            for match in re.finditer(re.escape(surface), text)
        }
        yield from places_of(text, spans)


def read_authored(folder: Path, *, learned: bool) -> Iterator[Told]:
    """Places of the open corpus: of the voices to learn from, or of those held out."""
    for example in authored_cases(folder, learned=learned):
        marked = {(s.start, s.end): TAGS[s.tag][1] for s in example.spans if TAGS[s.tag][0] == "place"}
        yield from places_of(example.text, marked)


def accuracy(places: Sequence[Told], weights: Weights) -> tuple[float, float]:
    """(by the model, by the table alone)."""
    by_model = sum(best(place.features, weights)[0] == place.role for place in places)
    by_table = sum(place.by_table == place.role for place in places)
    return by_model / max(1, len(places)), by_table / max(1, len(places))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    given = read_material(arguments, "训练地点角色的权重", read_gold, read_authored)
    learned = [*given.authored, *given.gold]
    counts = [AUTHORED_WEIGHT] * len(given.authored) + [1.0] * len(given.gold)
    rows, roles = [place.features for place in learned], [place.role for place in learned]
    weights = fit_roles(rows, roles, counts, STRENGTH, SMALLEST, LEAST)
    write_roles(weights, given.output)
    print(f"学了 {len(learned)} 处；权重 {len(weights.rows)} 个")
    for name, places in given.checks.items():
        by_model, by_table = accuracy(places, weights)
        print(f"{name}：{len(places)} 处，模型 {by_model:.3f}，只看式样 {by_table:.3f}")


if __name__ == "__main__":
    main()
