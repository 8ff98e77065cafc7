"""What the screen 标注 hands to the browser: escaped, without anybody else's word, for editors alone; and the page of agreement."""

from __future__ import annotations

import html
import json
import re

import pytest
import sqlalchemy as sa

from corpora.judgments import Judgment, MarkedSpan
from nlp import taxonomy
from nlp.errors import ConflictError, NotFoundError
from nlp.records import Document
from serving import inbox, incidents
from serving.annotation import disputes, saving
from serving.annotation.agreement import agreement
from serving.console.agreement_screen import draw
from serving.console.annotate_sheet import draw_places, draw_sheet, load_sheet, with_sides
from serving.console.room import Visitor
from serving.store.tables import DocumentRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_store

EVIL = "</div><script>alert(1)</script>\"'<img src=x onerror=alert(2)>\u202e被骗 受害人：赵小红 损失：32800"
FIRST, SECOND, *_ = taxonomy.load().label_ids


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        inbox.accept(session, Document("<b>t</b>", EVIL, origin="test", title="<i>题</i>"))
    Worker(opened, make()).drain()
    yield opened
    opened.close()


def only(store):
    with store.reading() as session:
        return session.scalars(sa.select(DocumentRow.id)).one()


def annotate(store, by, judgment):
    with store.writing() as session:
        saving.save(session, only(store), judgment, by=by, seen=saving.revision_of(session, only(store), by))


def sheet_of(store, by="甲"):
    with store.reading() as session:
        return load_sheet(session, only(store), by, ("<u>因</u>",))


def handed(drawn):
    """What the browser makes of the attribute."""
    return json.loads(html.unescape(re.search(r'data-sheet="([^"]*)"', str(drawn))[1]))


def test_nothing_of_a_document_is_markup_and_every_character_keeps_its_place(store):
    drawn = draw_sheet(sheet_of(store))
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert "<u>" not in drawn
    given = handed(drawn)
    assert given["text"] == EVIL.replace(
        "\u202e", "\ufffd"
    )  # what would turn the reading order is made visible, as long as before
    [victim] = [span for span in given["start"]["spans"] if span["role"] == "victim"]
    assert given["text"][victim["start"] : victim["end"]] == "赵小红"


def test_the_start_is_the_machine_s_then_one_s_own_never_another_s(store):
    assert sheet_of(store).origin == "machine"
    annotate(store, "乙", Judgment("advisory", SECOND, spans=(MarkedSpan(0, 2, "time"),)))
    assert sheet_of(store).origin == "machine"
    assert "advisory" not in json.dumps(handed(draw_sheet(sheet_of(store)))["start"])
    annotate(store, "甲", Judgment("case", SECOND))
    mine = sheet_of(store)
    assert (mine.origin, mine.seen, mine.start) == ("own", 1, Judgment("case", SECOND))


def test_a_digit_s_order_is_the_machine_s_and_holds_every_label(store):
    offered = [label for label, _ in sheet_of(store).offered]
    assert offered[0] == FIRST
    assert set(offered) == set(taxonomy.load().label_ids)


def test_what_is_gone_is_told(store):
    with store.writing() as session:
        incidents.withdraw_documents(session, [only(store)])
    with pytest.raises(ConflictError, match="已撤回"):
        sheet_of(store)
    with store.reading() as session, pytest.raises(NotFoundError):
        load_sheet(session, "d-0000000000000000", "甲", ())


def test_the_script_is_told_kinds_labels_types_and_the_guideline():
    words = json.loads(html.unescape(re.search(r'data-words="([^"]*)"', str(draw_places()))[1]))
    assert words["labels"][FIRST]["border"]
    assert len(words["labels"][FIRST]["examples"]) >= 2
    assert {kind["id"] for kind in words["types"]} >= {"person", "place", "amount", "outcome"}


@pytest.mark.parametrize(
    ("role", "edits"), [("reader", False), ("analyst", False), ("editor", True), ("admin", True), ("x", False)]
)
def test_only_editors_and_administrators_annotate(role, edits):
    assert Visitor("甲", role).edits is edits


def test_settling_shows_every_side_and_starts_from_the_first(store):
    annotate(store, "甲", Judgment("case", FIRST))
    annotate(store, "乙<br>", Judgment("case", SECOND))
    with store.reading() as session:
        people = {row.annotator: saving.judgment_of(row) for row in saving.all_of(session, only(store))}
    sheet = with_sides(sheet_of(store, "丙"), people, 0, None)
    given = handed(draw_sheet(sheet))
    assert [name for name, _ in given["sides"]] == ["甲", "乙<br>"]
    assert given["start"]["label"] == FIRST


def test_the_page_of_agreement_says_what_to_do_and_escapes_names(store):
    assert "还没有两个人标过同一件" in draw(agreement({}), [], {})
    annotate(store, "甲", Judgment("case", FIRST))
    annotate(store, "乙<br>", Judgment("case", SECOND))
    with store.reading() as session:
        judgments = disputes.doubled(session)
        found = disputes.disputes(session, judgments)
    drawn = draw(agreement(judgments), found, {only(store): "<i>题</i>"})
    assert "争议 1 件" in drawn
    assert "乙&lt;br&gt;" in drawn
    assert "<i>" not in drawn
    assert taxonomy.load().label(SECOND).name in drawn
