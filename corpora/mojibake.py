"""Undo a wrong decoding that happened before the text reached us. In: text. Out: text and a note of what was undone.

Line by line, and only where the line clearly gains: its characters become ones that Chinese people write and nothing of
its good Chinese is lost. Good Chinese is never touched: it is not even tried unless it holds the traces below. From ftfy
come the tolerant code pages and its repair of lossy Latin readings; its other fixes (quotes, width, ligatures) are not used,
they would change full-width punctuation that is right in Chinese.
"""

from __future__ import annotations

import re
from functools import cache

from corpora.decoding import chinese_score

# é, ã, ¯ and the like in a row: what a Western code page makes of the bytes of Chinese. One or two can be a name.
_WESTERN = re.compile(
    r"[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{4}"
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PIECES = re.compile("([\ufffd€])")
_RUNS = re.compile("\ufffd+")  # one character that lost a byte decodes to two or three of them
_LOST = {"\ufffd": b"\xff", "€": b"\x80"}  # Windows shows the lone byte 80 as €; what became U+FFFD is gone
# Of the characters of UTF-8 read as GBK a third stem from a lead byte; in good Chinese these are one in a thousand.
TRACE_SHARE = 0.12
# The mean weight must rise by this much and end above 0.4 (`corpora.decoding.chinese_score`, −3..1).
GAIN = 0.5
GOOD = 0.4


def undo_mojibake(text: str) -> tuple[str, str]:
    """The text with wrongly decoded lines put right, and a Chinese note ("" if nothing was changed)."""
    if not _WESTERN.search(text) and not _traced(text):
        return text, ""
    lines, undone = text.split("\n"), 0
    for number, line in enumerate(lines):
        right = _undo_line(line)
        if right != line:
            lines[number] = right
            undone += 1
    return "\n".join(lines), f"{undone} 行乱码已还原" if undone else ""


def _undo_line(line: str) -> str:
    """The best of the readings that clearly helps, else the line itself."""
    candidates = []
    if _WESTERN.search(line):
        candidates += _from_western(line)
    if _traced(line, smallest=2):
        candidates += _from_gbk(line)
    before = chinese_score(line)
    kept = len(_CHINESE.findall(line)) if _WESTERN.search(line) else 0
    scored = [
        (chinese_score(reading.replace("\ufffd", "")), reading)
        for reading in candidates
        if len(_CHINESE.findall(reading)) > kept
    ]
    score, reading = max(scored, default=(-3.0, line))
    return reading if score >= GOOD and score >= before + GAIN else line


def _from_western(line: str) -> list[str]:
    """Readings of a line that a Western code page produced from UTF-8 or GBK bytes."""
    import ftfy
    from ftfy import bad_codecs  # noqa: F401  (registers sloppy-windows-1252)

    readings = [ftfy.fix_encoding(line)]
    for taken_for in ("latin-1", "sloppy-windows-1252"):
        try:
            data = line.encode(taken_for)
        except UnicodeEncodeError:
            continue
        for real in ("utf-8", "gb18030"):
            reading = data.decode(real, errors="replace")
            if reading.count("\ufffd") * 20 <= len(reading):
                readings.append(reading)
    return readings


def _from_gbk(line: str) -> list[str]:
    """The reading of a line that GBK produced from UTF-8 bytes; an odd byte at a border is lost for good."""
    try:
        data = b"".join(_LOST.get(piece) or piece.encode("gb18030") for piece in _PIECES.split(line))
    except UnicodeEncodeError:  # a lone surrogate
        return []
    reading = _RUNS.sub("\ufffd", data.decode("utf-8", errors="replace"))
    return [reading] if reading.count("\ufffd") * 4 <= len(reading) else []


def _traced(text: str, smallest: int = 4) -> bool:
    """Whether the text holds the traces of UTF-8 read as GBK, often enough to be no accident."""
    if len(text) > 4000:  # a long text is looked at in pieces, so that one bad paragraph is seen
        return any(_traced(text[start : start + 2000], smallest) for start in range(0, len(text), 2000))
    found = len(_traces().findall(text))
    return found >= smallest and found >= TRACE_SHARE * len(_CHINESE.findall(text))


@cache
def _traces() -> re.Pattern[str]:
    """GBK characters of a UTF-8 lead byte (E3–E9, EF) and a continuation byte: 锛 銆 鐨 鏄 …"""
    pairs = (bytes((lead, trail)) for lead in (*range(0xE3, 0xEA), 0xEF) for trail in range(0x80, 0xC0))
    characters = {pair.decode("gbk", errors="ignore") for pair in pairs}
    return re.compile("[" + "".join(sorted(characters)) + "]")
