"""The queue of 标注: what comes first and why, that it spreads, finds labels that may be wrong, and gives nobody another's item."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import sqlalchemy as sa

from corpora.judgments import Judgment
from nlp import taxonomy
from nlp.records import Document
from serving import inbox
from serving.annotation import saving
from serving.annotation.queueing import LONGEST, MODES, is_doubled, suspects, waiting
from serving.annotation.suspicion import Given, suspect
from serving.console.annotate_queue import AnnotationQueue
from serving.console.leases import LEASE_SECONDS
from serving.store.tables import ArticleRow, DocumentRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_store

FIRST, SECOND, THIRD, *_ = LABELS = taxonomy.load().label_ids


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        for number in range(24):
            label = FIRST if number < 18 else SECOND if number < 22 else THIRD
            text = f"第{number}件 被骗 类型：{label} " + "细节" * (5 if number % 2 else 200)
            inbox.accept(
                session, Document(f"t{number}", text, origin="test", publisher="甲报" if number % 3 else "乙报")
            )
        inbox.accept(session, Document("long", "被骗" * LONGEST, origin="test"))
    Worker(opened, make()).drain()
    yield opened
    opened.close()


def ask(store, who="甲", mode="mixed", share=0.0):
    with store.reading() as session:
        return waiting(session, who, mode, share)


def annotate(store, document_id, who="甲", label=FIRST, **more):
    with store.writing() as session:
        seen = saving.revision_of(session, document_id, who, more.get("part", saving.JUDGED))
        return saving.save(session, document_id, Judgment("case", label), by=who, seen=seen, **more)


def labels_of(store, items):
    with store.reading() as session:
        known = dict(session.execute(sa.select(ArticleRow.document_id, ArticleRow.label)).all())
    return [known[item.document_id] for item in items]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("suspect", "again")])
def test_everything_short_enough_waits_once_and_says_why(store, mode):
    items = ask(store, mode=mode)
    assert len(items) == 24
    assert len({item.document_id for item in items}) == 24
    assert all(item.reasons for item in items)


def test_what_the_machine_gives_to_a_person_comes_first_then_the_least_sure(store):
    with store.writing() as session:
        ids = list(session.scalars(sa.select(ArticleRow.document_id).order_by(ArticleRow.document_id)))
        for document_id, values in (
            (ids[5], {"review": True}),
            (ids[9], {"confidence": 0.21}),
            (ids[7], {"confidence": 0.4}),
        ):
            session.execute(sa.update(ArticleRow).where(ArticleRow.document_id == document_id).values(**values))
    items = ask(store, mode="unsure")
    assert [item.document_id for item in items[:3]] == [ids[5], ids[9], ids[7]]
    assert items[0].reasons == ("机器拿不准（把握 0.80）",)
    assert items[1].reasons == ("机器把握 0.21",)


def test_spreading_takes_every_type_source_and_length_early(store):
    items = ask(store, mode="spread")[:6]
    assert set(labels_of(store, items)) == {FIRST, SECOND, THIRD}  # 18, 4 and 2 of 24
    with store.reading() as session:
        rows = session.execute(
            sa.select(DocumentRow.publisher, sa.func.length(DocumentRow.text) > 200).where(
                DocumentRow.id.in_([item.document_id for item in items])
            )
        ).all()
    assert len(set(rows)) == 4
    assert all("标得还少" in item.reasons[0] for item in items)


def test_spreading_knows_what_there_is(store):
    for item in ask(store, mode="spread"):
        if labels_of(store, [item]) == [THIRD]:
            annotate(store, item.document_id, label=THIRD)
    assert THIRD not in labels_of(store, ask(store, mode="spread"))
    assert SECOND in labels_of(store, ask(store, mode="spread")[:2])


def test_nobody_gets_his_own_or_another_s_but_the_doubled_share_goes_to_a_second(store):
    items = ask(store, share=0.0)
    annotate(store, items[0].document_id, "甲")
    for who in ("甲", "乙"):
        assert items[0].document_id not in {item.document_id for item in ask(store, who, share=0.0)}
    assert items[0].document_id not in {item.document_id for item in ask(store, "甲", share=1.0)}
    [again] = [item for item in ask(store, "乙", share=1.0) if item.document_id == items[0].document_id]
    assert again.reasons == ("抽中双人标注，互不相见",)
    assert ask(store, "乙", share=1.0)[0] == again
    annotate(store, items[0].document_id, "乙")
    assert items[0].document_id not in {item.document_id for item in ask(store, "丙", share=1.0)}


def test_a_settled_one_asks_nobody(store):
    [first, *_] = ask(store, share=1.0)
    annotate(store, first.document_id, "甲")
    annotate(store, first.document_id, "丙", part=saving.SETTLED)
    assert first.document_id not in {item.document_id for item in ask(store, "乙", share=1.0)}


def test_the_doubled_share_is_what_was_asked_for_and_grows_without_losing_one():
    draw = random.Random(5)
    ids = [f"d-{draw.getrandbits(64):016x}" for _ in range(20_000)]
    tenth, fifth = ({name for name in ids if is_doubled(name, share)} for share in (0.1, 0.2))
    assert len(tenth) == pytest.approx(2000, rel=0.1)
    assert tenth < fifth
    assert all(is_doubled(name, 1.0) for name in ids)
    assert not any(is_doubled(name, 0.0) for name in ids)


def example(number, given, likely):
    shares = dict.fromkeys((FIRST, SECOND, THIRD), 0.05) | {likely: 0.9}
    return Given(f"d-{number:02}", given, (), shares)


def test_a_label_that_the_model_is_sure_is_another_is_suspected_and_the_surest_first():
    """By hand: thresholds are 0.9·9+0.05 over 10 = 0.815 for FIRST and 0.9 for the others; only d-00 and d-40 reach another's."""
    documents = [example(0, FIRST, SECOND), *(example(n, FIRST, FIRST) for n in range(1, 10))]
    documents += [example(n, SECOND, SECOND) for n in range(20, 24)] + [example(n, THIRD, THIRD) for n in range(30, 34)]
    found = suspect(documents)
    assert [(s.document_id, s.given, s.likelier) for s in found] == [("d-00", FIRST, SECOND)]
    assert (found[0].given_probability, found[0].likelier_probability) == (0.05, 0.9)
    accepted = [Given("d-00", FIRST, (SECOND,), documents[0].probabilities), *documents[1:]]
    assert suspect(accepted) == []


