"""Dates and times of origin as ISO 8601. In: a date as a page, mail or table writes it. Out: ISO text, "" if it is none.

Only whole values are read ("2024年12月26日 10:30"), never a date inside a sentence: that is nlp's work. A date without a
zone stays without one; a time stamp in seconds (WeChat's `ct`) is given in Beijing time, where it was published.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
_STAMP = re.compile(
    r"\s*(?P<year>(?:19|20)\d\d)\s?[-/.年]\s?(?P<month>\d{1,2})(?:\s?[-/.月]\s?(?P<day>\d{1,2})\s?日?)?月?"
    r"(?:\s{0,3}(?:星期|周)[一二三四五六日天])?"
    r"(?:[T\s]{0,3}(?P<hour>\d{1,2})\s?[:：时点]\s?(?P<minute>\d{1,2})(?:\s?[:：分]\s?(?P<second>\d{1,2}))?(?:\.\d{1,9})?\s?[分秒]?)?"
    r"\s{0,2}(?P<zone>Z|[+-]\d\d:?\d\d)?\s*"
)
_COMPACT = re.compile(r"\s*((?:19|20)\d\d)(\d\d)(\d\d)\s*")


def iso_stamp(text: str) -> str:
    """The ISO 8601 form of a date or date-time that stands alone; "" when `text` is not one.

    "2024/3/5" → "2024-03-05", "2024年3月" → "2024-03", "2024-3-5 9:05" → "2024-03-05T09:05:00".
    """
    compact = _COMPACT.fullmatch(text)
    if compact:
        year, month, day = (int(part) for part in compact.groups())
        return _checked(year, month, day)[:10]
    found = _STAMP.fullmatch(text[:80])
    if not found or len(text) > 80:
        return ""
    year, month = int(found["year"]), int(found["month"])
    if not found["day"]:
        return _checked(year, month, 1)[:7] if not found["hour"] else ""
    day = int(found["day"])
    if not found["hour"]:
        return _checked(year, month, day)[:10]
    clock = _checked(year, month, day, int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    zone = found["zone"] or ""
    return f"{clock}{zone}" if clock else ""


def iso_seconds(seconds: str) -> str:
    """Unix seconds (or milliseconds) as ISO 8601 in Beijing time; "" unless they fall into 2000–2100."""
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) not in (9, 10, 13):
        return ""
    moment = int(seconds[:10]) if len(seconds) == 13 else int(seconds)
    if not 946_684_800 <= moment < 4_102_444_800:
        return ""
    return datetime.fromtimestamp(moment, BEIJING).isoformat()


def _checked(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> str:
    """ISO text of these parts, "" where the calendar has no such moment (31 February)."""
    try:
        return datetime(year, month, day, hour, minute, second).isoformat()
    except ValueError:
        return ""
