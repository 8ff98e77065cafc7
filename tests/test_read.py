"""Every form becomes documents with the right id, text, dates, nature and hash. Inputs are made here, in memory or in tmp_path."""

import email.message
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from corpora.limits import Limits
from corpora.read import read, read_bytes
from nlp.errors import InputError
from nlp.records import Document

STORY = "赵某在家刷短视频时看到一则返利广告，先后转账六次，共计3.2万元，随后被对方拉黑。"
PAGE = "近日，青禾县公安局接到多起报警，称有人冒充快递客服退款，引导市民下载会议软件并共享屏幕。民警提醒，正规退款不需要转账。"


def documents(results: object) -> list[Document]:
    """All results, which must all be documents."""
    found = list(results)  # type: ignore[call-overload]
    assert all(isinstance(result, Document) for result in found), found
    return found


def one(data: bytes, name: str, **wishes: object) -> Document:
    (document,) = documents(read_bytes(data, name, **wishes))  # type: ignore[arg-type]
    return document


def make_xlsx(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"表{number}")
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def make_docx(*paragraphs: str, table: list[list[str]] | None = None, title: str = "") -> bytes:
    document = docx.Document()
    if title:
        document.add_heading(title, level=0)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if table:
        grid = document.add_table(rows=len(table), cols=len(table[0]))
        for y, row in enumerate(table):
            for x, cell in enumerate(row):
                grid.cell(y, x).text = cell
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def make_zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def make_pdf(*pages: str) -> bytes:
    """A small PDF of ASCII text, written by hand: one line a page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, text in enumerate(pages):
        content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    body, starts = "%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        starts.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{start:010d} 00000 n \n" for start in starts)
    count = len(objects) + 1
    body += f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n"
    return (body + f"{body.index('xref')}\n%%EOF\n").encode("latin-1")


def make_warc(*pages: tuple[str, str, str, bytes], packed: bool = True) -> bytes:
    """Records of (url, status, content type, payload)."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    for url, status, kind, payload in pages:
        headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(payload),
            http_headers=headers,
            warc_headers_dict={"WARC-Date": "2024-05-06T07:08:09Z"},
        )
        writer.write_record(record)
    return out.getvalue()


MARKDOWN = f"""---
title: 提醒 | 这种“退款”: 别信
url: https://mp.example.invalid/s?a=1&b=2
source: 青禾警讯
date: 2024-12-26
fetch_date: 2025-10-06T19:39:41.748033
author: 小禾
---

# 提醒

{PAGE}
"""


def test_front_matter_is_read_and_stays_in_the_text() -> None:
    document = one(MARKDOWN.encode(), "a.md")
    assert document.text == MARKDOWN
    assert document.title == "提醒 | 这种“退款”: 别信"
    assert (document.form, document.nature, document.encoding) == ("wechat_markdown", "published", "utf-8")
    assert (document.url, document.publisher) == ("https://mp.example.invalid/s?a=1&b=2", "青禾警讯")
    assert (document.published, document.fetched) == ("2024-12-26", "2025-10-06T19:39:41")
    assert document.metadata == {"author": "小禾"}
    assert document.sha256 == hashlib.sha256(MARKDOWN.encode()).hexdigest()


def test_a_fetch_date_alone_is_never_the_date_of_publication() -> None:
    document = one(f"---\ntitle: 甲\nfetch_date: 2025-10-06\n---\n{PAGE}\n".encode(), "a.txt")
    assert (document.published, document.fetched) == ("", "2025-10-06")


def test_a_date_that_is_none_is_kept_as_given() -> None:
    document = one(f"---\ntitle: 甲\ndate: 昨天\n---\n{PAGE}\n".encode(), "a.md")
    assert (document.published, document.metadata["published_as_given"]) == ("", "昨天")


def test_markdown_without_front_matter_gives_heading_and_address() -> None:
    text = f"# 数钱的“主任”\n\n> 原文：[`mp.example.invalid/s?x`](http://mp.example.invalid/s?x=1#rd)\n\n{PAGE}\n"
    document = one(text.encode(), "repost.txt")
    assert (document.text, document.title, document.form) == (text, "数钱的“主任”", "wechat_markdown")
    assert document.url == "http://mp.example.invalid/s?x=1#rd"


def test_plain_text_is_text_and_asterisks_of_a_masked_number_are_no_markdown() -> None:
    text = f"报警人电话138****1204，对方号码139****8877。\n{STORY}\n"
    document = one(text.encode(), "a.txt")
    assert (document.text, document.form, document.title) == (text, "text", "")


