"""Which document comes next on the screen 标注, and that two people never get the same one (but for double annotation, one after another).

In: the store, a person's name, the token of his browser, the mode. Out: `Waiting` items on loan. Leases are kept in this process (the
console is one); the order is `serving.annotation.queueing`'s.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from serving.annotation.queueing import Waiting, waiting
from serving.console.leases import Leases
from serving.store import Store

# The order is read anew after this long; between, it is as it was less what was annotated.
FRESH_SECONDS = 30.0


class AnnotationQueue:
    """The queue of one process. Methods may be called from any thread."""

    def __init__(
        self, store: Callable[[], Store], share: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._share, self._clock = store, share, clock
        self._lock = threading.Lock()
        self._lists: dict[tuple[str, str], tuple[float, list[Waiting]]] = {}  # (name, mode) → (read at, items)
        self._leases = Leases(clock)

    def take(self, name: str, token: str, mode: str, number: int = 1) -> list[Waiting]:
        """The first items that are free for this browser, leased to it; what it holds already comes first."""
        with self._lock:
            found = self._free(name, token, mode)
            if len(found) < number:
                self._lists.pop((name, mode), None)
                found = self._free(name, token, mode)
            if not found and self._leases.forgive(token):
                found = self._free(name, token, mode)
            mine = [item for item in found if self._leases.has(token, item.document_id)]
            taken = (mine + [item for item in found if item not in mine])[:number]
            for item in taken:
                self._leases.take(token, item.document_id)
            return taken

    def lies_before(self, token: str, document_id: str) -> None:
        """This browser works on it (again): its loan begins anew."""
        with self._lock:
            if self._leases.free(token, document_id):
                self._leases.take(token, document_id)

    def skip(self, token: str, document_id: str) -> None:
        """Put one off: others may get it; it comes round when nothing else is left."""
        with self._lock:
            self._leases.put_off(token, document_id)

    def done(self, token: str, document_id: str) -> None:
        """It was annotated."""
        with self._lock:
            for _read_at, items in self._lists.values():
                items[:] = [item for item in items if item.document_id != document_id]
            self._leases.let_go(token, document_id)

    def again(self) -> None:
        """Something changed that no list knows: read them at the next taking."""
        with self._lock:
            self._lists = {key: (-math.inf, items) for key, (_read_at, items) in self._lists.items()}

    def leave(self, token: str) -> None:
        """A browser went away: what it held is free."""
        with self._lock:
            self._leases.leave(token)

    def length(self, name: str, mode: str) -> int:
        """Items in this person's list as it was read; the list is cut at `queueing.RANKED`."""
        return len(self._lists.get((name, mode), (0.0, []))[1])

    def _free(self, name: str, token: str, mode: str) -> list[Waiting]:
        read_at, items = self._lists.get((name, mode), (-math.inf, []))
        if self._clock() - read_at > FRESH_SECONDS:
            with self._store().reading() as session:
                items = waiting(session, name, mode, self._share())
            self._lists[name, mode] = (self._clock(), items)
        return [item for item in items if self._leases.free(token, item.document_id)]
