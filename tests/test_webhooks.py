"""Webhooks: signed so that the public library verifies them, retried, given up, replayed; and never led to a private address.

Nothing leaves loopback: names are resolved by the tests' own resolver, connections are made by their own connector.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fake_analyzer import LABELS
from stores import fresh_store
from test_worker import LUQUAN, complaint, put, told, unlike

from serving import hooks, incidents, outbound, queries
from serving.delivery import Sender
from serving.outbound import OutboundError
from serving.queries import IncidentFilter
from serving.store import Store
from tests.api_world import OPERATOR, ok, problem, publish, serving, settings_at

PUBLIC = "93.184.216.34"


class Receiver:
    """A real HTTP server on loopback that keeps what it gets and answers as told (a status, or one with a Location)."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
                status, location = receiver.answers.pop(0) if receiver.answers else (204, "")
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def to_loopback(receiver: Receiver) -> Any:
    """`outbound.post` for the operator's own host named "hooks.test", which the tests' resolver finds on loopback."""

    def post(url: str, body: bytes, headers: dict[str, str], **_: Any) -> int:
        return outbound.post(
            url, body, headers, private_hosts=("hooks.test",), resolver=lambda _host, _port: ["127.0.0.1"],
            connector=lambda _address, _port, seconds: socket.create_connection(("127.0.0.1", receiver.port), seconds),
        )  # fmt: skip

    return post


def hook(store: Store, viewer: str = "reader", **wanted: Any) -> str:
    with store.writing() as session:
        return hooks.register(session, "http://hooks.test/in", IncidentFilter(**wanted), viewer=viewer, by="测试").id


def states(store: Store, webhook: str) -> list[tuple[int, str, int]]:
    with store.reading() as session:
        return [(row.sequence, row.state, row.attempts) for row in reversed(hooks.deliveries(session, webhook))]


def make_due(store: Store) -> None:
    import sqlalchemy as sa

    from serving.store.feed_tables import DeliveryRow

    with store.writing() as session:
        session.execute(sa.update(DeliveryRow).where(DeliveryRow.state == "waiting").values(due=0.0))


def test_the_public_library_verifies_what_is_sent(store: Store, receiver: Receiver) -> None:
    standardwebhooks = pytest.importorskip("standardwebhooks", reason="needs standardwebhooks (make test-all)")
    webhook = hook(store)
    with store.reading() as session:
        secret = hooks.get(session, webhook).secret
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460))
    assert Sender(store, post=to_loopback(receiver)).step() == 2
    assert states(store, webhook) == [(1, "delivered", 1), (2, "delivered", 1)]
    for number, (headers, body) in enumerate(receiver.got, 1):
        message = standardwebhooks.Webhook(secret).verify(body, headers)
        assert headers["webhook-id"] == f"msg_{webhook}_{number}"
        assert headers["host"] == "hooks.test"
        assert (message["type"], message["data"]["sequence"]) == ("incident.created", number)
        assert message["timestamp"] == message["data"]["at"]
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(body + b" ", headers)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook("whsec_" + "A" * 32).verify(body, headers)
    assert Sender(store, post=to_loopback(receiver)).step() == 0


def test_a_webhook_hears_what_it_asked_for_and_may_see(store: Store, receiver: Receiver) -> None:
    everything, public, narrow = hook(store, "analyst"), hook(store), hook(store, labels=(LABELS[3],))
    put(store, told("甲报"), complaint("我被骗了 13912345678\n嫌疑人：钱大山\n损失：777"))
    sender = Sender(store, post=to_loopback(receiver))
    while sender.step():
        pass
    assert [len(states(store, each)) for each in (everything, public, narrow)] == [2, 1, 0]
    assert b"13912345678" not in b"".join(body for _, body in receiver.got)


