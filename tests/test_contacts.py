"""Phones, WeChat and QQ numbers, links: plain, evasive and defanged."""

from __future__ import annotations

import pytest

from nlp.extract.accounts import find_accounts
from nlp.extract.contacts import find_contacts
from nlp.extract.taken import spans
from nlp.records import Contact


@pytest.mark.parametrize(
    ("text", "address", "sort"),
    [
        ("联系13812345678", "13812345678", "phone"),
        ("联系138-1234-5678", "13812345678", "phone"),
        ("电话+86 138 1234 5678", "13812345678", "phone"),
        ("电话138****5678", "138****5678", "phone"),
        ("拨打一三八零零一二三四五六", "13800123456", "phone"),
        ("加薇❤ abc_12345", "abc_12345", "wechat"),
        ("加V:lucky8888", "lucky8888", "wechat"),
        ("V信hello_99", "hello_99", "wechat"),
        ("威信：wxid12345", "wxid12345", "wechat"),
        ("vx13812345678", "13812345678", "wechat"),
        ("微信号为zhangsan99", "zhangsan99", "wechat"),
        ("q裙88776655", "88776655", "qq"),
        ("扣扣号是1234567", "1234567", "qq"),
        ("QQ：123456789", "123456789", "qq"),
        ("发到a.b@example.com", "a.b@example.com", "email"),
        ("hxxps://bad[.]site[.]top/a", "https://bad.site.top/a", "url"),
        ("登录abc点com", "abc.com", "domain"),
        ("打开www.evil-site.vip", "www.evil-site.vip", "domain"),
        ("t.me/scamking1", "scamking1", "telegram"),
        ("纸飞机@scamking", "scamking", "telegram"),
        ("拨打96110", "96110", "landline"),
        ("客服400-820-8820", "4008208820", "landline"),
        ("致电0871-68912345", "087168912345", "landline"),
        ("（0551）63606110", "055163606110", "landline"),
    ],
)
def test_contacts_are_normalised(text: str, address: str, sort: str) -> None:
    (mention,) = find_contacts(text)
    assert mention.value == Contact(address, sort)
    assert text[mention.start : mention.end] == mention.surface


@pytest.mark.parametrize(
    "text",
    ["损失13800元", "2.0版本", "1.5万", "微信转账5000元", "他有3个QQ", "2023.11.02", "银行卡6222021234567890128"],
)
def test_false_friends_are_no_contacts(text: str) -> None:
    assert find_contacts(text, spans(find_accounts(text))) == []
