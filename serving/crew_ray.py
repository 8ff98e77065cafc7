"""A crew of Ray actors, on this machine or on a cluster: each loads the model once and is given batches of documents.

In: batches of documents. Out: for each batch its readings in order. An actor that dies with its worker process or its node is started
anew by Ray, elsewhere if need be, and its batch is read again one document at a time; nothing is filed by an actor, so nothing is filed
twice. A document in whose hands an actor died twice is given up with the reason.

Ray comes with the extra `scale`. On a cluster every node needs `fanzha` installed; the store is reached from here only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nlp.records import Document, Reading
from serving import ray_cluster
from serving.crew import DEATHS_ALLOWED, DiedWhileReading
from serving.settings import Settings
from serving.worker import load_analyzer, read_through


class RayCrew:
    """`size` actors, one core each, spread over the nodes. `address`: of a running cluster; "" starts Ray on this machine."""

    def __init__(self, settings: Settings, size: int, address: str = "") -> None:
        """Raises InputError where Ray is not installed or the cluster does not answer."""
        ray, self._started = ray_cluster.connect(address, size)
        self.size = size
        self._ray = ray
        # No actor opens the store, so none is told its password.
        settings = replace(settings, store="")
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
        readings: list[Reading | Exception] = ray_cluster.told_as_ours(self._ray, answer)
        return readings


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
