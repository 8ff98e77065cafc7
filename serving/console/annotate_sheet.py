"""One document as the screen 标注 shows it: its text, where the annotation starts from, why it is here; and the guideline beside it.

In: a document of the store, who annotates. Out: plain values that `static/annotate.js` draws (it sets text, never markup). What others
said of the document is not among them. Editors only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from corpora.judgments import SPAN_ROLES, UNRELATED, Judgment, as_data
from nlp import taxonomy
from nlp.errors import ConflictError
from nlp.todays_words import together
from serving import queries
from serving.annotation import saving
from serving.annotation.proposing import machine_says, propose
from serving.console import wording
from serving.console.html_parts import Html, tag
from serving.showing_spans import visible
from serving.showing_words import KINDS, ROLES

# Labels that a digit chooses.
DIGITS = 9


@dataclass(frozen=True, slots=True)
class AnnotateSheet:
    """A document to annotate. `seen`: the revision of his own annotation that the annotator starts from, 0 for none.

    start: his own, else the machine's; origin says which: own, machine, blank. `mine` is what he sent and what was refused, while
    `start` is then what stands in the store. offered: labels in the order of their digits.
    """

    document_id: str
    name: str
    about: tuple[str, ...]
    reasons: tuple[str, ...]
    text: str
    seen: int
    start: Judgment
    origin: str
    offered: tuple[tuple[str, float], ...]  # label, probability
    note: str = ""
    mine: Judgment | None = None
    sides: tuple[tuple[str, Judgment], ...] = ()  # who said what, on the page that settles a dispute


def load_sheet(session: Session, document_id: str, by: str, reasons: Sequence[str]) -> AnnotateSheet:
    """Everything of one document. Raises NotFoundError, ConflictError for one that was withdrawn."""
    row = queries.get_document(session, document_id)
    if row.withdrawn:
        raise ConflictError("这件文档已撤回", where=document_id)
    articles = queries.articles_of(session, document_id)
    proposal, own = propose(articles), saving.held(session, document_id, by)
    shares = together(machine_says(articles).get("labels", {}))
    known = taxonomy.load()
    ranked = sorted(known.label_ids, key=lambda label: -shares.get(label, 0.0))
    if own is not None:
        start, origin = saving.judgment_now(own), "own"
    elif proposal is not None:
        start, origin = proposal.judgment, "machine"
    else:
        start, origin = Judgment(UNRELATED, known.empty.id, taxonomy=known.version), "blank"
    about = (
        "投诉" if row.nature == "complaint" else "公开报道", row.publisher, wording.day(row.published), f"{len(row.text):,} 字",
        {"own": f"您 {wording.local(own.at) if own else ''} 标过，可改", "machine": "起点是机器读的", "blank": "机器还没有读"}[origin],
        f"这一件有 {len(articles)} 篇：种类、类型按讲案件的那一篇定，各篇的标注都算" if len(articles) > 1 else "",
    )  # fmt: skip
    return AnnotateSheet(
        document_id, visible(row.title or row.doc_id), tuple(filter(None, about)), tuple(reasons), visible(row.text),
        saving.revision_of(session, document_id, by), replace(start, taxonomy=known.version), origin,
        tuple((label, shares.get(label, 0.0)) for label in ranked),
    )  # fmt: skip


def with_mine(sheet: AnnotateSheet, mine: Judgment, note: str) -> AnnotateSheet:
    """The sheet with what its annotator had sent and could not be saved, and why."""
    return replace(sheet, mine=mine, note=note)


def with_sides(
    sheet: AnnotateSheet, people: Mapping[str, Judgment], seen: int, settled: Judgment | None
) -> AnnotateSheet:
    """The sheet for settling: what each person said can be looked at and taken over; it starts from the settlement, else the first one."""
    start = settled or next(iter(people.values()))
    about = (*sheet.about[:-1], "已裁定过，可改" if settled else "从第一份开始，可换")
    return replace(sheet, seen=seen, start=start, about=about, sides=tuple(people.items()))


def draw_sheet(sheet: AnnotateSheet) -> Html:
    """The sheet as one attribute, escaped; the script fills the empty places of `draw_places` from it."""
    data = {
        "document_id": sheet.document_id, "name": sheet.name, "about": sheet.about, "reasons": sheet.reasons, "text": sheet.text,
        "seen": sheet.seen, "start": as_data(sheet.start), "origin": sheet.origin, "note": sheet.note,
        "offered": [[label, round(share, 3)] for label, share in sheet.offered],
        "sides": [[name, as_data(said)] for name, said in sheet.sides],
        "mine": as_data(sheet.mine) if sheet.mine is not None else None,
    }  # fmt: skip
    return tag("div", hidden=True, data_sheet=_json(data))


def draw_places() -> Html:
    """Where the script draws: text with palette left; kind, type, tactics, spans and guideline right. Drawn once a page."""
    left = tag(
        "section",
        tag("div", id="an-about", class_="about"), tag("div", id="an-note", class_="problem", role="alert", hidden=True),
        tag("div", id="an-text", class_="an-text", tabindex="0", role="application", aria_label="原文：选中文字后按数字定类别"),
        tag("div", id="an-palette", class_="an-palette", role="toolbar", aria_label="标注类别与作用"),
        class_="card pane an-left",
    )  # fmt: skip
    cards = (
        ("种类与类型", "an-labels"), ("怎么判", "an-guide"), ("手法", "an-tactics"), ("标出的各处", "an-spans"),
    )  # fmt: skip
    right = tag(
        "div", [tag("section", tag("h2", name, tag("small", id=f"{place}-note")), tag("div", id=place, class_="inside"), class_="card")
                for name, place in cards], class_="desk-side",
    )  # fmt: skip
    return tag("div", left, right, class_="desk annotate", id="annotate", hidden=True, data_words=_json(_words()))


def _words() -> dict[str, Any]:
    """The taxonomy and the kinds of spans, for the script: it knows none of them."""
    known = taxonomy.load()
    return {
        "version": known.version, "empty": known.empty.id, "unrelated": UNRELATED, "digits": DIGITS,
        "kinds": [{"id": kind.id, "name": kind.name, "meaning": kind.meaning} for kind in known.kinds],
        "labels": {
            label.id: {"name": label.name, "meaning": label.meaning, "border": label.border, "examples": label.examples,
                       "cues": label.cues}
            for label in (*known.labels, known.empty, *known.former)
        },
        "tactics": list(known.tactics),
        "types": [{"id": kind, "name": name, "roles": [[role, ROLES[kind][role]] for role in SPAN_ROLES.get(kind, ())]}
                  for kind, name in KINDS.items()],
    }  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