def test_a_newspaper_page_is_told_by_lines_that_break_off() -> None:
    column = "\n".join(PAGE[i % 40 : i % 40 + 16] for i in range(0, 400, 16))
    assert one(column.encode(), "a3.txt").form == "newspaper"
    assert one("\n".join([PAGE] * 15).encode(), "a.txt").form == "text"


def test_crlf_becomes_lf_and_the_mark_goes() -> None:
    document = one("\ufeff第一行\r\n第二行\r第三行".encode(), "a.txt")
    assert document.text == "第一行\n第二行\n第三行"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", STORY),
        ("a.md", MARKDOWN),
        (
            "a.html",
            f"<html><head><title>通报</title></head><body><article><p>{PAGE}</p><p>{STORY}</p></article></body></html>",
        ),
        ("a.csv", f"编号,投诉内容\nT-1,{STORY}\n"),
        ("a.jsonl", json.dumps({"id": "T-1", "text": STORY}, ensure_ascii=False) + "\n"),
        ("a.json", json.dumps([{"id": "T-1", "text": STORY}], ensure_ascii=False)),
    ],
)
def test_every_text_form_in_every_encoding(name: str, content: str, encoding: str) -> None:
    document = one(content.encode(encoding), name)
    assert STORY in document.text or PAGE in document.text
    assert "\ufeff" not in document.text
    assert "repaired" not in document.metadata


def test_big5_and_mojibake() -> None:
    traditional = "警方呼籲市民，收到自稱客服的來電時，切勿提供銀行帳號及驗證碼。"
    document = one(traditional.encode("big5"), "a.txt")
    assert (document.text, document.encoding) == (traditional, "big5")
    document = one(STORY.encode("utf-8").decode("latin-1").encode("utf-8"), "a.txt")
    assert document.text == STORY
    assert "乱码已还原" in document.metadata["repaired"]


def test_html_gives_title_and_main_text_without_navigation() -> None:
    html = f"""<!DOCTYPE html><html><head><meta charset="gb2312"><title>警情通报：冒充客服</title>
    <meta property="article:published_time" content="2024-04-21T08:00:00+08:00"><meta property="og:site_name" content="青禾在线">
    </head><body><nav><a href="/">首页</a><a href="/x">登录</a></nav><article><h1>警情通报：冒充客服</h1><p>{PAGE}</p>
    <p>{STORY}</p></article><footer>版权所有 备案号</footer></body></html>"""
    document = one(html.encode("gb18030"), "page.html")
    assert document.text == f"警情通报：冒充客服\n{PAGE}\n{STORY}"
    assert (document.form, document.title, document.encoding) == ("html", "警情通报：冒充客服", "gb18030")
    assert (document.published[:10], document.publisher) == ("2024-04-21", "青禾在线")


WEIXIN = r"""<!DOCTYPE html><html><head><meta property="og:title" content="别的标题"></head><body>
<h1 id="activity-name">备用标题</h1><div id="js_content" style="visibility: hidden;"><section><p>第一段，<strong>加粗</strong>的话。</p>
<p><br></p><section><span>第二段</span><span>接着说。</span></section><img data-src="x"><script>var no = 1;</script></section></div>
<script>var biz = ""; var msg_title = '“军需\x26quot;单\x26quot;”真相'.html(false); var nickname = htmlDecode("青禾平安");
var ct = "1717470600"; var msg_link = "http://mp.example.invalid/s?a=1\x26amp;b=2"; var author = "小禾";</script></body></html>"""


def test_a_raw_weixin_page_is_read_from_its_scripts() -> None:
    document = one(WEIXIN.encode(), "w.html")
    assert document.text == '“军需"单"”真相\n第一段，加粗的话。\n第二段接着说。'
    assert (document.form, document.publisher, document.published) == (
        "weixin_html",
        "青禾平安",
        "2024-06-04T11:10:00+08:00",
    )
    assert (document.url, document.metadata["author"]) == ("http://mp.example.invalid/s?a=1&b=2", "小禾")


def test_a_saved_page_under_the_name_of_a_text_is_a_page() -> None:
    assert one(WEIXIN.encode(), "w.txt").form == "weixin_html"


def test_pdf_pages_and_where_they_start() -> None:
    document = one(make_pdf("Notice one: refund call.", "Notice two: beware."), "notice.pdf")
    assert document.text == "Notice one: refund call.\n\nNotice two: beware."
    starts = [int(start) for start in document.metadata["page_starts"].split(",")]
    assert document.text[starts[1] :].startswith("Notice two")
    assert (document.form, document.metadata["pages"]) == ("pdf", "2")