def test_a_webhook_hears_when_an_incident_leaves_its_filter(store: Store, receiver: Receiver) -> None:
    put(store, told("甲报"))
    hook(store, words="丙报", loss_max_fen=900_000)
    put(store, told("乙报", "胡某某", LUQUAN, 3460), told("丙报", "赵大山", LUQUAN, 5117, unlike(1)))
    with store.reading() as session:
        document = next(row.id for row in queries.list_documents(session)[0] if row.doc_id == "丙报")
    with store.writing() as session:
        incidents.withdraw_documents(session, [document])
    sender = Sender(store, post=to_loopback(receiver))
    while sender.step():
        pass
    told_of = [json.loads(body)["data"] for _, body in receiver.got]
    # What stood there is not kept once it is withdrawn, also not for the line that told of it.
    assert [(line["kind"], line["filter"]) for line in told_of] == [("created", "entered"), ("withdrawn", "left")]


def test_what_fails_is_tried_again_later_given_up_and_replayed(store: Store, receiver: Receiver) -> None:
    webhook = hook(store)
    put(store, told("甲报"))
    sender = Sender(store, post=to_loopback(receiver))
    tries = len(hooks.BACKOFF) + 1
    receiver.answers = [(500, "")] * tries
    for attempt in range(1, tries + 1):
        assert sender.step() == 1
        assert sender.step() == 0  # not before its time
        expected = "dead" if attempt == tries else "waiting"
        assert states(store, webhook) == [(1, expected, attempt)]
        make_due(store)
    assert sender.step() == 0
    names = {headers["webhook-id"] for headers, _ in receiver.got}
    assert names == {f"msg_{webhook}_1"}  # one message, however often it is sent
    # Others go on, and what was given up comes again on demand.
    put(store, told("乙报", "胡某某", LUQUAN, 3460))
    assert sender.step() == 1
    with store.writing() as session:
        assert hooks.replay(session, webhook) == 1
    assert sender.step() == 1
    assert [state for _, state, _ in states(store, webhook)] == ["delivered", "delivered"]
    with store.writing() as session:
        assert hooks.replay(session, webhook, after=0) == 2
    sender.step()
    assert len(receiver.got) == tries + 4


def test_410_disables_and_a_lost_sender_loses_nothing(store: Store, receiver: Receiver) -> None:
    import sqlalchemy as sa

    from serving.store.feed_tables import DeliveryRow

    webhook = hook(store)
    put(store, told("甲报"))
    with store.writing() as session:  # a sender takes the message and dies
        hooks.line_up(session)
        assert len(hooks.take(session)) == 1
        assert hooks.take(session) == []
    sender = Sender(store, post=to_loopback(receiver))
    assert sender.step() == 0
    with store.writing() as session:
        session.execute(sa.update(DeliveryRow).values(due=0.0))
    receiver.answers = [(410, "")]
    assert sender.step() == 1
    put(store, told("乙报", "胡某某", LUQUAN, 3460))
    assert sender.step() == 0
    with store.reading() as session:
        assert hooks.get(session, webhook).state == "disabled"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.8", "172.16.4.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
     "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1",
     "::ffff:127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::", "64:ff9b::7f00:1", "nonsense", ""],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not outbound.is_public(address)
    with pytest.raises(OutboundError, match="不是公网地址"):
        outbound.post(
            "https://hooks.example/", b"", {}, resolver=lambda *_: [address] if address else [], connector=never
        )
    with pytest.raises(OutboundError, match="不是公网地址"):  # one of several is enough
        outbound.post("https://hooks.example/", b"", {}, resolver=lambda *_: [PUBLIC, address], connector=never)


def test_public_addresses_are_public() -> None:
    assert all(outbound.is_public(address) for address in (PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"))


def never(*_: Any) -> socket.socket:
    raise AssertionError("a connection was made")


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "https://user:pw@hooks.example/", "https:///x",
     "gopher://hooks.example/", "https://hooks.example:99999/"],
)  # fmt: skip
def test_other_schemes_and_credentials_are_refused(url: str) -> None:
    with pytest.raises(OutboundError):
        outbound.post(url, b"", {}, resolver=lambda *_: [PUBLIC], connector=never)


