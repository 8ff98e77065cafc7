"""Versions in the store: the draft, its steps, publishing, going back, and what this process knows of them.

In: an open transaction, who acts, and the revision that he saw. Out: rows; the versions handed to `nlp.taxonomy.install`, from where reading,
forms and screens have them. One draft at a time, which all editors share. Putting a version in force changes no row of an incident here:
`serving.taxonomies.carrying` does, document by document. Raises ConflictError, InputError, NotFoundError; nothing is written then.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import ConflictError, InputError, NotFoundError
from nlp.taxonomy import CURRENT, Taxonomy
from serving import changes
from serving.store.identity import now
from serving.store.tables_taxonomy import TaxonomyActRow, TaxonomyRow
from serving.taxonomies import steps

log = logging.getLogger(__name__)
DRAFT, PUBLISHED, DROPPED = "draft", "published", "dropped"
# The act that this process has handed to `nlp.taxonomy`: a number, and it is asked at every filing. One process, one store.
_known = {"act": 0}


def refresh(session: Session) -> None:
    """Have this process know the version in force; one small question where nothing changed. Asked before anything is filed or shown."""
    last = session.scalar(sa.select(sa.func.max(TaxonomyActRow.id))) or 0
    if last != _known["act"]:
        install(session)


def install(session: Session) -> None:
    """Hand what the store holds to `nlp.taxonomy`, whatever this process knew: when a store is opened, and when a version is put in force."""
    act = last_act(session)
    rows = session.scalars(sa.select(TaxonomyRow).where(TaxonomyRow.state == PUBLISHED).order_by(TaxonomyRow.id))
    taxonomy.install([read(row) for row in rows], act.version if act is not None else CURRENT)
    _known["act"] = act.id if act is not None else 0


def read(row: TaxonomyRow) -> Taxonomy:
    """The version of a row."""
    return steps.from_data(row.content, row.version)


def last_act(session: Session) -> TaxonomyActRow | None:
    """How the version in force came to be so; None while it is the shipped one and always was."""
    return session.scalar(sa.select(TaxonomyActRow).order_by(TaxonomyActRow.id.desc()).limit(1))


def acts(session: Session) -> Sequence[TaxonomyActRow]:
    """Every putting in force, the newest first."""
    return session.scalars(sa.select(TaxonomyActRow).order_by(TaxonomyActRow.id.desc())).all()


def published(session: Session) -> Sequence[TaxonomyRow]:
    """Published versions, the newest first, whether in force or not."""
    return session.scalars(
        sa.select(TaxonomyRow).where(TaxonomyRow.state == PUBLISHED).order_by(TaxonomyRow.id.desc())
    ).all()


def draft(session: Session) -> TaxonomyRow | None:
    """What is being prepared, None where nothing is."""
    return session.scalar(sa.select(TaxonomyRow).where(TaxonomyRow.state == DRAFT))


def called(session: Session, version: str) -> Taxonomy:
    """A version as it was while it was in force: with names for the labels of all others."""
    every = {row.version: read(row) for row in published(session)}
    return taxonomy.complete(every.get(version) or taxonomy.load(CURRENT), list(every.values()))


def base_of(session: Session, row: TaxonomyRow) -> Taxonomy:
    """The version that a row was made from."""
    if row.base == CURRENT:
        return taxonomy.load(CURRENT)
    return read(session.scalars(sa.select(TaxonomyRow).where(TaxonomyRow.version == row.base)).one())


def add_step(session: Session, step: Mapping[str, Any], *, by: str, seen: int) -> TaxonomyRow:
    """One change more to the draft, which begins with the first one. seen: the draft's revision that he saw, 0 for none."""
    changes.lock(session)
    refresh(session)
    row = _seen(session, seen)
    known = taxonomy.load() if row is None else read(row)
    after = steps.apply(known, step)  # refused before anything is written
    told = dict(step) | {"by": by, "at": now(), "words": steps.sentence(step, known)}
    if row is None:
        base = taxonomy.in_force()
        number = (session.scalar(sa.select(sa.func.max(TaxonomyRow.id))) or 0) + 1
        row = TaxonomyRow(
            version=f"{CURRENT}+{number}", base=base, state=DRAFT, revision=0, steps=[], content={}, by=by, at=now()
        )
        session.add(row)
    row.steps, row.content = [*row.steps, told], steps.as_data(after)
    row.revision += 1
    session.flush()
    return row


