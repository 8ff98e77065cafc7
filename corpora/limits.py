"""How much is read before a source is refused. In: nothing. Out: the frozen `Limits`, every number with its reason.

It does not measure anything itself; each reader asks for the number that concerns it.
"""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one reading. Sizes are bytes as received, unless a field says otherwise."""

    # A page of a newspaper is 30 kB, a thick book 2 MB. Cleaning keeps one offset a character (36 bytes in CPython):
    # 10 MB of Chinese is 3.3 million characters, 120 MB of offsets. More is a dump that was not cut into documents.
    text_bytes: int = 10 * MEGABYTE
    # Raw WeChat pages are 2–5 MB, most of it script; beyond 10 MB trafilatura needs minutes.
    page_bytes: int = 10 * MEGABYTE
    # Newspaper PDFs with pictures reach 50 MB; DOCX and XLSX of complaints with screenshots the same.
    file_bytes: int = 100 * MEGABYTE
    # A complaint of 1 MB is 330,000 characters: a file pasted into a cell. Rows are streamed, so this is also what a
    # broken quote can swallow before it is noticed.
    row_bytes: int = 1 * MEGABYTE
    # Columns of a table that are looked at; exports of hotline systems have up to 80. A cell in column XFD would
    # otherwise pad every row to 16,384 cells.
    table_columns: int = 256
    # A table whose first 100 rows are all unreadable is not a table: one error then, instead of a million.
    hopeless_rows: int = 100
    # Rows looked at for the headings: official tables carry a title, a unit line and a date line above them.
    heading_rows: int = 10
    json_depth: int = 64  # objects within objects; CPython itself gives up near 1,000
    pdf_pages: int = 2000  # a year of court bulletins; a newspaper page is one
    # Processor time of one PDF. A page of a newspaper takes 0.05–0.3 s; a page that draws forms that draw forms takes for ever.
    pdf_seconds: float = 120.0
    # One stream of a PDF, unpacked. The drawing of a newspaper page is 1–5 MB, an embedded Chinese font 10–20 MB.
    pdf_stream_bytes: int = 40 * MEGABYTE
    # Operands and operators of one stream: each is an object in memory until the page is done, about 100 bytes.
    pdf_stream_words: int = 2_000_000
    archive_depth: int = 3  # ZIP in ZIP in ZIP; a mail with a ZIP of ZIPs is four
    archive_members: int = 20_000  # across all nesting
    archive_bytes: int = 2000 * MEGABYTE  # unpacked, across all nesting
    # DEFLATE gives 1:1032 at best; Chinese text about 1:3, logs and empty spreadsheets 1:40. Only asked of members
    # over 1 MB unpacked, small ones can be anything.
    archive_ratio: int = 200
    office_bytes: int = 500 * MEGABYTE  # a DOCX or XLSX unpacked; 1 million rows of complaints are about 300 MB
