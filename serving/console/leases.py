"""Who has which item before him in this process (the console is one), for how long, and what he put off.

In: tokens of browsers, ids of items. Out: whether an item is free for somebody. It orders nothing and reads no store; callers lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# An item lies before one person this long without a key being pressed, then others may get it.
LEASE_SECONDS = 600.0


class Leases:
    """Items on loan. `who` is a browser's token, so that one person's two browsers do not get the same item either."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, tuple[str, float]] = {}  # item → (who, until)
        self._put_off: dict[str, set[str]] = {}  # who → items

    def free(self, who: str, item: str) -> bool:
        """May `who` get this item now? He may have it already; what he put off comes round when `forgive` is called."""
        if item in self._put_off.get(who, ()):
            return False
        lease = self._until.get(item)
        return lease is None or lease[0] == who or lease[1] < self._clock()

    def has(self, who: str, item: str) -> bool:
        """Does it lie before `who`?"""
        return self._until.get(item, ("", 0.0))[0] == who

    def take(self, who: str, item: str) -> None:
        """It lies before `who` from now on, for `LEASE_SECONDS`."""
        self._until[item] = (who, self._clock() + LEASE_SECONDS)

    def put_off(self, who: str, item: str) -> None:
        """Others may get it; `who` gets it when nothing else is left."""
        self._put_off.setdefault(who, set()).add(item)
        self.let_go(who, item)

    def forgive(self, who: str) -> bool:
        """What `who` put off comes round again. False when he put off nothing."""
        return bool(self._put_off.pop(who, None))

    def let_go(self, who: str, item: str) -> None:
        """It no longer lies before `who`."""
        if self.has(who, item):
            del self._until[item]

    def leave(self, who: str) -> None:
        """`who` went away: what he held is free."""
        self._until = {item: lease for item, lease in self._until.items() if lease[0] != who}
        self._put_off.pop(who, None)
