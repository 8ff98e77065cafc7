"""A reader can tell that two incidents used the same card, and cannot tell which card."""

from __future__ import annotations

import csv
import io
import re

import pytest

from nlp.records import Account, Contact, PersonName
from serving import linking
from serving.formats import stix_bundle
from tests.api_world import ok, publish, serving, settings_at
from tests.test_api_privacy import CANARIES, NUMBERS

ONE, OTHER = "a-long-random-key-of-1234567890-abcdef", "another-random-key-of-0987654321-fedcba"
CARD, PHONE = Account("6222021234567890123", "bank_card"), Contact("13912345678", "phone")


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANZHA_DATA_KEY", ONE)


def test_the_same_value_has_the_same_token_and_another_key_another(
    keyed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = linking.token(CARD)
    assert first == linking.token(Account("6222021234567890123", "bank_card", True))
    assert first.startswith("k-")
    assert "6222" not in first
    assert linking.token(Contact("ABC_1234", "wechat")) == linking.token(Contact("abc_1234", "wechat"))
    assert len({first, linking.token(PHONE), linking.token(Contact("13912345678", "wechat"))}) == 3
    monkeypatch.setenv("FANZHA_DATA_KEY", OTHER)
    assert linking.token(CARD) != first


def test_without_a_key_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FANZHA_DATA_KEY", raising=False)
    assert linking.token(CARD) == linking.token(PHONE) == ""


@pytest.mark.parametrize(
    ("value", "role"),
    [
        (Account("53010219900307123X", "id_number"), ""),
        (Contact("138****5678", "phone"), ""),
        (Account("6222****0123", "bank_card"), ""),
        (Contact("138", "phone"), ""),
        (PHONE, "victim"),
        (PersonName("钱大山"), "suspect"),
    ],
)
def test_what_leads_to_a_person_or_to_many_has_none(keyed: None, value: object, role: str) -> None:
    assert linking.token(value, role) == ""


def test_a_reader_links_two_incidents_by_a_card_he_does_not_see(keyed: None, tmp_path) -> None:
    card, phone = NUMBERS["bank_card"], NUMBERS["phone"]
    told = (
        f"刷单骗案 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32810 卡号{card} 电话{phone}",
        f"投资骗案 嫌疑人：孙五岭 地点：河南省/南阳市 411300 损失：990 收款卡{card}",
    )
    with serving(settings_at(tmp_path, "tests.test_api_privacy:make")) as api:
        for text in told:
            publish(api, text, title="一案")
        heads = ok(api.get("/v1/incidents"))["incidents"]
        incidents = [ok(api.get(f"/v1/incidents/{row['id']}")) for row in heads]
        table = list(csv.DictReader(io.StringIO(api.get("/v1/incidents.csv").content.decode("utf-8-sig"))))
        stix = api.get("/v1/incidents.stix").json()["objects"]
    assert len(incidents) == 2
    cards = [fact for incident in incidents for fact in incident["facts"] if fact["kind"] == "account"]
    assert len(cards) == 2
    assert cards[0]["token"] == cards[1]["token"] != ""
    (handle,) = [fact for incident in incidents for fact in incident["facts"] if fact["kind"] == "contact"]
    assert handle["token"] not in ("", cards[0]["token"])
    assert {fact["token"] for incident in incidents for fact in incident["facts"] if fact["kind"] == "amount"} == {""}
    # The same tokens in lists, in tables and in STIX, whose extension is as its schema says.
    told = {head["id"]: {(each["sort"], each["token"]) for each in head["tokens"]} for head in heads}
    assert set.intersection(*told.values()) == {("bank_card", cards[0]["token"])}
    assert {row["id"]: {tuple(each.split(":")) for each in row["tokens"].split("|")} for row in table} == told
    extensions = [found["extensions"][stix_bundle.EXTENSION] for found in stix if found["type"] == "incident"]
    assert {each["incident_id"]: {(one["sort"], one["token"]) for one in each["tokens"]} for each in extensions} == told
    properties = stix_bundle.extension_schema()["properties"]["tokens"]["items"]["properties"]
    assert set(properties["sort"]["enum"]) == linking.SORTS
    assert all(
        re.fullmatch(properties["token"]["pattern"], one["token"]) for each in extensions for one in each["tokens"]
    )
    assert not [canary for canary in CANARIES if canary in str((incidents, heads, table, stix))]
