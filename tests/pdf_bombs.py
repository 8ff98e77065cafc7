"""PDFs that are small on disk and large for whoever reads them, written by hand; `python -m tests.pdf_bombs` reads each under a bound of memory.

Each is a function without arguments that returns the bytes; all text is ASCII. `BOMBS`: name → (maker, words of the one refusal).
"""

from __future__ import annotations

import json
import resource
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
TEXT = b"BT /F1 12 Tf 72 720 Td (Notice of a scam) Tj ET"
MEGABYTE = 1_000_000


def stream(data: bytes, packed: bool = True, more: bytes = b"") -> bytes:
    """A stream object, deflated at level 1, which is quick."""
    told = zlib.compress(data, 1) if packed else data
    kind = b"/Filter /FlateDecode " if packed else b""
    return b"<< " + kind + more + b"/Length %d >>\nstream\n" % len(told) + told + b"\nendstream"


def pdf(objects: dict[int, bytes]) -> bytes:
    """A PDF of numbered objects; 1 is the catalogue."""
    body, starts = bytearray(b"%PDF-1.7\n"), {}
    for number, told in objects.items():
        starts[number] = len(body)
        body += b"%d 0 obj\n" % number + told + b"\nendobj\n"
    at, count = len(body), max(objects) + 1
    lines = [b"%010d 00000 n \n" % starts[n] if n in starts else b"0000000000 65535 f \n" for n in range(count)]
    body += b"xref\n0 %d\n" % count + b"".join(lines)
    return bytes(body + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, at))


def book(pages: bytes = b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", page: bytes = PAGE, **more: bytes) -> bytes:
    """A PDF with these objects in the usual places; more: `o5=…` for object 5."""
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: pages, 3: FONT, 4: page, 5: stream(TEXT)}
    return pdf(objects | {int(name[1:]): told for name, told in more.items()})


def tree_that_loops() -> bytes:
    """Pages whose only child is themselves."""
    return book(
        b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>", o6=b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>"
    )


def tree_that_doubles() -> bytes:
    """Twenty-four levels of nodes that name the level below twice: sixteen million pages in 3 kB."""
    nodes = {f"o{10 + n}": b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 9 >>" % (11 + n, 11 + n) for n in range(24)}
    return book(b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>", **nodes, o34=PAGE)


def pages_beyond_number() -> bytes:
    """Three thousand pages, one object each."""
    kids = b" ".join(b"%d 0 R" % (10 + n) for n in range(3000))
    return book(b"<< /Type /Pages /Kids [" + kids + b"] /Count 3000 >>", **{f"o{10 + n}": PAGE for n in range(3000)})


def arrays_in_arrays() -> bytes:
    """The page's box is an array in an array, 100,000 deep."""
    return book(page=PAGE.replace(b"[0 0 612 792]", b"[" * 100_000 + b"]" * 100_000))


def stream_of_zeros() -> bytes:
    """A content stream of 200 MB of blanks, less than 1 MB packed."""
    return book(o5=stream(b" " * (200 * MEGABYTE)))


def stream_in_streams() -> bytes:
    """Deflated three times: a hundred megabytes in less than a kilobyte."""
    told = zlib.compress(zlib.compress(b" " * (100 * MEGABYTE), 9), 9)
    return book(o5=stream(told).replace(b"/FlateDecode ", b"[/FlateDecode /FlateDecode /FlateDecode] "))


def words_without_end() -> bytes:
    """A content stream of fifteen million operators in 30 MB, each an object once it is read."""
    return book(o5=stream(TEXT + b" q" * 15_000_000))


def forms_that_draw_forms() -> bytes:
    """Nine levels of forms, each drawing the next ten times: a billion drawings in 4 kB."""
    named = b"/Resources << /Font << /F1 3 0 R >> /XObject << /X %d 0 R >> >> "
    draws = b" ".join([b"/X Do"] * 10)
    forms = {
        f"o{10 + n}": stream(
            TEXT + b" " + draws, more=b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + named % (11 + n)
        )
        for n in range(9)
    }
    page = PAGE.replace(b"/F1 3 0 R >> >>", b"/F1 3 0 R >> /XObject << /X 10 0 R >> >>")
    last = stream(
        TEXT + b" BT" + b" (x) Tj" * 6_000 + b" ET", more=b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + named % 3
    )
    return book(page=page, o5=stream(draws), **forms, o19=last)


def picture_of_a_continent() -> bytes:
    """A picture of a million by a million pixels beside the text: it is not unpacked, and the text is read."""
    kind = b"/Type /XObject /Subtype /Image /Width 1000000 /Height 1000000 /BitsPerComponent 8 /ColorSpace /DeviceRGB "
    page = PAGE.replace(b"/F1 3 0 R >> >>", b"/F1 3 0 R >> /XObject << /I 6 0 R >> >>")
    return book(page=page, o5=stream(TEXT + b" /I Do"), o6=stream(bytes(100 * MEGABYTE), more=kind))


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a tree that loops": (tree_that_loops, "PDF 已损坏或不完整"),
    "a tree that doubles": (tree_that_doubles, "展开后过大"),
    "3,000 pages": (pages_beyond_number, "3000 页"),
    "arrays in arrays": (arrays_in_arrays, "PDF 已损坏或不完整"),
    "200 MB of blanks": (stream_of_zeros, "第 1 页：PDF 展开后过大"),
    "deflated three times": (stream_in_streams, "第 1 页：PDF 展开后过大"),
    "15 million operators": (words_without_end, "第 1 页：PDF 展开后过大"),
    "forms that draw forms": (forms_that_draw_forms, "读得太久"),
    "a picture of a continent": (picture_of_a_continent, ""),
}


def main() -> None:
    """Read a folder under a bound of address space; print what came out, the most memory that stood, the processor time it took.

    argv: the folder, the bound in bytes, fields of `Limits` as JSON.
    """
    from corpora.limits import Limits
    from corpora.read import read
    from nlp.errors import FanzhaError

    folder, bound, limits = sys.argv[1], int(sys.argv[2]), Limits(**json.loads(sys.argv[3]))
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    found = [
        str(one) if isinstance(one, FanzhaError) else [one.doc_id, one.text] for one in read([folder], limits=limits)
    ]
    # Not ru_maxrss: a process that was started begins with that of the one that started it.
    (most,) = [
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"found": found, "megabytes": int(most) // 1024, "seconds": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    main()