def test_docx_keeps_order_of_paragraphs_and_tables() -> None:
    document = one(make_docx(PAGE, STORY, table=[["姓名", "金额"], ["钱某", "2万元"]], title="警情通报"), "a.docx")
    assert document.text == f"警情通报\n{PAGE}\n{STORY}\n姓名\t金额\n钱某\t2万元"
    assert (document.form, document.title) == ("docx", "警情通报")


def test_mail_with_attachments() -> None:
    message = email.message.EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        "投诉网购被骗",
        "孙 <sun@example.invalid>",
        "12315 <a@example.invalid>",
    )
    message["Date"] = "Tue, 14 May 2024 21:06:00 +0800"
    message.set_content(STORY)
    message.add_attachment(PAGE.encode("gb18030"), maintype="text", subtype="plain", filename="补充说明.txt")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="截图.png")
    letter, added = documents(read_bytes(message.as_bytes(), "letter.eml"))
    assert letter.text == f"投诉网购被骗\n{STORY}\n"
    assert (letter.form, letter.nature, letter.published) == ("email", "complaint", "2024-05-14T21:06:00+08:00")
    assert letter.metadata["attachments"] == "补充说明.txt、截图.png"
    assert (added.doc_id, added.text, added.metadata["container"]) == ("letter.eml!补充说明.txt", PAGE, "email")


def test_mail_as_old_chinese_mailers_write_it() -> None:
    raw = (
        b"Subject: "
        + "投诉".encode("gb18030")
        + b"\r\nFrom: a@example.invalid\r\nContent-Type: text/html; charset=gb2312\r\n\r\n"
    )
    document = one(raw + f"<p>{STORY}</p><p>谢谢</p>".encode("gb18030"), "b.eml")
    assert (document.title, document.text) == ("投诉", f"投诉\n{STORY}\n谢谢")


@pytest.mark.parametrize("packed", [True, False])
def test_warc_gives_the_pages_and_passes_over_the_rest(packed: bool) -> None:
    page = f"<html><head><title>通报</title></head><body><article><p>{PAGE}</p><p>{STORY}</p></article></body></html>"
    data = make_warc(
        ("http://a.example.invalid/1", "200 OK", "text/html; charset=gbk", page.encode("gb18030")),
        ("http://a.example.invalid/x.png", "200 OK", "image/png", b"\x89PNG"),
        ("http://a.example.invalid/old", "302 Found", "text/html", b"moved"),
        ("http://a.example.invalid/w", "200 OK", "text/html", WEIXIN.encode()),
        packed=packed,
    )
    first, second = documents(read_bytes(data, "crawl.warc.gz" if packed else "crawl.warc"))
    assert PAGE in first.text
    assert (first.url, first.fetched, first.published) == ("http://a.example.invalid/1", "2024-05-06T07:08:09Z", "")
    assert (first.form, second.form, second.doc_id[-2:]) == ("html", "weixin_html", "#4")


def test_zip_members_nested_and_with_names_in_gbk() -> None:
    inner = make_zip({"里/b.txt": STORY.encode("gb18030")})
    data = make_zip(
        {
            "甲.md": MARKDOWN.encode(),
            "sub/inner.zip": inner,
            "表.csv": f"编号,投诉内容\n,{STORY}\n".encode(),
            "__MACOSX/._a.txt": b"x",
        }
    )
    found = {document.doc_id: document for document in documents(read_bytes(data, "all.zip"))}
    assert sorted(found) == ["all.zip!sub/inner.zip!里/b.txt", "all.zip!甲.md", "all.zip!表.csv#2"]
    assert found["all.zip!sub/inner.zip!里/b.txt"].text == STORY

    # As Windows writes it: the bytes of GBK in both directories, no flag.
    data = make_zip({"placehold1.txt": STORY.encode()}).replace(b"placehold1.txt", "警情通报一.txt".encode("gbk"))
    assert one(data, "g.zip").doc_id == "g.zip!警情通报一.txt"


CSV = f"工单编号,标题,诉求内容,受理时间,姓名,联系电话,承办单位\nGD1,退款骗局,{STORY},2024-05-06 07:08,李女士,13900001111,某局\n,,{PAGE},去年,,,\n"


def test_rows_of_complaints() -> None:
    first, second = documents(read_bytes(CSV.encode("gb18030"), "投诉.csv"))
    assert (first.doc_id, first.text, first.title) == ("GD1", f"退款骗局\n{STORY}", "退款骗局")
    assert (first.nature, first.form, first.published) == ("complaint", "table", "2024-05-06T07:08:00")
    assert first.metadata == {"external_id": "GD1", "person": "李女士", "phone": "13900001111", "承办单位": "某局"}
    assert (second.doc_id, second.text, second.published) == ("投诉.csv#3", PAGE, "")
    assert second.metadata["date_as_given"] == "去年"


