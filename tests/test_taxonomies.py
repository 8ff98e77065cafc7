"""Versions of the taxonomy in the store: each change previewed, published, put back; nothing that was decided is lost, the feed is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpora.judgments import Judgment
from nlp import taxonomy
from nlp.errors import ConflictError, FanzhaError, InputError, TaxonomyError
from nlp.model_folder import MODELS, default_folder
from nlp.records import Document, Verdict
from nlp.todays_words import verdict_now
from serving import inbox, queries, reports
from serving.annotation import disputes, exchanging, saving
from serving.annotation.queueing import waiting
from serving.store import Store
from serving.store.tables import ArticleRow, CaseRow, ChangeRow, IncidentRow, ReportRow
from serving.taxonomies import carrying, effects, steps, versions
from serving.worker import Worker
from tests.api_world import OPERATOR, ok, problem, serving, settings_at
from tests.fake_analyzer import make
from tests.stores import everything, fresh_store

A, B, C, *_ = LABELS = taxonomy.load().label_ids
PARTS = [
    {"id": "part_one", "name": "甲种骗局", "meaning": "甲"},
    {"id": "part_two", "name": "乙种骗局", "meaning": "乙"},
]
SPLIT = {"act": "split", "id": A, "parts": PARTS}
MERGE = {"act": "merge", "ids": [A], "into": B}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Six stories: three under A (one a complaint), two under B, one under C."""
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        for number, label in enumerate((A, A, B, B, C)):
            text = f"第{number}案 被骗 类型：{label} 嫌疑人：赵{'甲乙丙丁戊'[number]}某 损失：{number + 1}0000"
            inbox.accept(session, Document(f"t{number}", text, origin="test", title=f"报道{number}"))
        reports.receive(session, Document("c", f"我被骗 类型：{A} 受害人：钱某 损失：777", origin="test"))
    Worker(opened, make()).drain()
    yield opened
    opened.close()
    taxonomy.install([], taxonomy.CURRENT)


def change(store: Store, *wanted: dict, by: str = "编辑甲") -> str:
    """Draft these steps, publish them, bring everything over; returns the version."""
    for step in wanted:
        with store.writing() as session:
            row = versions.draft(session)
            versions.add_step(session, step, by=by, seen=row.revision if row is not None else 0)
    with store.writing() as session:
        row = versions.draft(session)
        version = versions.publish(session, by="管理员", seen=row.revision, numbers={}).version
    carrying.carry(store)
    return version


def back(store: Store, version: str = taxonomy.CURRENT) -> None:
    with store.writing() as session:
        versions.go_back(session, version, by="管理员", seen=versions.last_act(session).id, numbers={})
    carrying.carry(store)


def labels(store: Store) -> list[str]:
    with store.reading() as session:
        return sorted(session.scalars(sa.select(IncidentRow.label).where(IncidentRow.withdrawn.is_(False))))


def annotate(store: Store, label: str, by: str = "甲", place: int = 0) -> str:
    with store.writing() as session:
        ids = list(session.scalars(sa.select(ArticleRow.document_id).where(ArticleRow.label == A).order_by(ArticleRow.document_id)))  # fmt: skip
        saving.save(
            session, ids[place], Judgment("case", label), by=by, seen=saving.revision_of(session, ids[place], by)
        )
        return ids[place]


# The steps, on versions alone.


