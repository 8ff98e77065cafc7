"""What a person says of one document: kind, labels, tactics, spans. The record that stands in the store and in every label file.

In: values as they come from a screen or a file. Out: a checked `Judgment`; InputError says what is wrong with it. Offsets are characters
of the document's text as stored, end exclusive. It reads no file and no store: `corpora.exchange` does the first, `serving.annotation` both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, get_args

from nlp import taxonomy
from nlp.errors import InputError
from nlp.records import AmountRole, Kind, MentionKind, PersonRole, PlaceRole

UNRELATED = get_args(Kind)[-1]
SPAN_TYPES: tuple[str, ...] = get_args(MentionKind)
# Type → roles it may have; the others have none.
SPAN_ROLES: Mapping[str, tuple[str, ...]] = {
    "person": get_args(PersonRole), "place": get_args(PlaceRole), "amount": get_args(AmountRole)
}  # fmt: skip
# A newspaper page has some 200; more than this is a broken file.
MOST_SPANS = 5000
MOST_TACTICS, TACTIC_LENGTH = 40, 40
LONGEST_MOMENT = 32


@dataclass(frozen=True, slots=True, order=True)
class MarkedSpan:
    """Characters start..end of the text, what they are (a kind of mention), and the part it plays, "" for none."""

    start: int
    end: int
    type: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What one person says of one document, under one version of the taxonomy. `spans` are sorted; they may nest and cross."""

    kind: str
    label: str
    also: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    spans: tuple[MarkedSpan, ...] = ()
    taxonomy: str = field(default_factory=taxonomy.in_force)


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """A judgment with its document, as label files hold it. `part`: judged, or settled (it ends a dispute). `at`: ISO 8601.

    `document_id` is the store's id, "" for a document that comes from elsewhere; `doc_id` its own name; `nature` as in `Document`, "" where
    a file does not say it. `incidents`: the judgment in the form of the gold files, None where nobody marked mentions.
    """

    doc_id: str
    text: str
    judgment: Judgment
    annotator: str = ""
    at: str = ""
    part: str = "judged"
    document_id: str = ""
    nature: str = ""
    incidents: list[dict[str, Any]] | None = field(default=None, compare=False)
    where: str = field(default="", compare=False)  # file and line, for errors


# What a file says of a document beside the judgment itself, and of the judgment beside kind, labels, tactics and spans.
ABOUT = ("doc_id", "document_id", "nature")
SAYING = ("annotator", "at", "part", "taxonomy")


def about(judged: JudgedDocument) -> dict[str, str]:
    """The values of ABOUT and SAYING, the empty ones left out."""
    found = {name: getattr(judged, name) for name in (*ABOUT, *SAYING[:-1])} | {"taxonomy": judged.judgment.taxonomy}
    return {name: value for name, value in found.items() if value}


def judged_from(data: Mapping[str, Any], text: Any, told: Mapping[str, Any], where: str) -> JudgedDocument:
    """A checked judgment with its document: data for `from_data`, told: what `about` gave. Raises InputError, TaxonomyError."""
    if not isinstance(text, str) or not text.strip():
        raise InputError("没有原文", where=where, expected="text")
    judgment = check(
        from_data(dict(data) | {"taxonomy": told.get("taxonomy") or taxonomy.in_force()}, where), text, where
    )
    values = {name: str(told.get(name) or "") for name in (*ABOUT, *SAYING[:-1])}
    if values["part"] not in ("", "judged", "settled"):
        raise InputError(f"未知的 part {values['part'][:20]!r}", where=where, expected="judged 或 settled")
    if values["nature"] not in ("", "complaint", "published"):
        raise InputError(f"未知的性质 {values['nature'][:20]!r}", where=where, expected="complaint 或 published")
    try:
        moment = datetime.fromisoformat(values["at"]) if values["at"] else None
    except ValueError:
        moment = None
    if values["at"] and (moment is None or len(values["at"]) > LONGEST_MOMENT):
        raise InputError(f"不成形的时间 {values['at'][:40]!r}", where=where, expected="ISO 8601")
    values["part"] = values["part"] or "judged"
    values["doc_id"] = values["doc_id"] or values["document_id"] or where
    return JudgedDocument(text=text, judgment=judgment, where=where, **values)


def as_data(judgment: Judgment) -> dict[str, Any]:
    """A judgment as plain JSON values: kind, label, also, tactics, spans [{start, end, type, role}], taxonomy."""
    return asdict(judgment) | {
        "also": list(judgment.also), "tactics": list(judgment.tactics), "spans": [asdict(span) for span in judgment.spans]
    }  # fmt: skip