def test_the_hash_of_a_row_does_not_depend_on_form_or_order_of_columns() -> None:
    row = {"编号": "1", "正文": STORY}
    table = one(f"正文,编号\n{STORY},1\n".encode(), "a.csv")
    line = one(json.dumps(row).encode(), "a.jsonl")
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert table.sha256 == line.sha256 == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_separators_and_cells_with_line_breaks(separator: str) -> None:
    data = (
        separator.join(["id", "text", "place"])
        + "\r\n"
        + separator.join(["1", f'"第一行\r\n说""{separator}""了"', "某县"])
        + "\r\n"
    )
    document = one(data.encode(), "a.tsv" if separator == "\t" else "a.csv")
    assert document.text == f'第一行\n说"{separator}"了'
    assert document.metadata["place"] == "某县"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(end: str) -> None:
    found = documents(read_bytes(end.join(["编号,正文", "1,甲某被骗", '2,"乙某', '被骗"', ""]).encode(), "a.csv"))
    assert [(document.doc_id, document.text) for document in found] == [("1", "甲某被骗"), ("2", "乙某\n被骗")]


def test_a_title_line_above_the_headings_is_passed_over() -> None:
    rows: list[list[object]] = [
        ["2024年投诉汇总表"],
        [],
        ["编号", "投诉内容", "涉案金额", "受理时间"],
        ["T1", STORY, 3200.0, datetime(2024, 5, 6)],
    ]
    document = one(make_xlsx(rows), "a.xlsx")
    assert (document.doc_id, document.text, document.published) == ("T1", STORY, "2024-05-06")
    assert (document.metadata["amount"], document.nature) == ("3200", "complaint")


def test_sheets_are_named_in_ids_when_there_are_several() -> None:
    data = make_xlsx([["正文"], [STORY]], [["正文"], [PAGE]], [])
    assert [document.doc_id for document in documents(read_bytes(data, "b.xlsx"))] == ["b.xlsx#表1!2", "b.xlsx#表2!2"]


def test_columns_can_be_said() -> None:
    data = f"甲,乙\n{STORY},7\n".encode()
    document = one(data, "a.csv", columns={"text": "甲", "id": "乙"})
    assert (document.text, document.doc_id) == (STORY, "7")
    assert one(json.dumps({"甲": STORY, "text": "短"}).encode(), "a.jsonl", columns={"text": "甲"}).text == STORY


def test_nature_can_be_said() -> None:
    assert one(CSV.split("\n,,")[0].encode(), "a.csv", nature="published").nature == "published"
    assert one(STORY.encode(), "a.txt", nature="complaint").nature == "complaint"


def test_json_lines_of_documents_need_no_map() -> None:
    lines = [{"doc_id": "n1", "title": "标题", "text": STORY}, {"id": 7, "text": PAGE}, {"text": "甲"}]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode() + b"\n\n"
    first, second, third = documents(read_bytes(data, "d.jsonl"))
    assert (first.doc_id, first.text, first.title) == ("n1", f"标题\n{STORY}", "标题")
    assert (second.doc_id, third.doc_id) == ("7", "d.jsonl#3")
    assert (first.nature, first.form) == ("published", "json")


@pytest.mark.parametrize(
    "value",
    [
        [{"投诉内容": STORY}],
        {"投诉内容": STORY},
        {"total": 1, "data": [{"投诉内容": STORY}]},
        {"数据": [{"投诉内容": STORY, "其他": {"甲": [1, None]}}]},
    ],
)
def test_shapes_of_json(value: object) -> None:
    document = one(json.dumps(value).encode(), "a.json")
    assert (document.text, document.nature) == (STORY, "complaint")


def test_json_lines_under_the_name_of_json() -> None:
    data = b"\n".join(json.dumps({"text": text}).encode() for text in (STORY, PAGE))
    assert [document.text for document in documents(read_bytes(data, "a.json"))] == [STORY, PAGE]


def test_lone_surrogates_and_nul_never_leave() -> None:
    document = one(
        b'{"id": "a\\ud800", "text": "\\ud83d\\u0000 ' + STORY.encode() + b'", "note": "\\udc00"}', "a.jsonl"
    )
    for value in (document.doc_id, document.text, document.metadata["note"]):
        value.encode()
        assert "\x00" not in value