def test_a_step_gives_another_version_and_loses_no_label() -> None:
    known = taxonomy.load()
    after = steps.apply(known, SPLIT)
    assert [label.id for label in after.labels[:2]] == ["part_one", "part_two"]
    assert after.is_former(A)
    assert [part.name for part in after.split[A]] == ["甲种骗局", "乙种骗局"]
    with pytest.raises(TaxonomyError, match="已拆分"):
        after.label(A)
    merged = steps.apply(after, {"act": "merge", "ids": ["part_one"], "into": B})
    assert merged.now("part_one") == B
    again = steps.apply(merged, {"act": "merge", "ids": [B], "into": C})
    assert [again.now(label) for label in ("part_one", B, C)] == [C, C, C]
    renamed = steps.apply(known, {"act": "rename", "id": A, "name": "新名"})
    assert renamed.name_of(A) == "新名"
    assert steps.apply(known, {"act": "retire", "id": A}).name_of(A) == known.name_of(A)
    assert steps.from_data(steps.as_data(again), "x") == steps.apply_all(again, [], "x")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"act": "add", "id": "X", "name": "坏编号"}, "不成形"),
        ({"act": "add", "id": A, "name": "用过的"}, "用过了"),
        ({"act": "add", "id": "new_one", "name": taxonomy.load().labels[1].name}, "已有"),
        ({"act": "add", "id": "new_one", "name": ""}, "没有可用的名称"),
        ({"act": "rename", "id": A, "name": taxonomy.load().labels[0].name}, "一样"),
        ({"act": "split", "id": A, "parts": PARTS[:1]}, "拆成 1 个"),
        ({"act": "split", "id": A, "parts": [PARTS[0], PARTS[0]]}, "用过了"),
        ({"act": "merge", "ids": [A], "into": A}, "没有说并入"),
        ({"act": "retire", "id": "nothing"}, "没有类型"),
        ({"act": "burn", "id": A}, "未知的改动"),
    ],
)
def test_a_step_that_will_not_do_says_why(step: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        steps.apply(taxonomy.load(), step)


def test_probabilities_of_merged_labels_add_up_and_a_split_one_goes_to_a_person(store: Store) -> None:
    said = Verdict("case", 0.9, C, 0.4, {C: 0.4, A: 0.35, B: 0.25}, also=(A, B), model="m 1")
    assert verdict_now(said) is said
    change(store, MERGE)
    now = verdict_now(said)
    assert (now.label, now.confidence, now.labels) == (B, 0.6, {C: 0.4, B: 0.6})
    assert now.also == ()
    back(store)
    change(store, {**SPLIT, "id": C})
    now = verdict_now(said)
    assert (now.label, now.review, now.labels) == (C, True, said.labels)


# In the store.


def test_nothing_changes_before_it_is_published(store: Store) -> None:
    before = everything(store)
    with store.writing() as session:
        row = versions.add_step(session, MERGE, by="编辑甲", seen=0)
        effect = effects.of_step(session, row.steps[0])
    assert effect == effects.Effect(row.steps[0]["words"], incidents=3, reports=1, annotated=0, revised=3, again=0)
    assert taxonomy.in_force() == taxonomy.CURRENT
    after = everything(store)
    assert {name for name in before if before[name] != after[name]} == {"taxonomies"}


def test_a_merge_moves_incidents_and_tells_the_feed_and_going_back_brings_all_of_it_back(store: Store) -> None:
    before = everything(store)
    with store.reading() as session:
        last = session.scalar(sa.select(sa.func.max(ChangeRow.sequence)))
    version = change(store, MERGE)
    assert taxonomy.in_force() == version
    assert labels(store) == sorted([B] * 5 + [C])
    with store.reading() as session:
        told = session.scalars(sa.select(ChangeRow).where(ChangeRow.sequence > last)).all()
        assert [(line.kind, line.summary["before"]["label"], line.summary["after"]["label"]) for line in told] == [
            ("revised", A, B)
        ] * 3
        assert set(session.scalars(sa.select(CaseRow.label))) == {B, C}
        said = {row.data["label"] for row in session.scalars(sa.select(CaseRow))}
    assert said == {A, B, C}  # what was said stays as it was said
    # What is read from now on is filed under the version in force.
    with store.writing() as session:
        inbox.accept(session, Document("late", f"晚到 被骗 类型：{A} 嫌疑人：孙某某 损失：9", origin="test"))
    Worker(store, make()).drain()
    assert labels(store) == sorted([B] * 6 + [C])
    back(store)
    assert labels(store) == sorted([A] * 4 + [B] * 2 + [C])
    after = everything(store)
    assert {row[:6] for row in before["articles"]} <= {row[:6] for row in after["articles"]}
    assert all(row in after["cases"] for row in before["cases"])


def test_a_correction_is_carried_over_and_comes_back(store: Store) -> None:
    with store.writing() as session:
        report_id = session.scalar(sa.select(ReportRow.id))
        reports.correct(session, report_id, by="值守", label=B)
    change(store, {"act": "merge", "ids": [B], "into": C})

    def label() -> str:
        with store.reading() as session:
            report = queries.get_report(session, report_id)
            assert report.correction["label"] == B
            return session.scalar(sa.select(ArticleRow.label).where(ArticleRow.document_id == report.document_id))

    assert label() == C
    with store.writing() as session, pytest.raises(TaxonomyError):
        reports.correct(session, report_id, by="值守", label=B)  # nobody is given it any more
    back(store)
    assert label() == B


def test_a_split_leaves_what_stands_and_queues_what_was_annotated_again(store: Store) -> None:
    document_id = annotate(store, A)
    with store.writing() as session:
        row = versions.add_step(session, SPLIT, by="编辑甲", seen=0)
        effect = effects.of_step(session, row.steps[0])
    assert (effect.incidents, effect.annotated, effect.again, effect.revised) == (3, 1, 1, 0)
    change(store)
    assert labels(store).count(A) == 3
    with store.reading() as session:
        [mine] = waiting(session, "甲", "again", 0.0)
        [others] = waiting(session, "乙", "again", 0.0)
        assert (mine.document_id, others.document_id) == (document_id, document_id)
        assert mine.reasons[0].startswith("您标的")
        assert "甲种骗局、乙种骗局" in mine.reasons[0]
        assert waiting(session, "甲", "mixed", 0.0)[0].document_id == document_id
        assert list(exchanging.given_out(session, "final")) == []  # it waits
        assert [one.judgment.label for one in exchanging.given_out(session, "all")] == [A]
    with pytest.raises(TaxonomyError, match="已拆分"):
        annotate(store, A)
    annotate(store, "part_one")
    with store.reading() as session:
        assert waiting(session, "甲", "again", 0.0) == []
        [final] = exchanging.given_out(session, "final")
    assert (final.judgment.label, final.judgment.taxonomy) == ("part_one", taxonomy.in_force())
    # Back: what was judged in between counts for the label it was split from, and is there when the version comes again.
    version = taxonomy.in_force()
    back(store)
    with store.reading() as session:
        [final] = exchanging.given_out(session, "final")
        assert final.judgment.label == A
        assert session.scalar(sa.select(sa.func.count()).select_from(CaseRow).where(CaseRow.label == A)) == 3
    back(store, version)
    with store.reading() as session:
        [final] = exchanging.given_out(session, "final")
    assert final.judgment.label == "part_one"


def test_two_people_who_said_labels_that_are_one_now_do_not_differ(store: Store) -> None:
    for by, label in (("甲", A), ("乙", B)):
        annotate(store, label, by)
    with store.reading() as session:
        assert len(disputes.disputes(session)) == 1
    change(store, MERGE)
    with store.reading() as session:
        assert disputes.disputes(session) == []
        assert [one.judgment.label for one in exchanging.given_out(session, "final")] == [B]
        assert sorted(one.judgment.label for one in exchanging.given_out(session, "all")) == sorted([A, B])


def test_a_settlement_under_a_split_label_is_open_again(store: Store) -> None:
    for by, label in (("甲", A), ("乙", B)):
        document_id = annotate(store, label, by)
    with store.writing() as session:
        saving.save(session, document_id, Judgment("case", A), by="丙", seen=0, part=saving.SETTLED)
        assert disputes.disputes(session) == []
    change(store, SPLIT)
    annotate(store, "part_two", "甲")
    with store.reading() as session:
        assert [one.document_id for one in disputes.disputes(session)] == [document_id]


def test_it_goes_on_where_it_was_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "AT_ONCE", 1)
    with store.writing() as session:
        versions.add_step(session, MERGE, by="编辑甲", seen=0)
        versions.publish(session, by="管理员", seen=1, numbers={})
    assert carrying.step(store) == 1
    assert labels(store).count(A) == 2
    assert Worker(store, make())._keep_up()  # whoever is idle goes on
    assert labels(store).count(A) == 1
    # Stopped in the middle and put back: everything comes back.
    back(store)
    assert labels(store) == sorted([A] * 3 + [B] * 2 + [C])
    with store.reading() as session:
        assert all(act.done_at for act in versions.acts(session))