def from_data(data: Mapping[str, Any], where: str = "") -> Judgment:
    """The judgment that `as_data` wrote, or that a browser or a file gives in its form. Raises InputError for values of a wrong sort."""
    try:
        spans = tuple(
            sorted(
                MarkedSpan(_number(span["start"]), _number(span["end"]), str(span["type"]), str(span.get("role") or ""))
                for span in data.get("spans") or ()
            )
        )
        # Sets, in one order: tools that they pass through keep none.
        also, tactics = (sorted(str(word) for word in data.get(key) or ()) for key in ("also", "tactics"))
        version = str(data.get("taxonomy") or taxonomy.in_force())
        return Judgment(str(data["kind"]), str(data["label"]), tuple(also), tuple(tactics), spans, version)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"不成形的标注（{type(error).__name__}：{error}）", where=where,
            expected="kind、label、also、tactics、spans（start、end、type、role）、taxonomy",
        ) from error  # fmt: skip


def in_todays_words(judgment: Judgment) -> Judgment:
    """The judgment under the version in force: labels that were merged since under the one that counts for them, nothing else changed.

    A label that was split or retired since stands as it was given, under its old version: nobody has said yet what it is now.
    """
    known = taxonomy.load()
    label = known.now(judgment.label)
    also = tuple(sorted({known.now(word) for word in judgment.also} - {label}))
    version = judgment.taxonomy if any(known.is_former(word) for word in (label, *also)) else known.version
    return replace(judgment, label=label, also=also, taxonomy=version)


def check(judgment: Judgment, text: str, where: str = "") -> Judgment:
    """The judgment, if it is one of this text. Raises InputError, TaxonomyError.

    1. The taxonomy's version, kind and labels are known. 2. Only the kind "unrelated" has the empty label. 3. Second labels are others.
    4. Tactics are short words. 5. Every span lies in the text, is of a known type and role, and stands once.
    """
    known = taxonomy.load(judgment.taxonomy)  # 1.
    kinds = known.kind_ids
    if judgment.kind not in kinds:
        raise InputError(f"未知种类 {judgment.kind[:40]!r}", where=where, expected="、".join(kinds))
    for label in (judgment.label, *judgment.also):
        known.label(label)
    if (judgment.label == known.empty.id) != (judgment.kind == UNRELATED):  # 2.
        raise InputError(
            f"种类 {judgment.kind} 与类型 {judgment.label} 矛盾", where=where, expected=f"{UNRELATED} 配 {known.empty.id}，其余配诈骗类型",
        )  # fmt: skip
    if len({judgment.label, *judgment.also}) != 1 + len(judgment.also) or known.empty.id in judgment.also:  # 3.
        raise InputError("第二类型重复，或与类型相同", where=where, expected="其他的诈骗类型，每个一次")
    _check_tactics(judgment.tactics, where)  # 4.
    _check_spans(judgment.spans, len(text), where)  # 5.
    return judgment


def _check_tactics(tactics: tuple[str, ...], where: str) -> None:
    wrong = [word for word in tactics if not word.strip() or len(word) > TACTIC_LENGTH or not word.isprintable()]
    if wrong or len(set(tactics)) != len(tactics) or len(tactics) > MOST_TACTICS:
        raise InputError(
            "手法不成形", where=where, expected=f"至多 {MOST_TACTICS} 个不同的词，每个 1 到 {TACTIC_LENGTH} 字"
        )


def _check_spans(spans: Iterable[MarkedSpan], length: int, where: str) -> None:
    seen: set[tuple[int, int, str]] = set()
    for span in spans:
        place = f"{where} {span.start}–{span.end}".strip()
        if not 0 <= span.start < span.end <= length:
            raise InputError("标注的位置不在原文内", where=place, expected=f"0 ≤ 起 < 止 ≤ {length}")
        if span.type not in SPAN_TYPES:
            raise InputError(f"未知的标注类别 {span.type[:40]!r}", where=place, expected="、".join(SPAN_TYPES))
        roles = SPAN_ROLES.get(span.type, ())
        if span.role and span.role not in roles:
            raise InputError(
                f"{span.type} 没有作用 {span.role[:40]!r}", where=place, expected="、".join(roles) or "不写作用"
            )
        if (span.start, span.end, span.type) in seen:
            raise InputError("同一处标了两次", where=place, expected="一处、一类别，一次")
        seen.add((span.start, span.end, span.type))
    if len(seen) > MOST_SPANS:
        raise InputError(f"{len(seen)} 处标注", where=where, expected=f"至多 {MOST_SPANS} 处")


def _number(value: Any) -> int:
    """A whole number; True and 3.5 are none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} 不是整数")
    return value
