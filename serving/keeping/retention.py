"""How long what may be kept, on which legal basis, and the removal of what is due.

In: a TOML file of rules (FANZHA_RETENTION), a store, a day. Out: documents that lost their texts and left their incidents (kind "expired" in
the feed), documents that lost names and numbers only, counts, one line in the audit log. Without a file nothing is ever removed. The
audit log is not touched. A rule: nature ("complaint", "published", "" for either), source (a glob over publisher, address or origin, "" for
any), basis (why it may be kept at all), days (the whole document), personal_days (names and numbers in it), personal (which of them, as
`nlp.named` sorts them), fields (days of single groups: contacts, accounts, …, text; see `GROUPS`). A group that went leaves the incident
without it and a line in the feed that names it. The first rule that fits a document counts; days run from when it was received; 0 keeps for ever.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, InputError
from serving import audit, changes, gone_texts, incidents
from serving.keeping import redact
from serving.keeping.redact import Finder
from serving.store import Store
from serving.store.feed_tables import DecisionRow
from serving.store.identity import now
from serving.store.tables import ArticleRow, BatchEntryRow, ChangeRow, DocumentRow, InboxRow, IncidentRow, ReportRow

# Documents a transaction: others write between two of them.
PAGE = 50
SCAN = 1000
# Of a person's, in a document; a suspect's name is what a case is known by and stays as long as the document.
PERSONAL = ("victim", "phone", "account", "contact", "locality")
# Groups of fields that a rule may give days of their own → the sorts of `nlp.named` in them. quotes: what incidents quote of the text; text:
# all the rest of it. They have no sort, and go last, as names are looked for in the text.
QUOTES = "quotes"
GROUPS: dict[str, tuple[str, ...]] = {
    "contacts": ("phone", "contact"),
    "accounts": ("account",),
    "addresses": ("locality",),
    "victims": ("victim",),
    "names": ("victim", "suspect", "other", "perhaps"),
    gone_texts.TEXT: (),
    QUOTES: (),
}
# What `personal_days` takes out is noted under this name.
PERSONAL_GROUP = "personal"
NATURES = ("", "complaint", "published")
# By itself (the background worker) no more than this share of all documents goes in one day, unless they are few: a clock that jumped
# ahead, or a slip in the rules, must not empty a store. `fanzha retain` removes whatever is due.
SHARE, FEW = 0.1, 100


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    basis: str
    nature: str = ""
    source: str = ""
    days: int = 0
    personal_days: int = 0
    personal: tuple[str, ...] = PERSONAL
    fields: Mapping[str, int] = field(default_factory=dict)

    def groups(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Group → (days, sorts of names in it), for those that have days."""
        own = {PERSONAL_GROUP: (self.personal_days, self.personal)} if self.personal_days else {}
        return own | {name: (days, GROUPS[name]) for name, days in self.fields.items()}

    def fits(self, nature: str, sources: Sequence[str]) -> bool:
        """Is this the rule for such a document?"""
        return self.nature in ("", nature) and (
            not self.source or any(fnmatchcase(s, self.source) for s in sources if s)
        )


@dataclass(slots=True)
class Retained:
    """What went, or would go. documents, personal (those that lost groups of fields): ids; fields: group → how many documents lost it;

    incidents: ids of those that ended; changes: numbers in the feed.
    """

    documents: list[str] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)
    fields: dict[str, int] = field(default_factory=dict)
    incidents: list[str] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    by_rule: dict[str, int] = field(default_factory=dict)


