"""The demo needs no key and therefore answers this machine alone; keys, gates and readiness of the real thing."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import pytest

from nlp.errors import InputError
from serving.api import engine as engine_module
from serving.api.app import create_app
from serving.api.engine import Gate
from serving.api.problems import BusyError
from tests.api_world import OPERATOR, finished, ok, problem, serving, settings_at
from tests.processes import wait_for

TEXT = "被骗了 受害人：赵小红 损失：32800"


def test_on_loopback_everyone_is_the_operator_and_can_look_as_a_reader(tmp_path):
    with serving(settings_at(tmp_path), demo=True) as api:
        report = ok(api.post("/v1/reports", json={"text": TEXT}), 201)
        assert ok(api.get(f"/v1/incidents/{report['incidents'][0]['id']}"))["persons"][0]["name"] == "赵小红"
        assert ok(api.get("/v1/incidents", params={"viewer": "reader"}))["incidents"] == []
        problem(api.get("/v1/reports", params={"viewer": "reader"}), 403)
        page = api.get("/").text
        assert "演示" in page
        assert 'class="demo"' in page
        assert "刷单" in page
        assert "还没有事件" in api.get("/", params={"viewer": "reader"}).text
        problem(api.get("/v1/incidents", headers=OPERATOR), 401)  # no key is set, so none is right


def test_outside_the_demo_nothing_is_marked_and_nobody_is_the_operator(tmp_path):
    with serving(settings_at(tmp_path)) as api:
        assert 'class="demo"' not in api.get("/").text
        problem(api.post("/v1/reports", json={"text": TEXT}), 403)


@pytest.mark.parametrize("client", ["192.168.1.9", "10.0.0.1", "::ffff:8.8.8.8", "203.0.113.5", "testclient", ""])
def test_the_demo_refuses_clients_beyond_this_machine(tmp_path, client):
    with serving(settings_at(tmp_path), demo=True, client=(client, 5)) as api:
        for address in ("/", "/healthz", "/v1/incidents", "/docs", "/nothing"):
            assert problem(api.get(address), 403)["type"].endswith(":demo_only")
        problem(api.post("/v1/reports", json={"text": TEXT}), 403)


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1"])
def test_the_demo_serves_every_loopback_address(tmp_path, client):
    with serving(settings_at(tmp_path), demo=True, client=(client, 5)) as api:
        assert api.get("/healthz").status_code == 200


def test_the_demo_refuses_foreign_names_of_this_machine(tmp_path):
    """DNS rebinding: a page of evil.example asks its own name, which now means 127.0.0.1."""
    with serving(settings_at(tmp_path), demo=True) as api:
        for host in (
            "evil.example",
            "evil.example:8000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
            "[::2]",
            "0.0.0.0",
            "[",
            "a@b",
            "127.0.0.1@evil.example",
        ):
            problem(api.get("/v1/incidents", headers={"Host": host}), 403)
        for host in ("localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"):
            ok(api.get("/v1/incidents", headers={"Host": host}))


def test_in_the_demo_no_other_site_can_write(tmp_path):
    """A form on any page can be sent to 127.0.0.1 without asking; its browser says where it came from."""
    upload = {"files": {"file": ("a.csv", "投诉内容\n被骗\n".encode())}}
    with serving(settings_at(tmp_path), demo=True) as api:
        for headers in (
            {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9999"}, {"Origin": ""}, {"Origin": "http://["},
            {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        ):  # fmt: skip
            problem(api.post("/v1/batches", headers=headers, **upload), 403)
            problem(api.delete("/v1/reports/r-0123456789abcdef", headers=headers), 403)
        assert ok(api.get("/v1/batches"))["batches"] == []
        ok(
            api.post(
                "/v1/batches", headers={"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}, **upload
            ),
            201,
        )
        ok(api.post("/v1/batches", **upload), 201)


def test_a_key_that_could_be_guessed_is_refused_at_start(tmp_path, monkeypatch):
    for key in ("short", "0123456789abcde", "密钥密钥密钥密钥密钥密钥密钥密钥"):
        monkeypatch.setenv("FANZHA_OPERATOR_KEY", key)
        with pytest.raises(InputError, match="FANZHA_OPERATOR_KEY") as caught:
            create_app(settings_at(tmp_path))
        assert key not in str(caught.value)


def test_a_gate_lets_few_in_some_wait_and_tells_the_rest():
    gate, order, inside = Gate(1, 1, 5.0), [], threading.Event()

    def first():
        with gate.entered("x"):
            inside.set()
            time.sleep(0.2)
            order.append("first")

    def second():
        with gate.entered("x"):
            order.append("second")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    inside.wait(5)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    time.sleep(0.05)
    with pytest.raises(BusyError), gate.entered("x"):
        pass
    for thread in threads:
        thread.join(5)
    assert order == ["first", "second"]
    with gate.entered("x"):  # everything was given back
        pass
    slow = Gate(1, 1, 0.01)
    with slow.entered("x"), pytest.raises(BusyError), slow.entered("x"):
        pass


def test_questions_are_answered_while_an_analysis_takes_long(tmp_path, monkeypatch):
    """Analysing runs in threads: the event loop and the store stay free."""
    monkeypatch.setenv("FAKE_PAUSE", "2.0")
    monkeypatch.setenv("FANZHA_OPERATOR_KEY", "")
    app = create_app(settings_at(tmp_path), demo=True)

    async def asked_meanwhile() -> bool:
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 5))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            await client.get("/v1/incidents")
            body = {"documents": [{"text": "a"}] * 2}
            long = asyncio.create_task(client.post("/v1/analyze", json=body, timeout=60))
            await asyncio.sleep(0.1)
            for address in ("/healthz", "/v1/incidents", "/readyz"):
                assert (await client.get(address)).status_code == 200
            still_analysing = not long.done()
            assert (await long).status_code == 200
            return still_analysing

    assert asyncio.run(asked_meanwhile())


def test_readiness_says_what_is_missing(tmp_path, monkeypatch):
    with serving(settings_at(tmp_path)) as api:
        wait_for(lambda: api.get("/readyz").status_code == 200)
        assert ok(api.get("/readyz")) == {
            "ready": True, "store": "ok", "model": "ok", "worker": "ok",
            "inbox": {"accepted": 0, "working": 0, "done": 0, "failed": 0, "set_aside": 0},
        }  # fmt: skip
        import sqlalchemy as sa

        from serving import inbox

        def down(_session):
            raise sa.exc.OperationalError("x", {}, Exception("secret path"))

        monkeypatch.setattr(inbox, "counts", down)
        response = api.get("/readyz")
        assert response.status_code == 503
        assert response.json()["store"] == "事件库不应答"
        assert "secret" not in response.text


def test_the_worker_goes_on_after_an_error_nobody_foresaw(tmp_path, monkeypatch):
    from serving.worker import Worker

    monkeypatch.setattr(engine_module, "AGAIN_SECONDS", 0.05)
    fell = threading.Event()
    whole = Worker.run

    def falls_once(self, stop):
        if not fell.is_set():
            fell.set()
            raise RuntimeError("nobody foresaw this")
        whole(self, stop)

    monkeypatch.setattr(Worker, "run", falls_once)
    with serving(settings_at(tmp_path)) as api:
        assert fell.wait(60)
        batch = ok(
            api.post("/v1/batches", files={"file": ("a.csv", "投诉内容\n被骗\n".encode())}, headers=OPERATOR), 201
        )
        # The worker goes on.
        assert finished(api, batch["id"])["progress"]["done"] == 1
