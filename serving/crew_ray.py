"""A crew of Ray actors, on this machine or on a cluster: each loads the model once and is given batches of documents.

In: batches of documents. Out: for each batch its readings in order. An actor that dies with its worker process or its node is started
anew by Ray, elsewhere if need be, and its batch is read again one document at a time; nothing is filed by an actor, so nothing is filed
twice. A document in whose hands an actor died twice is given up with the reason.

Ray comes with the extra `scale`. On a cluster every node needs `fanzha` installed; the store is reached from here only.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

from nlp.errors import InputError
from nlp.records import Document, Reading
from serving.crew import DEATHS_ALLOWED, DiedWhileReading
from serving.settings import Settings
from serving.worker import load_analyzer, read_through

KNOCK_SECONDS = 10.0


class RayCrew:
    """`size` actors, one core each, spread over the nodes. `address`: of a running cluster; "" starts Ray on this machine."""

    def __init__(self, settings: Settings, size: int, address: str = "") -> None:
        """Raises InputError where Ray is not installed or the cluster does not answer."""
        try:
            import ray
        except ImportError as error:
            raise InputError("没有安装 Ray", where="--engine ray", advice='pip install "fanzha[scale]"') from error
        self.size = size
        self._ray = ray
        self._started = not ray.is_initialized()
        if self._started:
            _check_reachable(address)
            try:
                ray.init(
                    address=address or "local", num_cpus=None if address else size, include_dashboard=False,
                    log_to_driver=False, configure_logging=False,
                )  # fmt: skip
            except Exception as error:  # Ray raises plain ones, too: its node did not start within 30 s
                raise _unreachable(address, error) if address else _not_started(error) from error
        # A reading is not tried again by Ray, which does not know a node that went from a document that ends its reader.
        actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=0)(_Reader)
        self._actors = [actor.options(scheduling_strategy="SPREAD").remote(settings) for _ in range(size)]
        self._given = [0] * size

    def submit(self, documents: Sequence[Document]) -> Callable[[], list[Reading | Exception]]:
        """See `serving.crew.Crew.submit`. Raises what loading the model raises, when the readings are asked for."""
        batch = list(documents)
        # The one with the fewest batches in hand; a quick one gets more.
        at = min(range(self.size), key=self._given.__getitem__)
        self._given[at] += 1
        answer = self._actors[at].read.remote(batch)

        def take() -> list[Reading | Exception]:
            try:
                return self._wait(answer)
            except self._ray.exceptions.RayActorError:
                return [self._alone(at, document) for document in batch]
            finally:
                self._given[at] -= 1

        return take

    def close(self) -> None:
        """End the actors, and Ray where this crew started it."""
        for actor in self._actors:
            self._ray.kill(actor)
        if self._started:
            self._ray.shutdown()

    def _alone(self, at: int, document: Document) -> Reading | Exception:
        """The reading of one document that shares its actor with nobody."""
        for _ in range(DEATHS_ALLOWED):
            try:
                # As long as it takes: Ray starts the actor anew when a node has room for it.
                self._ray.get(self._actors[at].is_there.options(max_task_retries=-1).remote())
                return self._wait(self._actors[at].read.remote([document]))[0]
            except self._ray.exceptions.RayActorError:
                continue
        return DiedWhileReading("分析此文档时进程中断", where=document.doc_id, advice="请单独检查此文档")

    def _wait(self, answer: Any) -> list[Reading | Exception]:
        try:
            readings: list[Reading | Exception] = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error  # what went wrong there is told as if it had gone wrong here
        return readings


def _check_reachable(address: str) -> None:
    """Ray itself asks a head that is not there again and again for minutes; one knock tells. Names like "auto" are left to Ray."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> InputError:
    return InputError(
        f"连不上 Ray 集群：{error}", where=f"--address {address}", expected="如 ray://主机:10001 或 主机:6379"
    )


def _not_started(error: Exception) -> InputError:
    return InputError(
        f"Ray 没有启动：{error}", where="--engine ray", advice="机器太忙时稍后再试，或用 --address 接一个已在运行的集群"
    )


class _Reader:
    """One actor."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._analyzer: Any = None

    def is_there(self) -> bool:
        return True

    def read(self, documents: list[Document]) -> list[Reading | Exception]:
        if self._analyzer is None:
            self._analyzer = load_analyzer(self._settings)
        return read_through(self._analyzer, documents)
