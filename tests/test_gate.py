"""The gate lets go what holds no word of the field, and nothing else; complaints never meet it; who said so is on record."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from conftest import SHARED

from nlp import gate, model_folder, taxonomy
from nlp.analyze import Analyzer
from nlp.records import Document, Verdict
from nlp.segment import lexicon
from serving import settings
from training.gate_words import PUBLISHED, Texts, choose
from training.gather import read_authored
from training.shares import wilson

ORDINARY = "本市昨日举行植树活动，三百名市民参加，栽下柳树一千余棵。"
TOLD = "警方提醒：网上兼职刷单，先返小利再套大钱，都是诈骗。"


class Everything:
    """A classifier that calls everything a case and remembers what it was asked."""

    def __init__(self, share: float | None = 0.99) -> None:
        self.asked: list[str] = []
        self.share = share

    def glance(self, text: str) -> float | None:
        return self.share

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        self.asked += texts
        first = taxonomy.load().label_ids[0]
        return [Verdict("case", 0.9, first, 0.8, {first: 0.8}, model="fake 1") for _ in texts]


@pytest.mark.parametrize(
    "text",
    [
        "他被骗了。", "又一诈骗窝点被端", "兼职刷单日结", "有人跑分", "加薇❤了解", "刷-单 日结", "詐騙集團落網", "ＳＨＵＡ单", "卷入传销",
        "一" * 50_000 + "骗",
    ],
)  # fmt: skip
def test_a_word_of_the_field_lets_an_article_pass(text: str) -> None:
    assert gate.has_word(text)
    assert gate.surely_unrelated(text, lambda _: 0.94) is None


@pytest.mark.parametrize("text", ["网络诈骗，上当", "加薇❤了解", "刷-单 日结", "詐騙犯冒充客服"])
def test_two_words_or_a_spelling_that_evades_are_read_however_sure_the_table_is(text: str) -> None:
    assert gate.count_words(text) == 2
    assert gate.surely_unrelated(text, lambda _: 1.0) is None


def test_a_single_word_is_let_go_only_when_the_table_is_surer() -> None:
    text = "市民冒充不了的味道，老字号重新开张。"
    assert gate.count_words(text) == 1
    assert gate.surely_unrelated(text, lambda _: gate.SURE_WITH_A_WORD) == gate.SURE_WITH_A_WORD
    assert gate.surely_unrelated(text, lambda _: gate.SURE) is None
    assert gate.surely_unrelated(text, lambda _: None) is None


@pytest.mark.parametrize("text", [ORDINARY, "", "。", "今年粮食产量再创新高。", "\ud800", "a" * 100_000])
def test_what_holds_none_is_let_go(text: str) -> None:
    assert not gate.has_word(text)
    assert gate.surely_unrelated(text, lambda _: 0.97) == 0.97
    for doubtful in (0.69, 0.0, None):  # the table is not sure, or there is none: it is read
        assert gate.surely_unrelated(text, lambda _, share=doubtful: share) is None


def test_the_words_are_data_in_order_and_hold_the_fields_own() -> None:
    assert len(set(gate.words())) == len(gate.words()) > 100
    assert {word for word, sort in lexicon().items() if sort in ("slang", "tactic")} <= set(gate.words())
    assert all(word == word.strip() and 1 <= len(word) <= 12 for word in gate.words())


def test_an_article_that_is_let_go_is_recorded_as_the_gates_and_the_others_are_read_in_order() -> None:
    classifier = Everything()
    documents = [
        Document("a", ORDINARY),
        Document("b", TOLD),
        Document("c", ORDINARY, title="又一起诈骗"),
        Document("d", ""),
    ]
    readings = list(Analyzer(classifier, gated=True).analyze(documents))
    assert [reading.doc_id for reading in readings] == ["a", "b", "c", "d"]
    (gone,), (read,) = readings[0].analyses, readings[1].analyses
    assert (gone.verdict.kind, gone.verdict.model, gone.verdict.review) == ("unrelated", gate.NAME, False)
    assert gone.verdict.label == taxonomy.load().empty.id
    assert gone.verdict.kind_confidence == 0.99
    assert (gone.mentions, gone.cases) == ((), ())
    assert read.verdict.model == "fake 1"
    assert [text.split("\n")[-1] for text in classifier.asked] == [TOLD, ORDINARY]  # a title counts, too


def test_a_complaint_and_an_open_gate_are_read_in_full() -> None:
    classifier = Everything()
    list(Analyzer(classifier, gated=True).analyze([Document("a", ORDINARY, nature="complaint")]))
    list(Analyzer(classifier).analyze([Document("a", ORDINARY)]))
    assert len(classifier.asked) == 2
    assert settings.load({}).gate
    assert not settings.load({"FANZHA_GATE": "off"}).gate


def test_the_interval_is_wilsons() -> None:
    """By hand: 8 of 10 → 0.4902 to 0.9433 (Wilson 1927, as in the textbooks)."""
    low, high = wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_words_are_chosen_that_many_scams_and_few_ordinary_texts_hold() -> None:
    words = ["转账", "天气", "落网"]
    told = Texts(["转账三万，落网", "转账", "转账 天气", "转账"] * 5, words)
    ordinary = Texts(["天气好", "天气坏", "晴"] * 10, words)
    assert choose(told.holds, ordinary.holds).tolist() == [True, False, True]
    assert told.passes(choose(told.holds, ordinary.holds)).all()
    assert not ordinary.passes(choose(told.holds, ordinary.holds)).any()


def test_a_text_without_a_word_of_the_field_is_read_when_the_table_doubts() -> None:
    for share in (0.5, None):
        classifier = Everything(share)
        list(Analyzer(classifier, gated=True).analyze([Document("a", ORDINARY)]))
        assert len(classifier.asked) == 1


@pytest.mark.skipif(
    not (model_folder.MODELS / "default.txt").is_file(), reason="needs the default model under nlp/models"
)
def test_the_shipped_table_lets_no_published_scam_of_the_open_corpus_go() -> None:
    """Those voices that it never saw among them; `python -m training.gate_words` says it out of fold."""
    classifier = model_folder.load_default()
    told = [e.text for e, _ in read_authored() if e.kind != taxonomy.UNRELATED and e.register in PUBLISHED]
    without = [text for text in told if not gate.has_word(text)]
    assert len(told) > 300
    assert without
    assert [text[:0] for text in without if gate.surely_unrelated(text, classifier.glance) is not None] == []


@pytest.mark.shared
def test_annotated_scams_pass_and_ordinary_news_is_let_go() -> None:
    """Floors under what `python -m training.gate_words` prints."""
    from training.gate_words import GOLD, TEXTS, read_news
    from training.gather import read_gold, read_texts

    classifier = model_folder.load_default()
    examples = read_gold([SHARED / "gold" / f"{name}.jsonl" for name in GOLD], read_texts(SHARED, TEXTS))
    told = [example.text for example in examples if example.kind != taxonomy.UNRELATED]
    lost = [text for text in told if gate.surely_unrelated(text, classifier.glance) is not None]
    assert len(lost) / len(told) <= 0.005
    news = read_news(SHARED, "xinwenlianbo_sample")[:300]
    assert sum(gate.surely_unrelated(text, classifier.glance) is not None for text in news) / len(news) >= 0.93
