"""What to annotate next, and why: what the machine is unsure of, what spreads over types, sources and lengths, labels that may be wrong.

In: a session, who asks, the mode. Out: `Waiting` items in order, each with its reasons in words. Nobody gets what he has annotated, nor
what another one has, but for the share that two people annotate (by the document's id, so it is the same share on every machine and
grows when it is set higher) and for suspected errors. The second one is not told what the first one said, nor that he is the second.
It leases nothing: `serving.console.annotate_queue` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from corpora.judgments import UNRELATED
from nlp import taxonomy
from nlp.todays_words import together
from serving import gone_texts
from serving.annotation.saving import HELD, JUDGED, settled, to_judge_again
from serving.annotation.suspicion import Given, Suspected, suspect
from serving.store.tables import ArticleRow, DocumentRow
from serving.store.tables_annotation import AnnotationRow

MODES = {"mixed": "混合", "unsure": "机器拿不准", "spread": "铺开", "suspect": "疑似标错", "again": "类型拆分后重判"}
# Which stream each next item comes from; an empty stream is passed over. Doubt teaches a model most for each annotation, but alone it
# draws the odd ones only: the others keep the set like the world, and clean.
_PATTERNS = {
    "mixed": ("again", "second", "unsure", "spread", "unsure", "suspect", "spread"), "unsure": ("second", "unsure", "unsure", "unsure"),
    "spread": ("second", "spread", "spread", "spread"), "suspect": ("suspect",), "again": ("again",),
}  # fmt: skip
# Items ranked in one reading: an hour's work. At 200 a reading took 0.38 s of processor time at 60,000 documents, most of it spreading.
RANKED = 80
# Candidates of each type for spreading, and annotations that count for what there is already, the newest.
OF_EACH, COUNTED = 20, 5000
# A person does not annotate a book: longer documents are left out (characters).
LONGEST = 20_000
DOUBLED = "抽中双人标注，互不相见"
# Upper bounds of what is called short and middling, in characters.
LENGTHS = ((200, "短文（200 字以内）"), (1000, "中等长度（1000 字以内）"), (LONGEST, "长文"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that waits for an annotation, and why, in words for the annotator."""

    document_id: str
    reasons: tuple[str, ...]


def is_doubled(document_id: str, share: float) -> bool:
    """Is this document of the share that two people annotate? By the last eight hex digits of its id, a hash."""
    return document_id[-8:] < _bound(share)


