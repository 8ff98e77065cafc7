"""Label files in four forms: each round-trips without loss, foreign files are read as their tools document them, faults are told one by one.

The files written here in the tools' own forms are new: their sentences are invented for this test.
"""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.exchange import FORMS, guess_form, read_labels
from corpora.judgments import SPAN_ROLES, SPAN_TYPES, JudgedDocument, Judgment, MarkedSpan
from corpora.label_studio import config
from nlp import taxonomy
from nlp.errors import InputError
from nlp.records import Document
from serving import inbox
from serving.annotation import saving
from serving.annotation.exchanging import bring_in, given_out, incidents_of
from serving.store.tables import DocumentRow, ReportRow
from serving.store.tables_annotation import AnnotationVersionRow
from tests.stores import fresh_store

KNOWN = taxonomy.load()
FIRST, SECOND, *_ = KNOWN.label_ids
CASE, ADVISORY, UNRELATED = (kind.id for kind in KNOWN.kinds)
TEXT = "赵小红😀在古田县\n被骗 3.2万元，\t骗子“林哥”失联。"
NESTED = (
    MarkedSpan(0, 3, "person", "victim"), MarkedSpan(5, 8, "organisation"), MarkedSpan(5, 8, "place", "scene"),
    MarkedSpan(7, 11, "place", "other"), MarkedSpan(12, 17, "amount", "loss"), MarkedSpan(21, 25, "person", "suspect"),
)  # fmt: skip
SAID = JudgedDocument(
    "t<1>", TEXT, Judgment(CASE, FIRST, (SECOND,), ("虚假APP", "跑分"), NESTED), "甲", "2026-11-01T08:00:00.000Z", "settled", "d-00", "complaint"
)  # fmt: skip


def there_and_back(form, documents):
    data = "".join(FORMS[form].write(documents)).encode()
    return list(read_labels(data, "x", form))


@pytest.mark.parametrize("form", FORMS)
def test_nested_and_crossing_spans_emoji_and_blanks_come_back(form):
    plain = JudgedDocument("u", "第 2 件 \\n # 无关\n\n尾", Judgment(UNRELATED, KNOWN.empty.id), "乙")
    assert there_and_back(form, [SAID, plain]) == [SAID, plain]
    assert guess_form("".join(FORMS[form].write([SAID]))) == form


spans = st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from(SPAN_TYPES), st.integers(0, 8))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=24).filter(
    lambda t: t.strip()
)


@settings(max_examples=60, deadline=None)
@given(text=texts, drawn=st.lists(spans, max_size=6), also=st.booleans(), name=st.text("甲乙ab#=\"' ", max_size=5))
def test_whatever_a_text_holds_every_form_gives_it_back(text, drawn, also, name):
    made = {}
    for start, length, sort, role in drawn:
        roles = ("", *SPAN_ROLES.get(sort, ()))
        if start + length <= len(text):
            made[start, start + length, sort] = MarkedSpan(start, start + length, sort, roles[role % len(roles)])
    judged = JudgedDocument(
        "n",
        text,
        Judgment(CASE, FIRST, (SECOND,) * also, (), tuple(sorted(made.values()))),
        f"甲{name}",
        document_id="d-1",
    )
    for form in FORMS:
        assert there_and_back(form, [judged]) == [judged], form


