"""The file of a backup: one ZIP with a member of JSON lines for every table, a manifest, and at the very end a hash over all of it.

In: rows, or a file. Out: a file of mode 0600 that has its final name only once it is whole and on disk; rows, or what is wrong with it.
It knows no database. The end of the file (ZIP's comment) is "sha256:…" over every byte before it and, with FANZHA_SECRET, an HMAC over
that: whoever changes a byte is found out by the first, whoever writes a whole file anew by the second. Members are streamed both ways.

Sealed members (`data_key`) are pieces: four bytes of length, then nonce, ciphertext and tag of a zlib-packed piece, each bound to backup,
member, place and to being the last. Their SHA-256 in the manifest is over the sealed bytes: a backup is verified without the key.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from nlp.errors import FanzhaError, InputError
from serving import data_key, secret

FORMAT = "fanzha-backup-1"
MANIFEST = "manifest.json"
# Lines are packed in pieces of about this many bytes: memory stays at a few of them.
PIECE = 1 << 20
# A piece is packed by us and never grows tenfold; a length beyond this is a damaged file, not a piece.
LONGEST = 1 << 30
_HASH, _SIGNED = b"sha256:", b" hmac:"


class BackupError(FanzhaError):
    """A backup that is not whole, or is none."""

    status = 422
    code = "backup"


@dataclass(slots=True)
class Member:
    """One table in the file. `binary`: columns in base64; sha256 and bytes are of the member as it lies in the file, unpacked."""

    columns: list[str]
    binary: list[str]
    rows: int = 0
    bytes: int = 0
    sha256: str = ""


@dataclass(slots=True)
class Manifest:
    """What a backup holds. `sequence`: the feed's last number; `audit`: "number:hash" of the last line; sealed: the data key's name."""

    id: str
    program: str
    made_at: str
    database: str
    schema: str
    sequence: int
    audit: str
    sealed: str = ""
    format: str = FORMAT
    tables: dict[str, Member] = field(default_factory=dict)


@contextlib.contextmanager
def partial(file: Path) -> Iterator[IO[bytes]]:
    """A stream whose content gets the name `file` when the block ends well, synced, mode 0600; killed before, nothing has that name.

    Raises InputError where `file` is there already or its folder cannot be written.
    """
    if file.exists():
        raise InputError("已有这个文件", where=str(file), advice="换个名字，备份不覆盖旧的")
    unfinished = file.with_name(file.name + ".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # What a killed run left under this name goes; a new file, so that no old mode or link is taken over.
        _refuse_if_written(unfinished)
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"不能写入：{error.strerror}", where=str(unfinished), advice="检查文件夹与权限") from error
    try:
        with os.fdopen(handle, "w+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # nobody else has it yet; gone with the process
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, file)
        _sync_folder(file.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


class Writer:
    """Writes members one after another, then `finish`."""

    def __init__(self, stream: IO[bytes], manifest: Manifest) -> None:
        self._stream = stream
        self._manifest = manifest
        self._key = data_key.named(manifest.sealed) if manifest.sealed else None
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED if self._key else zipfile.ZIP_DEFLATED)

    def table(self, name: str, columns: list[str], binary: list[str], lines: Iterator[bytes]) -> None:
        """One member from its lines, each with its line feed."""
        member = Member(columns, binary)
        digest = hashlib.sha256()
        with self._zip.open(name, "w", force_zip64=True) as stream:
            for content in self._pieces(name, member, lines):
                digest.update(content)
                member.bytes += len(content)
                stream.write(content)
        member.sha256 = digest.hexdigest()
        self._manifest.tables[name] = member

    def finish(self) -> None:
        """The manifest, and the hash over everything."""
        self._zip.writestr(MANIFEST, json.dumps(asdict(self._manifest), ensure_ascii=False, indent=1))
        end = _HASH + b"0" * 64
        if signing := secret.keys("backup"):
            end += _SIGNED + signing[0].name.encode() + b":" + b"0" * 64
        self._zip.comment = end
        self._zip.close()
        self._stream.flush()
        length = self._stream.seek(0, os.SEEK_END) - len(end)
        found = _hash_of(self._stream, length)
        end = _HASH + found.encode()
        if signing:
            end += _SIGNED + signing[0].name.encode() + b":" + _sign(signing[0].value, found).encode()
        self._stream.seek(length)
        self._stream.write(end)

    def _pieces(self, name: str, member: Member, lines: Iterator[bytes]) -> Iterator[bytes]:
        waiting, size, number = [], 0, 0
        for line in lines:
            member.rows += 1
            waiting.append(line)
            size += len(line)
            if size >= PIECE:
                yield self._packed(b"".join(waiting), name, number, last=False)
                waiting, size, number = [], 0, number + 1
        yield self._packed(b"".join(waiting), name, number, last=True)

    def _packed(self, content: bytes, name: str, number: int, *, last: bool) -> bytes:
        if self._key is None:
            return content
        sealed = data_key.seal(self._key, zlib.compress(content, 6), _context(self._manifest.id, name, number, last))
        return len(sealed).to_bytes(4, "big") + sealed


def verify(file: Path) -> tuple[Manifest, list[str]]:
    """Read every byte of a backup; what it holds, and remarks that are no damage (not signed, key of the signature not here).

    Raises BackupError that names what was changed.
    """
    with _opened(file) as stream:
        length, ends = _ending(stream, file)
        found = _hash_of(stream, length)
        whole = found == ends["sha256"]
        if not whole:  # which part? Where all parts hold, it is the directory between them.
            raise BackupError(
                f"备份被改动或损坏：{_damaged(stream)}", where=str(file), advice="用另一份备份；这一份不要用来恢复"
            )
        remarks = _signature(found, ends, file)
        manifest = _manifest(stream, file)
        if bad := _bad_members(stream, manifest):
            raise BackupError(f"备份与其清单不符：{bad}", where=str(file), advice="用另一份备份")
    return manifest, remarks


@contextlib.contextmanager
def reading(file: Path) -> Iterator[zipfile.ZipFile]:
    """The members of a backup that `verify` found whole."""
    with _opened(file) as stream, zipfile.ZipFile(stream) as archive:
        yield archive


def rows(archive: zipfile.ZipFile, manifest: Manifest, name: str) -> Iterator[list[Any]]:
    """The rows of one member, in the order of `manifest.tables[name].columns`. Raises DataKeyError."""
    with archive.open(name) as stream:
        if not manifest.sealed:
            for line in stream:
                yield json.loads(line)
            return
        key = data_key.named(manifest.sealed)
        left = manifest.tables[name].bytes
        number = 0
        while left:
            sealed = stream.read(int.from_bytes(stream.read(4), "big"))
            left -= 4 + len(sealed)
            content = data_key.unseal(key, sealed, _context(manifest.id, name, number, not left))
            for line in zlib.decompress(content).splitlines():
                yield json.loads(line)
            number += 1


def _refuse_if_written(unfinished: Path) -> None:
    """Raises InputError while another process writes this file."""
    with contextlib.suppress(FileNotFoundError), unfinished.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                "另一个进程正在写这份备份", where=str(unfinished), advice="等它写完，或换个名字"
            ) from error


def _context(backup: str, name: str, number: int, last: bool) -> str:
    return f"{FORMAT} {backup} {name} {number} {'last' if last else 'more'}"


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BackupError(f"打不开：{error.strerror}", where=str(file), expected="fanzha backup 写出的文件") from error
    with stream:
        yield stream


def _ending(stream: IO[bytes], file: Path) -> tuple[int, dict[str, str]]:
    """Where the hashed part ends, and what the end of the file says."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 256))
    tail = stream.read()
    at = tail.rfind(_HASH)
    words = dict(word.split(":", 1) for word in tail[at:].decode("ascii", "replace").split(" ") if ":" in word)
    if at < 0 or set(words) - {"sha256", "hmac"} or len(words.get("sha256", "")) != 64:
        raise BackupError(
            "不是完整的备份：没有结尾的校验", where=str(file), expected="fanzha backup 写出的文件", advice="可能没有写完、没有传完，或结尾被改动"
        )  # fmt: skip
    return size - len(tail) + at, words


