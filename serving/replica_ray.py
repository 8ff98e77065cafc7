"""One replica of the API under Ray Serve: the application in an actor of its own, and what Serve is told of it.

In: the settings of the node it runs on (its environment), and, where a command started it, digests of that command's settings. Out: an
application for Serve: `application` for a Serve configuration file (KubeRay), `deployment` for `serving.listening_ray`.

No setting travels through Ray, whose wires are open: store, secrets and keys stand in the environment of every node. A replica whose
environment is another than its command's does not start. Nothing here imports Ray before it is asked to.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nlp.errors import InputError
from serving import heap, settings
from serving.listening import STOP_SECONDS, SWITCH_SECONDS
from serving.settings import VARIABLES, Settings

NAME, DEPLOYMENT = "fanzha", "api"
# A follower's stream ends after this and is taken up again by its client (Last-Event-ID): a replica that is taken away waits for those it has.
STREAM_SECONDS = 30.0
# As in `serving.listening`: what is under way when all is stopped has this long to be answered.
ANSWER_SECONDS = 5.0
# A request whose client is gone: longer than any answer takes, so that only one is broken off that waits for a body that will not come.
GONE_SECONDS = 120.0
# A complaint takes 57 ms of a core (docs/scale.md): of eight at a time the last waits half a second. More are a reason for another
# replica; the desk refuses much later, at FANZHA_PLACES.
ONGOING = 8.0
# Followers, and requests that wait for no analysis, beside those at the desk; over that the proxy keeps some, then says 503.
BESIDE, QUEUED = 140, 100
RETRY_AFTER_SECONDS = 5.0
HEALTH_SECONDS = 5.0

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas: from `least` to `most`, as many as there is work for; equal: always that many."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Told:
    """Digests of the settings of a command: name → HMAC of its value under `salt`. What is not set has none."""

    salt: bytes
    digests: Mapping[str, str]

    def differing(self, environment: Mapping[str, str]) -> list[str]:
        """The settings that are others in `environment`, sorted."""
        here = told_of(environment, self.salt).digests
        return sorted(name for name in here.keys() | self.digests.keys() if here.get(name) != self.digests.get(name))


def told_of(environment: Mapping[str, str], salt: bytes) -> Told:
    """What a command tells of its settings."""
    set_here = {name: environment[name] for name in VARIABLES if environment.get(name)}
    return Told(
        salt, {name: hmac.new(salt, value.encode(), hashlib.sha256).hexdigest() for name, value in set_here.items()}
    )


def check_node(told: Told | None, hosts: Iterable[str]) -> Settings:
    """The settings of this node, which fit; hosts: names of all machines of the cluster.

    Raises InputError where they differ from those of the command, or the store is a file that the other machines do not see.
    """
    here = socket.gethostname()
    if told is not None and (differing := told.differing(os.environ)):
        raise InputError(
            f"设置与下命令的进程不同：{'、'.join(differing)}", where=f"节点 {here}", expected="每个节点同样的 FANZHA_* 环境变量",
            advice="在启动 Ray 的环境里写好（systemd 的 EnvironmentFile、Kubernetes 的 Secret），重启这个节点的 Ray",
        )  # fmt: skip
    found = settings.load()
    elsewhere = sorted({host for host in hosts if host != here})
    if elsewhere and sa.make_url(found.store).get_backend_name() == "sqlite":
        raise InputError(
            "事件库是本机的 SQLite 文件，别的机器看不到", where=f"节点 {here}；另有 {'、'.join(elsewhere)}",
            expected="各节点都连得上的 PostgreSQL（FANZHA_STORE=postgresql://…）", advice="只在一台机器上可用 SQLite",
        )  # fmt: skip
    return found


def hosts_of(ray: Any) -> set[str]:
    """Names of the machines of the cluster that are there and take work."""
    return {node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0)}


class Door:
    """The application, until it is closed: then every new request is told to come again (503). ASGI."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.closed = False
        self._inside: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, or the application's life."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
        elif self.closed:
            from serving.api import guard, problems

            told = problems.fields_of(guard.StoppingError())
            await problems.answer(scope["path"], told, guard.HEADERS)(scope, receive, send)  # type: ignore[arg-type]
        else:
            await self._inside_counted(scope, receive, send)

    async def close(self, seconds: float) -> None:
        """Let nobody in any more; those inside have `seconds`, then they are broken off, which the guard answers with 503."""
        self.closed = True
        if self._inside:
            _, left = await asyncio.wait(set(self._inside), timeout=seconds)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=seconds)

    async def _inside_counted(self, scope: Message, receive: Receive, send: Send) -> None:
        task = asyncio.create_task(self.application(scope, receive, _one_number(scope, send)))
        self._inside.add(task)
        task.add_done_callback(self._inside.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # Serve breaks a request off whose client is gone. As under uvicorn it goes on: what was taken from the inbox for it is filed.
            if not task.done():
                asyncio.get_running_loop().call_later(GONE_SECONDS, task.cancel)
            raise


def _one_number(scope: Message, send: Send) -> Send:
    """`send` without our X-Request-Id where Serve's proxy, which gave the request its number, writes it into the answer itself."""
    if not any(name == b"x-request-id" for name, _ in scope["headers"]):
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name.lower() != b"x-request-id"]
            message = {**message, "headers": kept}
        await send(message)

    return sending