def test_a_name_that_changes_its_answer_leads_nowhere_else(receiver: Receiver) -> None:
    """DNS rebinding: the first answer is public, every later one is loopback. One question is asked, its answer is connected to."""
    answers = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    asked, connected = [], []

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return answers.pop(0)

    def connector(address: str, port: int, seconds: float) -> socket.socket:
        connected.append((address, port))
        return socket.create_connection(("127.0.0.1", receiver.port), seconds)

    # The stand-in speaks no TLS: the handshake fails, after the one connection that counts.
    with pytest.raises(OutboundError, match="没有应答"):
        outbound.post("https://rebind.example/x", b"{}", {}, resolver=resolver, connector=connector, seconds=2)
    assert asked == [("rebind.example", 443)]
    assert connected == [(PUBLIC, 443)]


def test_a_redirect_is_not_followed(store: Store, receiver: Receiver) -> None:
    webhook = hook(store)
    put(store, told("甲报"))
    receiver.answers = [(302, f"http://127.0.0.1:{receiver.port}/secret"), (307, "http://169.254.169.254/")]
    sender = Sender(store, post=to_loopback(receiver))
    for attempt in (1, 2):
        sender.step()
        assert states(store, webhook) == [(1, "waiting", attempt)]
        make_due(store)
    assert len(receiver.got) == 2


def test_certificates_are_checked(tmp_path: Path) -> None:
    """A server with a certificate that nobody signed is not talked to."""
    import subprocess

    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key", "-out", tmp_path / "cert",
         "-days", "1", "-subj", "/CN=hooks.example"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("needs openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    opened = Receiver()
    opened.server.socket = context.wrap_socket(opened.server.socket, server_side=True)
    try:
        with pytest.raises(OutboundError, match="SSLCertVerificationError"):
            outbound.post(
                "https://hooks.example/", b"{}", {}, resolver=lambda *_: [PUBLIC], seconds=5,
                connector=lambda _a, _p, seconds: socket.create_connection(("127.0.0.1", opened.port), seconds),
            )  # fmt: skip
        assert opened.got == []
    finally:
        opened.close()


def test_webhooks_over_the_web(tmp_path: Path) -> None:
    with serving(settings_at(tmp_path)) as api:
        body = {
            "url": "https://hooks.example.invalid/in", "place": "53", "label": [LABELS[0]], "note": "平台", "loss_min": "300.50",
            "loss_max": "32800", "q": "昆明", "status": "alleged",
        }  # fmt: skip
        made = ok(api.post("/v1/webhooks", json=body, headers=OPERATOR))
        assert made["secret"].startswith("whsec_")
        assert (made["viewer"], made["after"]) == ("reader", 0)
        (listed,) = ok(api.get("/v1/webhooks", headers=OPERATOR))["webhooks"]
        assert listed == made | {"secret": None}
        assert body.items() <= listed.items()
        publish(api, "被骗 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32800")
        with api.app.state.engine.store.writing() as session:
            assert hooks.line_up(session) == 1
        address = f"/v1/webhooks/{made['id']}"
        (delivery,) = ok(api.get(f"{address}/deliveries", headers=OPERATOR))["deliveries"]
        assert (delivery["sequence"], delivery["state"]) == (1, "waiting")
        assert ok(api.post(f"{address}/replay", json={"after": 0}, headers=OPERATOR)) == {"again": 1}
        problem(api.post(f"{address}/replay", json={"after": 99}, headers=OPERATOR), 409)
        for bad in (
            "https://127.0.0.1/x",
            "ftp://hooks.example/",
            "https://user@hooks.example/",
            "javascript:alert(1)",
        ):
            problem(api.post("/v1/webhooks", json={"url": bad}, headers=OPERATOR), 422)
        for method, path in (("GET", "/v1/webhooks"), ("POST", "/v1/webhooks"), ("DELETE", address)):
            problem(api.request(method, path, json=body), 403)
        assert api.delete(address, headers=OPERATOR).status_code == 204
        problem(api.get(f"{address}/deliveries", headers=OPERATOR), 404)


def test_the_body_is_what_the_log_says(store: Store, receiver: Receiver) -> None:
    from serving import views

    hook(store, "analyst")
    put(store, told("甲报"), told("乙报", more="，警方介入"))
    Sender(store, post=to_loopback(receiver)).step()
    with store.reading() as session:
        (line,) = views.change_lines(queries.list_changes(session, viewer="analyst").rows, "analyst", ())
    assert json.loads(receiver.got[0][1])["data"] == line
