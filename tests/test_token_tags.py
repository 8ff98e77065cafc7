"""nlp.token_tags: from rows of probabilities to spans, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.records import TokenTag
from nlp.token_tags import OUTSIDE, ROLES, TAGS, decode, parse_tag, role_at

TEXT = "报警人曾某被骗3634元"
# 报警人 | 曾 | 某 | 被骗 | 363 | 4元
OFFSETS = [(0, 3), (3, 4), (4, 5), (5, 7), (7, 10), (10, 12)]


def rows(*best: str, sure: float = 0.9) -> np.ndarray:
    """One row a token: `sure` on the named tag, the rest evenly on the others."""
    table = np.full((len(best), len(TAGS)), (1 - sure) / (len(TAGS) - 1), dtype=np.float32)
    for row, tag in enumerate(best):
        table[row, TAGS.index(tag)] = sure
    return table


def test_the_tags_are_outside_and_two_for_every_role() -> None:
    assert TAGS[0] == OUTSIDE
    assert len(TAGS) == 1 + 2 * sum(len(roles) for _, roles in ROLES)
    assert {parse_tag(tag)[1:] for tag in TAGS[1:]} == {(kind, role) for kind, roles in ROLES for role in roles}


def test_one_example_by_hand() -> None:
    found = decode(
        rows("O", "B-person:victim", "I-person:victim", "O", "B-amount:loss", "I-amount:loss"), TAGS, OFFSETS, TEXT
    )
    assert [(TEXT[t.start : t.end], t.kind, t.role) for t in found] == [
        ("曾某", "person", "victim"),
        ("3634元", "amount", "loss"),
    ]
    assert found[0].probability > 0.9


def test_an_inside_without_a_beginning_continues_nothing() -> None:
    found = decode(rows("O", "I-person:victim", "I-person:victim", "O", "O", "O"), TAGS, OFFSETS, TEXT)
    assert all(tag.start == 3 for tag in found)  # read as a beginning, or not at all; never as part of 报警人
    assert decode(rows("O", "O", "O", "O", "B-amount:loss", "I-person:victim"), TAGS, OFFSETS, TEXT)[0].kind == "amount"


def test_a_mention_takes_the_role_that_most_of_its_tokens_speak_for() -> None:
    table = rows("O", "B-person:suspect", "I-person:victim", "O", "O", "O", sure=0.6)
    table[2, TAGS.index("I-person:victim")] = 0.95
    (found,) = decode(table, TAGS, OFFSETS, TEXT)
    assert (found.role, found.start, found.end) == ("victim", 3, 5)


def test_signs_at_the_edges_belong_to_no_mention() -> None:
    text = "“曾某”，"
    found = decode(rows("B-person:victim", "I-person:victim", "I-person:victim"), TAGS, [(0, 2), (2, 3), (3, 5)], text)
    assert [(t.start, t.end) for t in found] == [(1, 3)]
    assert decode(rows("B-person:victim"), TAGS, [(0, 1)], "，") == []


def test_tokens_of_no_characters_stand_outside() -> None:
    assert decode(rows("B-person:victim"), TAGS, [(0, 0)], "曾") == []
    assert decode(rows()[:0], TAGS, [], "") == []


@pytest.mark.parametrize(
    ("start", "end", "kind", "role"),
    [(3, 5, "person", "victim"), (2, 4, "person", "victim"), (7, 12, "amount", "loss"), (0, 3, "person", None)],
)
def test_the_tag_that_covers_most_of_a_span(start: int, end: int, kind: str, role: str | None) -> None:
    tags = [TokenTag(3, 5, "person", "victim", 0.9), TokenTag(7, 12, "amount", "loss", 0.8)]
    found = role_at(tags, start, end, kind)
    assert (found.role if found else None) == role
