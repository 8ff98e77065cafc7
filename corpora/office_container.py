"""Is this DOCX or XLSX safe to open? In: a byte stream. Out: nothing, or an `InputError` that says what is wrong with it.

Looks at the ZIP directory only: encrypted and old binary files, what it would unpack to, entity declarations. It parses no content.
"""

from __future__ import annotations

import zipfile
from typing import BinaryIO

from corpora.intake import Intake, refusing, too_large
from nlp.errors import InputError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def check_office(stream: BinaryIO, intake: Intake, *, inner: str, expected: str, advice: str) -> None:
    """Raise InputError unless the stream is an intact Office container with parts under `inner` ("xl/", "word/").

    Leaves the stream at its beginning. Sizes are those the directory states; zipfile never unpacks more than that.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > intake.limits.file_bytes:
        raise too_large(intake.where, intake.limits.file_bytes, advice="请拆分后再读")
    if not size:
        raise InputError("文件为空", where=intake.where, expected=expected, advice="请检查导出或下载是否完整")
    refuse_ole(stream, intake)
    with refusing(intake.where, found="文件已损坏或不完整", expected=expected, advice=advice):
        container = zipfile.ZipFile(stream)
        parts = container.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise InputError("文件有密码保护", where=intake.where, expected="未加密的文件", advice="请去掉密码后再读")
    if not any(part.filename.replace("\\", "/").startswith(inner) for part in parts):
        raise InputError(f"压缩包里没有 {inner}，不是这种文档", where=intake.where, expected=expected, advice=advice)
    if sum(part.file_size for part in parts) > intake.limits.office_bytes:
        raise too_large(
            intake.where, intake.limits.office_bytes, what="解压后的内容", advice="疑为压缩炸弹，请拆分后再读"
        )
    for part in parts:
        if not part.filename.endswith((".xml", ".rels")):
            continue
        with (
            refusing(intake.where, found="文件已损坏或不完整", expected=expected, advice=advice),
            container.open(part) as opened,
        ):
            head = opened.read(1024)
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:  # no Office program writes them; entities can explode
            raise InputError("文档内有实体声明", where=intake.where, expected=expected, advice="请用办公软件重新保存")
    stream.seek(0)


def refuse_ole(stream: BinaryIO, intake: Intake) -> None:
    """Raise InputError for an OLE container: an encrypted DOCX or XLSX, or an old .doc or .xls. Rewinds the stream."""
    head = stream.read(len(OLE_MAGIC))
    stream.seek(0)
    if head != OLE_MAGIC:
        return
    content = stream.read(intake.limits.file_bytes)
    stream.seek(0)
    if _ENCRYPTED_STREAM in content:
        raise InputError(
            "文件有密码保护",
            where=intake.where,
            expected="未加密的 .docx 或 .xlsx",
            advice="请在办公软件中去掉密码后另存",
        )
    raise old_office(intake)


def old_office(intake: Intake) -> InputError:
    """The one error for .doc and .xls, which says how to convert them."""
    sheet = intake.doc_id.lower().endswith((".xls", ".xlsx", ".et"))
    new, filter_name = (".xlsx", "xlsx") if sheet else (".docx", "docx")
    old = "Excel 97–2003（.xls）" if sheet else "Word 97–2003（.doc）"
    return InputError(
        f"旧版 {old} 格式",
        where=intake.where,
        expected=new,
        advice=f"请在 Excel、Word 或 WPS 中另存为 {new}，或运行 soffice --headless --convert-to {filter_name} 文件名",
    )
