"""Where people differ on a document, and what settled it: the list, and the check of who may settle.

In: a session. Out: `Dispute`s, and the judgments that `serving.annotation.agreement` measures. Settling itself is `saving.save`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from corpora.judgments import Judgment
from nlp.errors import ConflictError
from serving import gone_texts
from serving.annotation import saving
from serving.annotation.agreement import f1
from serving.annotation.saving import HELD, JUDGED
from serving.store.tables import DocumentRow
from serving.store.tables_annotation import AnnotationRow

# Disputes listed at a time.
LISTED = 200


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two or more people differ on a document: in kind, in label (and neither accepts the other's), or in spans (F1 with roles)."""

    document_id: str
    people: tuple[str, ...]
    kind: bool
    label: bool
    spans: float | None


def doubled(session: Session) -> dict[str, dict[str, Judgment]]:
    """Document → person → judgment in today's labels, for documents that are not withdrawn and that at least two people annotated.

    What was said under a label that was split since is no opinion on today's labels and is left out until it is judged again.
    """
    held = (
        AnnotationRow.part == JUDGED,
        AnnotationRow.state == HELD,
        AnnotationRow.label.not_in(saving.to_judge_again()),
    )
    several = (
        sa.select(AnnotationRow.document_id)
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .where(*held, DocumentRow.withdrawn.is_(False), gone_texts.stands())
        .group_by(AnnotationRow.document_id)
        .having(sa.func.count() > 1)
    )
    query = sa.select(AnnotationRow).where(*held, AnnotationRow.document_id.in_(several))
    found: defaultdict[str, dict[str, Judgment]] = defaultdict(dict)
    for row in session.scalars(query.order_by(AnnotationRow.id)):
        found[row.document_id][row.annotator] = saving.judgment_now(row)
    return dict(found)


def disputes(session: Session, judgments: Mapping[str, Mapping[str, Judgment]] | None = None) -> list[Dispute]:
    """What is not settled, differing kinds first, then labels, then the spans that differ most."""
    judgments = doubled(session) if judgments is None else judgments
    settled = set(session.scalars(saving.settled()))
    found = [
        dispute for document_id, said in judgments.items()
        if document_id not in settled and (dispute := differ(document_id, said)) is not None
    ]  # fmt: skip
    return sorted(found, key=lambda d: (not d.kind, not d.label, 1.0 if d.spans is None else d.spans, d.document_id))


def differ(document_id: str, said: Mapping[str, Judgment]) -> Dispute | None:
    """The dispute about a document, None where everybody says the same or accepts what the other says."""
    people, given = tuple(said), list(said.values())
    first = given[0]
    kind = any(one.kind != first.kind for one in given)
    label = any(
        one.label != other.label and one.label not in other.also and other.label not in one.also
        for number, one in enumerate(given)
        for other in given[number + 1 :]
    )
    same = [f1(first.spans, one.spans) for one in given[1:]]
    spans = min((score for score in same if score is not None), default=None)
    return Dispute(document_id, people, kind, label, spans) if kind or label or spans not in (None, 1.0) else None


def may_settle(people: Mapping[str, Judgment], by: str, *, administrator: bool) -> None:
    """A third person settles; an administrator also where he is one of the two. Raises ConflictError."""
    if len(people) < 2:
        raise ConflictError("这一件没有两个人的标注，不需裁定")
    if by in people and not administrator:
        raise ConflictError("您是标注人之一，请由第三个人或管理员裁定")