class Replica:
    """What Serve runs in an actor. `told`: of the command that started it, None where the nodes' own environment is all there is."""

    def __init__(self, told: Told | None) -> None:
        """Raises InputError where this node does not fit."""
        from serving.ray_cluster import imported

        self._settings = check_node(told, hosts_of(imported()))
        self._door: Door | None = None

    def __serve_build_asgi_app__(self) -> Door:  # Serve's name; it runs the application's life
        heap.few_heaps()
        sys.setswitchinterval(SWITCH_SECONDS)
        from serving.api.app import create_app
        from serving.log_lines import log_to_stderr

        log_to_stderr()
        application = create_app(self._settings)
        application.state.stream_seconds = min(application.state.stream_seconds, STREAM_SECONDS)
        self._door = Door(application)
        return self._door

    async def check_health(self) -> None:
        """Ready and alive, asked by Serve: at first until the model has loaded. Raises what kept it from loading, or that its threads died."""
        door = self._door
        if door is None or door.closed:
            return
        engine = door.application.state.engine
        while engine.model_state == "loading":
            await asyncio.sleep(0.05)
        if engine.failure is not None:
            raise engine.failure
        if not engine.working:
            raise RuntimeError("收件处理的线程没有了")

    async def finish(self) -> None:
        """Before everything stops: answer what is under way, finish or give back what is in hand, take nothing new. Called on all replicas."""
        if self._door is not None and not self._door.closed:
            await self._door.close(ANSWER_SECONDS)
            await asyncio.to_thread(self._door.application.state.engine.close)


def deployment(scale: Scale, places: int) -> Any:
    """The deployment that Serve runs. places: see `Settings.places`."""
    from ray import serve

    number: dict[str, Any] = {"num_replicas": scale.least}
    if scale.most > scale.least:
        bounds = {"min_replicas": scale.least, "max_replicas": scale.most, "target_ongoing_requests": ONGOING}
        number = {"autoscaling_config": bounds}
    return serve.deployment(
        name=DEPLOYMENT, max_ongoing_requests=places + BESIDE, max_queued_requests=QUEUED,
        backpressure_config={"retry_after_s": RETRY_AFTER_SECONDS}, graceful_shutdown_wait_loop_s=0.5,
        graceful_shutdown_timeout_s=STOP_SECONDS, health_check_period_s=HEALTH_SECONDS, ray_actor_options={"num_cpus": 1},
        # The addresses of requests may hold names: the application has its own line for each (`serving.api.guard`).
        logging_config={"log_level": "WARNING", "enable_access_log": False}, **number,
    )(serve.ingress()(Replica))  # fmt: skip


def application(arguments: Mapping[str, Any]) -> Any:
    """For a Serve configuration file (`import_path: serving.replica_ray:application`). arguments: replicas, or min_replicas and max_replicas.

    The numbers may as well stand in the file's own `deployments`, which has the last word.
    """
    fixed = int(arguments.get("replicas", 1))
    scale = Scale(int(arguments.get("min_replicas", fixed)), int(arguments.get("max_replicas", fixed)))
    return deployment(scale, settings.load().places).bind(None)