LABEL_STUDIO = [
    {"id": 7, "created_at": "2026-03-09T21:52:49.513742Z", "project": 3, "predictions": [{"result": []}],
     "data": {"text": "😀孙小兰被人以退款为名骗走860元"},
     "annotations": [
         {"id": 1001, "completed_by": 10, "was_cancelled": False, "ground_truth": False, "created_at": "2026-03-09T22:16:08.728353Z",
          "lead_time": 4.2, "task": 7, "result": [
              {"id": "Dx1", "from_name": "ner", "to_name": "text", "type": "labels", "origin": "manual",
               "value": {"start": 2, "end": 5, "text": "孙小兰", "labels": ["person/victim"]}},
              {"id": "Dx2", "from_name": "ner", "to_name": "text", "type": "labels",
               "value": {"start": 14, "end": 18, "text": "860元", "labels": ["amount/loss"]}},
              {"id": "k", "from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["案件"]}},
              {"id": "l", "from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [KNOWN.labels[1].name]}}]},
         {"id": 1002, "completed_by": {"id": 4, "email": "b@example.invalid"}, "was_cancelled": True, "result": []}]},
    {"id": 8, "data": {"text": "无事"}, "annotations": [{"id": 1, "result": [
        {"type": "choices", "from_name": "topic", "value": {"choices": ["City"]}}]}]},
]  # fmt: skip


def test_label_studio_s_own_export_is_read_with_old_offsets_counted_anew():
    """孙小兰 stands at 1–4 and 860元 at 13–17 in characters; the file counts in UTF-16 units, as old versions did."""
    good, bad = read_labels(json.dumps(LABEL_STUDIO, ensure_ascii=False).encode(), "ls.json")
    assert good.annotator == "label-studio:10"
    assert (good.judgment.kind, good.judgment.label) == (CASE, KNOWN.labels[1].id)
    assert [good.text[span.start : span.end] for span in good.judgment.spans] == ["孙小兰", "860元"]
    assert isinstance(bad, InputError)
    assert "第 2 个任务" in bad.where
    assert "City" in bad.found


DOCCANO = [
    {"id": 1, "text": "钱小明转走1200元", "entities": [[0, 3, "person/victim"], [5, 10, "amount/loss"]], "Comments": [],
     "cats": [f"label:{FIRST}", f"kind:{CASE}"]},
    {"id": 2, "text": "钱小明转走1200元", "cats": [f"kind:{CASE}", f"label:{FIRST}"], "relations": [],
     "entities": [{"id": 9, "label": "person", "start_offset": 0, "end_offset": 3}]},
    {"id": 3, "text": "某人", "label": [[0, 2, "person"]], "cats": [f"kind:{CASE}", f"label:{FIRST}"]},
    {"id": 4, "text": "某人", "cats": ["positive"]},
    {"id": 5, "text": "某人", "cats": [f"kind:{CASE}", f"label:{FIRST}"], "entities": [[0, 9, "person"]]},
]  # fmt: skip


def test_doccano_s_own_exports_are_read_and_faults_are_told_by_line():
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in DOCCANO).encode()
    first, second, third, *bad = read_labels(data, "d.jsonl", "doccano")
    assert first.judgment.spans == (MarkedSpan(0, 3, "person", "victim"), MarkedSpan(5, 10, "amount", "loss"))
    assert second.judgment.spans == (MarkedSpan(0, 3, "person"),)
    assert third.judgment.spans == (MarkedSpan(0, 2, "person"),)
    assert ["第 4 行" in bad[0].where, "第 5 行" in bad[1].where] == [True, True]


def test_conll_by_hand():
    """甲 is a victim, the blank is written \\s, and a second layer holds what nests."""
    head = f'# doc_id = "n"\n# kind = "{CASE}"\n# label = "{FIRST}"\n'
    text = head + "甲\tB-person/victim\tO\n\\s\tO\tO\n古\tB-organisation\tB-place\n田\tI-organisation\tI-place\n\n"
    [found] = read_labels(text.encode(), "n.conll")
    assert found.text == "甲 古田"
    assert found.judgment.spans == (
        MarkedSpan(0, 1, "person", "victim"), MarkedSpan(2, 4, "organisation"), MarkedSpan(2, 4, "place")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("gold", b"{"), ("gold", b"[1]"), ("gold", b'{"text": "x"}'), ("gold", b"\xff\xfe"), ("label-studio", b"{}"), ("label-studio", b"[{}]"),
        ("label-studio", b'[{"data": {"text": "x"}, "annotations": [3]}]'), ("doccano", b'{"text": "x", "cats": 5}'),
        ("doccano", b'{"text": 7, "cats": ["kind:case"]}'), ("conll", "# kind = case\n甲\tO\n".encode()), ("conll", "甲\tO\n".encode()),
        ("conll", f'# kind = "{CASE}"\n# label = "{FIRST}"\n甲乙\tO\n'.encode()),
        ("conll", f'# kind = "{CASE}"\n# label = "{FIRST}"\n甲\tX\n'.encode()),
        ("gold", b"[" * 100_000),
    ],
)  # fmt: skip
def test_what_is_no_label_file_is_told_and_never_a_traceback(form, data):
    found = list(read_labels(data, "x", form))
    assert found
    assert all(isinstance(item, InputError) for item in found)


def test_the_interface_for_label_studio_knows_every_span_and_choice():
    from lxml import etree

    tree = etree.fromstring(config().encode())
    assert {label.get("value") for label in tree.iter("Label")} >= {"person/victim", "amount/loss", "place", "time"}
    assert {choice.get("value") for choice in tree.iter("Choice")} >= {
        *KNOWN.label_ids,
        KNOWN.empty.id,
        CASE,
        *KNOWN.tactics,
    }


def test_incidents_in_the_form_of_the_gold_files():
    [case] = incidents_of(TEXT, SAID.judgment)
    assert (case["victims"], case["suspects"]) == (["赵小红"], ["“林哥”"])
    assert case["amounts"] == [{"surface": "3.2万元", "role": "loss", "cny_min": 32000.0, "cny_max": 32000.0}]
    assert incidents_of(TEXT, Judgment(CASE, FIRST)) is None
    assert incidents_of(TEXT, Judgment(ADVISORY, FIRST)) == []


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        inbox.accept(session, Document("t1", TEXT, origin="test"))
    yield opened
    opened.close()


def annotate(store, judgment, by, **more):
    with store.writing() as session:
        document_id = session.scalar(sa.select(DocumentRow.id))
        saving.save(session, document_id, judgment, by=by, seen=0, **more)


def out(store, which="all", annotator=""):
    with store.reading() as session:
        return list(given_out(session, which, annotator))


def into(store, found, by="丁"):
    with store.writing() as session:
        return bring_in(session, found, by)


def test_what_is_given_out_is_brought_into_another_store_and_twice_changes_nothing(store, tmp_path):
    annotate(store, SAID.judgment, "甲")
    annotate(store, Judgment(ADVISORY, SECOND), "乙")
    other = fresh_store(tmp_path / "other")
    for form in FORMS:
        found = there_and_back(form, out(store))
        brought = into(other, found)
        assert (brought.refused, brought.written + brought.already) == ([], 2), form
    assert [(one.annotator, one.judgment, one.at) for one in out(other)] == [
        (one.annotator, one.judgment, one.at) for one in out(store)
    ]
    assert into(store, out(store)).already == 2
    with other.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(DocumentRow)) == 1
        assert set(session.scalars(sa.select(AnnotationVersionRow.by))) == {"丁"}
    other.close()


def test_what_is_older_than_what_stands_is_left_and_what_is_newer_is_a_version(store):
    annotate(store, SAID.judgment, "甲", at="2026-10-01T00:00:00Z")
    [held] = out(store)
    from dataclasses import replace

    older = replace(held, judgment=Judgment(ADVISORY, FIRST), at="2026-09-01T00:00:00Z")
    newer = replace(older, at="2026-11-01T00:00:00+08:00")
    assert into(store, [older]).older == 1
    assert into(store, [newer]).written == 1
    with store.reading() as session:
        assert [
            version.content["kind"]
            for version in session.scalars(sa.select(AnnotationVersionRow).order_by(AnnotationVersionRow.revision))
        ] == [CASE, ADVISORY]


def test_one_a_document_is_its_settlement_or_what_nobody_disputes(store):
    annotate(store, SAID.judgment, "甲")
    assert [one.annotator for one in out(store, "final")] == ["甲"]
    annotate(store, Judgment(ADVISORY, SECOND), "乙")
    assert out(store, "final") == []
    annotate(store, Judgment(ADVISORY, FIRST), "丙", part=saving.SETTLED)
    assert [(one.annotator, one.part) for one in out(store, "final")] == [("丙", "settled")]
    assert len(out(store, "all", "乙")) == 1


def test_a_text_that_reads_like_a_statement_comes_in_as_a_complaint(store):
    told = JudgedDocument("c", "我昨天被骗了，我转了三笔，我想追回来", Judgment(CASE, FIRST))
    brought = into(store, [told, InputError("坏的一行", where="x")])
    assert (brought.written, brought.documents, len(brought.refused)) == (1, 1, 1)
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ReportRow)) == 1


def test_training_reads_what_is_given_out(store, tmp_path):
    pytest.importorskip("numpy")
    from training.gather import read_gold, read_texts

    annotate(store, SAID.judgment, "甲")
    for part in ("data", "gold"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "annotations.jsonl").write_text(
            "".join(FORMS["gold"].write(out(store, "final"))), encoding="utf-8"
        )
    [example] = read_gold([tmp_path / "gold" / "annotations.jsonl"], read_texts(tmp_path, ["annotations"]))
    assert (example.kind, example.label, example.text) == (CASE, FIRST, TEXT)
    assert {(example.text[span.start : span.end], span.role) for span in example.spans} >= {
        ("赵小红", "victim"),
        ("3.2万元", "loss"),
    }
