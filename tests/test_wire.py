"""The line that `fanzha analyze` writes: the contract, field by field, through the real pipeline with a fixed verdict."""

import json

import pytest

from nlp import taxonomy, wire
from nlp.analyze import Analyzer
from nlp.records import Document, Verdict

LABEL = taxonomy.load().label_ids[0]
TEXT = (
    "兼职刷单骗走八万元\n"
    "2024年5月6日，河南省邓州市市民周女士被拉进群兼职刷单，先后转账5笔共计8.2万元，其中3000元已追回。\n"
    "6月1日，警方将犯罪嫌疑人赵某强（男，25岁，江西人）抓获，扣押手机3部，退缴违法所得1.5万余元。"
)


class Fixed:
    """Calls everything a case, so that extraction is what is tested."""

    def classify(self, texts):
        return [Verdict("case", 0.98, LABEL, 0.9, {LABEL: 0.9}, model="test") for _ in texts]


@pytest.fixture(scope="module")
def line():
    document = Document("a.txt", TEXT, published="2024-06-03")
    (reading,) = Analyzer(Fixed()).analyze([document])
    return json.loads(json.dumps(wire.to_line(reading), ensure_ascii=False))


def test_head(line):
    assert line["doc_id"] == "a.txt"
    (article,) = line["articles"]
    assert {
        "title",
        "start",
        "end",
        "kind",
        "kind_confidence",
        "label",
        "also",
        "confidence",
        "labels",
        "review",
    } <= article.keys()
    assert article["tactics"]


def test_every_span_is_its_surface(line):
    def spans(node):
        if isinstance(node, dict):
            if {"surface", "start", "end"} <= node.keys():
                yield node
            for value in node.values():
                yield from spans(value)
        elif isinstance(node, list):
            for value in node:
                yield from spans(value)

    found = list(spans(line))
    assert len(found) > 10
    for span in found:
        assert TEXT[span["start"] : span["end"]].replace("\n", "") == span["surface"]


def test_sums_places_and_people(line):
    (case,) = line["articles"][0]["cases"]
    sums = {amount["surface"]: amount for amount in case["amounts"]}
    assert (sums["8.2万元"]["cny_min"], sums["8.2万元"]["cny_max"], sums["8.2万元"]["role"]) == (82000, 82000, "loss")
    assert sums["3000元"]["role"] == "recovered"
    assert (sums["1.5万余元"]["cny_min"], sums["1.5万余元"]["cny_max"]) == (15000, 16000)
    places = {place["region"]: place["code"] for place in case["places"]}
    assert places["河南省/南阳市/邓州市"] == "411381"
    people = {person["name"]: person for person in case["persons"]}
    assert people["周女士"]["role"] == "victim"
    assert (people["赵某强"]["role"], people["赵某强"]["age"], people["赵某强"]["gender"]) == ("suspect", 25, "男")


def test_times_are_as_precise_as_the_text(line):
    (case,) = line["articles"][0]["cases"]
    times = {time["surface"]: time["from"] for time in case["times"]}
    assert times["2024年5月6日"] == "2024-05-06"


def test_a_batch_keeps_order_and_empty_texts_have_no_articles():
    documents = [Document(str(number), text) for number, text in enumerate((TEXT, "", "  \n ", TEXT))]
    readings = list(Analyzer(Fixed()).analyze(documents))
    assert [reading.doc_id for reading in readings] == ["0", "1", "2", "3"]
    assert [len(reading.analyses) for reading in readings] == [1, 0, 0, 1]


def test_an_unrelated_article_has_no_label():
    """Whoever counts labels in the lines must not count the best guess about a text that is no scam; it stays in `labels`."""

    class Elsewhere:
        def classify(self, texts):
            return [Verdict("unrelated", 0.9, LABEL, 0.99, {LABEL: 0.99}, also=(LABEL,), model="test") for _ in texts]

    (reading,) = Analyzer(Elsewhere()).analyze([Document("b.txt", "市民刘先生在图书馆借书。")])
    (article,) = wire.to_line(reading)["articles"]
    assert (article["label"], article["also"]) == (taxonomy.load().empty.id, [])
    assert article["labels"] == {LABEL: 0.99}
