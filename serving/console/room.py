"""Where the console stands and who looks at it: the store and the engine of the application, and the role of a visitor.

In: the FastAPI application, the request of a page. Out: `Room`, `Visitor`. It decides nothing about what a role may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request

from nlp import mask
from nlp.errors import FanzhaError
from serving import audit
from serving.people import COOKIE, NOBODY, RANKS, who_is
from serving.store import Store

BASE = "/console"
# Lowers the demo's role to a reader's, so that one can see what readers see. It can only lower.
VIEWER_COOKIE = "fanzha_viewer"
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks: the name that decisions are kept under, and a role of `nlp.mask`. `demo`: nobody had to log in."""

    name: str
    role: str
    demo: bool = False

    @property
    def sees_all(self) -> bool:
        """Does this visitor see unmasked values, and may work at the desk?"""
        return mask.sees_all(self.role)

    def may(self, minimum: str) -> bool:
        """Is this visitor's role `minimum` or a higher one?"""
        return self.role in RANKS and RANKS.index(self.role) >= RANKS.index(minimum)

    @property
    def may_rule(self) -> bool:
        """May this visitor merge, split and mark incidents? Editors may, as over the API."""
        return self.may("editor")

    @property
    def edits(self) -> bool:
        """May this visitor annotate, settle disputes, bring labels in and give them out?"""
        return self.may("editor")


@dataclass(frozen=True, slots=True)
class Room:
    """The application that the console stands in."""

    app: FastAPI

    @property
    def demo(self) -> bool:
        """Is this the loopback demo?"""
        return bool(self.app.state.demo)

    @property
    def engine(self) -> Any:
        """Store, worker and gates (`serving.api.engine.Engine`), there once the application has started."""
        return self.app.state.engine

    @property
    def store(self) -> Store:
        """The store."""
        return self.engine.store  # type: ignore[no-any-return]

    def visitor(self, request: Request) -> Visitor:
        """The person behind a request: who is logged in or sends a key (`serving.people`), in the demo the operator, else a reader."""
        try:
            who = who_is(
                self.store, authorization=request.headers.get("authorization"), cookie=request.cookies.get(COOKIE),
                operator_key=self.app.state.operator_key, demo=self.demo,
            )  # fmt: skip
        except FanzhaError:
            who = NOBODY
        if not mask.sees_all(who.role) or request.cookies.get(VIEWER_COOKIE) == "reader":
            return Visitor(who.name or "读者", mask.DEFAULT_VIEWER, self.demo)
        return Visitor(who.name, who.role, self.demo)

    def still(self, request: Request, visitor: Visitor) -> bool:
        """Is a page's visitor who he was when it was opened? A log-in that has ended makes a reader of him."""
        return self.visitor(request) == visitor

    def note(self, visitor: Visitor, action: str, object: str = "", /, **detail: Any) -> None:
        """Write into the audit log what unmasked data a visitor is shown or what he does, before it happens; the demo has nobody to name.

        action: show, list, mask, unmask, export, decide, annotate, merge, split, mark, undo, import.
        Raises StoreError: what cannot be written down is not shown.
        """
        if visitor.sees_all and not self.demo:
            with self.store.writing() as session:
                audit.record(session, visitor.name, visitor.role, f"console.{action}", object, detail=detail)


async def asked(question: Callable[[], Answer]) -> Answer:
    """The answer of a question to the store, asked in a thread so that other screens go on. Raises what it raises."""
    from nicegui import run

    answer: Answer = await run.io_bound(question)
    return answer


def told(error: Exception) -> str:
    """An error as one sentence for a screen: ours in full, others by kind, for their message may quote a complaint."""
    return str(error) if isinstance(error, FanzhaError) else f"程序出错（{type(error).__name__}），已记入日志；可重试"
