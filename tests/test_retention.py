"""What is due goes, the rest stays, followers are told; SQLite here, PostgreSQL by test_postgres.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kept_world
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from stores import everything
from test_worker import complaint, put, told, unlike

from nlp.errors import ConflictError, InputError
from serving import audit, inbox, queries, reports, statistics
from serving.keeping import keeper, retention
from serving.keeping.retention import Rule
from serving.queries import IncidentFilter
from serving.store import Store, open_store
from serving.store.tables import DocumentRow

COMPLAINTS = Rule("办案", "complaint", days=10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(kept_world.filled(tmp_path))
    yield opened
    opened.close()


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def changes_of(store: Store, viewer: str) -> list[tuple[str, str]]:
    with store.reading() as session:
        return [(row.incident_id, row.kind) for row in queries.list_changes(session, viewer=viewer, limit=500).rows]


def last_change(session: Session, incident: str) -> Any:
    """The newest change of this incident, as an analyst is told of it."""
    rows = queries.list_changes(session, viewer="analyst", limit=500).rows
    return [row for row in rows if row.incident_id == incident][-1]


def totals_are_right(store: Store) -> bool:
    with store.reading() as session:
        return statistics.held(session) == {key: sums for key, sums in statistics.recount(session).items() if any(sums)}


def test_what_is_due_goes_and_leaves_a_tombstone(store: Store) -> None:
    before = everything(store)
    gone = kept_world.ids()["document"]
    assert retention.run(store, [COMPLAINTS], actor="测试", at=later(9)).documents == []
    planned = retention.run(store, [COMPLAINTS], actor="测试", at=later(11), dry_run=True)
    assert everything(store) == before  # nothing was touched
    done = retention.run(store, [COMPLAINTS], actor="测试", at=later(11))
    assert (done.documents, done.incidents, planned.documents, planned.incidents) == (
        [gone],
        planned.incidents,
        [gone],
        done.incidents,
    )
    (ended,) = done.incidents
    for viewer in ("analyst", "reader"):  # it was reviewed, so readers had it too
        assert changes_of(store, viewer)[-1] == (ended, "expired")
    rows = everything(store)
    assert kept_world.VICTIM not in str(rows)
    assert kept_world.PHONE not in str(rows)
    assert "TS-77" not in str(rows)
    assert totals_are_right(store)
    with store.reading() as session:
        assert queries.list_documents(session, words=kept_world.VICTIM)[0] == []
        assert audit.verify(session).wrong == ""
        line = audit.listing(session, limit=1)[0]
        assert (line.action, line.detail["bases"]) == ("retained", {"办案": 1})
    assert len(rows["audit"]) == len(before["audit"]) + 1  # nothing of the log ever goes
    assert retention.run(store, [COMPLAINTS], actor="测试", at=later(11)).documents == []


def test_an_incident_that_others_still_tell_stays_without_what_went(store: Store) -> None:
    put(
        store,
        complaint(f"我也被骗了{unlike(1)}\n嫌疑人：陈某丰\n地点：河南省/南阳市/邓州市 411381\n损失：38000", "TS-9"),
    )
    with store.reading() as session:
        report = queries.find_report(session, external_id="TS-9")
        assert report is not None
        name, incident = report.document_id, queries.incidents_of(session, report.document_id)[0]
    assert incident.data["sources"][-1]
    done = retention.run(store, [COMPLAINTS], actor="测试", at=later(11))
    assert incident.id not in done.incidents
    with store.reading() as session:
        row = queries.get_incident(session, incident.id, viewer="analyst")
    assert name not in str(row.data)
    assert totals_are_right(store)


def test_names_and_numbers_go_before_the_incident(store: Store) -> None:
    rule = Rule("办案", "complaint", days=100, personal_days=10)
    document = kept_world.ids()["document"]
    with store.reading() as session:
        before = queries.get_document(session, document)
        (incident,) = queries.incidents_of(session, document)
    done = retention.run(store, [rule], actor="测试", at=later(11))
    assert (done.documents, done.personal) == ([], [document])
    with store.reading() as session:
        after = queries.get_document(session, document)
        (still,) = queries.incidents_of(session, document)
    assert kept_world.VICTIM not in str(everything(store))
    assert len(after.text) == len(before.text)
    assert "■■■■" in after.text
    assert after.text.replace("■", "") in "".join(
        letter for at, letter in enumerate(before.text) if after.text[at] != "■"
    )
    assert (still.id, still.loss_max_fen) == (incident.id, 500_000)
    assert kept_world.PHONE in after.text  # it stands there as the suspect's name, which stays
    assert retention.run(store, [rule], actor="测试", at=later(12)).personal == []
    assert retention.run(store, [rule], actor="测试", at=later(101)).documents == [document]


def test_the_first_rule_that_fits_counts(store: Store) -> None:
    put(store, told("留"), told("去"))
    with store.writing() as session:
        session.execute(sa.update(DocumentRow).where(DocumentRow.doc_id == "留").values(publisher="某某日报"))
    rules = [Rule("报纸", "published", source="*日报", days=0), Rule("网页", "published", days=10), COMPLAINTS]
    retention.run(store, rules, actor="测试", at=later(11))
    with store.reading() as session:
        assert [row.doc_id for row in queries.list_documents(session)[0]] == ["留"]


def test_what_is_sent_again_after_its_time_is_received_anew(store: Store) -> None:
    retention.run(store, [COMPLAINTS], actor="测试", at=later(11))
    with store.writing() as session:
        again = inbox.accept(session, complaint(kept_world.COMPLAINT, "TS-77"))
    assert (again.outcome, again.document_id) == ("new", kept_world.ids()["document"])
    put(store)
    with store.reading() as session:
        row = queries.get_document(session, again.document_id)
        assert (row.text, row.expired_at) == (kept_world.COMPLAINT, "")
        assert len(queries.incidents_of(session, row.id)) == 1
        assert queries.get_report(session, again.report_id or "").external_id == "TS-77"


def test_by_itself_it_runs_once_a_day_and_never_empties_a_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keeper.once_a_day(store, [COMPLAINTS]) is not None
    assert keeper.once_a_day(store, [COMPLAINTS]) is None
    monkeypatch.setattr(retention, "FEW", 2)
    ahead = later(4000)  # a clock that jumped
    everywhere = [Rule("一切", days=10)]
    with pytest.raises(ConflictError, match="时钟或规则"):
        retention.run(store, everywhere, actor="自动", at=ahead, careful=True)
    assert len(retention.run(store, everywhere, actor="人", at=ahead, dry_run=True).documents) == 6


def test_a_correction_goes_with_its_document(store: Store) -> None:
    with store.writing() as session:
        reports.correct(session, kept_world.ids()["report"], by="小赵", kind="case", note=f"{kept_world.VICTIM}来电")
    retention.run(store, [COMPLAINTS], actor="测试", at=later(11))
    assert kept_world.VICTIM not in str(everything(store))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]]\ndays = 3", "依据"), ('[[rule]]\nbasis = "x"\nday = 3', "day"), ('[[rule]]\nbasis = "x"\nnature = "novel"', "novel"),
        ('[[rule]]\nbasis = "x"\ndays = -1', "天数"), ('[[rule]]\nbasis = "x"\npersonal = ["shoe"]', "shoe"), ("", "没有规则"), ("[[", "TOML"),
        ('[[rule]]\nbasis = "x"\n[[rule]]\ndays = true', "第 2 条"),
    ],
)  # fmt: skip
def test_rules_that_are_wrong_say_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        retention.load(file)
    assert said in str(caught.value)
    assert "rules.toml" in str(caught.value)


def test_the_example_of_the_guide_is_right(tmp_path: Path) -> None:
    guide = (Path(__file__).resolve().parents[1] / "docs" / "keeping.md").read_text(encoding="utf-8")
    (tmp_path / "rules.toml").write_text(guide.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    rules = retention.load(tmp_path / "rules.toml")
    assert len(rules) >= 2
    assert all(rule.basis for rule in rules)


FIELDS = "fields = { contacts = 5, accounts = 6, names = 7, text = 20, quotes = 30 }"
TELLING = f"我在网上被骗了，{unlike(9)}\n受害人：欧阳小测\n嫌疑人：陈大丰\n地点：{kept_world.LUQUAN}\n损失：7000"


def told_case(store: Store) -> tuple[str, str]:
    put(store, complaint(TELLING, "TS-88"))
    with store.reading() as session:
        report = queries.find_report(session, external_id="TS-88")
        assert report is not None
        (incident,) = queries.incidents_of(session, report.document_id)
    return report.document_id, incident.id


def test_a_group_of_fields_goes_before_the_document_and_the_feed_names_it(store: Store, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(
        f'[[rule]]\nnature = "complaint"\nbasis = "办案"\ndays = 40\n{FIELDS}\n', encoding="utf-8"
    )
    rules = retention.load(tmp_path / "r.toml")
    document, incident = told_case(store)
    with store.reading() as session:
        before = queries.get_incident(session, incident, viewer="analyst")
        text = queries.get_document(session, document).text
        keys = everything(store)["cases"]
    # 1. Names: gone from text, records and index, the incident stays with its sum and its place.
    done = retention.run(store, rules, actor="测试", at=later(8))
    assert document in done.personal
    assert done.fields["names"] >= 1
    assert (done.documents, done.incidents) == ([], [])
    assert "欧阳小测" not in str(everything(store))
    assert "陈大丰" not in str(everything(store))
    with store.reading() as session:
        row = queries.get_incident(session, incident, viewer="analyst")
        last = last_change(session, incident)
        assert row.loss_max_fen == before.loss_max_fen
        assert queries.list_documents(session, words="欧阳小测")[0] == []
        for name in ("欧阳小测", "陈大丰"):
            found = queries.list_incidents(session, IncidentFilter(words=name), viewer="analyst").rows
            assert incident not in {one.id for one in found}
        assert audit.listing(session, limit=1)[0].detail["fields"] == done.fields
    assert (last.kind, last.summary["expired"]) == ("revised", ["accounts", "contacts", "names"])
    assert retention.run(store, rules, actor="测试", at=later(9)).personal == []
    # 2. The text: only what the incident quotes is left of it, and the case is where it was.
    retention.run(store, rules, actor="测试", at=later(21))
    with store.reading() as session:
        half = queries.get_document(session, document).text
        row = queries.get_incident(session, incident, viewer="analyst")
    assert len(half) == len(text)
    assert "7000" in half
    assert half.count("■") > len("欧阳小测陈大丰")
    assert row.loss_max_fen == before.loss_max_fen
    assert {one[0] for one in keys} <= {one[0] for one in everything(store)["cases"]}
    # 3. The quotes: no letter is left, the sum still is.
    retention.run(store, rules, actor="测试", at=later(31))
    with store.reading() as session:
        assert set(queries.get_document(session, document).text) <= {"■", "\n", " "}
        row = queries.get_incident(session, incident, viewer="analyst")
        last = last_change(session, incident)
        assert audit.verify(session).wrong == ""
        assert queries.get_document(session, document).expired_fields.keys() == {
            "contacts",
            "accounts",
            "names",
            "text",
            "quotes",
        }
    assert row.loss_max_fen == before.loss_max_fen
    assert not [quote for quote in quotes_in(row.data) if set(quote) - {"■"}]
    assert last.summary["expired"] == ["quotes"]
    assert totals_are_right(store)
    # 4. At last the document itself.
    assert document in retention.run(store, rules, actor="测试", at=later(41)).documents


def quotes_in(data: object) -> list[str]:
    """Every quote of evidence in the record of an incident."""
    if isinstance(data, dict):
        own = [data["quote"]] if isinstance(data.get("quote"), str) else []
        return own + [one for value in data.values() for one in quotes_in(value)]
    return [one for item in data for one in quotes_in(item)] if isinstance(data, (list, tuple)) else []


def test_two_texts_without_letters_are_not_one_case(store: Store) -> None:
    """What is left of a text that went is no text by which cases are brought together, also after somebody is taken out of it."""
    from serving.keeping import held

    first = told_case(store)
    put(store, complaint(TELLING.replace(unlike(9), unlike(4)).replace("7000", "5100").replace("陈大丰", "钱某军")
                         .replace("欧阳小测", "司马小验").replace(kept_world.LUQUAN, kept_world.DENGZHOU), "TS-89"))  # fmt: skip
    rule = Rule("办案", "complaint", days=99, fields={"text": 5, "quotes": 5})
    retention.run(store, [rule], actor="测试", at=later(6))
    with store.reading() as session:
        other = queries.find_report(session, external_id="TS-89")
        assert other is not None
        before = [row.id for row in queries.incidents_of(session, other.document_id)]
    held.erase(store, ["司马小验"], actor="测试", reason="本人申请")
    with store.reading() as session:
        after = [row.id for row in queries.incidents_of(session, other.document_id)]
    assert after == before
    assert first[1] not in after
    assert "司马小验" not in str(everything(store))


def test_an_erasure_on_ones_word_does_not_keep_the_names_of_the_others(store: Store) -> None:
    from serving.keeping import held

    document, _ = told_case(store)
    held.erase(store, ["陈大丰"], actor="测试", reason="本人申请")
    rule = Rule("办案", "complaint", days=99, personal_days=5)
    assert document in retention.run(store, [rule], actor="测试", at=later(6)).personal
    assert "欧阳小测" not in str(everything(store))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("fields = { phones = 3 }", "contacts"),
        ("fields = { contacts = 0 }", "天数"),
        ("fields = { contacts = true }", "天数"),
        ("fields = 3", "fields"),
        ("fields = { quotes = 3 }", "引文先于全文"),
        ("fields = { quotes = 3, text = 4 }", "引文先于全文"),
        ("fields = { text = 3, names = 4 }", "全文先于"),
        ("personal_days = 9\nfields = { text = 3 }", "全文先于"),
    ],
)
def test_days_of_fields_that_cannot_be_kept_are_refused(tmp_path: Path, fields: str, told: str) -> None:
    (tmp_path / "r.toml").write_text(f'[[rule]]\nbasis = "办案"\n{fields}\n', encoding="utf-8")
    with pytest.raises(InputError, match=told):
        retention.load(tmp_path / "r.toml")
