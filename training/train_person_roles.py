"""Learn which role a person plays: the weights of `nlp.extract.person_roles`.

    python -m training.train_person_roles [--data ../shared] [--authored corpora/authored] [--check dev] --output nlp/extract/person_roles.json

In: the open corpus with its marked persons, and gold/train.jsonl of a folder in the form of ../shared with the texts it names. Out: the JSON of
weights; accuracy over the names that are found, beside that of the cue table's points alone, on the gold named by --check and on the voices held out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.annotated import TAGS
from nlp.extract.linear import Weights
from nlp.extract.person_roles import decide, describe
from nlp.extract.pipeline import find_mentions
from nlp.spelling import fold
from training.fit_roles import fit_roles, write_roles
from training.project_spans import PERSON_KEYS
from training.rule_weights import Texts, authored_cases, gold_cases, read_material

STRENGTH = 0.3  # inverse regularisation; 0.2 to 0.6 are within a point of it on the held-out voices
LEAST = 5  # persons that a feature must be told of
SMALLEST = 0.03


@dataclass(frozen=True, slots=True)
class Named:
    """A person that was found and that somebody judged: feature names and the role."""

    features: list[str]
    role: str


def persons_of(text: str, roles: dict[str, str]) -> Iterator[Named]:
    """The persons found in a text whose names have a role in `roles`."""
    found = [mention for mention in find_mentions(text) if mention.kind == "person"]
    for name, features in describe(fold(text), found).items():
        if name in roles:
            yield Named(features, roles[name])


def read_gold(path: Path, texts: Texts) -> Iterator[Named]:
    """Persons of the cases of a gold file."""
    for text, incidents in gold_cases(path, texts):
        roles = {
            "".join(name.split()): role
            for incident in incidents
            for key, role in PERSON_KEYS.items()
            for name in incident.get(key, ())
        }
        yield from persons_of(text, roles)


def read_authored(folder: Path, *, learned: bool) -> Iterator[Named]:
    """Persons of the open corpus: of the voices to learn from, or of those held out. A name marked with two roles has the more frequent."""
    for example in authored_cases(folder, learned=learned):
        marked: dict[str, Counter[str]] = defaultdict(Counter)
        for span in example.spans:
            if TAGS[span.tag][0] == "person":
                marked["".join(example.text[span.start : span.end].split())][TAGS[span.tag][1]] += 1
        yield from persons_of(example.text, {name: roles.most_common(1)[0][0] for name, roles in marked.items()})


def accuracy(persons: Sequence[Named], weights: Weights) -> tuple[float, float]:
    """(by the model, by the points of the cue table alone)."""
    by_model = by_points = 0
    for person in persons:
        by_model += decide(person.features, weights) == person.role
        by_points += f"points:{person.role}" in person.features
    return by_model / max(1, len(persons)), by_points / max(1, len(persons))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    given = read_material(arguments, "训练人员角色的权重", read_gold, read_authored)
    learned = [*given.authored, *given.gold]
    rows, roles = [person.features for person in learned], [person.role for person in learned]
    weights = fit_roles(rows, roles, [1.0] * len(rows), STRENGTH, SMALLEST, LEAST)
    write_roles(weights, given.output)
    print(f"学了 {len(learned)} 人；权重 {len(weights.rows)} 个")
    for name, persons in given.checks.items():
        by_model, by_points = accuracy(persons, weights)
        print(f"{name}：{len(persons)} 人，模型 {by_model:.3f}，只看提示词 {by_points:.3f}")


if __name__ == "__main__":
    main()
