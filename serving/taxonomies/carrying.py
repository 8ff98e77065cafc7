"""Brings what is filed under the version in force: labels of articles and cases, incidents built anew, a line of the feed for each.

In: a store. Out: rows; every incident whose label changed has a revision and a change in the log. Document by document in small
transactions, the place reached kept with the act: whoever is stopped goes on there, and meanwhile others read and write. It reads no text
and asks no model: what was said is on file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.taxonomy import Taxonomy
from serving import changes, filing, incidents
from serving.store import Store
from serving.store.identity import now
from serving.store.tables import ArticleRow, CaseRow
from serving.store.tables_taxonomy import TaxonomyActRow
from serving.taxonomies import versions

# Documents in one transaction: others wait for it, some 20 ms a document with its incident.
AT_ONCE = 50


def moved(before: Taxonomy, after: Taxonomy) -> set[str]:
    """Labels as they stand on file under `before` some of which are called otherwise under `after`."""
    every = {label.id for known in (before, after) for label in (*known.labels, *known.former)}
    every |= {label for known in (before, after) for pair in known.successors.items() for label in pair}
    return {before.now(label) for label in every if before.now(label) != after.now(label)}


def carry(store: Store, on_progress: Callable[[int], None] | None = None) -> int:
    """Bring everything over that is not yet; returns how many documents were gone through. Two at once do no harm: one waits."""
    done = 0
    while (some := step(store)) is not None:
        done += some
        if on_progress:
            on_progress(done)
    return done


def waits(session: Session) -> bool:
    """Is anything not brought over yet? One small question: it is asked by every idle worker."""
    return session.scalar(sa.select(TaxonomyActRow.id).where(TaxonomyActRow.done_at == "").limit(1)) is not None


def step(store: Store) -> int | None:
    """The next few documents; None where all are brought over."""
    with store.reading() as session:
        if not waits(session):
            return None
    with store.writing() as session:
        changes.lock(session)
        versions.refresh(session)
        open_ones = session.scalars(
            sa.select(TaxonomyActRow).where(TaxonomyActRow.done_at == "").order_by(TaxonomyActRow.id)
        ).all()
        if not open_ones:
            return None
        # Only the last one counts; from where those before it stopped, everything they may have touched is gone through again.
        *stopped, act = open_ones
        for one in stopped:
            one.done_at, act.cursor = now(), ""
        labels = set[str]().union(*(moved(versions.called(session, one.before), taxonomy.load()) for one in open_ones))
        found = _documents(session, labels, act.cursor)
        touched: set[str] = set()
        for document_id in found:
            touched |= filing.rename(session, document_id)
        incidents.rebuild(session, touched)
        if found:
            act.cursor = found[-1]
        else:
            act.done_at = now()
        return len(found)


def _documents(session: Session, labels: Iterable[str], after: str) -> list[str]:
    """The next documents with an article or a case under one of these labels."""
    some = sorted(labels)
    if not some:
        return []
    either = [
        sa.select(table.document_id).where(table.label.in_(some), table.document_id > after)
        for table in (ArticleRow, CaseRow)
    ]
    found = sa.union(*either).subquery()
    return list(session.scalars(sa.select(found.c.document_id).order_by(found.c.document_id).limit(AT_ONCE)))
