"""What a replica under Ray Serve checks and does by itself, and what the command refuses; Ray itself is in test_ray_serving.py."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from nlp.errors import InputError
from serving import ray_cluster
from serving.api.guard import Guard
from serving.command import app
from serving.listening_ray import full_address
from serving.replica_ray import Door, Scale, Told, check_node, told_of

HERE = socket.gethostname()
SALT = b"salt of one command"


def test_what_travels_is_no_setting_and_tells_which_ones_differ() -> None:
    mine = {"FANZHA_SECRET": "a" * 40, "FANZHA_STORE": "postgresql://u:geheim@db/f", "FANZHA_RATE": "", "HOME": "x"}
    told = told_of(mine, SALT)
    assert "geheim" not in repr(told)
    assert "a" * 40 not in repr(told)
    assert set(told.digests) == {"FANZHA_SECRET", "FANZHA_STORE"}
    assert told.differing(mine) == []
    assert told.differing({**mine, "FANZHA_SECRET": "b" * 40}) == ["FANZHA_SECRET"]
    assert told.differing({"FANZHA_STORE": mine["FANZHA_STORE"], "FANZHA_PLACES": "9"}) == [
        "FANZHA_PLACES",
        "FANZHA_SECRET",
    ]
    assert told_of(mine, b"another").digests != told.digests


def test_a_node_with_other_settings_gets_no_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANZHA_PLACES", "7")
    with pytest.raises(InputError, match="FANZHA_PLACES"):
        check_node(Told(SALT, {}), {HERE})
    monkeypatch.delenv("FANZHA_PLACES")


def test_a_file_that_other_machines_do_not_see_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANZHA_STORE", "sqlite:///data/fanzha.db")
    assert check_node(None, {HERE}).store == "sqlite:///data/fanzha.db"
    with pytest.raises(InputError, match="别的机器看不到") as refused:
        check_node(None, {HERE, "second"})
    assert "second" in str(refused.value)
    assert "PostgreSQL" in str(refused.value)
    monkeypatch.setenv("FANZHA_STORE", "postgresql://u@db/f")
    assert check_node(None, {HERE, "second"}).store.startswith("postgresql")


def test_the_path_of_a_file_is_told_in_full(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert full_address("sqlite:///data/f.db") == f"sqlite:///{tmp_path}/data/f.db"
    assert full_address("postgresql+psycopg://u:p%40@db/f") == "postgresql+psycopg://u:p%40@db/f"


class World:
    """The guard and an application behind a door; `requests` are answered when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        state = SimpleNamespace(metrics=SimpleNamespace(observe=lambda *_: None))
        self.scope = {
            "app": SimpleNamespace(state=state),
            "type": "http",
            "method": "POST",
            "path": "/v1/reports",
            "query_string": b"",
        }
        self.door = Door(Guard(self._answer))
        self.ended = 0

    async def ask(self, *headers: tuple[bytes, bytes]) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.door({**self.scope, "headers": list(headers)}, receive, send)
        return said

    async def _answer(self, _scope: Any, _receive: Any, send: Any) -> None:
        await self.go.wait()
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})
        self.ended += 1


def test_who_is_inside_is_answered_and_nobody_comes_in_any_more() -> None:
    async def whole() -> None:
        world = World()
        inside = asyncio.create_task(world.ask())
        await asyncio.sleep(0)
        closing = asyncio.create_task(world.door.close(60))
        await asyncio.sleep(0)
        refused = await world.ask()
        assert refused[0]["status"] == 503
        assert int(dict(refused[0]["headers"])[b"retry-after"]) > 0
        assert json.loads(refused[1]["body"])["type"].endswith("stopping")
        world.go.set()
        await closing
        assert (await inside)[0]["status"] == 201

    asyncio.run(whole())


def test_who_takes_too_long_is_told_to_come_again() -> None:
    async def whole() -> None:
        world = World()
        inside = asyncio.create_task(world.ask())
        await asyncio.sleep(0)
        await world.door.close(0.01)
        said = await inside
        assert said[0]["status"] == 503
        assert json.loads(said[1]["body"])["type"].endswith("stopping")

    asyncio.run(whole())


def test_a_request_whose_client_is_gone_is_still_done() -> None:
    async def whole() -> None:
        world = World()
        inside = asyncio.create_task(world.ask())
        await asyncio.sleep(0.01)
        inside.cancel()
        with pytest.raises(asyncio.CancelledError):
            await inside
        world.go.set()
        await asyncio.sleep(0.01)
        assert world.ended == 1

    asyncio.run(whole())


def test_an_answer_has_one_number() -> None:
    async def whole() -> None:
        world = World()
        world.go.set()
        by_proxy, alone = await world.ask((b"x-request-id", b"n" * 12)), await world.ask()
        names = [[name.lower() for name, _ in said[0]["headers"]] for said in (by_proxy, alone)]
        assert b"x-request-id" not in names[0]  # Serve's proxy writes it
        assert names[1].count(b"x-request-id") == 1

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replicas", "2"], "--engine ray"),
        (["--address", "10.0.0.5:6379"], "--engine ray"),
        (["--engine", "spark"], "local 或 ray"),
        (["--engine", "ray", "--replicas", "2", "--max-replicas", "3"], "--max-replicas"),
        (["--engine", "ray", "--min-replicas", "2"], "--max-replicas"),
        (["--engine", "ray", "--min-replicas", "3", "--max-replicas", "2"], "最少不超过最多"),
        (["--engine", "ray", "--workers", "2"], "--replicas"),
        (["--engine", "ray", "--console"], "只能有一个进程"),
        (["--engine", "ray", "--demo"], "本机的一个进程"),
        (["--engine", "ray", "--address", "ray://10.0.0.5:10001"], "集群的一个节点"),
        (["--engine", "ray", "--address", "127.0.0.1:1", "--store", "postgresql://db/other"], "不用 --store"),
    ],
)
def test_what_does_not_go_together_is_refused(words: list[str], said: str) -> None:
    told = CliRunner().invoke(app, ["serve", *words])
    assert isinstance(told.exception, InputError)
    assert said in str(told.exception)


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"fanzha\[scale\]"):
        ray_cluster.connect("", 1)


def test_always_as_many_or_as_there_is_work() -> None:
    pytest.importorskip("ray.serve", reason="needs the extra scale (make test-all)")
    from serving.replica_ray import application, deployment

    fixed, moving = (deployment(Scale(*bounds), 80) for bounds in ((2, 2), (1, 4)))
    assert (fixed.num_replicas, fixed.max_ongoing_requests) == (2, 220)  # those at the desk, and others
    bounds = moving._deployment_config.autoscaling_config
    assert (bounds.min_replicas, bounds.max_replicas) == (1, 4)
    assert application({"replicas": 3})._bound_deployment.num_replicas == 3
