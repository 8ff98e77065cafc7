"""What people decide about incidents holds, is told to followers, and can be undone; and the totals follow every change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_analyzer import LABELS
from stores import fresh_store
from test_feed_sequence import document_id, lines, listed
from test_worker import LUQUAN, complaint, put, told

from nlp.errors import ConflictError, InputError, NotFoundError
from serving import incidents, queries, reports, rulings, statistics
from serving.queries import IncidentFilter
from serving.store import Store
from tests.api_world import OPERATOR, ok, problem, publish, serving, settings_at
from tests.test_api_feed import story


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def two_incidents(store: Store) -> tuple[str, str]:
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460))
    by_title = {incident["title"]: incident["id"] for incident in listed(store, "reader").values()}
    return by_title["甲报"], by_title["乙报"]


def test_a_merge_redirects_and_its_undo_brings_both_back_under_their_ids(store: Store) -> None:
    first, second = two_incidents(store)
    before = listed(store, "reader")
    with store.writing() as session:
        decision = rulings.merge(session, second, into=first, by="编辑甲", note="同一伙人").id
    (merged,) = listed(store, "reader").values()
    assert (merged["id"], len(merged["sources"])) == (first, 2)
    with store.reading() as session:
        assert queries.get_incident(session, second).id == first
    told_of = [(line["incident_id"], line["kind"], line["redirect"]) for line in lines(store, "reader", after=2)]
    assert sorted(told_of) == sorted([(first, "revised", None), (second, "merged", first)])
    # Another telling of either comes to the one that is left.
    put(store, told("丙报", "胡某某", LUQUAN, 3460, "，警方介入"))
    assert {len(incident["sources"]) for incident in listed(store, "reader").values()} == {3}
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑乙")
    after = listed(store, "reader")
    assert set(after) == set(before)
    assert after[second]["title"] == "乙报"
    assert lines(store, "reader")[-1]["kind"] in ("restored", "revised")
    with store.writing() as session, pytest.raises(ConflictError):
        rulings.undo(session, decision, by="编辑乙")
    with store.reading() as session:
        (row,) = rulings.listed(session, second)
    assert (row.by, row.note, row.undone_by) == ("编辑甲", "同一伙人", "编辑乙")


def test_what_a_person_took_apart_no_machine_puts_together(store: Store) -> None:
    put(store, told("甲报"), told("乙报", more="，警方介入"))
    (whole,) = listed(store, "reader")
    with store.writing() as session:
        decision = rulings.split(session, whole, document_ids=[document_id(store, "乙报")], by="编辑甲").id
    parts = listed(store, "reader")
    assert sorted(len(incident["sources"]) for incident in parts.values()) == [1, 1]
    assert whole in parts
    split = next(line for line in lines(store, "reader", after=1) if line["incident_id"] == whole)
    assert (split["kind"], split["summary"]["into"]) == ("split", sorted(set(parts) - {whole}))
    put(store, told("丙报", more="，案件正在办理"))
    assert sorted(len(incident["sources"]) for incident in listed(store, "reader").values()) == [1, 2]
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑甲")
    after = listed(store, "reader")
    assert whole in after
    assert sum(len(incident["sources"]) for incident in after.values()) == 3
    with store.reading() as session:
        assert statistics.held(session) == statistics.recount(session)


def test_a_mark_takes_from_readers_and_gives_back(store: Store) -> None:
    first, _ = two_incidents(store)
    with store.writing() as session:
        decision = rulings.mark(session, first, tlp="amber", by="编辑甲").id
    assert first not in listed(store, "reader")
    assert listed(store, "analyst")[first]["tlp"] == "amber"
    assert [line["kind"] for line in lines(store, "reader", after=2)] == ["restricted"]
    # The mark outlives what comes later.
    put(store, told("丙报", more="，警方介入"))
    assert first not in listed(store, "reader")
    with store.writing() as session:
        rulings.mark(session, first, tlp="green", by="编辑甲")
    assert listed(store, "reader")[first]["tlp"] == "green"
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑甲")
    assert listed(store, "reader")[first]["tlp"] == "green"
    assert len(listed(store, "reader", tlp="green")) == 1
    for bad in ("white", ""):
        with store.writing() as session, pytest.raises(InputError):
            rulings.mark(session, first, tlp=bad, by="编辑甲")


def test_nonsense_is_refused(store: Store) -> None:
    first, second = two_incidents(store)
    cases = [
        (NotFoundError, lambda session: rulings.merge(session, "i-0123456789abcdef", into=first, by="甲")),
        (InputError, lambda session: rulings.merge(session, first, into=first, by="甲")),
        (ConflictError, lambda session: rulings.split(session, first, document_ids=["d-0123456789abcdef"], by="甲")),
        (
            ConflictError,
            lambda session: rulings.split(session, first, document_ids=[document_id(store, "甲报")], by="甲"),
        ),
        (NotFoundError, lambda session: rulings.undo(session, 99, by="甲")),
    ]
    for error, act in cases:
        with pytest.raises(error), store.writing() as session:
            act(session)
    assert set(listed(store, "reader")) == {first, second}


def test_totals_equal_a_recount_after_every_change(store: Store) -> None:
    def check() -> None:
        with store.reading() as session:
            assert statistics.held(session) == statistics.recount(session)

    first, second = two_incidents(store)
    check()
    put(store, told("丙报", more="，警方介入"), complaint("我被骗了\n嫌疑人：钱大山\n损失：777"))
    check()
    with store.writing() as session:
        reports.correct(session, queries.list_reports(session)[0][0].id, by="编辑甲", label=LABELS[3])
    check()
    with store.reading() as session:
        full = statistics.totals(session, ("label",), viewer="analyst")
        public = statistics.totals(session, ("label", "province"))
        (total,) = statistics.totals(session, ())
        (none,) = statistics.totals(session, (), IncidentFilter(place="12"))
    assert {found.keys[0]: found.incidents for found in full} == {LABELS[0]: 2, LABELS[3]: 1}
    assert {found.keys: (found.incidents, found.loss_min_fen, found.loss_max_fen) for found in public} == {
        (LABELS[0], "41"): (1, 3_800_000, 3_800_000), (LABELS[0], "53"): (1, 346_000, 346_000),
    }  # fmt: skip
    assert (total.incidents, total.with_loss, total.loss_max_fen) == (2, 2, 4_146_000)
    assert (none.incidents, none.loss_max_fen) == (0, 0)
    with store.writing() as session:
        rulings.merge(session, second, into=first, by="甲")
    check()
    with store.writing() as session:
        incidents.withdraw_documents(session, [document_id(store, name) for name in ("甲报", "乙报", "丙报")])
    check()
    with store.writing() as session:
        kept = statistics.held(session)
        statistics.rebuild(session)
        assert statistics.held(session) == kept


def test_who_corrects_a_complaints_text_is_told_what_was_ruled_on_the_old_one(tmp_path: Path) -> None:
    """The ruling falls with the text it was made on, and the answer says so until somebody rules on the new text."""
    text = "被骗了 受害人：赵小红 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32800"
    with serving(settings_at(tmp_path)) as api:
        publish(api, story(1))
        (other,) = [incident["id"] for incident in ok(api.get("/v1/incidents"))["incidents"]]
        report = ok(api.post("/v1/reports", json={"text": text}, headers=OPERATOR), 201)
        assert "former_rulings" not in report
        own = report["incidents"][0]["id"]
        asked = {"into": other, "by": "编辑甲", "note": "同一伙人"}
        ruled = ok(api.post(f"/v1/incidents/{own}/merge", json=asked, headers=OPERATOR))
        path = f"/v1/reports/{report['id']}"
        assert "former_rulings" not in ok(api.get(path, headers=OPERATOR))
        corrected = ok(api.put(path, json={"text": text.replace("32800", "47100"), "by": "值班员乙"}, headers=OPERATOR))
        (shown,) = corrected["former_rulings"]
        assert (shown["id"], shown["sort"], shown["into"], shown["note"]) == (ruled["id"], "merge", other, "同一伙人")
        again = ok(api.put(path, json={"text": text.replace("32800", "51000"), "by": "值班员乙"}, headers=OPERATOR))
        assert again["former_rulings"] == [shown]  # of the text before the last as well
        own = again["incidents"][0]["id"]
        assert own != other
        ok(api.post(f"/v1/incidents/{own}/merge", json={"into": other, "by": "编辑甲"}, headers=OPERATOR))
        assert "former_rulings" not in ok(api.get(path, headers=OPERATOR))


def test_statistics_history_evidence_and_likeness_over_the_web(tmp_path: Path) -> None:
    with serving(settings_at(tmp_path)) as api:
        for number in (0, 1, 12):  # 0 and 12 are in one city
            publish(api, story(number), published=f"2026-0{1 + number % 3}-05")
        stats = ok(api.get("/v1/stats", params={"by": ["month", "province"]}))
        assert sum(group["incidents"] for group in stats["groups"]) == stats["total"]["incidents"]
        assert {group["province"]: group["place"] for group in stats["groups"]} == {"53": "云南省", "41": "河南省"}
        listed_now = ok(api.get("/v1/incidents"))["incidents"]
        assert stats["total"]["loss_max"] == sum(incident["totals"][0]["max"] for incident in listed_now)
        tag = api.get("/v1/stats").headers["etag"]
        assert api.get("/v1/stats", headers={"If-None-Match": tag}).status_code == 304
        assert ok(api.get("/v1/stats", params={"place": "12"}))["groups"] == []
        problem(api.get("/v1/stats", params={"by": "moon"}), 422)
        for incident in ok(api.get("/v1/incidents"))["incidents"]:
            here = f"/v1/incidents/{incident['id']}"
            history = ok(api.get(f"{here}/history"))
            assert history["changes"][-1]["sequence"] == incident["sequence"]
            evidence = ok(api.get(f"{here}/evidence"))
            facts = ok(api.get(here))["facts"]
            assert evidence["total"] == sum(fact["evidence_total"] for fact in facts)
            assert {line["text"] for line in evidence["evidence"]} == {fact["text"] for fact in facts}
            page = ok(api.get(f"{here}/evidence", params={"limit": 1}))
            assert page["next"]
            assert ok(api.get(page["next"]))["evidence"] == evidence["evidence"][1:2]
        by_place = ok(api.get("/v1/incidents", params={"place": "5301"}))["incidents"]
        if len(by_place) == 2:
            first, second = (incident["id"] for incident in by_place)
            similar = ok(api.get(f"/v1/incidents/{first}/similar"))["similar"]
            assert similar[0]["incident"]["id"] == second
            assert similar[0]["agreed"]
        problem(api.get("/v1/incidents/i-0123456789abcdef/history"), 404)
        # Decisions over the web, by editors alone.
        one, other, *_ = [incident["id"] for incident in ok(api.get("/v1/incidents"))["incidents"]]
        problem(api.post(f"/v1/incidents/{one}/merge", json={"into": other}), 403)
        made = ok(api.post(f"/v1/incidents/{one}/merge", json={"into": other, "by": "编辑甲"}, headers=OPERATOR))
        assert api.get(f"/v1/incidents/{one}").status_code == 308
        assert ok(api.get("/v1/decisions", params={"incident": other}, headers=OPERATOR))["decisions"] == [made]
        assert ok(api.post(f"/v1/decisions/{made['id']}/undo", json={}, headers=OPERATOR))["undone_by"] == "admin"
        assert api.get(f"/v1/incidents/{one}").status_code == 200
        ok(api.post(f"/v1/incidents/{one}/mark", json={"tlp": "red"}, headers=OPERATOR))
        assert api.get(f"/v1/incidents/{one}").status_code == 404
        assert [line["kind"] for line in ok(api.get(f"/v1/incidents/{one}/history"))["changes"]][-1] == "restricted"
