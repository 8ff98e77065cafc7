"""Names by a learned score: 苑淑琴拿出一本, 出纳小慕转了, where no title and no list says that a person stands there.

In: a folded text. Out: candidates, and the masked names that go on behind 某. Every place of `person_places` is scored by a linear model over
its features; weights in `person_names.json`, which `training.train_person_names` makes.
"""

from __future__ import annotations

from functools import lru_cache

from nlp.extract.linear import logit, probability_of, shipped_whether
from nlp.extract.person_forms import Candidate, not_names
from nlp.extract.person_places import Place, describe, places

# Measured on documents that the weights have not seen: see docs/quality.md.
SURE = 0.5
HARDLY = 0.03
_FORM = {"full": "full", "familiar": "titled", "titled": "titled"}


@lru_cache(maxsize=4)
def judged(folded: str) -> dict[Place, float]:
    """Every place of a text with the probability that a person stands there. Kept for the finders of one text; not to be changed."""
    weights, found = shipped_whether("person_names"), places(folded)
    return {
        place: probability_of(logit(features, weights))
        for place, features in zip(found, describe(folded, found), strict=True)
    }


def goes_on(folded: str, start: int, end: int) -> bool:
    """Whether folded[start:end], a family name with 某 and one character behind, is one name: 丁某花 yes, 陈某在 no."""
    return any(judged(folded).get(Place(start, end, family, "masked"), 0.0) >= SURE for family in (1, 2))


def unlikely(folded: str) -> set[tuple[int, int]]:
    """Spans that have the form of a name and are hardly one: 民宿老板 holds no 宿老板."""
    return {(place.start, place.end) for place, probability in judged(folded).items() if probability < HARDLY}


def find_learned(folded: str) -> list[Candidate]:
    """Full, familiar and titled names that are more likely than not; of overlapping ones the most likely."""
    covered: set[int] = set()
    found = []
    for place, probability in sorted(judged(folded).items(), key=lambda pair: -pair[1]):
        if probability < SURE:
            break
        name = folded[place.start : place.end]
        if (
            place.sort in _FORM
            and name not in not_names()["full"]
            and covered.isdisjoint(range(place.start, place.end))
        ):
            covered.update(range(place.start, place.end))
            confidence = round(0.4 + probability / 2, 3)
            rule = f"{place.sort}_learned"
            found.append(Candidate(place.start, place.end, name, _FORM[place.sort], rule, confidence))
    return found
