"""Requests a minute: for a key, a person, an address; what answers say of it; what is exempt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from nlp.errors import InputError
from serving import settings
from serving.api import rates as rates_module
from serving.api.rates import RateError, Rates, network_of
from serving.people import NOBODY, Who
from serving.people.who import DEMO
from tests.api_world import KEY, OPERATOR, ok, problem, serving, settings_at

FIELD = re.compile(r'"(key|address|demo)";r=(\d+);t=(\d+)')
POLICY = re.compile(r'"(key|address|demo)";q=(\d+);w=60')


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(rates_module, "time", made)
    return made


@pytest.fixture
def api(tmp_path: Path, clock: Clock) -> Iterator[TestClient]:
    with serving(replace(settings_at(tmp_path), rate=6, rate_anonymous=3)) as started:
        yield started


def left_of(response) -> tuple[str, int]:
    """Policy and remaining requests of an answer's fields."""
    (policy, remaining, _), (same, _) = FIELD.fullmatch(response.headers["ratelimit"]).groups(), POLICY.fullmatch(
        response.headers["ratelimit-policy"]
    ).groups()  # fmt: skip
    assert policy == same
    return policy, int(remaining)


def test_a_bucket_lets_a_minutes_worth_pass_and_fills_evenly(clock: Clock) -> None:
    """Worked by hand: 6 a minute are one in ten seconds."""
    rates = Rates(keyed=6, anonymous=0)
    who = Who("甲", "analyst", "key", key_id="k-1")
    assert [rates.take(who, "").remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    with pytest.raises(RateError) as refused:
        rates.take(who, "")
    assert refused.value.retry_after == 10
    assert refused.value.left.fields == {"RateLimit-Policy": '"key";q=6;w=60', "RateLimit": '"key";r=0;t=60'}
    clock.now += 9.9
    with pytest.raises(RateError) as refused:
        rates.take(who, "")
    assert refused.value.retry_after == 1
    clock.now += 0.2
    assert rates.take(who, "").remaining == 0
    clock.now += 3600
    assert rates.take(who, "").remaining == 5  # never more than a minute's worth
    assert rates.refused == 2


def test_each_key_person_and_address_has_a_bucket_of_its_own(clock: Clock) -> None:
    rates = Rates(keyed=1, anonymous=1)
    for who, address in (
        (Who("甲", "analyst", "key", key_id="k-1"), "192.0.2.1"), (Who("甲", "analyst", "key", key_id="k-2"), "192.0.2.1"),
        (Who("甲", "analyst", "cookie", person_id="p-1"), "192.0.2.1"), (NOBODY, "192.0.2.1"), (NOBODY, "192.0.2.2"),
    ):  # fmt: skip
        rates.take(who, address)
        with pytest.raises(RateError):
            rates.take(who, address)
    assert rates.take(DEMO, "127.0.0.1").quota == rates_module.DEMO_FACTOR


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"), ("testclient", "testclient"), ("", ""), ("x" * 500, "x" * 64),
    ],
)  # fmt: skip
def test_an_address_is_counted_by_what_one_household_has(address: str, counted: str) -> None:
    assert network_of(address) == counted


def test_a_flood_of_addresses_takes_bounded_memory(clock: Clock, monkeypatch) -> None:
    monkeypatch.setattr(rates_module, "KEPT", 50)
    rates = Rates(keyed=1, anonymous=5)
    for number in range(500):
        rates.take(NOBODY, f"10.0.{number // 250}.{number % 250}")
    assert len(rates._buckets) == 50


def test_answers_say_what_is_left_and_too_many_are_told_to_wait(api: TestClient, clock: Clock) -> None:
    assert [left_of(api.get("/v1/incidents")) for _ in range(3)] == [("address", 2), ("address", 1), ("address", 0)]
    refused = api.get("/v1/incidents")
    told = problem(refused, 429)
    assert told["type"].endswith(":rate_limited")
    assert "每分钟不超过 3 次" in told["expected"]
    assert refused.headers["retry-after"] == "20"
    assert left_of(refused) == ("address", 0)
    # A key is counted for itself, and what it may not do counts too.
    assert left_of(api.get("/v1/incidents", headers=OPERATOR)) == ("key", 5)
    assert left_of(api.get("/v1/reports/r-0123456789abcdef", headers=OPERATOR)) == ("key", 4)
    clock.now += 20
    ok(api.get("/v1/incidents"))
    problem(api.get("/v1/incidents"), 429)


def test_wrong_keys_are_counted_by_address(api: TestClient) -> None:
    wrong = {"Authorization": f"Bearer {KEY}x"}
    assert [api.get("/v1/incidents", headers=wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
    ok(api.get("/v1/incidents", headers=OPERATOR))  # who has the right one is not shut out with them


def test_probes_and_the_log_in_are_exempt(api: TestClient) -> None:
    """The log-in has its own limit, by name and address (serving.people.attempts)."""
    for _ in range(5):
        assert api.get("/healthz").status_code == 200
        assert "ratelimit" not in api.get("/readyz").headers
        assert api.post("/v1/session", json={"name": "nobody", "password": "wrong-password"}).status_code != 200
    ok(api.get("/v1/incidents"))


def test_no_limit_says_nothing(tmp_path: Path) -> None:
    with serving(settings_at(tmp_path)) as api:
        assert "ratelimit" not in ok_headers(api)


def ok_headers(api: TestClient) -> list[str]:
    response = api.get("/v1/incidents")
    ok(response)
    return [name.lower() for name in response.headers]


def test_limits_come_from_the_environment() -> None:
    told = settings.load({"FANZHA_RATE": "12", "FANZHA_RATE_ANONYMOUS": "0"})
    assert (told.rate, told.rate_anonymous) == (12, 0)
    assert settings.load({}).rate_anonymous > 0
    for nonsense in ("-1", "viele", "１２", "9999999999"):
        with pytest.raises(InputError, match="FANZHA_RATE"):
            settings.load({"FANZHA_RATE": nonsense})
