"""nlp.classify: probabilities, second labels, review; and the shipped model on short texts invented for the test."""

from __future__ import annotations

import numpy as np
import pytest

from nlp import model_folder
from nlp.classify import Calibration, Classifier, softmax

KINDS = ("case", "advisory", "unrelated")
LABELS = ("one", "two", "three")
PLAIN = Calibration(1.0, 1.0, 0.6, 0.6, 0.2)


class Fixed:
    """An engine that gives the logits written in the text."""

    def score(self, text: str) -> np.ndarray:
        return np.array([float(number) for number in text.split()], dtype=np.float32)


def classify(*texts: str, calibration: Calibration = PLAIN):
    return Classifier(Fixed(), KINDS, LABELS, calibration, "fixed 1").classify(texts)


def test_one_example_by_hand() -> None:
    # e^0 : e^ln3 : e^0 = 1 : 3 : 1 for the kinds, 6 : 3 : 1 for the labels
    verdict = classify(f"0 {np.log(3)} 0  {np.log(6)} {np.log(3)} 0")[0]
    assert (verdict.kind, verdict.kind_confidence) == ("advisory", pytest.approx(0.6, abs=1e-5))
    assert (verdict.label, verdict.confidence) == ("one", pytest.approx(0.6, abs=1e-5))
    assert verdict.labels == pytest.approx({"one": 0.6, "two": 0.3, "three": 0.1}, abs=1e-5)
    assert verdict.also == ("two",)


def test_temperature_makes_it_less_sure_and_never_another_label() -> None:
    calm = Calibration(2.0, 2.0, 0.6, 0.6, 0.2)
    sharp, soft = classify("4 0 0 3 1 0")[0], classify("4 0 0 3 1 0", calibration=calm)[0]
    assert sharp.label == soft.label
    assert sharp.confidence > soft.confidence
    assert soft.kind_confidence == pytest.approx(float(softmax(np.array([2.0, 0, 0], dtype=np.float32))[0]), abs=1e-5)


@pytest.mark.parametrize(
    ("logits", "review"),
    [
        ("9 0 0 9 0 0", False),  # sure of both
        ("9 0 0 0.1 0 0", True),  # unsure of the label
        ("0.1 0 0 9 0 0", True),  # unsure of the kind
        ("0 0 9 0.1 0 0", False),  # surely unrelated: the label does not matter
        ("0 0 0.1 9 0 0", True),  # perhaps unrelated
    ],
)
def test_review(logits: str, review: bool) -> None:
    assert classify(logits)[0].review is review


def test_order_and_repetition_do_not_matter() -> None:
    a, b = "9 0 0 9 0 0", "0 9 0 0 9 0"
    verdicts = classify(a, b, a)
    assert verdicts == [*classify(a), *classify(b), *classify(a)]


def test_no_texts_no_verdicts() -> None:
    assert classify() == []


# --- the shipped models, on sentences invented here -----------------------------------------------------------------------------

SHIPPED = sorted(path.parent for path in model_folder.MODELS.glob("*/manifest.json"))
CASES = [
    "洛水县公安局通报：市民向某在手机上接到刷单任务，前两单返了佣金，第三单垫付八千元后无法提现，对方要求继续做任务，向某发现被骗后报警。",
    "男子在炒股群里听信“导师”推荐，下载一款投资软件充值三十万元，账面盈利却无法提现，平台客服要求先交保证金，随后失联。警方已立案。",
    "女子接到自称客服的电话，说她网购的商品有质量问题可以退款理赔，按照指引转账两万元后对方失联，遂报警。",
    "法院审理查明，被告人以高额返利为诱饵，发展下线会员层层提成，涉及传销资金两千余万元，被判处有期徒刑五年。",
]
PLAIN_TEXTS = [
    "建议在滨河路增设一条公交线路，早晚高峰车次太少，老人出行不便，请交通部门研究。",
    "本市今日最高气温三十一度，傍晚有雷阵雨，请市民出行注意安全。",
]


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda path: path.name)
def shipped(request: pytest.FixtureRequest) -> Classifier:
    return model_folder.load(request.param)


def test_plain_cases_are_cases_and_plain_texts_are_not(shipped: Classifier) -> None:
    verdicts = shipped.classify([*CASES, *PLAIN_TEXTS])
    assert [verdict.kind for verdict in verdicts[len(CASES) :]] == ["unrelated"] * len(PLAIN_TEXTS)
    assert all(verdict.kind != "unrelated" for verdict in verdicts[: len(CASES)])
    best = [verdict.label for verdict in verdicts[: len(CASES)]]
    assert len(set(best)) == len(CASES), f"four different types were told, {best} were found"


def test_probabilities_are_probabilities(shipped: Classifier) -> None:
    for verdict in shipped.classify([*CASES, *PLAIN_TEXTS]):
        assert tuple(verdict.labels) == shipped.labels
        assert sum(verdict.labels.values()) == pytest.approx(1.0, abs=1e-4)
        assert verdict.labels[verdict.label] == verdict.confidence == max(verdict.labels.values())
        assert verdict.label not in verdict.also


def test_the_same_text_gives_the_same_verdict_whatever_is_beside_it(shipped: Classifier) -> None:
    texts = [*CASES, *PLAIN_TEXTS, CASES[0] * 40]
    together = shipped.classify(texts)
    assert shipped.classify(list(reversed(texts))) == list(reversed(together))
    assert [shipped.classify([text])[0] for text in texts] == together


def test_line_breaks_inside_a_text_matter_little(shipped: Classifier) -> None:
    text = CASES[1]
    wrapped = "\n".join(text[start : start + 20] for start in range(0, len(text), 20))
    a, b = shipped.classify([text, wrapped])
    assert (a.kind, a.label) == (b.kind, b.label)


def test_traditional_and_full_width_spellings_read_the_same(shipped: Classifier) -> None:
    a, b = shipped.classify(["报警称在网上刷单被骗１２００元", "報警稱在網上刷單被騙1200元"])
    assert a == b


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "。", "某" * 1_000_000, "1" * 300_000, "((((" * 50_000, "\ud800坏字", "👍" * 5000]
)
def test_odd_texts_give_a_verdict_and_do_not_hang(shipped: Classifier, text: str) -> None:
    verdict = shipped.classify([text])[0]
    assert verdict.kind in shipped.kinds
    assert np.isfinite(list(verdict.labels.values())).all()
