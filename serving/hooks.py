"""Webhooks in the store: who is told of which changes, what waits, what was given up.

In: sessions. Out: rows. It sends nothing (`serving.delivery`) and speaks no HTTP. A change is lined up once for each webhook that it
fits and delivered at least once: the same message keeps the same id, by which a receiver drops what he has.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, NotFoundError
from serving import changes, queries, views
from serving.fitting import IncidentFilter, movements
from serving.store.feed_tables import DeliveryRow, WebhookRow
from serving.store.identity import now
from serving.store.tables import ChangeRow

# The schedule that Standard Webhooks recommends, seconds after each failure; then the message is dead until it is replayed.
BACKOFF = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
# A sender has this long for one message; after that another one may take it.
LEASE_SECONDS = 120.0
# Lines of the log lined up for one webhook at a time.
LINED_UP = 200
# Messages that arrived are forgotten after this many seconds.
KEPT_SECONDS = 7 * 86_400
_GONE = 410


@dataclass(frozen=True, slots=True)
class Message:
    """One message on its way."""

    delivery: int
    webhook_id: str
    url: str
    secret: str
    name: str
    body: bytes


def sign(secret: str, name: str, timestamp: int, body: bytes) -> str:
    """The signature of a message as Standard Webhooks has it: HMAC-SHA256 over id.timestamp.body, key after "whsec_" in base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((name.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def register(
    session: Session, url: str, wanted: IncidentFilter, *, viewer: str, by: str, after: int | None = None
) -> WebhookRow:
    """A new webhook with a secret of its own (24 random bytes); told of what comes after `after`, None: from now on."""
    row = WebhookRow(
        id=f"w-{secrets.token_hex(8)}", url=url, secret=f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}", viewer=viewer,
        wanted=asdict(wanted), by=by, created_at=now(), state="active",
        after=changes.last_number(session) if after is None else after,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def get(session: Session, webhook_id: str) -> WebhookRow:
    """The webhook with this id. Raises NotFoundError."""
    row = session.get(WebhookRow, webhook_id)
    if row is None:
        raise NotFoundError("没有这个推送", where=webhook_id)
    return row


def listed(session: Session) -> list[tuple[WebhookRow, dict[str, int]]]:
    """Every webhook with how many messages are in each state."""
    counts: dict[str, dict[str, int]] = {}
    grouped = sa.select(DeliveryRow.webhook_id, DeliveryRow.state, sa.func.count()).group_by(
        DeliveryRow.webhook_id, DeliveryRow.state
    )
    for webhook_id, state, number in session.execute(grouped):
        counts.setdefault(webhook_id, {})[state] = number
    rows = session.scalars(sa.select(WebhookRow).order_by(WebhookRow.created_at, WebhookRow.id))
    return [(row, counts.get(row.id, {})) for row in rows]


def remove(session: Session, webhook_id: str) -> None:
    """Forget a webhook and what waits for it. Raises NotFoundError."""
    row = get(session, webhook_id)
    session.execute(sa.delete(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id))
    session.delete(row)


def deliveries(session: Session, webhook_id: str, state: str = "", limit: int = 100) -> list[DeliveryRow]:
    """The newest messages of a webhook, newest first. Raises NotFoundError."""
    get(session, webhook_id)
    query = sa.select(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id)
    if state:
        query = query.where(DeliveryRow.state == state)
    return list(session.scalars(query.order_by(DeliveryRow.sequence.desc()).limit(limit)))


def replay(session: Session, webhook_id: str, after: int | None = None) -> int:
    """Send again: the dead ones, or everything after a number; a webhook that was disabled is active again. How many at least.

    Raises NotFoundError, and ConflictError for a number that is not there yet.
    """
    row = get(session, webhook_id)
    row.state = "active"
    ours = DeliveryRow.webhook_id == webhook_id
    if after is None:
        again = sa.update(DeliveryRow).where(ours, DeliveryRow.state == "dead")
        return session.execute(again.values(state="waiting", attempts=0, due=0.0, ended_at="")).rowcount  # type: ignore[attr-defined,no-any-return]
    last = changes.last_number(session)
    if after > last:
        raise ConflictError("这个序号还没有到", where="after", expected=f"不大于 {last}")
    session.execute(sa.delete(DeliveryRow).where(ours, DeliveryRow.sequence > after))
    row.after = after
    return last - after


def _is_due() -> sa.ColumnElement[bool]:
    """Due by the clock; or later than anything can be due, which is from before the clock was set back."""
    at = time.time()
    late = (DeliveryRow.state == "sending") & (DeliveryRow.due > at + 2 * LEASE_SECONDS)
    return (DeliveryRow.due <= at) | late | (DeliveryRow.due > at + 2 * BACKOFF[-1])


def is_idle(session: Session) -> bool:
    """Is there nothing to line up and nothing due? Asked before the store is locked for writing."""
    active = sa.select(WebhookRow.id).where(
        WebhookRow.state == "active", WebhookRow.after < changes.last_number(session)
    )
    if session.scalar(active.limit(1)) is not None:
        return False
    due = sa.select(DeliveryRow.id).where(DeliveryRow.state.in_(("waiting", "sending")), _is_due())
    return session.scalar(due.limit(1)) is None


def wanted_by(row: WebhookRow) -> IncidentFilter:
    """The filter of a webhook."""
    return IncidentFilter(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in row.wanted.items()}
    )


def line_up(session: Session) -> int:
    """Put new changes into the line of every webhook that they fit; how many. Forgets what arrived long ago."""
    count = 0
    hooks = sa.select(WebhookRow).where(WebhookRow.state == "active").with_for_update(skip_locked=True)
    for row in session.scalars(hooks).all():
        page = queries.list_changes(session, row.after, limit=LINED_UP, viewer=row.viewer, wanted=wanted_by(row))
        session.add_all(
            DeliveryRow(webhook_id=row.id, sequence=change.sequence, state="waiting", attempts=0, due=0.0)
            for change in page.rows
        )
        row.after = page.cursor if page.cursor is not None else row.after
        count += len(page.rows)
    old = DeliveryRow.due < time.time() - KEPT_SECONDS
    session.execute(sa.delete(DeliveryRow).where(DeliveryRow.state == "delivered", old))
    session.flush()
    return count


def take(session: Session, limit: int = 20) -> list[Message]:
    """Messages that are due, oldest change first, ours for `LEASE_SECONDS`; also those whose sender was lost."""
    due = (
        sa.select(DeliveryRow, WebhookRow)
        .join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
        .where(WebhookRow.state == "active", DeliveryRow.state.in_(("waiting", "sending")), _is_due())
        .order_by(DeliveryRow.sequence, DeliveryRow.id)
        .limit(limit)
        .with_for_update(of=DeliveryRow, skip_locked=True)
    )
    messages = []
    for delivery, hook in session.execute(due).all():
        delivery.state, delivery.due = "sending", time.time() + LEASE_SECONDS
        delivery.attempts += 1
        change = session.get_one(ChangeRow, delivery.sequence)
        messages.append(
            Message(
                delivery.id,
                hook.id,
                hook.url,
                hook.secret,
                f"msg_{hook.id}_{change.sequence}",
                _body(session, hook, change),
            )
        )
    return messages


def _body(session: Session, hook: WebhookRow, change: ChangeRow) -> bytes:
    wanted = wanted_by(hook)
    moved = {} if wanted == IncidentFilter() else movements(session, wanted, [change], hook.viewer)
    (line,) = views.change_lines([change], hook.viewer, queries.public_among(session, views.told_of([change])), moved)
    body: dict[str, Any] = {"type": f"incident.{line['kind']}", "timestamp": line["at"], "data": line}
    return json.dumps(body, ensure_ascii=False).encode()


def settle(session: Session, message: Message, status: int | None, error: str = "") -> str:
    """Note how it went: delivered on 2xx, else waiting for the next try, or dead; 410 disables the webhook. The new state."""
    delivery = session.get(DeliveryRow, message.delivery)
    if delivery is None or delivery.state != "sending":  # removed or replayed meanwhile
        return ""
    delivery.status, delivery.error = status, error[:500]
    if status is not None and 200 <= status < 300:
        delivery.state, delivery.ended_at = "delivered", now()
    elif status == _GONE or delivery.attempts > len(BACKOFF):
        delivery.state, delivery.ended_at = "dead", now()
        if status == _GONE:
            get(session, message.webhook_id).state = "disabled"
    else:
        delivery.state = "waiting"
        # Spread, so that a receiver that comes back is not met by everything at once.
        delivery.due = time.time() + BACKOFF[delivery.attempts - 1] * random.uniform(0.9, 1.1)
    return delivery.state
