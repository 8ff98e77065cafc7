"""What every reader is told about the thing it reads, and the two guards that all of them share.

In: nothing of its own. Out: `Intake` (names, wishes and limits of one source), `Budget` (what archives may still unpack),
`refusing` (a library's complaint becomes an `InputError`), `whole` (a bounded read). It opens no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from corpora.limits import Limits
from nlp.errors import FanzhaError, InputError, TooLargeError
from nlp.records import Document, Nature

Yield = Document | InputError


@dataclass(slots=True)
class Budget:
    """What may still be unpacked from archives, shared by everything nested in one source. It counts down."""

    members: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Intake:
    """One source about to be read.

    doc_id: its name as the result will carry it. origin: where it came from, for the record. where: the same for messages.
    columns: field → heading, as the caller wishes. nature: what the caller says it is, None to judge by the content.
    url, fetched, charset: what an envelope (WARC, mail) says of it. container: the form of that envelope.
    """

    doc_id: str
    origin: str
    where: str
    limits: Limits = field(default_factory=Limits)
    columns: Mapping[str, str] = field(default_factory=dict)
    nature: Nature | None = None
    url: str = ""
    fetched: str = ""
    charset: str = ""
    container: str = ""
    depth: int = 0
    budget: Budget | None = None


Reader = Callable[[BinaryIO, Intake], Iterator[Yield]]
# Reads something inside an envelope: stream, intake, and the name whose extension tells its form.
MemberReader = Callable[[BinaryIO, Intake, str], Iterator[Yield]]


def until_hopeless(items: Iterable[Yield], intake: Intake, refusal: Callable[[int], InputError]) -> Iterator[Yield]:
    """`items` as they come; when the first `limits.hopeless_rows` are all refusals, `refusal` of their number, and the end.

    A table whose rows are all unreadable is no table: one error then, instead of a million.
    """
    bad = 0
    good = False
    for item in items:
        yield item
        if isinstance(item, Document):
            good = True
        elif not good:
            bad += 1
            if bad >= intake.limits.hopeless_rows:
                yield refusal(bad)
                return


@contextmanager
def refusing(where: str, *, found: str, expected: str = "", advice: str = "") -> Iterator[None]:
    """Turn whatever a parsing library raises on bad content into an `InputError` that keeps the cause.

    Libraries for PDF, Office and HTML raise nearly anything (KeyError, RecursionError, struct.error …) on damaged
    input; this is the one place where that is caught, and only around calls into them.
    """
    try:
        yield
    except FanzhaError:
        raise
    except Exception as error:
        detail = " ".join(str(error).split())[:120]
        reason = f"{type(error).__name__}：{detail}" if detail else type(error).__name__
        raise InputError(f"{found}（{reason}）", where=where, expected=expected, advice=advice) from error


def whole(stream: BinaryIO, intake: Intake, limit: int) -> bytes:
    """All bytes of the stream; raises TooLargeError over `limit`, InputError when there are none."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise too_large(intake.where, limit, advice="请拆分后再读")
    if not data:
        raise InputError("文件为空", where=intake.where, expected="有内容的文件", advice="请检查导出或下载是否完整")
    return data


def too_large(where: str, limit: int, *, what: str = "文件", advice: str = "") -> TooLargeError:
    """The error for something over a limit; the limit is said in MB or kB."""
    return TooLargeError(f"{what}过大", where=where, expected=f"不超过 {size_name(limit)}", advice=advice)


def size_name(size: int) -> str:
    """10000000 → 10 MB."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} 字节"
