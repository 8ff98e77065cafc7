"""Bytes become text: every encoding of our field, short and long, damaged and doubly decoded."""

import codecs

import pytest
from ftfy import bad_codecs  # noqa: F401  (registers sloppy-windows-1252)

from corpora.decoding import best_encoding, chinese_score, decode
from corpora.mojibake import undo_mojibake
from nlp.errors import InputError

SENTENCES = (
    "我在网上刷单被骗了三万元，对方让我下载一个软件。",
    "昨天有人冒充银行客服打电话，说我的贷款利率要调整",
    "孩子玩游戏加了QQ群，被人用我的手机转走2480元！",
    "请帮忙查一下这个账号是谁的，谢谢",
    "某某镇一居民点击短信链接后，卡内余额被分六次转出",
    "对方自称社区干部，要求提供身份证号和验证码",
    "退款要先交保证金，交完就把我拉黑了",
    "公安机关提醒：凡是要求转账到安全账户的都是诈骗",
    "村里的老人领鸡蛋时被拍了照，手机号被人注册了",
    "朋友圈里卖茶叶的姑娘，其实是一群男人",
)
TRADITIONAL = (
    "我在網上刷單被騙了三萬元，對方讓我下載一個軟體。",
    "昨天有人冒充銀行客服打電話，說我的貸款利率要調整",
    "警方呼籲市民，切勿點擊可疑短訊內的連結",
    "佢話要先交保證金先可以退款，跟住就搵唔到人",
    "長者收到自稱內地公安的來電，損失八十萬元",
)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_comes_out_of_every_encoding_as_it_went_in(sentence: str, encoding: str) -> None:
    decoded = decode(sentence.encode(encoding))
    assert (decoded.text, decoded.encoding, decoded.repaired) == (sentence, encoding, "")


@pytest.mark.parametrize("encoding", ["utf-8", "big5hkscs", "gb18030", "utf-16-le"])
@pytest.mark.parametrize("sentence", TRADITIONAL)
def test_traditional_text_too(sentence: str, encoding: str) -> None:
    assert decode(sentence.encode(encoding)).text == sentence


@pytest.mark.parametrize(("length", "share"), [(4, 0.90), (8, 0.97), (16, 1.0)])
def test_share_of_short_pieces_that_are_told_apart(length: int, share: float) -> None:
    pieces = [
        s[i : i + length] for s in SENTENCES for i in range(0, len(s) - length) if not s[i : i + length].isascii()
    ]
    for encoding in ("gb18030", "utf-16-le"):
        right = sum(best_encoding(piece.encode(encoding))[0] == encoding for piece in pieces)
        assert right / len(pieces) >= share, encoding
    traditional = [s[i : i + length] for s in TRADITIONAL for i in range(0, len(s) - length)]
    right = sum(best_encoding(piece.encode("big5hkscs"))[0] == "big5hkscs" for piece in traditional)
    assert right / len(traditional) >= share, "big5"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_decides_and_is_taken_away(mark: bytes, encoding: str) -> None:
    decoded = decode(mark + "警".encode(encoding))
    assert (decoded.text, decoded.encoding) == ("警", encoding)


def test_bad_bytes_in_good_utf8_are_replaced_and_noted() -> None:
    data = SENTENCES[0].encode() + b"\xff\xfe" + SENTENCES[1].encode()[:-1]
    decoded = decode(data)
    assert decoded.encoding == "utf-8"
    assert decoded.text.startswith(SENTENCES[0] + "\ufffd")
    assert "3 处无效字节" in decoded.repaired


def test_a_wrong_declaration_does_not_win() -> None:
    assert decode(SENTENCES[0].encode(), "gbk").text == SENTENCES[0]
    assert decode(SENTENCES[0].encode("gb18030"), "utf-8").text == SENTENCES[0]
    assert decode(SENTENCES[0].encode("gb18030"), "iso-8859-1").text == SENTENCES[0]
    assert decode(SENTENCES[0].encode(), "no-such-codec").text == SENTENCES[0]


def test_western_text_and_utf16_of_ascii() -> None:
    assert decode("It’s a café – €5".encode("cp1252") + b" and more plain words").text.startswith("It’s a café")
    assert decode("external_id,text\nA-1,hello\n".encode("utf-16-le")).text.startswith("external_id")


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, bytes(1000), bytes(range(256)) * 20, b"\x7fELF" + bytes(64)]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="不是文本"):
        decode(data)


def test_a_single_control_character_becomes_a_space() -> None:
    decoded = decode((SENTENCES[0] * 20 + "\x00" + SENTENCES[1]).encode())
    assert "\x00" not in decoded.text
    assert "控制字符" in decoded.repaired


def test_chinese_scores_above_what_a_wrong_codec_makes_of_it() -> None:
    right = chinese_score(SENTENCES[3])
    wrong = chinese_score(SENTENCES[3].encode().decode("gb18030", errors="replace"))
    assert right > 0.7
    assert wrong < 0


@pytest.mark.parametrize(
    ("taken_for", "real"),
    [("latin-1", "utf-8"), ("sloppy-windows-1252", "utf-8"), ("latin-1", "gb18030")],
)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_text_read_through_a_western_code_page_is_put_right(sentence: str, taken_for: str, real: str) -> None:
    wrong = sentence.encode(real).decode(taken_for)
    assert wrong != sentence
    assert undo_mojibake(f"{wrong}\n平安\n")[0] == f"{sentence}\n平安\n"


def test_text_read_as_gbk_is_put_right_as_far_as_it_survived() -> None:
    # 一 is E4 B8 80, and a lone 80 is no GBK: such a character is gone, and its place says so.
    wrong = "我在网上刷单被骗了三万元请帮忙查一下谢谢".encode().decode("gb18030", errors="replace")
    assert undo_mojibake(wrong) == ("我在网上刷单被骗了三万元请帮忙查\ufffd下谢\ufffd", "1 行乱码已还原")


GOOD = (
    *SENTENCES,
    *TRADITIONAL,
    "“刷-单”返利？加薇❤：abc_123——当心！",
    "ｗｗｗ．ｅｘａｍｐｌｅ．ｃｏｍ　全角字符　ﬁ连字",
    "Café Zoë 的老板说：「唔该，多谢晒」…… ½ 价",
    "ÀÉÎÕÜ àéîõü （外国人名：Søren Kierkegård）",
    "锛子、銆、鏄、鐨：生僻字举例",
    "龘靐齉爩 氍毹 魑魅魍魉 犇猋骉麤 鳜鱼鲈鱼",
)


@pytest.mark.parametrize("text", GOOD)
def test_good_text_is_never_touched(text: str) -> None:
    assert undo_mojibake(text) == (text, "")