def test_too_few_of_a_label_accuse_nobody():
    documents = [example(n, FIRST, FIRST) for n in range(6)] + [example(6, SECOND, SECOND), example(7, FIRST, SECOND)]
    assert suspect(documents) == []
    assert suspect([]) == []
    assert suspect([Given("d-1", FIRST, (), {})] * 3) == []


def test_a_suspected_label_comes_back_to_its_annotator_once_and_blindly_to_another(store):
    # The fake model says 0.8 for its own label and nothing else: the labels given are its own, one is not.
    items = ask(store, mode="spread")
    for item, label in zip(items, labels_of(store, items), strict=True):
        annotate(store, item.document_id, label=label)
    with store.reading() as session:
        wrong = session.scalars(
            sa.select(ArticleRow.document_id).where(ArticleRow.label == SECOND).order_by(ArticleRow.document_id)
        ).first()
        row = saving.held(session, wrong, "甲")
    with store.writing() as session:
        session.merge(row)
        session.execute(sa.update(type(row)).where(type(row).document_id == wrong).values(label=FIRST))
    with store.reading() as session:
        assert [found.document_id for found in suspects(session)] == [wrong]
    [mine] = ask(store, "甲", "suspect")
    assert mine.document_id == wrong
    names = [taxonomy.load().label(label).name for label in (FIRST, SECOND)]
    assert all(name in mine.reasons[0] for name in ("疑似标错", *names))
    [theirs] = ask(store, "乙", "suspect")
    assert theirs.reasons == ("抽查，请独立标注",)
    annotate(store, wrong, label=FIRST)  # he means it
    assert ask(store, "甲", "suspect") == []


def test_two_browsers_never_get_the_same_item_until_the_loan_ends(store):
    now = [0.0]
    queue = AnnotationQueue(lambda: store, lambda: 0.0, lambda: now[0])
    first, second = queue.take("甲", "甲/1", "mixed", 3), queue.take("乙", "乙/1", "mixed", 3)
    third = queue.take("甲", "甲/2", "mixed", 3)  # the same person in another browser
    held = Counter(item.document_id for items in (first, second, third) for item in items)
    assert len(held) == 9
    assert queue.take("甲", "甲/1", "mixed", 3) == first
    now[0] = LEASE_SECONDS + 1
    assert queue.take("丙", "丙/1", "mixed")[0].document_id in held
    queue.leave("丙/1")
    queue.skip("甲/1", first[0].document_id)
    assert first[0].document_id not in {item.document_id for item in queue.take("甲", "甲/1", "mixed", 30)}
    queue.leave("甲/1")
    assert first[0].document_id in {item.document_id for item in queue.take("甲", "甲/1", "mixed", 30)}


def test_what_was_annotated_is_gone_for_all_and_what_was_put_off_comes_round(store):
    queue = AnnotationQueue(lambda: store, lambda: 0.0, lambda: 0.0)
    mine = queue.take("甲", "甲/1", "mixed", 24)
    assert queue.take("乙", "乙/1", "mixed") == []
    for item in mine[1:]:
        annotate(store, item.document_id)
        queue.done("甲/1", item.document_id)
    queue.skip("甲/1", mine[0].document_id)
    assert [item.document_id for item in queue.take("甲", "甲/1", "mixed")] == [mine[0].document_id]
    assert queue.take("乙", "乙/1", "mixed") == []
