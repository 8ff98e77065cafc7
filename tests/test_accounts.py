"""Bank cards, identity numbers and wallets, with their check digits. All numbers here are made up or published test vectors."""

from __future__ import annotations

import pytest

from nlp.extract.accounts import find_accounts
from nlp.extract.checksums import is_bitcoin, is_ethereum, is_tron, keccak_256, luhn, mod_11_2
from nlp.records import Account


@pytest.mark.parametrize(
    ("text", "number", "sort", "valid"),
    [
        ("汇入6222 0212 3456 7890 128账户", "6222021234567890128", "bank_card", True),
        ("转到6222021234567890128。", "6222021234567890128", "bank_card", True),
        ("卡号为6222021234567890127", "6222021234567890127", "bank_card", False),
        ("身份证号11010519491231002X", "11010519491231002X", "id_number", True),
        ("身份证号110105194912310021", "110105194912310021", "id_number", False),
        ("账号：4000 0212 0920 0123", "4000021209200123", "bank_card", False),
        ("对公账号：20100012345", "20100012345", "payment", None),
        ("卡号6222****1234", "6222****1234", "bank_card", None),
        ("收款地址TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "wallet", True),
        (
            "地址0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed。",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "wallet",
            True,
        ),
    ],
)
def test_accounts_are_normalised_and_checked(text: str, number: str, sort: str, valid: bool | None) -> None:
    (mention,) = find_accounts(text)
    assert mention.value == Account(number, sort, valid)


@pytest.mark.parametrize(
    "text", ["订单号2023110212345678901", "流水20231102123456789", "电话13812345678", "共123456789012345元"]
)
def test_long_numbers_that_nothing_names_are_no_accounts(text: str) -> None:
    assert find_accounts(text) == []


def test_check_digits_against_published_vectors() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert mod_11_2("11010519491231002X")
    assert is_bitcoin("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert not is_bitcoin("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")
    assert is_bitcoin("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
    assert is_bitcoin("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    assert is_tron("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
    assert is_ethereum("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed") is True
    assert is_ethereum("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed") is False
    assert is_ethereum("0x" + "5a" * 20) is None
    assert keccak_256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
