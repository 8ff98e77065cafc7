"""Roles of sums: loss, gain, flow, recovered, frozen, payment, price, fine, other. In: a text and its sums. Out: the sums with role and confidence.

1. A rule of `RULES` decides where one cue does (罚金, 扣押, 追回, 被骗走): measured precision on the training gold stands beside each.
2. Else a linear model over the features of `amount_features`, weights in `amount_roles.json` (training.train_amount_roles makes it).
3. A sum told several times has one role, the mean of its tellings, apart from tellings of the police's side: lost 5万, and 5万 recovered.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nlp.extract import linear
from nlp.extract.amount_features import describe
from nlp.extract.linear import Weights
from nlp.records import Amount, Mention
from nlp.spelling import fold


@dataclass(frozen=True, slots=True)
class Rule:
    """A cue that decides alone. `holds` gets the cue nearest before the sum, and the sets of cues before and after it in its clause."""

    role: str
    holds: Callable[[str, frozenset[str], frozenset[str]], bool]
    example: str  # the sum in it is 5万元
    counter: str  # the rule does not hold for the sum in it


# In this order. Above each: how many of the mentions that it decides have this role in the training gold.
RULES: tuple[Rule, ...] = (
    # 25 of 25
    Rule("fine", lambda near, clause, after: "fine" in clause, "并处罚金人民币5万元", "被骗走5万元"),
    # 4 of 6
    Rule("gain", lambda near, clause, after: near == "illegal_gain", "二人非法获利5万元", "转账5万元"),
    # 11 of 14
    Rule(
        "recovered",
        lambda near, clause, after: "recover" in clause and "cheat" not in clause,
        "民警追回5万元",
        "骗走5万元",
    ),
    # 23 of 24
    Rule(
        "frozen",
        lambda near, clause, after: "seize" in clause or near in ("freeze", "prevent"),
        "扣押现金5万元",
        "转走5万元",
    ),
    # 44 of 50
    Rule(
        "flow",
        lambda near, clause, after: "involve" in clause and near in ("involve", "total"),
        "涉案金额达5万元",
        "损失5万元",
    ),
    # 6 of 8
    Rule("price", lambda near, clause, after: near == "wage", "月薪5万元", "工资卡里少了5万元"),
    # 191 of 200, both rows together
    Rule("loss", lambda near, clause, after: near == "cheat" and "freeze" not in clause, "被骗走5万元", "支付5万元"),
    Rule("loss", lambda near, clause, after: near in ("loss", "stolen"), "卡里损失5万元", "支付5万元"),
    # 12 of 12
    Rule("other", lambda near, clause, after: "limit" in after, "她获得5万元的贷款额度", "支付5万元"),
)
# 3000元已追回, 53.4万元全部退还: the verb right behind the sum says what became of it (2 of 2 in the training gold, and grammar).
_GIVEN_BACK = re.compile(r"\s?(?:现|已经?|均|都|全部|被|如数){0,3}(?:追回|返还|退还|退赃|发还|挽回)")
# Told by the police's side, or of the whole business: kept apart from the victim's telling of the same number.
_KEPT = frozenset({"recovered", "frozen"})
_KEPT_FROM = (
    0.5  # a telling less sure than this goes with the others; cross-validated 0.725 with none kept, 0.729 with these
)
_SURE = 0.98
_YUAN = "元块钱圆万千角毛分币"


def cues_of(features: Sequence[str]) -> tuple[str, frozenset[str], frozenset[str]]:
    """(nearest cue before the sum, cues before it in its clause, cues after it in its clause), read back from the features."""
    near = next((name[2:] for name in features if name.startswith("n:")), "nothing")
    return (
        near,
        frozenset(name[2:] for name in features if name.startswith("b:")),
        frozenset(name[2:] for name in features if name.startswith("a:")),
    )


def by_rule(features: Sequence[str]) -> str:
    """The role a rule gives, "" where none holds."""
    near, before, after = cues_of(features)
    return next((rule.role for rule in RULES if rule.holds(near, before, after)), "")


def log_probabilities(features: Sequence[str], weights: Weights) -> list[float]:
    """Natural logarithms of the roles' probabilities, in the order of the weights' roles."""
    roles = weights.roles
    decided = by_rule(features)
    if decided:
        return [math.log(_SURE) if role == decided else math.log((1 - _SURE) / (len(roles) - 1)) for role in roles]
    return linear.log_probabilities(features, weights)


def assign(text: str, mentions: Sequence[Mention], weights: Weights | None = None) -> list[Mention]:
    """`mentions` (kind "amount", in order, offsets into `text`) with a role each; confidence times the role's probability."""
    if not mentions:
        return []
    weights = weights or linear.shipped("amount_roles")
    roles = weights.roles
    folded = fold(text)
    rows = [log_probabilities(features, weights) for features in describe(folded, mentions)]
    best = [max(range(len(roles)), key=row.__getitem__) for row in rows]
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, mention in enumerate(mentions):
        assert isinstance(mention.value, Amount)
        if roles[best[index]] not in _KEPT or math.exp(rows[index][best[index]]) < _KEPT_FROM:
            groups[mention.value.value_min, mention.value.value_max, mention.value.currency].append(index)
    for members in groups.values():
        mean = [sum(rows[i][role] for i in members) / len(members) for role in range(len(roles))]
        choice = max(range(len(roles)), key=mean.__getitem__)
        for i in members:
            best[i] = choice
    return [
        replace(mention, role=told)
        if (told := _told_beside(folded, mention))
        else replace(mention, role=roles[best[i]], confidence=round(mention.confidence * math.exp(rows[i][best[i]]), 3))
        for i, mention in enumerate(mentions)
    ]


def _told_beside(folded: str, mention: Mention) -> str:
    """A role that stands in or right behind the sum, whatever is told around it; "" where there is none."""
    # 1元/条 has its unit and is a price; 每月2000元 may be a threat, a wage or a loss and is left to the model (18 of 51 are prices).
    if isinstance(mention.value, Amount) and mention.value.per and folded[mention.end - 1] not in _YUAN:
        return "price"
    return "recovered" if _GIVEN_BACK.match(folded, mention.end) else ""
