"""Merging, splitting and marking on an incident's page: what one browser does, each step through `serving.rulings`.

In: clicks and forms of one browser, the page's sheet. Out: rulings in the store under the visitor's own name, each in the audit log.
Every ruling says which revisions the person had before him; where another was quicker, nothing is written, he is shown both.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import ConflictError, FanzhaError
from serving import likeness, queries, rulings, views
from serving.console import ruling_parts as parts
from serving.console import wording
from serving.console.frame import ENDED, tell
from serving.console.html_parts import Html, join, problem, tag
from serving.console.incident_rows import list_page
from serving.console.room import Room, Visitor, asked, told
from serving.console.ruling_parts import Candidate, Told
from serving.console.side_by_side import Pair, pair
from serving.queries import IncidentFilter
from serving.store.feed_tables import DecisionRow
from serving.store.tables import CaseRow

log = logging.getLogger("fanzha.console")
_ID = re.compile(r"i-[0-9a-f]{16}")
# Incidents offered, and cases listed for splitting.
FOUND, LISTED = 8, 200


@dataclass(frozen=True, slots=True)
class Around:
    """What the panels show of one incident."""

    view: dict[str, Any]
    told: tuple[Told, ...]
    left_out: int
    decisions: tuple[DecisionRow, ...]


def around(session: Session, view: dict[str, Any], names: dict[str, str], viewer: str) -> Around:
    """Cases and decisions of the incident in `view`; names: document → how people call it."""
    query = sa.select(CaseRow.id, CaseRow.document_id, CaseRow.label, CaseRow.data).where(
        CaseRow.incident_id == view["id"]
    )
    rows = session.execute(query.order_by(CaseRow.document_id, CaseRow.id)).all()
    known = taxonomy.load()
    cases = [
        Told(row.id, names.get(row.document_id, row.document_id),
             f"{known.label(row.label).name}　{' '.join(row.data.get('summary', '').split())[:80]}")
        for row in rows[:LISTED]
    ]  # fmt: skip
    return Around(view, tuple(cases), max(0, len(rows) - LISTED), tuple(rulings.listed(session, view["id"])))


def alike(session: Session, incident_id: str, viewer: str) -> list[Candidate]:
    """The incidents that the machine finds most like this one."""
    row = queries.get_incident(session, incident_id, viewer=viewer)
    return [
        Candidate(one["incident"]["id"], _title(one["incident"]), f"得分 {one['score']:.1f}", tuple(one["agreed"]), tuple(one["contradicted"]))
        for one in likeness.similar(session, row, viewer, FOUND)
    ]  # fmt: skip


def find(session: Session, words: str, here: str, viewer: str) -> list[Candidate]:
    """Incidents by id (also one that was merged since) or by words, without this one. Raises NotFoundError for an unknown id."""
    if named := _ID.search(words):
        rows = [queries.get_incident(session, named[0], viewer=viewer)]
    else:
        rows = list(list_page(session, IncidentFilter(words=words), viewer=viewer, limit=FOUND + 1).rows)
    lines = [views.incident_line(row, viewer) for row in rows if row.id != here][:FOUND]
    return [
        Candidate(line["id"], _title(line), "　".join(part for part in (
            line["label_name"], wording.days(line["first_date"], line["last_date"]), "、".join(wording.places(line["places"])[:2]),
            wording.loss(line)) if part))
        for line in lines
    ]  # fmt: skip


def _title(line: dict[str, Any]) -> str:
    return " ".join(line["title"].split())


class Rulings:
    """The panels of one browser. `redraw` reads and draws the page anew and returns what is around its incident now."""

    def __init__(self, room: Room, visitor: Visitor, request: Request, redraw: Callable[[], Awaitable[Around]]) -> None:
        self.room, self.visitor, self.request, self.redraw = room, visitor, request, redraw
        self.now: Around | None = None
        self.pair: Pair | None = None
        self.looked = 0  # counts what was looked for: only the newest answer is drawn

    def open(self) -> None:
        """The panels, empty until there is an incident."""
        self.said = ui.html("", sanitize=False).classes("ruling-said")
        with ui.element("div").classes("rulings").props('role=group aria-label="归并与标记"') as self.box:
            with _panel("merge", "并入另一事件", self._offer):
                ui.html(parts.finder(), sanitize=False)
                self.found = ui.html("", sanitize=False)
            with _panel("split", "拆分、摘出来源"):
                self.split = ui.html("", sanitize=False)
            with _panel("mark", "TLP 标记"):
                self.mark = ui.html("", sanitize=False)
            with _panel("ruled", "") as self.count:
                self.ruled = ui.html("", sanitize=False)
        self.box.set_visibility(False)
        ui.on("ruling", self.act)

    def show(self, now: Around, *, forms: bool = True) -> None:
        """Draw the panels. forms: also what can be filled in, which loses what stands there."""
        self.now = now
        self.box.set_visibility(True)
        if forms:
            self.split.set_content(parts.splitter(now.told, now.left_out))
            self.mark.set_content(parts.marker(now.view["tlp"]))
            self.found.set_content("")
            self.pair, self.looked = None, 0
        self.count.set_content(f"人的决定 {len(now.decisions)}")
        self.ruled.set_content(parts.ruled(now.decisions, now.view["id"]))

    def hide(self) -> None:
        """Take the panels away: what stands in them is not masked."""
        self.now = self.pair = None
        self.said.set_content("")
        self.box.set_visibility(False)
        for part in (self.found, self.split, self.mark, self.ruled):
            part.set_content("")

    async def act(self, event: Any) -> None:
        """One press: find, compare, take, give, split, mark, undo."""
        if self.now is None or not self.visitor.may_rule:
            return
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
            return
        what, value = str(event.args.get("act", "")), str(event.args.get("value", ""))
        filled = {name: [str(one) for one in many] for name, many in dict(event.args.get("fields") or {}).items()}
        note = (filled.get("note") or [""])[0].replace("\0", "").strip()[: parts.NOTE]
        if what == "find":
            await self._find((filled.get("other") or [""])[0].strip())
        elif what == "compare" and _ID.fullmatch(value):
            await self._compare(value, note)
        elif what in ("take", "give") and self.pair is not None and value == self.pair.line["id"]:
            await self._merge(what == "take", note)
        elif what == "split":
            cases = [case for case in filled.get("case", ()) if any(case == told.case_id for told in self.now.told)]
            await self._split(cases, note)
        elif what == "mark":
            await self._mark((filled.get("tlp") or [""])[0], note)
        elif what == "undo" and value.isdecimal():
            await self._undo(int(value))

    async def _offer(self) -> None:
        """The panel is opened: what the machine finds alike, where nothing was looked for yet."""
        if self.now is not None and not self.looked:
            await self._find("")

    async def _find(self, words: str) -> None:
        here, viewer, self.pair = self.now.view["id"], self.visitor.role, None  # type: ignore[union-attr]
        self.looked += 1
        mine = self.looked

        def question() -> list[Candidate]:
            self.room.note(self.visitor, "list", "incidents")
            with self.room.store.reading() as session:
                return find(session, words, here, viewer) if words else alike(session, here, viewer)

        try:
            drawn = parts.candidates(await asked(question), words)
        except Exception as error:
            drawn = problem(self._told(error))
        if mine == self.looked:
            self.found.set_content(drawn)

    async def _compare(self, other: str, note: str = "") -> None:
        here, viewer = self.now.view, self.visitor.role  # type: ignore[union-attr]
        self.looked += 1

        def question() -> Pair:
            self.room.note(self.visitor, "show", other)
            with self.room.store.reading() as session:
                return pair(session, here["id"], other, viewer)

        try:
            self.pair = await asked(question)
        except Exception as error:
            self.pair = None
            self.found.set_content(problem(self._told(error)))
            return
        if self.pair.line["id"] == here["id"]:
            self.pair = None
            self.found.set_content(tag("p", "它已经并在本事件里了。", class_="soft"))
            return
        self.found.set_content(parts.comparison(here, self.pair, note))

    async def _merge(self, take: bool, note: str) -> None:
        here, other = self.now.view, self.pair.line  # type: ignore[union-attr]
        gone, kept = (other, here) if take else (here, other)
        wanted = f"把 {gone['id']} 并入 {kept['id']}"

        def ruling(session: Session) -> DecisionRow:
            return rulings.merge(
                session, gone["id"], into=kept["id"], by=self.visitor.name, note=note, seen=gone["revision"], seen_into=kept["revision"],
            )  # fmt: skip

        if await self._write("merge", wanted, ruling, other=other["id"], note=note):
            tell(f"已{wanted}；可在“人的决定”里撤销")

    async def _split(self, cases: list[str], note: str) -> None:
        if not cases:
            tell("请先勾选要分出的来源", bad=True)
            return
        here = self.now.view  # type: ignore[union-attr]

        def ruling(session: Session) -> DecisionRow:
            return rulings.split(
                session, here["id"], case_ids=cases, by=self.visitor.name, note=note, seen=here["revision"]
            )

        if await self._write("split", f"分出 {len(cases)} 个案件", ruling):
            tell("已分出；可在“人的决定”里撤销")

    async def _mark(self, tlp: str, note: str) -> None:
        here = self.now.view  # type: ignore[union-attr]

        def ruling(session: Session) -> DecisionRow:
            return rulings.mark(session, here["id"], tlp=tlp, by=self.visitor.name, note=note, seen=here["revision"])

        if await self._write("mark", f"标记为 {wording.TLP.get(tlp, tlp)}", ruling):
            tell("标记已保存；可在“人的决定”里撤销")

    async def _undo(self, number: int) -> None:
        if await self._write(
            "undo", "撤销一个决定", lambda session: rulings.undo(session, number, by=self.visitor.name)
        ):
            tell("已撤销")

    async def _write(
        self, what: str, wanted: str, ruling: Callable[[Session], DecisionRow], *, other: str = "", note: str = ""
    ) -> bool:
        """Write one ruling and draw the page as it is then; False where it was refused, with both before the person's eyes."""
        before = self.now
        assert before is not None

        def write() -> None:
            self.room.note(self.visitor, what, before.view["id"], **({"other": other} if other else {}))
            with self.room.store.writing() as session:
                ruling(session)

        try:
            await asked(write)
        except Exception as error:
            await self._refused(error, wanted, before, other, note)
            return False
        self.said.set_content("")
        await self._anew(before.view["id"], forms=True)
        return True

    async def _refused(self, error: Exception, wanted: str, before: Around, other: str, note: str) -> None:
        why = self._told(error)
        if not isinstance(error, ConflictError):
            self.said.set_content(problem(why))
            return
        # What was typed stays: only what is read from the store is drawn again.
        await self._anew(before.view["id"], forms=False)
        if other and self.now is not None:
            await self._compare(other, note)
        known = {(row.id, row.undone_at) for row in before.decisions}
        fresh = [row for row in (self.now or before).decisions if (row.id, row.undone_at) not in known]
        changed = [_meanwhile(row, before.view["id"]) for row in fresh]
        self.said.set_content(parts.refused(why, changed, wanted))
        ui.run_javascript("document.querySelector('.ruling-said').scrollIntoView({block:'start'})")

    async def _anew(self, incident_id: str, *, forms: bool) -> None:
        """Draw the page again; where the incident is in another one now, go there."""
        try:
            now = await self.redraw()
        except Exception as error:
            self.said.set_content(problem(self._told(error)))
            return
        if now.view["id"] != incident_id and forms:
            ui.navigate.to(f"/incidents/{now.view['id']}")
            return
        self.show(now, forms=forms)

    def _told(self, error: Exception) -> str:
        if not isinstance(error, FanzhaError):
            log.exception("ruling")
        return told(error)


def _meanwhile(row: DecisionRow, here: str) -> Html:
    """A line about what somebody else did."""
    if row.undone_at:
        return join(f"{wording.local(row.undone_at)}　{row.undone_by} 撤销了：", parts.sentence(row, here))
    return join(
        f"{wording.local(row.at)}　{row.by}：", parts.sentence(row, here), f"（{row.note}）" if row.note else None
    )


@contextmanager
def _panel(name: str, words: str, opened: Callable[[], Awaitable[None]] | None = None) -> Iterator[Any]:
    """A panel that opens; gives its heading. opened: called when it is opened or closed."""
    with ui.element("details").classes("card panel").props(f"id=panel-{name} name=rulings") as panel:
        if opened is not None:
            panel.on("toggle", opened, args=[])
        yield ui.html(words, sanitize=False, tag="summary")
