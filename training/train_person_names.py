"""Learn what full names look like in and out of context: the weights of `nlp.extract.person_learned`.

    python -m training.train_person_names [--data ../shared] [--authored corpora/authored] [--check dev] --output nlp/extract/person_names.json

In: the open corpus with its marked persons, and gold/train.jsonl of a folder in the form of ../shared (its names wherever the texts hold them).
Out: the JSON of weights; precision and recall a sort of place on the gold named by --check and on the voices held out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from corpora.annotated import TAGS
from nlp.extract.linear import logit, logit_of
from nlp.extract.person_learned import SURE
from nlp.extract.person_places import describe, places
from nlp.spelling import fold
from training.fit_roles import fit_whether, write_whether
from training.project_spans import PERSON_KEYS
from training.rule_weights import Texts, authored_cases, gold_cases, read_material

STRENGTH = 1.0  # inverse regularisation; 0.3 finds 5 points less at the same precision
LEAST = 3  # a feature seen less often is left out: with 2 the file is twice as large and finds no more
SMALLEST = 0.05  # a weight below it is left out

Row = tuple[list[str], bool]  # features of a place, whether a person stands there


def rows_of(text: str, spans: set[tuple[int, int]]) -> Iterator[Row]:
    """Every place of a text where a name may stand, and whether one does; spans in characters of `text`."""
    folded = fold(text)
    found = places(folded)
    for place, features in zip(found, describe(folded, found), strict=True):
        yield features, (place.start, place.end) in spans


def read_gold(path: Path, texts: Texts) -> Iterator[Row]:
    """Rows of the cases of a gold file: a listed name stands wherever the text holds it."""
    for text, incidents in gold_cases(path, texts):
        names = {name for incident in incidents for key in PERSON_KEYS for name in incident.get(key, ()) if name}
        yield from rows_of(text, {match.span() for name in names for match in re.finditer(re.escape(name), text)})


def read_authored(folder: Path, *, learned: bool) -> Iterator[Row]:
    """Rows of the cases of the open corpus: only there is every person marked."""
    for example in authored_cases(folder, learned=learned):
        yield from rows_of(example.text, {(s.start, s.end) for s in example.spans if TAGS[s.tag][0] == "person"})


def measure(rows: Sequence[Row], weights: Mapping[str, float]) -> Iterator[tuple[str, int, float, float]]:
    """(sort, names, precision, recall) of single places at the threshold that is used."""
    by_sort: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for features, is_name in rows:
        by_sort[features[0]].append((logit(features, weights) >= logit_of(SURE), is_name))
    for sort, pairs in by_sort.items():
        right = sum(given and is_name for given, is_name in pairs)
        given, wanted = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        yield sort.removeprefix("is:"), wanted, right / max(1, given), right / max(1, wanted)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    given = read_material(arguments, "训练人名的权重", read_gold, read_authored)
    learned = [*given.gold, *given.authored]
    weights = fit_whether(learned, STRENGTH, SMALLEST, LEAST)
    write_whether(weights, given.output)
    print(f"学了 {len(learned)} 处，其中姓名 {sum(is_name for _, is_name in learned)} 处；权重 {len(weights)} 个")
    for name, rows in given.checks.items():
        for sort, wanted, precision, recall in measure(rows, weights):
            print(f"{name}：{sort} {wanted} 处，准确 {precision:.3f}，找到 {recall:.3f}")


if __name__ == "__main__":
    main()