@pytest.mark.parametrize(
    ("make", "form"),
    [
        (STORY.encode, "text"),
        (MARKDOWN.encode, "wechat_markdown"),
        (lambda: make_pdf("Notice"), "pdf"),
        (lambda: make_docx(STORY), "docx"),
        (lambda: make_xlsx([["正文"], [STORY]]), "table"),
        (lambda: make_zip({"a.txt": STORY.encode()}), "text"),
        (lambda: json.dumps({"text": STORY}).encode(), "json"),
        (lambda: json.dumps([{"text": STORY}], indent=1).encode(), "json"),
        (WEIXIN.encode, "weixin_html"),
        (lambda: b"From: a@example.invalid\nSubject: x\n\n" + STORY.encode(), "email"),
    ],
)
def test_standard_input_is_judged_by_its_content(make: Callable[[], bytes], form: str) -> None:
    (document,) = documents(read(["-"], stdin=io.BytesIO(make())))
    assert document.form == form
    assert document.doc_id.startswith("stdin")
    assert document.origin == "stdin"


def test_folders_are_walked_in_order_and_globs_match(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".hidden.txt", ".git/x.txt", "c/d/e.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} {STORY}", encoding="utf-8")
    found = documents(read([tmp_path]))
    assert [document.doc_id for document in found] == ["a.txt", "b/1.txt", "b/2.txt", "c/d/e.txt"]
    assert found[1].origin == str(tmp_path / "b" / "1.txt")
    assert [d.doc_id for d in documents(read([f"{tmp_path}/b/*.txt"]))] == ["1.txt", "2.txt"]
    assert [d.doc_id for d in documents(read([f"{tmp_path}/**/[12e].txt"]))] == ["b/1.txt", "b/2.txt", "c/d/e.txt"]
    assert [d.doc_id for d in documents(read([tmp_path / "b" / "2.txt", str(tmp_path / "a.txt")]))] == [
        "2.txt",
        "a.txt",
    ]


def test_a_link_inside_the_folder_does_not_read_twice(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY, encoding="utf-8")
    os.symlink(tmp_path / "a.txt", tmp_path / "b.txt")
    os.symlink(tmp_path, tmp_path / "loop")
    assert [document.doc_id for document in documents(read([tmp_path]))] == ["a.txt"]


def test_json_lines_and_csv_are_streamed(tmp_path: Path) -> None:
    """9 MB are read in under four: the peak must not grow with the file."""
    row = json.dumps({"text": STORY * 800}, ensure_ascii=False) + "\n"  # few large rows: tracemalloc is slow
    lines, table = tmp_path / "big.jsonl", tmp_path / "big.csv"
    lines.write_text(row * 100, encoding="utf-8")
    table.write_text("投诉内容\n" + (STORY * 800 + "\n") * 100, encoding="utf-8")
    for path in (lines, table):
        assert path.stat().st_size > 9_000_000
        next(iter(read([path])))
        tracemalloc.start()
        count = sum(isinstance(result, Document) for result in read([path]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == 100
        assert peak < 4_000_000, path


def test_a_reading_stops_when_nobody_asks_for_more(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY, encoding="utf-8")
    os.mkfifo(tmp_path / "b.txt")  # opening it would block for ever
    results = read([tmp_path])
    assert isinstance(next(results), Document)
    assert isinstance(next(results), InputError)


def test_reading_text_loads_no_heavy_library() -> None:
    code = (
        "import sys; from corpora.read import read_bytes; list(read_bytes('甲乙丙丁'.encode(), 'a.txt'));"
        "print([name for name in ('trafilatura', 'pypdf', 'docx', 'openpyxl', 'warcio', 'lxml') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.strip() == "[]"


def test_limits_can_be_lowered() -> None:
    (refused,) = read_bytes(STORY.encode(), "a.txt", limits=Limits(text_bytes=20))
    assert isinstance(refused, InputError)
    assert "20 字节" in str(refused)


def test_gzip_that_is_no_warc_is_refused() -> None:
    (refused,) = read_bytes(gzip.compress(STORY.encode()), "a.warc.gz")
    assert isinstance(refused, InputError)


@pytest.mark.shared
def test_the_real_pages_come_in_character_for_character() -> None:
    seeds = Path(__file__).resolve().parents[2] / "shared" / "seeds"
    found = documents(read([seeds]))
    assert [document.text for document in found] == [
        path.read_text(encoding="utf-8") for path in sorted(seeds.iterdir()) if path.is_file()
    ]
    assert [document.form for document in found].count("newspaper") == 2
    assert (found[0].published, found[0].fetched[:10]) == ("2024-12-26", "2025-10-06")