def take_back(session: Session, number: int, *, by: str, seen: int) -> TaxonomyRow | None:
    """Strike one step out of the draft (its place, from 0); the others must do without it. Without steps there is no draft left."""
    changes.lock(session)
    refresh(session)
    row = _seen(session, seen)
    if row is None or not 0 <= number < len(row.steps):
        raise NotFoundError("没有这一步", where="草案", advice="刷新后再看")
    left = [step for place, step in enumerate(row.steps) if place != number]
    if not left:
        drop(session, by=by, seen=seen)
        return None
    try:
        after = steps.apply_all(_beginning(session, row), left, row.version)
    except InputError as error:
        raise ConflictError(
            f"后面的改动要用到这一步：{error.found}", where=row.version, advice="先撤后面的，或放弃草案"
        ) from error
    row.steps, row.content, row.revision = left, steps.as_data(after), row.revision + 1
    session.flush()
    return row


def drop(session: Session, *, by: str, seen: int) -> None:
    """Give the draft up; its row stays with who did it."""
    changes.lock(session)
    row = _seen(session, seen)
    if row is None:
        raise NotFoundError("没有草案", where="标签体系")
    row.state, row.by, row.at = DROPPED, by, now()
    session.flush()


def publish(session: Session, *, by: str, seen: int, note: str = "", numbers: Mapping[str, Any]) -> TaxonomyActRow:
    """The draft becomes a version and is put in force. numbers: what the preview said, kept with the act."""
    changes.lock(session)
    refresh(session)
    row = _seen(session, seen)
    if row is None:
        raise NotFoundError("没有草案可发布", where="标签体系", advice="先做一处改动")
    if row.base != taxonomy.in_force():
        raise ConflictError(
            f"草案从 {row.base} 改起，现行的已是 {taxonomy.in_force()}",
            where=row.version,
            advice="放弃草案，从现行的重做",
        )
    row.state, row.at = PUBLISHED, now()
    return _put_in_force(session, row.version, by, note, numbers)


def go_back(session: Session, version: str, *, by: str, seen: int, note: str = "", numbers: Mapping[str, Any]) -> TaxonomyActRow:  # fmt: skip
    """Put a version in force that was so before, or the shipped one. seen: the act that he saw as the last one, 0 for none."""
    changes.lock(session)
    refresh(session)
    last = last_act(session)
    if (last.id if last is not None else 0) != seen:
        raise ConflictError(f"现行的版本已换成 {taxonomy.in_force()}", where=version, advice="看过现在的样子再定")
    if version == taxonomy.in_force():
        raise ConflictError("这一版已是现行的", where=version)
    known = session.scalar(sa.select(TaxonomyRow.id).where(TaxonomyRow.version == version, TaxonomyRow.state == PUBLISHED))  # fmt: skip
    if known is None and version != CURRENT:
        raise NotFoundError("没有发布过这一版", where=version)
    return _put_in_force(session, version, by, note, numbers)


def _put_in_force(session: Session, version: str, by: str, note: str, numbers: Mapping[str, Any]) -> TaxonomyActRow:
    act = TaxonomyActRow(
        version=version, before=taxonomy.in_force(), by=by, at=now(), note=note[:500], numbers=dict(numbers), cursor="", done_at=""
    )  # fmt: skip
    session.add(act)
    session.flush()
    return act


def _seen(session: Session, seen: int) -> TaxonomyRow | None:
    """The draft, where it is the one that was seen."""
    row = draft(session)
    if (row.revision if row is not None else 0) != seen:
        raise ConflictError(
            "草案在别处改过", where=row.version if row else "草案", advice="下面已是现在的样子，看过再改"
        )
    return row


def _beginning(session: Session, row: TaxonomyRow) -> Taxonomy:
    """What a draft's first step was applied to: its base, with what models had brought along by then."""
    return taxonomy.load() if row.base == taxonomy.in_force() else base_of(session, row)
