"""Runs the retention once a day, in whichever process of a store comes first.

In: a store, rules. Out: what `retention.run` leaves. The day is noted in the store before the work, so several servers do it once; a day
that was noted and not finished (killed) is finished the next day: what is due stays due.
"""

from __future__ import annotations

import logging
import threading
import time

import sqlalchemy as sa

from nlp.errors import FanzhaError
from serving.keeping import retention
from serving.keeping.retention import Retained, Rule
from serving.store import Store
from serving.store.tables import Counter

log = logging.getLogger(__name__)
# Whether the day has changed is asked this often.
ASK_SECONDS = 600.0
COUNTER = "retention"
_DAY = 86_400


def once_a_day(store: Store, rules: list[Rule], *, actor: str = "自动") -> Retained | None:
    """Do today's work unless somebody did; None then. Raises ConflictError where too much is due at once."""
    today = int(time.time()) // _DAY
    with store.writing() as session:
        if session.get(Counter, COUNTER) is None:
            session.add(Counter(name=COUNTER, value=0))
            session.flush()
        mine = sa.update(Counter).where(Counter.name == COUNTER, Counter.value != today).values(value=today)
        if not session.execute(mine).rowcount:  # type: ignore[attr-defined]
            return None
    return retention.run(store, rules, actor=actor, careful=True)


def run(store: Store, rules: list[Rule], stop: threading.Event) -> None:
    """Until `stop`: for a background thread."""
    while not stop.wait(ASK_SECONDS if rules else None):
        try:
            done = once_a_day(store, rules)
            if done and (done.documents or done.personal):
                log.info("留存期到：%d 件文档，%d 件的姓名号码", len(done.documents), len(done.personal))
        except FanzhaError as error:
            log.warning("留存未做：%s", error)
        except sa.exc.SQLAlchemyError as error:
            log.warning("留存未做，稍后再试：%s", type(error).__name__)
