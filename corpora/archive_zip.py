"""ZIP archives. In: a seekable byte stream. Out: the documents of its members in name order, nested ones too.

A member's id is `archive.zip!member`. Depth, number, size and ratio are limited across all nesting (`Limits`, `Budget`): what breaks a
limit is refused, what came before it stands. Members are unpacked in memory one by one; nothing is written to disk.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import BinaryIO

from corpora.decoding import decode
from corpora.intake import Budget, Intake, MemberReader, Yield, refusing, too_large
from nlp.errors import InputError, TooLargeError

_EXPECTED = "完好、未加密的 ZIP"
_RATIO_FROM = 1_000_000  # bytes unpacked below which no ratio is asked


def read_zip(stream: BinaryIO, intake: Intake, read_member: MemberReader) -> Iterator[Yield]:
    """The documents of an archive; hidden members and folders of macOS are passed over."""
    limits = intake.limits
    if not stream.read(1):
        raise InputError("文件为空", where=intake.where, expected=_EXPECTED, advice="请检查导出或下载是否完整")
    stream.seek(0)
    with refusing(intake.where, found="ZIP 已损坏或不完整", expected=_EXPECTED, advice="请重新下载或重新打包"):
        archive = zipfile.ZipFile(stream)
        members = [(member_name(info), info) for info in archive.infolist() if not info.is_dir()]
    members = sorted((pair for pair in members if not _hidden(pair[0])), key=lambda pair: pair[0])
    if not members:
        raise InputError("ZIP 里没有文件", where=intake.where, expected=_EXPECTED)
    locked = [name for name, info in members if info.flag_bits & 1]
    if locked:
        yield InputError(
            f"{len(locked)} 个文件有密码保护", where=intake.where, expected=_EXPECTED, advice="请解压后再读"
        )
    budget = intake.budget or Budget(limits.archive_members, limits.archive_bytes)
    for name, info in members:
        if info.flag_bits & 1:
            continue
        where = f"{intake.where} 内“{name}”"
        try:
            data = _unpack(archive, info, where, intake, budget)
        except TooLargeError as error:
            yield error
            if budget.members <= 0 or budget.bytes <= 0:
                return
            continue
        except InputError as error:
            yield error
            continue
        yield from read_member(
            io.BytesIO(data),
            replace(
                intake,
                doc_id=f"{intake.doc_id}!{name}",
                where=where,
                depth=intake.depth + 1,
                budget=budget,
                container="zip",
                charset="",
            ),
            name,
        )


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name; without the UTF-8 flag Windows wrote it in GBK and zipfile read it as code page 437."""
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        with refusing("", found="成员名无法解码"):
            name = decode(info.orig_filename.encode("cp437", "replace")).text
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, intake: Intake, budget: Budget) -> bytes:
    """A member's bytes, charged to the budget; raises TooLargeError or InputError instead of unpacking a bomb."""
    limits = intake.limits
    budget.members -= 1
    if budget.members < 0:
        raise TooLargeError(
            "压缩包内文件过多", where=where, expected=f"不超过 {limits.archive_members} 个", advice="请分批打包"
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise InputError("压缩包内的符号链接", where=where, expected="普通文件", advice="请打包链接所指的文件")
    if info.file_size > limits.file_bytes:
        raise too_large(where, limits.file_bytes, advice="请解压后再读")
    if info.file_size > _RATIO_FROM and info.file_size > limits.archive_ratio * max(info.compress_size, 1):
        raise TooLargeError(
            "压缩比异常（疑为压缩炸弹）", where=where, expected=f"不超过 {limits.archive_ratio} 倍", advice="请解压检查"
        )
    if info.file_size > budget.bytes:
        budget.bytes = 0
        raise too_large(where, limits.archive_bytes, what="解压后的总量", advice="请分批打包")
    with (
        refusing(where, found="压缩包内的文件已损坏", expected=_EXPECTED, advice="请重新打包"),
        archive.open(info) as member,
    ):
        data = member.read(limits.file_bytes + 1)
    budget.bytes -= len(data)
    return data


def _hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not parts or "__MACOSX" in parts or any(part.startswith(".") for part in parts)
