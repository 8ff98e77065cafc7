"""Linear models over named features: what decides the role of a sum and of a person where no rule does.

In: feature names. Out: natural logarithms of the probabilities of the model's classes. The weights lie beside the code as JSON
(`{"roles": [...], "weights": {feature: [one a role]}}`); `training` makes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained linear model: `rows[feature][i]` is its weight for `roles[i]`; "bias" is added always."""

    roles: tuple[str, ...]
    rows: Mapping[str, Sequence[float]]


@cache
def shipped(name: str) -> Weights:
    """The weights `nlp/extract/NAME.json` of the package, read at the first call."""
    data = json.loads(resources.files("nlp.extract").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return Weights(tuple(data["roles"]), data["weights"])


def log_probabilities(features: Iterable[str], weights: Weights) -> list[float]:
    """Natural logarithms of the roles' probabilities, in the order of the weights' roles; a feature named twice counts once."""
    scores = [0.0] * len(weights.roles)
    for name in dict.fromkeys(features):
        for index, weight in enumerate(weights.rows.get(name, ())):
            scores[index] += weight
    top = max(scores)
    total = top + math.log(sum(math.exp(score - top) for score in scores))
    return [score - total for score in scores]


def best(features: Iterable[str], weights: Weights) -> tuple[str, float]:
    """The most probable role and the natural logarithm of its probability."""
    chances = log_probabilities(features, weights)
    index = max(range(len(chances)), key=chances.__getitem__)
    return weights.roles[index], chances[index]