def waiting(session: Session, who: str, mode: str, share: float) -> list[Waiting]:
    """The next items for `who`, first ones first. mode: a key of MODES."""
    streams = {
        "second": _seconds(session, who, share), "unsure": _unsure(session), "spread": _spread(session),
        "suspect": _suspected(session, who), "again": _again(session, who),
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for document_id, reason in islice(_interleaved(_PATTERNS[mode], streams), RANKED * 4):
        if document_id not in found and len(found) >= RANKED:
            break
        if reason not in found.setdefault(document_id, []):
            found[document_id].append(reason)
    long = set(
        session.scalars(
            sa.select(DocumentRow.id).where(DocumentRow.id.in_(found), sa.func.length(DocumentRow.text) > LONGEST)
        )
    )
    return [
        Waiting(document_id, tuple(dict.fromkeys([*reasons, *[DOUBLED] * is_doubled(document_id, share)])))
        for document_id, reasons in found.items()
        if document_id not in long
    ]


def _bound(share: float) -> str:
    """Eight hex digits: what is below them is `share` of all; "g" is above every digit."""
    return "g" if share >= 1 else f"{int(share * 2**32):08x}"


def _interleaved(pattern: Sequence[str], streams: dict[str, Iterator[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """One after the other in the order of the pattern, until all are empty."""
    alive = dict.fromkeys(pattern)
    while alive:
        for name in pattern:
            if name in alive:
                item = next(streams[name], None)
                if item is None:
                    del alive[name]
                else:
                    yield item


def _said(*more: Any) -> sa.Exists:
    """Does anybody hold an annotation of the document of an article, or is its dispute settled?"""
    return sa.exists().where(
        AnnotationRow.document_id == ArticleRow.document_id, AnnotationRow.state == HELD, *more
    )  # fmt: skip


def _open(*conditions: Any) -> sa.Select[Any]:
    """Articles of documents that nobody has annotated."""
    return (
        sa.select(ArticleRow.document_id, ArticleRow.kind, ArticleRow.label, ArticleRow.confidence, ArticleRow.end - ArticleRow.start,
                  ArticleRow.publisher, DocumentRow.nature)
        .join(DocumentRow, DocumentRow.id == ArticleRow.document_id)
        .where(DocumentRow.withdrawn.is_(False), gone_texts.stands(), ~_said(), *conditions)
    )  # fmt: skip


def _unsure(session: Session) -> Iterator[tuple[str, str]]:
    """What the model gives to a person first, then what it is least sure of; lowest confidence first."""
    for review in (True, False):
        query = _open(ArticleRow.review.is_(review), ArticleRow.corrected_by == "").order_by(ArticleRow.confidence)
        for document_id, _, _, confidence, *_ in session.execute(query.limit(RANKED)).all():
            yield document_id, f"机器拿不准（把握 {confidence:.2f}）" if review else f"机器把握 {confidence:.2f}"


def _spread(session: Session) -> Iterator[tuple[str, str]]:
    """Of each type some, then always the one whose type, source and length are rarest among what is annotated and chosen so far."""
    # 1. Candidates.
    candidates = []
    known = taxonomy.load()
    for kind in known.kinds:
        for label in known.label_ids:
            query = _open(ArticleRow.kind == kind.id, ArticleRow.label == label).order_by(ArticleRow.document_id)
            for document_id, _, _, _, length, publisher, nature in session.execute(query.limit(OF_EACH)).all():
                candidates.append((document_id, _features(kind.id, label, publisher, nature, length)))
    # 2. What there is already.
    counts: Counter[tuple[str, str]] = Counter()
    query = (
        sa.select(AnnotationRow.kind, AnnotationRow.label, ArticleRow.publisher, DocumentRow.nature, ArticleRow.end - ArticleRow.start)
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .join(ArticleRow, (ArticleRow.document_id == AnnotationRow.document_id) & (ArticleRow.number == 0))
        .where(AnnotationRow.state == HELD, AnnotationRow.part == JUDGED)
        .order_by(AnnotationRow.id.desc())
        .limit(COUNTED)
    )  # fmt: skip
    for row in session.execute(query):
        counts.update(_features(*row))
    # 3. The rarest next; what is chosen counts.
    while candidates:
        chosen = min(candidates, key=lambda item: (sum(counts[feature] for feature in item[1]), item[0]))
        rarest = min(chosen[1], key=lambda feature: counts[feature])
        yield chosen[0], f"{_name(rarest)}标得还少（{counts[rarest]} 件）"
        counts.update(chosen[1])
        candidates = [item for item in candidates if item[0] != chosen[0]]


def _features(kind: str, label: str, publisher: str, nature: str, length: int) -> tuple[tuple[str, str], ...]:
    size = next((name for most, name in LENGTHS if length <= most), LENGTHS[-1][1])
    return (
        ("label", taxonomy.load().empty.id if kind == UNRELATED else taxonomy.load().now(label)),
        ("source", publisher or nature),
        ("length", size),
    )


def _name(feature: tuple[str, str]) -> str:
    """“刷单返利”类, 来源“某报”, 短文: how a feature is called in a reason."""
    sort, value = feature
    if sort == "label":
        return f"“{taxonomy.load().name_of(value)}”类"
    return (
        {"complaint": "投诉", "published": "无发布者的报道"}.get(value, f"来源“{value}”") if sort == "source" else value
    )


def _seconds(session: Session, who: str, share: float) -> Iterator[tuple[str, str]]:
    """Documents of the doubled share that one other person has annotated, the longest waiting first."""
    doubled = sa.func.substr(AnnotationRow.document_id, 11, 8) < _bound(share)
    for document_id, _ in _by_one_other(session, who, doubled):
        yield document_id, DOUBLED


def _by_one_other(session: Session, who: str, *conditions: Any) -> list[tuple[str, int]]:
    """(document, id of its annotation) that one person other than `who` has annotated and nobody settled."""
    query = (
        sa.select(AnnotationRow.document_id, sa.func.min(AnnotationRow.id))
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .where(
            AnnotationRow.state == HELD,
            AnnotationRow.part == JUDGED,
            DocumentRow.withdrawn.is_(False),
            gone_texts.stands(),
            *conditions,
        )
        .where(AnnotationRow.document_id.not_in(settled()))
        .group_by(AnnotationRow.document_id)
        .having(sa.func.count() == 1, sa.func.max(AnnotationRow.annotator) != who)
        .order_by(sa.func.min(AnnotationRow.id))
        .limit(RANKED)
    )
    return [(document_id, first) for document_id, first in session.execute(query)]


def _again(session: Session, who: str) -> Iterator[tuple[str, str]]:
    """What was annotated under a label that was split since: one's own first, then others' that nobody has judged again yet.

    The old annotation stands until then, under the label that was split.
    """
    known, waiting_for = taxonomy.load(), to_judge_again()
    if not waiting_for:
        return
    other = sa.orm.aliased(AnnotationRow)
    judged = sa.exists().where(
        other.document_id == AnnotationRow.document_id, other.state == HELD, other.label.not_in(waiting_for)
    )
    mine = AnnotationRow.annotator == who
    query = (
        sa.select(AnnotationRow.document_id, AnnotationRow.label, mine)
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .where(
            AnnotationRow.state == HELD,
            DocumentRow.withdrawn.is_(False),
            gone_texts.stands(),
            AnnotationRow.label.in_(waiting_for),
        )
        .where(mine | ~judged)
        .order_by(~mine, AnnotationRow.id)
        .limit(RANKED)
    )
    for document_id, label, own in session.execute(query):
        now = known.now(label)
        parts = "、".join(part.name for part in known.split[now])
        yield document_id, f"{'您' if own else '原'}标的“{known.name_of(now)}”已拆分，请在{parts}中再定"


def _suspected(session: Session, who: str) -> Iterator[tuple[str, str]]:
    """One's own labels that may be wrong, to be looked at once more; others' to be annotated independently, which settles it."""
    rows = _judged(session)
    people: Counter[str] = Counter(row.document_id for row in rows)
    own = {row.document_id: row for row in rows if row.annotator == who}
    known = taxonomy.load()
    for found in suspects(session, rows):
        mine = own.get(found.document_id)
        if mine is None and people[found.document_id] == 1:
            yield found.document_id, "抽查，请独立标注"
        elif mine is not None and mine.revision == 1 and known.now(mine.label) == found.given:  # asked once
            names = [known.name_of(label) for label in (found.given, found.likelier)]
            yield (
                found.document_id,
                f"疑似标错：您标“{names[0]}”（机器认为 {found.given_probability:.2f}），更像“{names[1]}”（{found.likelier_probability:.2f}）",
            )


def suspects(session: Session, rows: Sequence[Any] | None = None) -> list[Suspected]:
    """Every suspected error among the annotations of unsettled documents, the surest first."""
    rows = _judged(session) if rows is None else rows
    now = taxonomy.load().now
    return suspect(
        [Given(row.document_id, now(row.label), [now(label) for label in row.also], together(row.machine.get("labels") or {}))
         for row in rows]
    )  # fmt: skip


def _judged(session: Session) -> Sequence[Any]:
    query = (
        sa.select(AnnotationRow.document_id, AnnotationRow.annotator, AnnotationRow.revision, AnnotationRow.label, AnnotationRow.also,
                  AnnotationRow.machine, AnnotationRow.taxonomy)
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .where(AnnotationRow.state == HELD, AnnotationRow.part == JUDGED, DocumentRow.withdrawn.is_(False), gone_texts.stands())
        .where(AnnotationRow.document_id.not_in(settled()), AnnotationRow.label.not_in(to_judge_again()))
        .order_by(AnnotationRow.id)
    )  # fmt: skip
    return session.execute(query).all()