def _signature(found: str, ends: Mapping[str, str], file: Path) -> list[str]:
    if "hmac" not in ends:
        return ["没有签名（备份时未设 FANZHA_SECRET）：只能发现损坏，发现不了整份重写"]
    name, _, said = ends["hmac"].partition(":")
    known = {key.name: key.value for key in secret.keys("backup")}
    if name not in known:
        return [f"签名的密钥 {name} 不在 FANZHA_SECRET(_OLD) 中，签名未核对"]
    if not hmac.compare_digest(_sign(known[name], found), said):
        raise BackupError("签名不符：这份备份不是本机写的，或被重写", where=str(file), advice="用另一份备份")
    return []


def _manifest(stream: IO[bytes], file: Path) -> Manifest:
    try:
        with zipfile.ZipFile(stream) as archive:
            said = json.loads(archive.read(MANIFEST))
        if said.get("format") != FORMAT:
            raise BackupError(
                f"备份的格式是 {said.get('format')!r}", where=str(file), expected=FORMAT, advice="请升级 fanzha"
            )
        tables = {name: Member(**member) for name, member in said.pop("tables").items()}
        return Manifest(**said, tables=tables)
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, EOFError, NotImplementedError) as error:
        raise BackupError("读不出备份的清单", where=str(file), expected="fanzha backup 写出的文件") from error


def _bad_members(stream: IO[bytes], manifest: Manifest) -> str:
    """The first member that is not as the manifest says, "" where all are."""
    with zipfile.ZipFile(stream) as archive:
        for name, member in manifest.tables.items():
            digest, size = hashlib.sha256(), 0
            try:
                with archive.open(name) as content:
                    while piece := content.read(PIECE):
                        digest.update(piece)
                        size += len(piece)
            except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
                return f"表 {name}（{type(error).__name__}）"
            if digest.hexdigest() != member.sha256 or size != member.bytes:
                return f"表 {name}"
        if extra := set(archive.namelist()) - set(manifest.tables) - {MANIFEST}:
            return f"多出 {'、'.join(sorted(extra))}"
    return ""


def _damaged(stream: IO[bytes]) -> str:
    try:
        manifest = _manifest(stream, Path("."))
        return _bad_members(stream, manifest) or "各表完好，目录或结尾的校验被改动"
    except Exception:  # it is damaged in any case, and a damaged directory can make zipfile raise whatever it likes
        return "清单或目录"


def _hash_of(stream: IO[bytes], length: int) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while length > 0 and (piece := stream.read(min(PIECE, length))):
        digest.update(piece)
        length -= len(piece)
    return digest.hexdigest()


def _sign(key: bytes, found: str) -> str:
    return hmac.new(key, found.encode(), hashlib.sha256).hexdigest()


def _sync_folder(folder: Path) -> None:
    """The new name is on disk too; Windows opens no folder, and keeps its names by itself."""
    with contextlib.suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
