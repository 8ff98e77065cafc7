"""Roles of sums and links between them: every row of the tables has an example and a counter-example."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nlp.extract.amount_cues import CUES, Cue, find_cues
from nlp.extract.amount_features import describe
from nlp.extract.amount_links import distinct
from nlp.extract.amount_roles import RULES, Rule, cues_of
from nlp.extract.amounts import find_amounts, find_sums
from nlp.records import Amount, Mention


def _amounts(text: str) -> list[tuple[str, Amount]]:
    return [(m.role, m.value) for m in find_amounts(text) if isinstance(m.value, Amount)]


@pytest.mark.parametrize("cue", CUES, ids=lambda cue: cue.name)
def test_every_cue_finds_its_example_and_not_its_counter_example(cue: Cue) -> None:
    assert cue.name in [name for name, _, _ in find_cues(cue.example, 0, len(cue.example))]
    assert cue.name not in [name for name, _, _ in find_cues(cue.counter, 0, len(cue.counter))]


def _holds(rule: Rule, text: str) -> bool:
    mentions = find_sums(text)
    assert mentions, text
    return any(rule.holds(*cues_of(features)) for features in describe(text, mentions))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.role)
def test_every_rule_holds_for_its_example_only(rule: Rule) -> None:
    assert _holds(rule, rule.example)
    assert find_amounts(rule.example)[0].role == rule.role
    assert not rule.counter or not find_sums(rule.counter) or not _holds(rule, rule.counter)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("张女士被骗走26400元，随后报警。", "loss"),
        ("赵先生共损失38000元。", "loss"),
        ("法院判处周某有期徒刑三年，并处罚金2万元。", "fine"),
        ("民警紧急止付，成功冻结8万元。", "frozen"),
        ("经工作，警方为她追回5万元。", "recovered"),
        ("该团伙涉案金额达300余万元。", "flow"),
        ("二人从中非法获利3万元。", "gain"),
        ("对方称她获得5万元的贷款额度。", "other"),
    ],
)
def test_roles_of_plain_sentences(text: str, role: str) -> None:
    assert find_amounts(text)[0].role == role


def test_a_part_is_not_added_twice() -> None:
    total, part = _amounts("二人共骗得3460元，其中骗得钱某460元。")
    assert total[1].value_min == Decimal(3460)
    assert part[1].part_of == total[1].id


def test_a_sum_told_twice_is_one_sum() -> None:
    mentions = find_amounts("退休教师被骗56万\n孙女士报警称被骗。经查，孙女士共计被骗568700元。")
    assert [m.value.same_as for m in mentions if isinstance(m.value, Amount)] == ["", "a1"]
    (one,) = distinct(mentions)
    assert one.surface == "568700元"


def test_prices_that_look_alike_stay_apart() -> None:
    mentions: list[Mention] = find_amounts("每条1元，每单5元。")
    assert len(distinct(mentions)) == 2
