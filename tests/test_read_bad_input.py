"""Whatever is wrong with an input comes out as one refusal in its place, in Chinese, and everything else is read."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings

from corpora.limits import Limits
from corpora.read import read, read_bytes
from nlp.errors import InputError, TooLargeError
from nlp.records import Document
from tests.bad_inputs import BYTES, DAMAGE, check_bytes, check_readable, damaged
from tests.test_read import STORY, WEIXIN, make_docx, make_pdf, make_warc, make_xlsx, make_zip

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def refusal(data: bytes, name: str, **wishes: object) -> InputError:
    """The one refusal that this content gives."""
    (result,) = read_bytes(data, name, **wishes)  # type: ignore[arg-type]
    assert isinstance(result, InputError), result
    return result


def encrypted_pdf() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf("secret")))
    writer.encrypt("pass", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def encrypted_zip() -> bytes:
    """A ZIP whose members carry the flag of encryption."""
    data = bytearray(make_zip({"a.txt": STORY.encode()}))
    data[6] |= 1
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def bomb() -> bytes:
    return make_zip({"zeros.txt": bytes(60_000_000)})


def xlsx_with_entities() -> bytes:
    source = zipfile.ZipFile(io.BytesIO(make_xlsx([["正文"], [STORY]])))
    members = {name: source.read(name) for name in source.namelist()}
    part = members["xl/worksheets/sheet1.xml"]
    members["xl/worksheets/sheet1.xml"] = b'<!DOCTYPE x [<!ENTITY a "b">]>' + part
    return make_zip(members)


CASES: list[tuple[str, str, Callable[[], bytes], tuple[str, ...]]] = [
    ("an empty text", "a.txt", lambda: b"", ("文件为空",)),
    ("blanks only", "a.txt", lambda: b" \n\t\n", ("没有正文",)),
    ("a picture called text", "a.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, ("不是文本", "UTF-8")),
    ("an unknown extension", "a.png", lambda: b"\x89PNG", ("不支持的扩展名 .png", ".docx")),
    ("another archive", "a.rar", lambda: b"Rar!", ("不支持的扩展名 .rar", "解压")),
    ("an empty ZIP", "a.zip", lambda: b"", ("文件为空",)),
    ("a ZIP of nothing", "a.zip", lambda: make_zip({}), ("没有文件",)),
    ("a truncated ZIP", "a.zip", lambda: make_zip({"a.txt": STORY.encode() * 9})[:-40], ("ZIP 已损坏或不完整", "重新")),
    ("a ZIP with a password", "a.zip", encrypted_zip, ("密码保护", "解压")),
    ("a ZIP bomb", "a.zip", bomb, ("压缩比异常", "200 倍")),
    ("a truncated XLSX", "a.xlsx", lambda: make_xlsx([["正文"], [STORY]])[:-200], ("已损坏或不完整", "CSV")),
    ("an XLSX with a password", "a.xlsx", lambda: OLE + "EncryptedPackage".encode("utf-16-le"), ("密码保护", "去掉密码")),
    ("a DOCX called XLSX", "a.xlsx", lambda: make_docx(STORY), ("没有 xl/",)),
    ("an XLSX without text", "a.xlsx", lambda: make_xlsx([["甲", "乙"], [1, 2]]), ("没有找到正文列，现有列：甲、乙", "text=案情描述")),
    ("an XLSX of nothing", "a.xlsx", lambda: make_xlsx([[]]), ("空",)),
    ("entities in an XLSX", "a.xlsx", xlsx_with_entities, ("实体声明",)),
    ("an old workbook", "a.xls", lambda: OLE, ("Excel 97–2003", "另存为 .xlsx", "soffice --headless --convert-to xlsx")),
    ("an old document", "a.doc", lambda: OLE, ("Word 97–2003", "另存为 .docx", "soffice --headless --convert-to docx")),
    ("a truncated PDF", "a.pdf", lambda: make_pdf("one", "two")[:300], ("PDF",)),
    ("a PDF that is none", "a.pdf", lambda: b"hello", ("不是 PDF",)),
    ("a PDF with a password", "a.pdf", encrypted_pdf, ("密码保护",)),
    ("a PDF without text", "a.pdf", lambda: make_pdf(""), ("没有文字层", "OCR")),
    ("a damaged DOCX", "a.docx", lambda: make_docx(STORY)[:3000], ("已损坏或不完整", ".docx")),
    ("a page without text", "a.html", lambda: b"<html><head><title>x</title></head><body><img src='a.png'></body></html>", ("正文",)),
    ("a deleted article", "a.html", lambda: b"<html><script>var msg_title = '';</script>\xe8\xaf\xa5\xe5\x86\x85\xe5\xae\xb9\xe5\xb7\xb2"
     b"\xe8\xa2\xab\xe5\x8f\x91\xe5\xb8\x83\xe8\x80\x85\xe5\x88\xa0\xe9\x99\xa4</html>", ("该内容已被发布者删除",)),
    ("a mail that is none", "a.eml", lambda: b"no headers at all", ("没有邮件头",)),
    ("a WARC that is none", "a.warc", lambda: b"hello\r\n\r\n", ("WARC",)),
    ("a CSV without text", "a.csv", "编号,地区\n1,某县\n".encode, ("没有找到正文列，现有列：编号、地区", "投诉内容")),
    ("a CSV of headings", "a.csv", "编号,正文\n".encode, ("没有数据行",)),
    ("an empty CSV", "a.csv", lambda: b"", ("空",)),
    ("deep JSON", "a.json", lambda: b'{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ("嵌套过深", "64 层")),
    ("JSON deeper than allowed", "a.json", lambda: b'{"text":"a","x":' + b"[" * 80 + b"]" * 80 + b"}", ("嵌套过深",)),
    ("broken JSON", "a.json", lambda: b'{"text": ', ("第 1 行第 10 列",)),
    ("a number", "a.json", lambda: b"42", ("数字", "JSON 对象")),
    ("a huge number", "a.json", lambda: b'{"text": 1' + b"0" * 5000 + b"}", ("数字过长",)),
    ("JSON without text", "a.json", lambda: b'{"foo": 1}', ("没有正文字段，现有字段：foo",)),
    ("an array of nothing", "a.json", lambda: b"[]", ("数组是空的",)),
    ("an empty JSONL", "a.jsonl", lambda: b"\n\n", ("没有内容",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_bad_input_is_one_refusal_that_says_what_to_do(
    name: str, make: Callable[[], bytes], told: tuple[str, ...]
) -> None:
    error = refusal(make(), name)
    assert error.where.startswith(name)
    assert error.expected or error.advice
    assert "\n" not in str(error)
    for words in told:
        assert words in str(error)


def test_a_text_of_200_megabytes_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with open(path, "wb") as stream:
        stream.truncate(200_000_000)
    (error,) = read([path])
    assert isinstance(error, TooLargeError)
    assert "10 MB" in str(error)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.xlsx"])
def test_a_row_of_a_megabyte_costs_itself_only(name: str) -> None:
    rows = [STORY, "某" * (30_000 if name == "a.xlsx" else 400_000), STORY]
    limits = Limits(row_bytes=50_000) if name == "a.xlsx" else Limits()  # a cell of XLSX holds 32,767 characters
    if name == "a.csv":
        data = "\n".join(["正文", *rows]).encode()
    elif name == "a.xlsx":
        data = make_xlsx([["正文"], *([row] for row in rows)])
    elif name == "a.json":
        data = json.dumps([{"text": row} for row in rows]).encode()
    else:
        data = "\n".join(json.dumps({"text": row}) for row in rows).encode()
    first, second, third = read_bytes(data, name, limits=limits)
    assert isinstance(first, Document)
    assert isinstance(third, Document)
    assert isinstance(second, TooLargeError)
    assert f"第 {2 if 'json' in name else 3} " in second.where


def test_bad_rows_are_named_and_the_others_read() -> None:
    data = "编号,正文\n1,\n2,一段话\n,\n3,又一段\n".encode()
    results = list(read_bytes(data, "a.csv"))
    assert [result.doc_id if isinstance(result, Document) else result.where for result in results] == [
        "a.csv 第 2 行",
        "2",
        "3",
    ]
    lines = b'{"text": "a"}\nnot json\n[1]\n{"id": "z"}\n{"text": "b"}\n'
    told = [
        result.where if isinstance(result, InputError) else result.doc_id for result in read_bytes(lines, "a.jsonl")
    ]
    assert told == ["a.jsonl#1", "a.jsonl 第 2 行", "a.jsonl 第 3 行", "a.jsonl 第 4 行", "a.jsonl#5"]


def test_a_quote_that_never_closes_costs_its_own_row() -> None:
    data = '编号,正文\n1,第一段\n2,"第二段\n3,第三段\n4,"第四""段"\n'.encode()
    results = list(read_bytes(data, "a.csv"))
    assert [result.doc_id for result in results if isinstance(result, Document)] == ["1", "3", "4"]
    (error,) = (result for result in results if isinstance(result, InputError))
    assert "引号没有闭合" in str(error)


def test_a_comma_in_a_text_without_quotes_cuts_nothing_off_unnoticed() -> None:
    (error,) = read_bytes(f"编号,正文\n1,一开始,{STORY}\n".encode(), "a.csv")
    assert "有 3 格，表头只有 2 格" in str(error)
    (document,) = read_bytes(f"正文\n一开始,{STORY}\n".encode(), "a.csv")
    assert isinstance(document, Document)
    assert document.text == f"一开始,{STORY}"


def test_what_is_no_table_is_given_up_early() -> None:
    results = list(read_bytes(b"hello\n" * 5000, "a.jsonl"))
    assert len(results) == 101
    assert "不再继续" in str(results[-1])
    results = list(read_bytes(json.dumps([{"question": "甲"}] * 500).encode(), "a.json"))
    assert len(results) == 101


def test_invalid_bytes_inside_a_valid_file_are_replaced_and_noted() -> None:
    (document,) = read_bytes(STORY.encode() + b"\xff\n" + STORY.encode(), "a.txt")
    assert isinstance(document, Document)
    assert document.text == f"{STORY}\ufffd\n{STORY}"
    assert "1 处无效字节" in document.metadata["repaired"]
    first, second = read_bytes(f"正文\n{STORY}".encode() + b"\xff\n" + STORY.encode(), "a.csv")
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert "repaired" in first.metadata
    assert "repaired" not in second.metadata


def test_a_folder_with_everything_wrong_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("不该读到", encoding="utf-8")
    root = tmp_path / "in"
    root.mkdir()
    (root / "good.txt").write_text(STORY, encoding="utf-8")
    (root / "empty.txt").write_bytes(b"")
    (root / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    os.symlink(outside, root / "link.txt")
    os.symlink(root / "nowhere", root / "broken.txt")
    os.symlink(tmp_path, root / "up")
    os.mkfifo(root / "pipe.txt")
    results = list(read([root, tmp_path / "missing.txt", str(tmp_path / "*.csv"), tmp_path / "void"]))
    told = {Path(r.where).name: r.found for r in results if isinstance(r, InputError)}
    assert [r.doc_id for r in results if isinstance(r, Document)] == ["good.txt"]
    assert told.keys() == {
        "empty.txt",
        "photo.jpg",
        "link.txt",
        "broken.txt",
        "up",
        "pipe.txt",
        "missing.txt",
        "*.csv",
        "void",
    }
    assert "文件夹之外" in told["link.txt"]
    assert "找不到" in told["missing.txt"]
    (root / "hollow").mkdir()
    (empty,) = read([root / "hollow"])
    assert "没有可读的文件" in str(empty)


def test_a_file_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "b.txt").write_text(STORY, encoding="utf-8")

    def guarded(path: Path, mode: str) -> io.BufferedReader:
        if path.name == "a.txt":  # root may open everything, so the refusal is played
            raise PermissionError(13, "Permission denied", str(path))
        return path.open(mode)  # type: ignore[return-value]

    monkeypatch.setattr("corpora.read.open", guarded, raising=False)
    refused, document = read([tmp_path])
    assert isinstance(refused, InputError)
    assert "请检查权限" in str(refused)
    assert isinstance(document, Document)


def test_an_archive_goes_on_after_a_bad_member() -> None:
    data = make_zip(
        {"1.txt": STORY.encode(), "2.bin": b"\x00", "3.zip": b"PK\x03\x04 nonsense", "4.txt": STORY.encode()}
    )
    results = list(read_bytes(data, "a.zip"))
    assert [r.doc_id for r in results if isinstance(r, Document)] == ["a.zip!1.txt", "a.zip!4.txt"]
    assert ["2.bin" in r.where or "3.zip" in r.where for r in results if isinstance(r, InputError)] == [True, True]


def test_limits_of_archives_hold_across_nesting() -> None:
    data = make_zip({"a.txt": STORY.encode()})
    for _ in range(5):
        data = make_zip({"in.zip": data, "b.txt": STORY.encode()})
    results = list(read_bytes(data, "a.zip"))
    assert sum(isinstance(r, Document) for r in results) == 3
    assert "嵌套过深" in str(results[-1])
    many = make_zip({f"{n:02}.zip": make_zip({f"{m}.txt": STORY.encode() for m in range(5)}) for n in range(5)})
    results = list(read_bytes(many, "a.zip", limits=Limits(archive_members=14)))
    assert sum(isinstance(r, Document) for r in results) == 11  # three archives and eleven texts
    assert any("文件过多" in str(r) for r in results)
    results = list(read_bytes(many, "a.zip", limits=Limits(archive_bytes=2000)))
    assert 0 < sum(isinstance(r, Document) for r in results) < 10
    assert any("总量过大" in str(r) for r in results)


def test_a_warc_cut_off_keeps_what_came_before() -> None:
    page = ("http://a.example.invalid/w", "200 OK", "text/html", WEIXIN.encode())
    whole = make_warc(page, page, packed=False)
    results = list(read_bytes(whole[: len(whole) - 300] + b"", "a.warc"))
    assert isinstance(results[0], Document)
    packed = make_warc(page, page)
    results = list(read_bytes(packed[:-100], "a.warc.gz"))
    assert isinstance(results[0], Document)
    assert len(results) == 2


def test_a_damaged_warc_spills_nothing_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    page = ("http://a.example.invalid/w", "200 OK", "text/html", WEIXIN.encode())
    data = make_warc(page, page, packed=False)
    at = data.index(b"Content-Length: ") + len(b"Content-Length: ")
    list(read_bytes(data[:at] + b"2" + data[at + 1 :], "a.warc"))
    assert capfd.readouterr().err == ""


def test_a_spreadsheet_that_claims_to_be_huge_is_quick() -> None:
    source = zipfile.ZipFile(io.BytesIO(make_xlsx([["正文"], [STORY]])))
    members = {name: source.read(name) for name in source.namelist()}
    part = members["xl/worksheets/sheet1.xml"].decode()
    part = part.replace("</sheetData>", '<row r="200000"><c r="XFD200000"><v>1</v></c></row></sheetData>')
    members["xl/worksheets/sheet1.xml"] = part.encode()
    assert any(isinstance(r, Document) for r in read_bytes(make_zip(members), "a.xlsx"))


SLOW = [
    ("a.txt", "某" * 330_000),
    ("a.txt", "1" * 1_000_000),
    ("a.md", "---\n" + "a: b\n" * 200_000),
    ("a.md", "![" * 400_000),
    ("a.txt", "**某" * 200_000),
    ("a.txt", "Ã©" * 400_000),
    ("a.txt", "锛銆" * 150_000),
    ("a.csv", '正文\n"' + '"某"' * 300_000),
    ("a.csv", "正文\n" + '"某\n' * 20_001),
    ("a.json", '{"text":"' + "\\" * 900_001),
    ("a.html", "<div>" * 100_000 + "某" * 100),
    (
        "a.html",
        '<div id="js_content">' + "<section>" * 20_000 + "某" * 100 + "<script>var msg_title = '" + "\\x26" * 100_000,
    ),
    ("a.eml", "Subject: " + "=?utf-8?q?" * 50_000 + "\n\nx"),
    ("noext", "X-A: b\n" * 100_000),
]


@pytest.mark.parametrize(
    ("name", "text"), SLOW, ids=[f"{n}-{name}-{text[:8]!r}" for n, (name, text) in enumerate(SLOW)]
)
def test_hostile_texts_do_not_hang(name: str, text: str) -> None:
    assert all(isinstance(read, Document | InputError) for read in read_bytes(text.encode(), name))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=BYTES)
def test_random_bytes_under_any_extension_never_raise(made: tuple[bytes, str]) -> None:
    check_bytes(made)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=DAMAGE)
def test_damaged_files_never_raise(made: tuple[int, list[tuple[float, bytes]], float]) -> None:
    check_readable(*damaged(*made))


def test_a_lying_size_in_a_zip_is_no_way_round_the_limits() -> None:
    """The directory says 100 bytes, the stream holds 5 MB: zipfile stops at what was said and finds the sum wrong."""
    data = bytearray(make_zip({"a.txt": b"0" * 5_000_000}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    (result,) = read_bytes(bytes(data), "a.zip")
    assert isinstance(result, InputError)
