"""Sends webhooks: takes what is due, posts it signed, notes how it went.

In: a store. Out: requests to the receivers, one at a time. Nothing is sent inside a transaction. A message that was sent and not
noted (power cut) is sent again under the same id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection

import sqlalchemy as sa

from serving import hooks, outbound
from serving.hooks import Message
from serving.outbound import OutboundError
from serving.store import Store

log = logging.getLogger(__name__)
IDLE_SECONDS = 2.0
DOWN_SECONDS = 10.0


class Sender:
    """One sender on one store; several may run. post: how a body gets to an address (tests hand in their own)."""

    def __init__(
        self, store: Store, private_hosts: Collection[str] = (), post: Callable[..., int] = outbound.post
    ) -> None:
        self.store = store
        self.private_hosts = frozenset(private_hosts)
        self._post = post

    def step(self) -> int:
        """Line up and send what is due; how many messages were tried."""
        with self.store.reading() as session:
            if hooks.is_idle(session):
                return 0
        with self.store.writing() as session:
            hooks.line_up(session)
            messages = hooks.take(session)
        for message in messages:
            status, error = self._send(message)
            with self.store.writing() as session:
                state = hooks.settle(session, message, status, error)
            if state == "dead":
                log.warning("推送 %s 的一条消息已放弃：%s", message.webhook_id, error or status)
        return len(messages)

    def run(self, stop: threading.Event) -> None:
        """Go on until `stop` is set; a database that fails is asked again later."""
        while not stop.is_set():
            try:
                if self.step() == 0:
                    stop.wait(IDLE_SECONDS)
            except sa.exc.SQLAlchemyError as error:
                log.warning("推送暂停：%s", type(error).__name__)
                stop.wait(DOWN_SECONDS)

    def _send(self, message: Message) -> tuple[int | None, str]:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json", "User-Agent": "fanzha-webhooks/1", "webhook-id": message.name,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": hooks.sign(message.secret, message.name, timestamp, message.body),
        }  # fmt: skip
        try:
            status = self._post(message.url, message.body, headers, private_hosts=self.private_hosts)
        except OutboundError as error:
            return None, error.found
        return status, "" if 200 <= status < 300 else f"对方答 {status}"