def load(file: Path) -> list[Rule]:
    """The rules of a file. Raises InputError that says which line of the table is wrong."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"读不出留存规则：{error}", where=str(file), expected="TOML，见 docs/keeping.md") from error
    if set(table) != {"rule"} or not isinstance(table["rule"], list):
        raise InputError("没有规则", where=str(file), expected="一个或多个 [[rule]]")
    return [_rule(said, f"{file} 第 {number} 条") for number, said in enumerate(table["rule"], 1)]


def _rule(said: Any, where: str) -> Rule:
    numbers = [said.get(name, 0) for name in ("days", "personal_days")]
    texts = [said.get(name, "") for name in ("basis", "nature", "source")]
    known = {"basis", "nature", "source", "days", "personal_days", "personal", "fields"}
    if unknown := set(said) - known:
        raise InputError(f"不认识 {'、'.join(sorted(unknown))}", where=where, expected="、".join(sorted(known)))
    if not all(isinstance(text, str) for text in texts) or not said.get("basis", "").strip():
        raise InputError("没有写依据", where=where, expected='basis = "依据哪部法律、为了什么"')
    if said.get("nature", "") not in NATURES:
        raise InputError(f"nature = {said['nature']!r}", where=where, expected="complaint、published 或不写")
    if any(isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= 36_500 for days in numbers):
        raise InputError("天数不对", where=where, expected="0（一直留着）到 36500 的整数")
    personal = said.get("personal", list(PERSONAL))
    if not isinstance(personal, list) or not set(personal) <= {*PERSONAL, "suspect", "other"}:
        raise InputError(f"personal = {personal!r}", where=where, expected="、".join((*PERSONAL, "suspect", "other")))
    _check_fields(said.get("fields", {}), numbers[1], where)
    return Rule(**said | {"personal": tuple(personal)})


def _check_fields(fields: Any, personal_days: int, where: str) -> None:
    if not isinstance(fields, dict) or not set(fields) <= set(GROUPS):
        raise InputError(
            f"fields = {fields!r}", where=where, expected="fields = { 类别 = 天数 }，类别为 " + "、".join(GROUPS)
        )
    if any(isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 36_500 for days in fields.values()):
        raise InputError("fields 里的天数不对", where=where, expected="1 到 36500 的整数；一直留着的不写")
    text = fields.get(gone_texts.TEXT, fields.get(QUOTES))
    if QUOTES in fields and not fields.get(gone_texts.TEXT, 36_501) <= fields[QUOTES]:
        raise InputError(
            "引文先于全文到期", where=where, expected="写了 quotes 就要写 text，天数不多于 quotes：引文就在全文里"
        )
    earlier = [days for name, days in fields.items() if name not in (gone_texts.TEXT, QUOTES)] + [personal_days]
    if text and max(earlier) > text:
        raise InputError(
            "全文先于姓名号码到期",
            where=where,
            expected="text、quotes 的天数不少于别的类别：全文没有了，就找不到还要去掉的",
        )


def run(
    store: Store, rules: Sequence[Rule], *, actor: str, at: datetime | None = None, dry_run: bool = False, careful: bool = False
) -> Retained:  # fmt: skip
    """Remove what is due at `at` (now). dry_run: change nothing. careful: ConflictError where too much would go at once."""
    at = at or datetime.now(UTC)
    done = Retained()
    with store.reading() as session:
        expired: list[str] = []
        partly: dict[str, dict[str, tuple[str, ...]]] = {}
        for document_id, rule, groups in _due(session, rules, at):
            done.by_rule[rule.basis] = done.by_rule.get(rule.basis, 0) + 1
            if groups is None:
                expired.append(document_id)
                continue
            partly[document_id] = groups
            done.personal.append(document_id)
            for name in groups:
                done.fields[name] = done.fields.get(name, 0) + 1
        count = session.scalar(sa.select(sa.func.count()).where(DocumentRow.expired_at == "")) or 0
        done.documents = expired
        done.incidents = _ending(session, expired)
    if careful and len(expired) > max(FEW, SHARE * count):
        raise ConflictError(
            f"一次到期 {len(expired)} 件，共 {count} 件：可能是时钟或规则有误，没有动", where="FANZHA_RETENTION",
            advice="先看 fanzha retain --dry-run，确实如此再运行 fanzha retain",
        )  # fmt: skip
    if dry_run or not (expired or partly):
        return done
    for chunk in _pages(expired):
        with store.writing() as session:
            done.changes += expire(session, chunk)
    for chunk in _pages(list(partly)):
        with store.writing() as session:
            done.changes += forget_fields(session, {name: partly[name] for name in chunk})
    with store.writing() as session:
        detail = {
            "documents": len(expired),
            "personal": len(partly),
            "fields": done.fields,
            "incidents": len(done.incidents),
            "bases": done.by_rule,
        }
        audit.record(session, actor, "admin", "retained", detail=detail)
    return done


def expire(session: Session, document_ids: Sequence[str]) -> list[int]:
    """Take documents out for good: incidents, texts, names, numbers, what people noted of them. Returns the numbers of the changes."""
    changes.lock(session)
    ending = _ending(session, document_ids)
    numbers = incidents.withdraw_documents(session, document_ids, gone="expired")
    when = now()
    for document_id in document_ids:
        redact.empty(session, document_id, when)
    gone = {"external_id": None, "idempotency_key": None, "correction": None}
    session.execute(sa.update(ReportRow).where(ReportRow.document_id.in_(document_ids)).values(**gone))
    session.execute(
        sa.update(BatchEntryRow).where(BatchEntryRow.document_id.in_(document_ids)).values(name="", error=None)
    )
    session.execute(sa.update(InboxRow).where(InboxRow.document_id.in_(document_ids)).values(error=""))
    # An incident that is over: nothing said of it can be undone, and its log no longer tells where a victim lives.
    session.execute(
        sa.update(DecisionRow)
        .where(DecisionRow.incident_id.in_(ending))
        .values(note="", details={}, undone_by="expired", undone_at=when)
    )
    for change in session.scalars(sa.select(ChangeRow).where(ChangeRow.incident_id.in_(ending))):
        change.summary = {
            key: {name: value for name, value in side.items() if name != changes.INNER}
            if isinstance(side, dict)
            else side
            for key, side in change.summary.items()
        }
    return numbers


def forget_fields(session: Session, wanted: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[int]:
    """Take groups of fields out of documents: id → group → sorts of names in it. Returns the numbers of the changes, which name the groups."""
    changes.lock(session)
    touched: dict[tuple[str, ...], set[str]] = {}
    when = now()
    for document_id, groups in wanted.items():
        row = session.get_one(DocumentRow, document_id)
        sorts = {sort for told in groups.values() for sort in told}
        values = [name for name, sort in row.names.items() if sort in sorts and _is_long_enough(name)]
        found = redact.redact(session, document_id, Finder(values)) if values else set()
        if gone_texts.TEXT in groups or QUOTES in groups:
            found |= redact.cover_text(session, document_id, quotes=QUOTES in groups)
        row.expired_fields = {**row.expired_fields, **dict.fromkeys(groups, when)}
        touched.setdefault(tuple(sorted(groups)), set()).update(found)
    numbers = []
    for named, incident_ids in sorted(touched.items()):
        numbers += incidents.rebuild(session, incident_ids, fields=named)
    return sorted(numbers)


def _is_long_enough(name: str) -> bool:
    try:
        Finder([name])
    except InputError:
        return False
    return True


def _due(
    session: Session, rules: Sequence[Rule], at: datetime
) -> Iterator[tuple[str, Rule, dict[str, tuple[str, ...]] | None]]:
    """(document, rule, groups that go; None: the whole) for everything that is due, the oldest first."""
    every = (days for rule in rules for days in (rule.days, *(days for days, _ in rule.groups().values())) if days)
    least = min(every, default=0)
    if not least:
        return
    read = sa.exists().where(ArticleRow.document_id == DocumentRow.id).label("read")
    columns = (DocumentRow.id, DocumentRow.nature, DocumentRow.publisher, DocumentRow.url, DocumentRow.origin,
               DocumentRow.stored_at, DocumentRow.expired_fields, read)  # fmt: skip
    query = sa.select(*columns).where(DocumentRow.expired_at == "", DocumentRow.stored_at < _moment(at, least))
    for row in session.execute(
        query.order_by(DocumentRow.stored_at, DocumentRow.id), execution_options={"yield_per": SCAN}
    ):
        rule = next((rule for rule in rules if rule.fits(row.nature, (row.publisher, row.url, row.origin))), None)
        if rule is None:
            continue
        if rule.days and row.stored_at < _moment(at, rule.days):
            yield row.id, rule, None
            continue
        due = {
            name: sorts for name, (days, sorts) in rule.groups().items()
            if name not in row.expired_fields and row.stored_at < _moment(at, days)
        }  # fmt: skip
        # Whom a document names that failed or still waits is not known: that goes once it is read, or with the text.
        if due and (row.read or gone_texts.TEXT in {*due, *row.expired_fields}):
            yield row.id, rule, due


def _ending(session: Session, document_ids: Sequence[str]) -> list[str]:
    """The incidents that nothing else tells."""
    from serving.store.tables import CaseRow

    gone, told = set(document_ids), set()
    for chunk in _pages(document_ids):
        told |= set(session.scalars(sa.select(CaseRow.incident_id).where(CaseRow.document_id.in_(chunk))))
    ending = []
    for incident_id in sorted(filter(None, told)):
        by = session.scalars(sa.select(CaseRow.document_id).where(CaseRow.incident_id == incident_id).distinct())
        if set(by) <= gone and session.get(IncidentRow, incident_id) is not None:
            ending.append(incident_id)
    return ending


def _moment(at: datetime, days: int) -> str:
    """The moment `days` before, as rows write it."""
    return (at - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pages(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), PAGE):
        yield values[start : start + PAGE]
