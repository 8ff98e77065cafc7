"""Which incident a case belongs to: new cases join, withdrawn ones leave, ids stay.

In: case rows in an open write transaction (the caller holds `changes.lock`). Out: the ids of the incidents touched, which
`serving.incidents.rebuild` then writes anew. The comparing itself is `nlp.resolve`; every link it makes is kept with its reasons.

What an article of another kind retells of a case (`Sketch.retold`) founds no incident and bridges none: `serving.retold` says where it stands.

A case joins the incident of its best link. Where it links two incidents that were apart, these are merged only when a direct
comparison of their own cases leaves it at least open: a chain of weak likenesses joins nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.incident import Link
from nlp.resolve import Sketch, blocking_keys, compare
from serving import marking, retold, sourced
from serving.retold import JOINS
from serving.standing import PERSON
from serving.store import identity, sealed, shapes
from serving.store.tables import ArticleRow, CaseKeyRow, CaseRow, IncidentRow, LinkRow

# Cases looked up a key and compared a case. A key that more cases share (a type in a big city) tells little by itself; the
# cap keeps the work a case constant, so resolving stays near-linear: the newest of each key, those with most keys in common first.
PER_KEY = 32
PER_CASE = 32
# Cases of each side that are compared before two incidents are merged.
PER_SIDE = 4
# Links kept inside an incident's record, best first; all of them stay in the table (n cases have up to n²/2).
PER_INCIDENT = 100
_SPLITS = "fanzha_splits"
# Tables, not entities: a case costs a dozen statements, and half of what an entity's cost is the entity.
_CASES, _KEYS, _LINKS = (sa.inspect(row).local_table for row in (CaseRow, CaseKeyRow, LinkRow))
# What is asked for every case, put together once.
_STANDS = sa.select(IncidentRow.merged_into).where(IncidentRow.id == sa.bindparam("name"))
# The cases of an incident without those that are only retold.
_OWN = (
    sa.select(_CASES.c.id)
    .join(ArticleRow, (ArticleRow.document_id == _CASES.c.document_id) & (ArticleRow.number == _CASES.c.article))
    .where(_CASES.c.incident_id == sa.bindparam("name"), ArticleRow.kind == taxonomy.CASE)
    .order_by(_CASES.c.id)
)
_HELD = _OWN.limit(1)
# A page of keys as they were when it began; a case whose keys two pages hold is written twice, and stands once.
_KEYED = (
    sa.select(_KEYS.c.id, _KEYS.c.case_id)
    .where(_KEYS.c.id > sa.bindparam("after"), _KEYS.c.id <= sa.bindparam("last"))
    .order_by(_KEYS.c.id)
    .limit(20_000)
)
_MOVES = sa.update(_CASES).where(_CASES.c.id == sa.bindparam("own")).values(incident_id=sa.bindparam("home"))


def attach(session: Session, case_ids: Sequence[str], spoken: Collection[str] = ()) -> set[str]:
    """Give each new case its incident: the best that it links to, else one of its own. Returns the incidents touched.

    spoken: those that a person's link speaks of (`standing.renew`); his word goes before the machine's.
    1. Keys. 2. Candidates. 3. Links, kept unless they say nothing or a person's stands there. 4. Join, merge or found.
    """
    touched: set[str] = set()
    session.flush()  # what follows asks tables, which does not flush by itself
    loaded = sourced.to_compare(session, case_ids)
    for case_id in case_ids:
        case = loaded[case_id]
        keys = blocking_keys(case)  # 1.
        stamps = _nearest(session, case_id, keys)  # 2.
        others = sourced.to_compare(session, list(stamps), stamps)
        _write_keys(session, case_id, keys)
        # Compared in the order of their ids, so that a link reads the same whichever came first.
        pairs = (sorted((case, other), key=lambda told: told.case_id) for other in others.values())
        said = _said(session, case_id) if case_id in spoken else {}
        links = [compare(first, second) for first, second in pairs]  # 3.
        links = [link for link in links if link.decision != "apart" and not {link.first, link.second} & set(said)]
        keep_links(session, links)
        joins = [link for link in links if link.decision in JOINS]
        passing = {name for name, other in others.items() if other.retold}
        touched |= _place(session, case, joins, said, passing)  # 4.
    return touched


def detach(session: Session, case_ids: Sequence[str]) -> set[str]:
    """Take cases out of the store with keys and links; returns the incidents that lost one, for `settle` and `rebuild`."""
    touched: set[str] = set()
    for some in sourced.chunks(case_ids):
        rows = session.scalars(sa.select(CaseRow.incident_id).where(CaseRow.id.in_(some)))
        touched |= {incident for incident in rows if incident}
        session.execute(sa.delete(LinkRow).where(LinkRow.first.in_(some) | LinkRow.second.in_(some)))
        session.execute(sa.delete(CaseKeyRow).where(CaseKeyRow.case_id.in_(some)))
        session.execute(sa.delete(CaseRow).where(CaseRow.id.in_(some)))
    return touched


def key_anew(session: Session) -> int:
    """Write the keys of every case again, in the order in which the cases came (the newest of a key are looked up); returns how many.

    About a millisecond of processor time a case, read in pages. For a store whose keys an older program made.
    """
    last = session.scalar(sa.select(sa.func.max(_KEYS.c.id))) or 0
    after, count = 0, 0
    while rows := session.execute(_KEYED, {"after": after, "last": last}).all():
        after = rows[-1].id
        ids = list(dict.fromkeys(row.case_id for row in rows))
        session.execute(sa.delete(_KEYS).where(_KEYS.c.case_id.in_(ids)))
        cases = sourced.to_compare(session, ids)
        for case_id in filter(cases.__contains__, ids):
            _write_keys(session, case_id, blocking_keys(cases[case_id]))
        count += len(cases)
    return count


def _write_keys(session: Session, case_id: str, keys: Collection[str]) -> None:
    if keys:
        rows = [{"key": key, "case_id": case_id} for key in sealed.in_use(sorted({key[:200] for key in keys}))]
        session.execute(_KEYS.insert(), rows)


def settle(session: Session, incident_ids: set[str]) -> set[str]:
    """Let incidents fall apart where no link holds them together any more; returns them and what split off.

    The part with the founding case keeps the id. Called after cases that were taken out to be filed anew are back.
    """
    whole = incident_ids | {part for incident in incident_ids for part in _split(session, incident)}
    return whole | retold.place_in(session, whole)


def best_links(session: Session, incident_id: str) -> list[Link]:
    """The best links among the cases of an incident, at most `PER_INCIDENT`; of a large one those among as many cases.

    Two thousand reprints have 64,000 links, and the incident is built anew with every one that joins.
    """
    ours = sa.select(_CASES.c.id).where(_CASES.c.incident_id == incident_id).order_by(_CASES.c.id).limit(PER_INCIDENT)
    names = session.scalars(ours).all()
    rows = session.scalars(
        sa.select(_LINKS.c.data)
        .where(_LINKS.c.first.in_(names), _LINKS.c.second.in_(names))
        .order_by(_LINKS.c.score.desc(), _LINKS.c.first, _LINKS.c.second)
        .limit(PER_INCIDENT)
    )
    return [shapes.load_link(data) for data in rows]


def splits(session: Session) -> dict[str, set[str]]:
    """Which incidents `settle` let fall apart in this transaction since this was last asked: id → ids of the new parts."""
    return session.info.pop(_SPLITS, {})  # type: ignore[no-any-return]


def candidates(session: Session, case_id: str, keys: Iterable[str]) -> list[str]:
    """Cases that share keys with this one, those with most in common first, at most `PER_CASE`."""
    return list(_nearest(session, case_id, keys))


def _nearest(session: Session, case_id: str, keys: Iterable[str]) -> dict[str, str]:
    """The same with their stamps."""
    found: Counter[str] = Counter()
    stamps: dict[str, str] = {}
    forms = sorted(sealed.forms(key[:200] for key in keys))
    # One statement of constant pieces; the keys themselves are bound. 400 is below SQLite's limit of a compound SELECT.
    for at in range(0, len(forms), 400):
        part = forms[at : at + 400]
        bound = {f"k{number}": key for number, key in enumerate(part)}
        for name, stamp, shared in session.execute(_newest_of(len(part)), bound):
            found[name] += shared
            stamps[name] = stamp
    found.pop(case_id, None)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:PER_CASE]
    return {name: stamps[name] for name, _ in ranked}


@cache
def _newest_of(count: int) -> sa.TextClause:
    """The newest `PER_KEY` cases of each of `count` keys, bound as k0, k1 …, with stamp and number of keys shared: parsed once,
    for it is asked for every case."""
    piece = "SELECT case_id FROM (SELECT case_id FROM case_keys WHERE key = :k{0} ORDER BY id DESC LIMIT {1}) AS q{0}"
    pieces = " UNION ALL ".join(piece.format(number, PER_KEY) for number in range(count))
    shared = f"SELECT case_id, count(*) AS shared FROM ({pieces}) AS met GROUP BY case_id"
    return sa.text(f"SELECT id, stamp, shared FROM ({shared}) AS found JOIN cases ON cases.id = found.case_id")


def keep_links(session: Session, links: Sequence[Link]) -> None:
    """Write links between pairs that have none."""
    if links:
        session.execute(
            _LINKS.insert(),
            [
                {"first": link.first, "second": link.second, "decision": link.decision, "score": link.score,
                 "data": shapes.dump(link)}
                for link in links
            ],
        )  # fmt: skip


def _said(session: Session, case_id: str) -> dict[str, str]:
    """What people say of a case: another case → same, apart."""
    rows = session.scalars(sa.select(LinkRow).where((LinkRow.first == case_id) | (LinkRow.second == case_id)))
    return {
        row.second if row.first == case_id else row.first: row.decision
        for row in rows
        if row.data["decided_by"].startswith(PERSON)
    }


def _place(
    session: Session, case: Sketch, links: Sequence[Link], said: Mapping[str, str] = {}, passing: Collection[str] = ()
) -> set[str]:
    """Put a case into its incident; returns the incidents touched. said: other case → a person's word about the two.

    passing: others that are only retold: they do not lead to an incident, and may come to that of this case.
    """
    if case.retold:
        return retold.place(session, [case.case_id])
    if not links and not said:
        return {_found(session, case.case_id)}
    others = {link.second if link.first == case.case_id else link.first: link for link in links}
    asked = [*others, *said]
    home = dict(session.execute(sa.select(_CASES.c.id, _CASES.c.incident_id).where(_CASES.c.id.in_(asked))).all())
    # Two cases of one article are two incidents, whatever else they share with a third.
    taken = set(
        session.scalars(
            sa.select(CaseRow.incident_id).where(
                CaseRow.document_id == case.document_id, CaseRow.id != case.case_id,
                CaseRow.article == sa.select(CaseRow.article).where(CaseRow.id == case.case_id).scalar_subquery(),
            )
        )
    )  # fmt: skip
    shut = {home.get(other) for other, word in said.items() if word == "apart"}
    taken |= shut
    told = sorted({incident for other, word in said.items() if word == "same" and (incident := home.get(other))} - shut)
    best: dict[str, float] = {}
    for other, link in others.items():
        incident = home.get(other)
        if incident and incident not in taken and other not in passing:
            best[incident] = max(best.get(incident, link.score), link.score)
    # A person's word first, then the best score.
    ranked = told + sorted(best.keys() - set(told), key=lambda incident: (-best[incident], incident))
    chosen = ranked[0] if ranked else _found(session, case.case_id)
    _move(session, [case.case_id], chosen)
    touched = {chosen}
    for weaker in ranked[1:]:
        if _may_merge(session, chosen, weaker, weaker in told):
            merge(session, weaker, into=chosen)
            touched.add(weaker)
    return touched | retold.place(session, (others.keys() & passing) | said.keys())


def merge(session: Session, incident_id: str, *, into: str) -> None:
    """Move all cases of an incident into another; `rebuild` of both then writes the redirect and the new revision."""
    marking.carry(session, incident_id, into)
    session.execute(sa.update(CaseRow).where(CaseRow.incident_id == incident_id).values(incident_id=into))
    row = session.get(IncidentRow, incident_id)
    if row is not None:
        row.merged_into = into
    session.execute(sa.update(IncidentRow).where(IncidentRow.merged_into == incident_id).values(merged_into=into))


def part_from(session: Session, incident_id: str, case_ids: Sequence[str]) -> str:
    """Make these cases of an incident one of their own (a person's word); returns its id."""
    name = _found(session, case_ids[0])
    if name == incident_id:  # the founder leaves: the id stays with those who stay
        name = _found(session, case_ids[0], 1)
    _move(session, case_ids, name)
    marking.carry(session, incident_id, name)
    session.info.setdefault(_SPLITS, {}).setdefault(incident_id, set()).add(name)
    return name


def is_empty(session: Session, incident_id: str) -> bool:
    """Is no case left in this incident, but what is only retold?"""
    return not _held(session, incident_id)


def _kept_apart(session: Session, first: str, second: str) -> bool:
    """Did a person say that something of these two incidents is not the same?"""
    ours, theirs = (sa.select(CaseRow.id).where(CaseRow.incident_id == incident) for incident in (first, second))
    apart = sa.select(LinkRow.data).where(
        LinkRow.decision == "apart",
        (LinkRow.first.in_(ours) & LinkRow.second.in_(theirs)) | (LinkRow.first.in_(theirs) & LinkRow.second.in_(ours)),
    )
    return any(data["decided_by"].startswith(PERSON) for data in session.scalars(apart))


def _may_merge(session: Session, first: str, second: str, told: bool = False) -> bool:
    """told: a person says that one case belongs to both."""
    if _kept_apart(session, first, second):
        return False
    if told:
        return True
    sides = []
    for incident in (first, second):
        ids = session.scalars(_OWN.limit(PER_SIDE), {"name": incident}).all()
        sides.append(list(sourced.to_compare(session, ids).values()))
    articles = [{(case.document_id, case.article) for case in side} for side in sides]
    if articles[0] & articles[1]:
        return False
    return any(compare(a, b).decision != "apart" for a in sides[0] for b in sides[1] if a.case_id != b.case_id)


def _found(session: Session, case_id: str, attempt: int = 0) -> str:
    """A new incident for a case that links to none; the id of one that it founded and that nobody is left in is taken up again."""
    while True:
        name = identity.incident_id(case_id, attempt)
        row = session.execute(_STANDS, {"name": name}).one_or_none()
        if row is None or (row.merged_into is None and not _held(session, name)):
            _move(session, [case_id], name)
            return name
        attempt += 1


def _held(session: Session, incident_id: str) -> bool:
    return session.scalar(_HELD, {"name": incident_id}) is not None


def _move(session: Session, case_ids: Sequence[str], incident_id: str) -> None:
    session.execute(_MOVES, [{"own": case_id, "home": incident_id} for case_id in case_ids])


def _split(session: Session, incident_id: str) -> set[str]:
    """Let the parts of an incident that no link joins any more become incidents of their own; returns the new ids.

    What is only retold holds nothing together.
    """
    ids = session.scalars(_OWN, {"name": incident_id}).all()
    if len(ids) < 2:
        return set()
    neighbours: dict[str, set[str]] = defaultdict(set)
    ours = sa.select(CaseRow.id).where(CaseRow.incident_id == incident_id)
    joined = sa.select(LinkRow.first, LinkRow.second).where(
        LinkRow.first.in_(ours), LinkRow.second.in_(ours), LinkRow.decision.in_(JOINS)
    )
    for first, second in session.execute(joined):
        neighbours[first].add(second)
        neighbours[second].add(first)
    parts: list[list[str]] = []
    left = set(ids)
    for start in ids:
        part, waiting = [], [start]
        while waiting:
            case_id = waiting.pop()
            if case_id in left:
                left.discard(case_id)
                part.append(case_id)
                waiting.extend(neighbours[case_id])
        if part:
            parts.append(sorted(part))
    keeper = next((part for part in parts if any(identity.incident_id(c) == incident_id for c in part)), None)
    apart = [part for part in parts if part is not (keeper or parts[0])]
    new = set()
    for part in apart:
        name = _found(session, part[0])
        _move(session, part, name)
        marking.carry(session, incident_id, name)
        new.add(name)
    if new:
        session.info.setdefault(_SPLITS, {}).setdefault(incident_id, set()).update(new)
    return new
