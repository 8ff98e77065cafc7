"""What a text tells turns the kind between case and advice, never to or from unrelated. Sentences invented for the test."""

import pytest

from nlp.extract.pipeline import find_mentions
from nlp.kind_evidence import BARE, LOCAL, PLACELESS, PROVINCIAL, TOLD, UNTOLD, case_odds, weigh_kind
from nlp.records import Verdict

BUST = "不要轻信陌生来电。近日，河南省邓州市警方打掉一个跑分团伙。请保护好个人信息。"
ADVICE = "凡是要求转账到安全账户的都是诈骗，请不要透露验证码，遇到可疑情况拨打96110。"
VICTIM = "市民王女士轻信刷单广告，被骗走3.2万元。"
PROVINCE = "近日，贵州省警方破获一起跑分案，团伙非法获利10多万元。"
CAUGHT = "嫌疑人赵某强近日落网。"
CAMPAIGN = "民警走进社区讲解破获诈骗案的经过，发放宣传册。"


def verdict(kind, case, advisory, unrelated=0.05):
    kinds = {"case": case, "advisory": advisory, "unrelated": unrelated}
    return Verdict(kind, kinds[kind], "x", 0.9, {}, kinds=kinds, kind_threshold=0.8)


@pytest.mark.parametrize(
    ("text", "odds"),
    [(BUST, LOCAL), (ADVICE, BARE), (VICTIM, TOLD), (PROVINCE, PROVINCIAL), (CAUGHT, PLACELESS), (CAMPAIGN, UNTOLD)],
)
def test_signs(text, odds):
    assert case_odds(text, find_mentions(text)) == odds


def test_a_bust_in_a_place_makes_advice_a_case():
    weighed = weigh_kind(verdict("advisory", 0.35, 0.6), BUST, find_mentions(BUST))
    assert weighed.kind == "case"
    assert weighed.kinds["case"] + weighed.kinds["advisory"] == pytest.approx(0.95)
    assert weighed.kinds["case"] > weighed.kinds["advisory"]
    assert weighed.review  # turned, but for a person to look at


def test_nothing_told_makes_a_doubtful_case_advice():
    assert weigh_kind(verdict("case", 0.6, 0.35), ADVICE, find_mentions(ADVICE)).kind == "advisory"


def test_a_sure_classifier_is_not_turned():
    assert weigh_kind(verdict("case", 0.94, 0.01), ADVICE, find_mentions(ADVICE)).kind == "case"
    assert weigh_kind(verdict("advisory", 0.001, 0.949), BUST, find_mentions(BUST)).kind == "advisory"


def test_unrelated_stays_and_so_does_a_verdict_without_probabilities():
    unrelated = verdict("unrelated", 0.3, 0.1, 0.6)
    assert weigh_kind(unrelated, BUST, find_mentions(BUST)) is unrelated
    plain = Verdict("advisory", 0.6, "x", 0.9, {})
    assert weigh_kind(plain, BUST, find_mentions(BUST)) is plain


def test_a_doubtful_label_still_goes_to_a_person():
    doubtful = Verdict(
        "advisory", 0.6, "x", 0.2, {}, kinds={"case": 0.35, "advisory": 0.6, "unrelated": 0.05}, label_doubtful=True
    )
    assert weigh_kind(doubtful, BUST, find_mentions(BUST)).review
