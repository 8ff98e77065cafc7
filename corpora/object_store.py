"""Files by address: `s3://bucket/folder`, `gs://…`, `hdfs://…`, `file:///…`. In: an address. Out: what lies there, and streams of it.

A folder (a prefix) is taken with all below it, in order of names; what begins with "." or "_" is passed over (Hadoop and Spark mark so what is
no data). Needs pyarrow (extra `tables`); who may read is told as its file systems are told it (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, instance
roles …), never in the address, which is kept. It is asked for by a person's own command; nothing that comes over the network names an address.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from nlp.errors import InputError

# Those that pyarrow's own file systems know.
SCHEMES = ("s3", "gs", "gcs", "hdfs", "abfs", "abfss", "file")
# One request for so much at a time: a reader asks for a few kilobytes, an object store answers in tens of milliseconds.
READ_BYTES = 1 << 20
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
# s3://name:secret@bucket: what stands behind a colon that is followed by no port. A secret may hold "/" and "?", and the rest may, too.
_SECRET = re.compile(r"://[^/?#]*?:(?!\d{1,5}(?:[/?#]|$))")
_SECRET_OPTION = re.compile(r"[?&][^=&]*(?:secret|password|token|key|sig)[^=&]*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stored:
    """One file: the address that was asked for, its path in that file system, and the id its document will have."""

    source: str
    path: str
    doc_id: str

    @property
    def origin(self) -> str:
        """Where it came from, for the record: without the options of the address."""
        return f"{urlsplit(self.source).scheme}://{self.path}"


def is_address(source: object) -> bool:
    """Is this an address rather than a path?"""
    return isinstance(source, str) and _ADDRESS.match(source) is not None


def listed(source: str) -> Iterator[Stored | InputError]:
    """The files at an address: the file itself, or those of the folder. What cannot be listed is one refusal."""
    try:
        system, root = _system(source)
        from pyarrow import fs

        info = system.get_file_info(root)
        if info.type == fs.FileType.File:
            yield Stored(source, root, PurePosixPath(root).name)
            return
        inside = system.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
    except InputError as error:
        yield error
        return
    except (OSError, ValueError, NotImplementedError) as error:  # the latter two: pyarrow's, for paths that cannot be
        yield _unreadable(source, error)
        return
    files = sorted(entry.path for entry in inside if entry.type == fs.FileType.File)
    kept = [path for path in files if not _marked(PurePosixPath(path).relative_to(root))]
    if not kept:
        yield InputError(
            "这个地址下没有文件", where=plain(source), expected="文件或文件夹（前缀）", advice="请检查地址拼写"
        )
    for path in kept:
        if urlsplit(source).scheme == "file" and not _inside(path, root):
            yield InputError("符号链接指向文件夹之外，未读取", where=path, expected="文件夹内的普通文件")
        else:
            yield Stored(source, path, PurePosixPath(path).relative_to(root).as_posix())


def opened(stored: Stored) -> BinaryIO:
    """A seekable stream of one file. Raises OSError, InputError."""
    system, _ = _system(stored.source)
    return io.BufferedReader(system.open_input_file(stored.path), READ_BYTES)


def plain(source: str) -> str:
    """The address for messages and records: without password and options."""
    if secret := _SECRET.search(source):
        _, at, rest = source[secret.end() :].rpartition("@")
        return f"{source[: secret.end()]}…{at}{rest.partition('?')[0] if at else ''}"
    return source.partition("?")[0].partition("#")[0]


def _inside(path: str, root: str) -> bool:
    """As in `corpora.walk`: a link leads out of the folder that was named only for whoever put it there."""
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(root), ""))


def _marked(inside: PurePosixPath) -> bool:
    return any(part.startswith((".", "_")) for part in inside.parts)


@lru_cache(maxsize=8)
def _system(source: str) -> tuple[Any, str]:
    """(file system, path in it). Raises InputError for an address that is none of ours, and without pyarrow."""
    where = plain(source)
    if _SECRET.search(source) or _SECRET_OPTION.search(source):
        raise InputError(
            "地址里有密钥", where=where, expected="不带密钥的地址", advice="写进环境变量，如 AWS_ACCESS_KEY_ID"
        )
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise InputError(f"地址无法使用（{error}）", where=where, expected="如 s3://桶/文件夹") from error
    if parts.scheme.lower() not in SCHEMES:
        raise InputError(
            f"不认识的地址 {parts.scheme}://", where=where, expected="、".join(f"{scheme}://" for scheme in SCHEMES),
            advice="网页用 fanzha watch，或先下载",
        )  # fmt: skip
    if not parts.netloc and parts.scheme.lower() != "file":
        raise InputError("地址里没有桶", where=where, expected="如 s3://桶/文件夹")
    try:
        from pyarrow import ArrowException, fs
    except ImportError as error:
        raise InputError(
            f"没有安装 pyarrow，读不了 {parts.scheme}://", where=where, advice='pip install "fanzha[tables]"'
        ) from error
    try:
        system, path = fs.FileSystem.from_uri(source)
    except (ArrowException, OSError, ValueError) as error:
        told = _short(error, source)
        raise InputError(f"地址无法使用（{told}）", where=where, expected="如 s3://桶/文件夹") from error
    return system, path


def _unreadable(source: str, error: Exception) -> InputError:
    return InputError(
        f"无法读取（{_short(error, source)}）",
        where=plain(source),
        expected="可读的文件或文件夹",
        advice="请检查地址、网络和读取权限",
    )


def _short(error: Exception, source: str) -> str:
    """What pyarrow says, which may repeat the address with its options."""
    return " ".join(str(error).replace(source, plain(source)).split())[:160]
