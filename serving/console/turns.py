"""One item after the other before one browser, the next one ready before it is asked for: what the desk and 标注 have in common.

In: a screen that says how its next item is read and drawn (`prepare`). Out: the present one shown at once and the one after it fetched
behind it; that nothing waits, or why nothing could be had, stands in its place.
"""

from __future__ import annotations

import logging
from typing import Any, Generic, TypeVar

from nicegui import background_tasks

from serving.console.html_parts import Html, problem
from serving.console.room import asked, told

log = logging.getLogger("fanzha.console")
Sheet = TypeVar("Sheet")


class Turns(Generic[Sheet]):
    """The present sheet and the drawn one after it. A screen sets `head` and `body` before the first `show_next`."""

    head: Any
    body: Any

    def __init__(self) -> None:
        self.sheet: Sheet | None = None
        self.following: tuple[Sheet, Html] | None = None

    def prepare(self) -> tuple[Sheet, Html] | None:
        """The next item that is not before this person already, read and drawn; None where none waits."""
        raise NotImplementedError

    def nothing(self) -> Html:
        """What is said where nothing waits."""
        raise NotImplementedError

    def heading(self, note: str) -> Html:
        """The line above the item."""
        raise NotImplementedError

    async def show_next(self) -> None:
        """The next item, or that there is none."""
        ready, self.following = self.following, None
        if ready is None:
            try:
                ready = await asked(self.prepare)
            except Exception as error:
                log.exception("turns")
                self.sheet = None
                self.body.set_content(problem(told(error)))
                return
        if ready is None:
            self.sheet = None
            self.head.set_content(self.heading(""))
            self.body.set_content(self.nothing())
            return
        self.show(*ready, "")
        background_tasks.create(self.prefetch())

    def show(self, sheet: Sheet, drawn: Html, note: str) -> None:
        """Put a drawn sheet before the person."""
        self.sheet = sheet
        self.head.set_content(self.heading(note))
        self.body.set_content(drawn)

    async def prefetch(self) -> None:
        """Have the one after the present one ready."""
        if self.following is None and self.sheet is not None:
            present = self.sheet
            try:
                ready = await asked(self.prepare)
                if self.following is None and self.sheet is present:  # else another one was laid here meanwhile
                    self.following = ready
            except Exception:  # the next asking meets the same and says it
                log.exception("turns")
