"""Linear models over named features: what decides beside the rules which role a span plays, and whether it is what it looks like.

In: feature names. Out: natural logarithms of the probabilities of the model's classes, or one logit for yes and no. The weights lie beside the
code as JSON (`{"roles": [...], "weights": {feature: [one a role]}}`, `{"bias": w, feature: w}`); `training` makes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained linear model: `rows[feature][i]` is its weight for `roles[i]`; "bias" is added always."""

    roles: tuple[str, ...]
    rows: Mapping[str, Sequence[float]]


@cache
def shipped(name: str) -> Weights:
    """The weights `nlp/extract/NAME.json` of the package, read at the first call."""
    data = _read(name)
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


@cache
def shipped_whether(name: str) -> Mapping[str, float]:
    """The weights `nlp/extract/NAME.json` of a model that says yes or no, read at the first call."""
    weights: dict[str, float] = _read(name)
    return weights


def logit(features: Iterable[str], weights: Mapping[str, float]) -> float:
    """How far the features speak for yes: the logit of its probability."""
    return weights["bias"] + sum(weights.get(name, 0.0) for name in features)


def logit_of(probability: float) -> float:
    """The logit of a probability between 0 and 1."""
    return math.log(probability / (1 - probability))


def probability_of(value: float) -> float:
    """The probability that a logit stands for; beyond 30 nothing more is told apart."""
    return 1 / (1 + math.exp(-max(-30.0, min(value, 30.0))))


def _read(name: str) -> Any:
    return json.loads(resources.files("nlp.extract").joinpath(f"{name}.json").read_text(encoding="utf-8"))
