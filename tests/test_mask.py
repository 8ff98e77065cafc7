"""What a reader may see, by hand."""

import pytest

from nlp.mask import mask_text, names_of, render, sees_all


@pytest.mark.parametrize(
    ("value", "sort", "seen"),
    [
        ("陈某丰", "suspect", "陈某丰"),
        ("陈大丰", "suspect", "陈某丰"),
        ("陈丰", "suspect", "陈某"),
        ("欧阳小锋", "suspect", "欧阳某锋"),
        ("王小红", "victim", "王某"),
        ("王女士", "victim", "王女士"),
        ("小张", "victim", "小张"),
        ("彩恒妈妈呀", "suspect", "彩****"),
        ("苏明禾", "official", "苏明禾"),
        ("陈大丰", "convicted", "陈大丰"),
        ("13812345678", "phone", "138****5678"),
        ("138 1234 5678", "phone", "138****5678"),
        ("96110", "phone", "96110"),
        ("6222020200112233445", "account", "622************3445"),
        ("11010119900307123X", "account", "110***********123X"),
        ("abc_12345", "contact", "ab***"),
        ("someone@mail.invalid", "contact", "so***@mail.invalid"),
    ],
)
def test_a_reader_sees(value, sort, seen):
    assert render(value, sort, "reader") == seen


@pytest.mark.parametrize("viewer", ["analyst", "editor", "admin"])
def test_analysts_see_everything(viewer):
    assert sees_all(viewer)
    assert render("陈大丰", "suspect", viewer) == "陈大丰"


@pytest.mark.parametrize("viewer", ["", "guest", "Reader", "root"])
def test_unknown_roles_see_what_a_reader_sees(viewer):
    assert render("王小红", "victim", viewer) == "王某"


def test_running_text():
    text = (
        "受害人王小红（身份证11010119900307123X）向卡号6222 0202 0011 2233 445转账3000000元，电话13812345678，"
        "微信号：lucky_2020，邮箱a.b@mail.invalid，共有18800名群众，2024-10-25报案。陈大丰落网。"
    )
    seen = mask_text(text, {"王小红": "victim", "陈大丰": "suspect", "王": "victim"})
    for secret in ("王小红", "11010119900307123X", "2233", "13812345678", "lucky_2020", "a.b@", "陈大丰"):
        assert secret not in seen
    for kept in ("3000000元", "18800名", "2024-10-25", "陈某丰"):
        assert kept in seen


def test_a_name_set_with_spaces_is_masked_too():
    assert "王 小红" not in mask_text("记者联系上王 小红。", {"王小红": "victim"})


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("卡号6222021234567890123 户名甲某", "1234567890"),  # 户, 名, 张, 个 after a card are no units
        ("转到6222021234567890123名下", "1234567890"),
        ("电话13812345678张某接听", "1234567"),
        ("13812345678 个人微信", "1234567"),
        ("电话.13812345678", "1234567"),
        ("电话１３８１２３４５６７８", "１２３４５６７"),
        ("甲某138123456786222021234567890123", "12345678"),  # columns whose space was taken out
        ("微信号码：lucky_2020", "lucky"),
        ("微信账号为：lucky_2020", "lucky"),
    ],
)
def test_running_text_hides(text, secret):
    assert secret in text
    assert secret not in mask_text(text, {})


@pytest.mark.parametrize("text", ["1234567美元", "1234567.50元", "共1234567名群众", "2024-10-25 18时"])
def test_running_text_keeps_sums_counts_and_dates(text):
    assert mask_text(text, {}) == text


@pytest.mark.parametrize(
    ("name", "seen"),
    [("王芳女士", "王某"), ("欧阳女士", "欧阳女士"), ("Xavier", "X****"), ("李XX", "李XX"), ("李大姐", "李大姐")],
)
def test_a_title_or_an_x_does_not_let_a_whole_name_through(name, seen):
    assert render(name, "victim") == seen


def test_who_is_a_victim_anywhere_is_masked_everywhere():
    assert names_of([("王小红", "victim", ()), ("王小红", "other", ())], convicted=False) == {"王小红": "victim"}
    assert names_of([("王小红", "official", ()), ("王小红", "victim", ())], convicted=False) == {"王小红": "victim"}
