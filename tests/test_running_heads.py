"""What a PDF repeats at the edge of every page is not part of its articles."""

from nlp.clean import clean
from nlp.records import Document

HEAD = "开川检察　2025年第3期\n"
FIRST = f"{HEAD}第1版\n卖出去的三张卡\n　　检察官把转账记录一页页摆在桌上，龚某才不再说话。\n　　法院判处其有期徒刑十个月。\n- 1 -\n"
SECOND = f"{HEAD}第2版\n　　按照法律规定，明知他人犯罪仍提供帮助的，应当承担责任。\n- 2 -\n"
TEXT = FIRST + SECOND


def read(text, starts):
    document = Document("a.pdf", text, form="pdf", metadata={"page_starts": starts})
    return "\n".join(article.text for article in clean(document))


def test_heads_and_page_numbers_go():
    text = read(TEXT, f"0,{len(FIRST)}")
    for gone in ("开川检察", "第1版", "第2版", "- 1 -", "- 2 -"):
        assert gone not in text
    for kept in ("三张卡", "有期徒刑十个月", "按照法律规定"):
        assert kept in text


def test_without_pages_nothing_goes():
    assert "开川检察" in read(TEXT, "")
    assert "开川检察" in read(TEXT, "0")


def test_odd_metadata_is_ignored():
    assert "开川检察" in read(TEXT, "0,x")