def test_the_second_of_two_editors_is_told(store: Store) -> None:
    with store.writing() as session:
        versions.add_step(session, SPLIT, by="编辑甲", seen=0)
    with store.writing() as session, pytest.raises(ConflictError, match="别处改过"):
        versions.add_step(session, MERGE, by="编辑乙", seen=0)
    with store.writing() as session:
        assert versions.take_back(session, 0, by="编辑甲", seen=1) is None
        assert versions.draft(session) is None
    with store.writing() as session, pytest.raises(FanzhaError, match="没有草案"):
        versions.publish(session, by="管理员", seen=0, numbers={})


def test_a_step_that_others_need_stays(store: Store) -> None:
    with store.writing() as session:
        versions.add_step(session, SPLIT, by="甲", seen=0)
        versions.add_step(session, {"act": "rename", "id": "part_one", "name": "丙种骗局"}, by="甲", seen=1)
        with pytest.raises(ConflictError, match="要用到"):
            versions.take_back(session, 0, by="甲", seen=2)
        assert [step["words"] for step in versions.take_back(session, 1, by="甲", seen=2).steps] == [
            f"“{taxonomy.load().name_of(A)}”拆分为“甲种骗局”、“乙种骗局”"
        ]


def test_every_model_goes_on_and_is_told_apart_by_what_it_cannot_say() -> None:
    folders = {path.parent.name: path.parent for path in sorted(MODELS.glob("*/manifest.json"))}
    known = taxonomy.load()
    after = steps.apply(steps.apply(known, SPLIT), {"act": "merge", "ids": [B], "into": C})
    for found in effects.of_models(after, folders):
        assert (found.broken, found.labels, found.version) == ("", len(LABELS), taxonomy.CURRENT)
        assert found.merged == (known.name_of(B),)
        assert found.stay == (known.name_of(A),)
        assert found.silent == ("甲种骗局", "乙种骗局")
    [broken] = effects.of_models(after, {"gone": default_folder() / "gone"})
    assert broken.broken


def test_the_api_tells_the_version_and_takes_the_old_word(tmp_path: Path) -> None:
    with serving(settings_at(tmp_path)) as client:
        text = f"我被骗 类型：{A} 受害人：钱某 损失：777"
        ok(client.post("/v1/reports", json={"text": text}, headers=OPERATOR))
        change(client.app.state.engine.store, MERGE)
        said = ok(client.get("/v1/taxonomy"))
        assert (said["version"], said["successors"]) == (taxonomy.in_force(), {A: B})
        assert A not in [label["id"] for label in said["labels"]]
        for label in (A, B):
            found = ok(client.get("/v1/incidents", params={"label": label}, headers=OPERATOR))
            assert [incident["label"] for incident in found["incidents"]] == [B]
        read = ok(client.post("/v1/analyze", json={"documents": [{"text": text}]}, headers=OPERATOR))
        [article] = read["documents"][0]["articles"]
        assert (article["label"], article["labels"], article["cases"][0]["label"]) == (B, {B: 0.8}, B)
        problem(client.get("/v1/incidents", params={"label": "no_such"}, headers=OPERATOR), 422)
    taxonomy.install([], taxonomy.CURRENT)
