"""Incidents as rows: built anew from their cases, numbered in the feed, visible or not.

In: ids of incidents whose cases changed, in an open write transaction (the caller holds `changes.lock`). Out: incident rows,
their places and search words, and one change each where something is different. It does not decide which cases belong together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask, mask_places
from nlp.incident import Incident, Link, SourcedCase
from nlp.records import Amount, Place
from nlp.resolve import build_incident
from serving import changes, marking, resolution, snapshots, sourced, standing, statistics
from serving.found_by import search_text
from serving.store import shapes
from serving.store.identity import now
from serving.store.incident_index import ANALYST, FACETS, READER, index_for
from serving.store.incident_index import facets as facet_words
from serving.store.search import search_for
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, InboxRow, IncidentPlaceRow, IncidentRow, ReportRow
from serving.views import NAMES, READERS, incident_view

# Asked for every document or incident: put together once, and of tables, for an entity costs more than its row.
_INCIDENTS, _PLACES, _ARTICLES, _DOCUMENTS = (
    sa.inspect(row).local_table for row in (IncidentRow, IncidentPlaceRow, ArticleRow, DocumentRow)
)
_KNOWN = sa.select(_INCIDENTS.c.id).where(_INCIDENTS.c.id == sa.bindparam("incident"))
_ANALYSED = sa.select(_ARTICLES.c.number).where(_ARTICLES.c.document_id == sa.bindparam("document")).limit(1)
_NAMES = sa.select(_DOCUMENTS.c.names).where(_DOCUMENTS.c.id.in_(sa.bindparam("documents", expanding=True)))


def rebuild(
    session: Session, incident_ids: Iterable[str], *, gone: changes.ChangeKind = "withdrawn", fields: Sequence[str] = ()
) -> list[int]:
    """Build each incident from its cases and write what changed; returns the numbers of the changes, in order.

    An incident that comes out as it was gets no change. One without cases becomes a tombstone: a redirect when it was
    merged, else of the kind `gone` (withdrawn, expired). fields: groups that went with time; each incident gets a line that names them, also
    where nothing else is seen of it. What `resolution.settle` split is told on both sides.
    """
    wanted = set(incident_ids)
    session.flush()  # what follows asks tables, which does not flush by itself
    parts = resolution.splits(session)
    parents = {part: parent for parent, made in parts.items() for part in made}
    numbers = []
    # Parts first: the parent's line names ids that the log knows by then.
    for incident_id in sorted(wanted, key=lambda name: (name in parts, name)):
        known = session.scalar(_KNOWN, {"incident": incident_id}) is not None
        row = session.get(IncidentRow, incident_id) if known else None
        cases = sourced.of_incident(session, incident_id)
        if cases:
            # Whom its record names already was noted then; a thousand sources are not noted again for one that joins.
            noted = {source["document_id"] for source in row.data.get("sources", ())} if row is not None else set()
            told = {case.source.document_id for case in cases}
            snapshots.belongs(session, ((document_id, incident_id) for document_id in told - noted))
            links = resolution.best_links(session, incident_id) if len(cases) > 1 else []
            incident = marking.marked(session, build_incident(incident_id, cases, links))
            names = _names_of(session, told)
            story = {
                "parent": parents.get(incident_id),
                "into": sorted(parts.get(incident_id, ())),
                "expired": list(fields),
            }
            number = _write(session, row, incident, _for_readers(incident, cases, links), names, story)
        else:
            number = _bury(session, row, gone) if row is not None and not row.withdrawn else None
        if number is not None:
            numbers.append(number)
    session.flush()
    return numbers


def withdraw_documents(
    session: Session, document_ids: Iterable[str], *, gone: changes.ChangeKind = "withdrawn"
) -> list[int]:
    """Take documents out: their cases leave their incidents, they are found no longer, their rows stay. Returns the changes.

    A complaint's report is withdrawn with it. Documents that are withdrawn already are left alone. Old versions of the incidents
    that told them are erased. gone: what the log calls the end of an incident that nothing else tells ("expired" for retention).
    """
    changes.lock(session)
    touched: set[str] = set()
    taken = []
    for document_id in document_ids:
        document = session.get_one(DocumentRow, document_id)
        if document.withdrawn:
            continue
        document.withdrawn = True
        session.execute(
            sa.update(InboxRow)
            .where(InboxRow.document_id == document_id, InboxRow.state.in_(("accepted", "working")))
            .values(state="done", error="已撤回", claimed_by="", finished_at=now())
        )
        session.execute(sa.update(ReportRow).where(ReportRow.document_id == document_id).values(state="withdrawn"))
        touched |= forget_analysis(session, document_id)
        standing.renew(session, document_id)
        _search(session).remove(session, document_id)
        taken.append(document_id)
    numbers = rebuild(session, resolution.settle(session, touched), gone=gone)
    snapshots.erase(session, taken)
    return numbers


def forget_analysis(session: Session, document_id: str) -> set[str]:
    """Remove articles and cases of a document; returns the incidents to settle and build anew."""
    if session.scalar(_ANALYSED, {"document": document_id}) is None:
        return set()
    cases = list(session.scalars(sa.select(CaseRow.id).where(CaseRow.document_id == document_id)))
    marking.note(session, document_id)
    touched = resolution.detach(session, cases) if cases else set()
    session.execute(sa.delete(ArticleRow).where(ArticleRow.document_id == document_id))
    return touched


def facets(row: IncidentRow, codes: Sequence[str], inner: Sequence[str] = ()) -> dict[str, Any]:
    """What a follower filters by, as it stands in a change. `codes`: as near as a reader may come; `inner`: the whole of them."""
    found = {
        "label": row.label, "codes": list(codes), "loss_min_fen": row.loss_min_fen, "loss_max_fen": row.loss_max_fen,
        "first_date": row.first_date, "last_date": row.last_date, "published": row.published_last, "status": row.status,
        "basis": row.basis, "tlp": row.tlp, "public": row.public, "place_code": row.place_code,
    }  # fmt: skip
    return found | ({changes.INNER: list(inner)} if set(inner) - set(codes) else {})


def numbers_of(row: IncidentRow) -> dict[int, list[str]]:
    """The numbers under which an incident stands in its index, and who finds it under each."""
    found = {row.sequence: [ANALYST]}
    if row.public and row.reader_sequence:
        found.setdefault(row.reader_sequence, []).append(READER)
    return found


def enter(
    session: Session, row: IncidentRow, stood: Iterable[int], text: str, codes: Sequence[str], inner: Sequence[str]
) -> None:  # fmt: skip
    """Let an incident be found by this text and by its facets, under its numbers now and no longer under those where it stood."""
    index = index_for(session)
    index.remove(session, stood)
    for number, viewers in numbers_of(row).items():
        told = facet_words({name: getattr(row, name) for name in FACETS}, codes, inner, viewers)
        index.put(session, number, text, told, private=not row.public)


def _search(session: Session) -> Any:
    return search_for(session.get_bind().dialect.name)


def codes_of(session: Session, incident_id: str) -> tuple[list[str], list[str]]:
    """The codes that readers find it by, and all of them."""
    query = (
        sa.select(IncidentPlaceRow).where(IncidentPlaceRow.incident_id == incident_id).order_by(IncidentPlaceRow.code)
    )
    rows = session.scalars(query).all()
    return [row.code for row in rows if row.public], [row.code for row in rows]


def _codes(incident: Incident) -> list[str]:
    return sorted({fact.value.code for fact in incident.facts if isinstance(fact.value, Place) and fact.value.code})


def _for_readers(incident: Incident, cases: Sequence[SourcedCase], links: Sequence[Link]) -> Incident:
    """A public incident without complaints that nobody reviewed: nothing of those may reach a reader, not even by a filter."""
    seen = [case for case in cases if case.source.nature == "published" or case.source.reviewed]
    if not incident.public or len(seen) == len(cases):
        return incident
    ids = {case.case_id for case in seen}
    return build_incident(incident.id, seen, [link for link in links if {link.first, link.second} <= ids])


def _names_of(session: Session, document_ids: Iterable[str]) -> dict[str, str]:
    """All that the documents name, the stricter way where two differ (see `nlp.named`)."""
    rows: list[dict[str, str]] = []
    for some in sourced.chunks(sorted(document_ids)):
        rows += session.scalars(_NAMES, {"documents": list(some)})
    told = ((name, sort, ()) for names in rows for name, sort in names.items())
    return dict(sorted(mask.names_of(told, convicted=False).items()))


def _same_to_readers(row: IncidentRow, shown: Incident, data: Mapping[str, Any]) -> bool:
    """Will a reader see of this public incident what he saw before? Else its revision to readers moves.

    Names that unreviewed complaints bring are masked wherever they stand; where they stand nowhere that a reader sees, nothing moved.
    """
    old, new = (
        (told.get(READERS) or {key: part for key, part in told.items() if key != NAMES}, told.get(NAMES))
        for told in (row.data, data)
    )
    if old == new:
        return True
    if not row.public or not shown.public or old[0] != new[0]:
        return False
    before, after = (incident_view(IncidentRow(id=row.id, public=True, data=told)) for told in (row.data, data))
    return before == after


def _write(
    session: Session, row: IncidentRow | None, incident: Incident, shown: Incident, names: Mapping[str, str],
    story: Mapping[str, Any],
) -> int | None:  # fmt: skip
    """shown: what readers may know of it; columns, facets and search words are made of that. story: what a split says."""
    # 1. Nothing new?
    data = shapes.dump(incident) | {NAMES: dict(names)}
    if shown is not incident:
        data[READERS] = shapes.dump(shown)
    if row is not None and row.data == data and not row.withdrawn and not story["expired"]:
        return None
    # 2. What it was before.
    known = row is not None
    before = facets(row, *codes_of(session, incident.id)) if row is not None and not row.withdrawn else None
    stood = [] if row is None else numbers_of(row)
    revived, was_public = row is not None and row.withdrawn, row is not None and row.public
    same_to_readers = row is not None and was_public and _same_to_readers(row, shown, data)
    marked = row is not None and row.tlp != shown.tlp
    if row is None:
        row = IncidentRow(id=incident.id, revision=0, sequence=0, reader_revision=0, created_at=now(), withdrawn=False)
    number = changes.next_number(session)
    if before is not None:
        snapshots.keep(session, row, number, before)
    # 3. The row, its places, its words.
    row.revision += 1
    row.sequence, row.withdrawn, row.merged_into, row.revised_at = number, False, None, now()
    for column, value in _columns(shown).items():
        setattr(row, column, value)
    row.data, row.tactics = data, list(incident.tactics)
    codes, inner = _codes(mask_places.for_readers(shown)), _codes(shown)
    # 4. Its number, and whether that is one to readers.
    to_readers = (was_public or row.public) and (not same_to_readers or bool(story["expired"]))
    if to_readers:
        row.reader_revision += 1
        row.reader_sequence, row.reader_revised_at = number, row.revised_at
        row.reader_created_at = row.reader_created_at or row.revised_at
    kind: changes.ChangeKind = (
        "restored" if revived else "created" if not known else "restricted" if was_public and not row.public
        else "marked" if marked else "split" if story["into"] else "revised"
    )  # fmt: skip
    after = facets(row, codes, inner)
    changes.record(
        session, number, row.id, kind, row.revision, reader_revision=row.reader_revision if to_readers else None,
        summary={"before": before, "after": after, **{key: value for key, value in story.items() if value}},
    )  # fmt: skip
    if known:
        session.flush()
    else:  # most incidents have one source and are written once: a row, not an entity, which costs twice as much
        session.execute(_INCIDENTS.insert(), {name: value for name, value in vars(row).items() if name in _INCIDENTS.c})
    statistics.keep(session, before, after)
    if known:
        session.execute(sa.delete(IncidentPlaceRow).where(IncidentPlaceRow.incident_id == row.id))
    if everything := sorted({*codes, *inner}):
        rows = [{"code": code, "incident_id": row.id, "public": code in codes} for code in everything]
        session.execute(_PLACES.insert(), rows)
    enter(session, row, stood, search_text(shown, incident, names), codes, inner)
    return number


def _bury(session: Session, row: IncidentRow, gone: changes.ChangeKind) -> int:
    """Leave a tombstone: no content, a redirect where it was merged."""
    before = facets(row, *codes_of(session, row.id))
    was_public = row.public
    index_for(session).remove(session, numbers_of(row))
    number = changes.next_number(session)
    if row.merged_into:  # what was withdrawn or has expired is not kept
        snapshots.keep(session, row, number, before)
    row.revision += 1
    row.sequence, row.withdrawn, row.public, row.revised_at = number, True, False, now()
    row.title = row.summary = ""
    row.data, row.tactics = {}, []
    row.sources = 0
    if was_public:
        row.reader_revision += 1
        row.reader_sequence, row.reader_revised_at = number, row.revised_at
    changes.record(
        session, number, row.id, "merged" if row.merged_into else gone, row.revision,
        reader_revision=row.reader_revision if was_public else None, summary={"before": before, "after": None},
        redirect=row.merged_into,
    )  # fmt: skip
    statistics.keep(session, before, None)
    session.execute(sa.delete(IncidentPlaceRow).where(IncidentPlaceRow.incident_id == row.id))
    return number


def _columns(incident: Incident) -> dict[str, Any]:
    loss = next((total for total in incident.totals if total.role == "loss"), None)
    sums = [
        fact.value.value_max
        for fact in incident.facts
        if isinstance(fact.value, Amount) and fact.value.currency == "CNY"
    ]
    return {
        "label": incident.label, "title": incident.title, "summary": incident.summary, "status": incident.status,
        "basis": incident.basis, "tlp": incident.tlp, "public": incident.public,
        "reviewed": any(source.reviewed for source in incident.sources),
        "loss_min_fen": _fen(loss.minimum) if loss else None, "loss_max_fen": _fen(loss.maximum) if loss else None,
        "sum_max_fen": _fen(max(sums)) if sums else None,
        "first_date": incident.first_date or None, "last_date": incident.last_date or None,
        "published_last": incident.published or None, "sources": len(incident.sources), "place_code": _main_place(mask_places.for_readers(incident)),
    }  # fmt: skip


def _main_place(incident: Incident) -> str | None:
    """The code of the place told first among the scenes, else among all: facts stand by how many sources tell them."""
    told = [fact for fact in incident.facts if isinstance(fact.value, Place) and fact.value.code]
    scenes = [fact for fact in told if fact.role == "scene"] or told
    return scenes[0].value.code if scenes else None  # type: ignore[union-attr]


def _fen(yuan: Decimal) -> int:
    """Yuan as fen, capped at what a 64-bit column holds: a sum beyond 9e16 yuan is a misreading, not money."""
    return min(int(yuan * 100), 2**63 - 1)
