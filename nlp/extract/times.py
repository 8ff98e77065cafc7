"""Times and durations. In: an article's text and its publication date. Out: `Mention`s of kind "time" (`Moment`, ISO 8601).

Finds 2023年6月至8月, 8月26日12时许, 去年5月, 今年10月25日, 同年9月, 昨日, 次日, 近日, 2019-03-26, 上旬, 3个月, 一年零六个月.
As precise as the text and no more: "8月26日" is "--08-26". A relative word is dated only where `published` is given; 近日, 日前, 次日,
当日 never are. It does not decide what happened then.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from nlp.extract.numerals import parse_core
from nlp.extract.taken import overlaps
from nlp.records import Mention, Moment
from nlp.spelling import fold

_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_YEAR = r"(?:(?:19|20)\d{2}|[一二][零〇九][零〇一二三四五六七八九]{2}|\d{2}(?=年\d{1,2}月)) ?年?"
_YEAR_WORD = "去年|今年|前年|明年|本年|当年|同年|次年|翌年|上年|后年"
_CLOCK = (
    rf"(?P<part>凌晨|清晨|早上|早晨|上午|中午|午后|下午|傍晚|晚上|晚间|夜间|深夜|半夜|当晚|晚|早)?(?:(?P<hour>{_N})(?:时|点钟?"
    rf"|:(?=\d\d))(?P<minute>\d{{1,2}}|[一二三四五]?十[一二三四五六七八九]?|半)?分?(?:\d{{1,2}}秒)?)?(?:许|左右|多)?"
)
# 1958年生人, 1988年5月出生, （1990年生）; not 2020年生产, 5月生意不好, 3月生效.
_BORN_AFTER = re.compile(r"\s*(?:出生(?!证)|生人|生(?=[，,。；;、）)\s]|于|$))")
# ，生于, 李某生于; not 王先生于, 大学生于, 案件发生于: 生 ends too many words for any letter to stand before it.
_BORN_BEFORE = re.compile(r"(?:出生|(?:(?<![^\W_])|(?<=[某×]))生于|出生(?:日期|年月|时间))(?:于|在)?[:：]?\s*$")
_BORN_REACH = 8
_DAY_WORDS = {"今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "昨晚": -1, "前天": -2, "前日": -2, "明天": 1, "大前天": -3}
_MONTH_WORDS = {"本月": 0, "上月": -1, "上个月": -1, "这个月": 0, "当月": None, "同月": None, "次月": None}
_VAGUE = (
    r"近日|近期|(?<![\d一二三四五六七八九十月])日前|前不久|不久前|前段时间|目前|最近|当日|当天|次日|翌日|第二天|同日|当晚|几天前|几天后"
    r"|数日后|前几天|这几天|近年来|近来"
)
_ABSOLUTE = re.compile(
    rf"(?:(?P<year>(?<!\d){_YEAR})|(?P<yearword>{_YEAR_WORD}))(?: ?(?P<season>春节|年初|初|年底|年末|底|上半年|下半年|春天?|夏天?"
    rf"|秋天?|冬天?)(?!中|一))?"
    rf"(?: ?(?P<month>{_N})月份?(?P<third>上旬|中旬|下旬|初|中旬?|底|末)?)?(?:(?<=[月]) ?(?P<day>{_N})[日号])?(?: ?{_CLOCK})?",
    re.ASCII,
)
_MONTHDAY = re.compile(
    rf"(?<![\d年])(?P<month>{_N})月(?!饼|薪|收|租|入|息|供|经|嫂|球|色)份?(?P<third>上旬|中旬|下旬|初|底"
    rf"|末)?(?: ?(?P<day>{_N})[日号])?(?: ?{_CLOCK})?",
    re.ASCII,
)
_DAY = re.compile(
    rf"(?<![\d第年月.])(?P<day>\d{{1,2}}|[一二三]?十[一二三四五六七八九]?)日(?!均|元|报|本|币|用|常|志|子|夜|内|前|后|之)(?: ?{_CLOCK})?",
    re.ASCII,
)
_DASHED = re.compile(
    r"(?<![\d.\-/])(?P<year>(?:19"
    r"|20)\d{2})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?!\d)(?:[ T]{1,2}(?P<hour>\d{1,2}):(?"
    r"P<minute>\d{2})(?::\d{2})?)?",
    re.ASCII,
)
_RELATIVE = re.compile(
    "(?P<dayword>"
    + "|".join(sorted(_DAY_WORDS, key=len, reverse=True))
    + f")(?!头条|说法|关注|话题)(?: ?{_CLOCK})?|(?P<monthword>"
    + "|".join(_MONTH_WORDS)
    + rf")(?: ?(?P<day>{_N})[日号])?(?P<third>上旬|中旬|下旬|初|底)?|(?P<vague>{_VAGUE})",
    re.ASCII,
)
_CLOCK_ALONE = re.compile(
    rf"(?P<part>凌晨|清晨|早上|早晨|上午|中午|午后|下午|傍晚|晚上|晚间|当晚|深夜)?(?P<hour>{_N})(?:时"
    rf"|点钟?)(?!代|间|光|期|尚|候|常|刻|而|击|评|赞|名|燃"
    rf"|开|对|明|的|差)(?:(?P<minute>\d{{1,2}}|半)分?)?许?",
    re.ASCII,
)
_CLOCK_SURE = re.compile(r"\d时|[时点](?:\d|半|钟|许)|点钟|许$", re.ASCII)
_DURATION = re.compile(
    r"(?P<n>近?(?:\d{1,4}(?:\.\d)?|[一二三四五六七八九十两半几数百]{1,4})(?:余|多)?) ?(?P<unit>(?:个半?"
    r"|半|(?<=[数两]))月(?![饼薪收租入息供底初中末])|个?多月"
    r"|年(?![龄代级份度底初前轻纪]|\d{1,2}月)(?:零?(?P<rest>\d{1,2}|[一二三四五六七八九十]{1,2})个月)?|天(?!津)|个?小时|分钟|周(?!年)|个?星期|日内"
    r"|日之内)",
    re.ASCII,
)
_RANGE_GAP = re.compile(r" ?(?:至|到|-{1,2}|—{1,2}|~|～) ?")


def _beginning(words: Iterable[str]) -> re.Pattern[str]:
    """The first character of any of the words; the next word may begin inside one (日前日)."""
    return re.compile("|".join(f"{word[0]}(?={word[1:]})" for word in words))


# Where a match can begin. The engine skips to plain characters but tries a pattern of groups at every one: half of this module's time.
_NUMBER_START = re.compile("[0-9一二三四五六七八九十两半几数百近]")
_YEAR_WORD_START = _beginning(_YEAR_WORD.split("|"))
_RELATIVE_START = _beginning((*_DAY_WORDS, *_MONTH_WORDS, *re.sub(r"\(.*?\)", "", _VAGUE).split("|")))
_PART_START = _beginning(
    ["凌晨", "清晨", "早上", "早晨", "上午", "中午", "午后", "下午", "傍晚", "晚上", "晚间", "当晚", "深夜"]
)
_AFTERNOON = frozenset({"下午", "傍晚", "晚上", "晚间", "当晚", "晚", "午后", "深夜", "夜间"})
_THIRDS = {
    "上旬": (1, 10),
    "中旬": (11, 20),
    "下旬": (21, 31),
    "初": (1, 10),
    "底": (21, 31),
    "末": (21, 31),
    "中": (11, 20),
}
_UNITS = {"年": "Y", "月": "M", "天": "D", "日": "D", "周": "W", "星": "W", "小": "H", "分": "M"}


@lru_cache(maxsize=4096)
def _number(text: str | None) -> int | None:
    if not text:
        return None
    quantity = parse_core(text.strip())
    return None if quantity is None or quantity.minimum != quantity.maximum else int(quantity.minimum)


def _anchor(published: str) -> date | None:
    match = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})", published)
    # Year 1 and year 9999 are what programs write for "unknown"; the day before or after them does not exist.
    if not match or not 1900 <= int(match[1]) <= 2200:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _clock(groups: dict[str, str | None]) -> str:
    """ "T12" or "T10:07"; "" where no hour is given. 下午3时 → 15."""
    hour = _number(groups.get("hour"))
    if hour is None or hour > 24:
        return ""
    if groups.get("part") in _AFTERNOON and hour < 12 and not (groups.get("part") == "深夜" and hour < 5):
        hour += 12
    minute_text = groups.get("minute")
    minute = 30 if minute_text == "半" else _number(minute_text)
    if minute is not None and minute > 59:
        minute = None
    return f"T{hour % 24:02d}" + (f":{minute:02d}" if minute is not None else "")


def _moment(year: int | None, month: int | None, day: int | None, third: str | None, clock: str) -> Moment | None:
    """A moment from its parts; None where they are no date (13月, 2月30日)."""
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    if month and day and day > monthrange(year or 2024, month)[1]:
        return None
    head = f"{year:04d}" if year else ("-" if month else "--")
    if month:
        head += f"-{month:02d}"
    if day:
        head += f"-{day:02d}"
        text = head + clock
        return Moment(text, text, "minute" if ":" in clock else "hour" if clock else "day")
    if third and month:
        first, last = _THIRDS[third]
        last = min(last, monthrange(year or 2024, month)[1])
        return Moment(f"{head}-{first:02d}", f"{head}-{last:02d}", "range")
    if not month and not year:
        return None
    return Moment(head, head, "month" if month else "year")


def _from_absolute(
    groups: dict[str, str | None], anchor: date | None, last_year: int | None
) -> tuple[Moment | None, int | None]:
    """(moment, year) of 2023年6月, 去年5月, 同年9月."""
    year: int | None = None
    if text := groups.get("year"):
        digits = text.replace("年", "").strip()
        year = int(digits) if digits.isascii() and digits.isdigit() else _number(digits)
        if year is not None and year < 100:
            year += 2000
    else:
        word = groups.get("yearword") or ""
        shift = {"去年": -1, "上年": -1, "今年": 0, "本年": 0, "前年": -2, "明年": 1, "后年": 2}.get(word)
        if shift is not None:
            year = anchor.year + shift if anchor else None
        elif word in ("同年", "当年"):
            year = last_year
        elif last_year:
            year = last_year + 1
    month = _number(groups.get("month"))
    moment = _moment(year, month, _number(groups.get("day")), groups.get("third"), _clock(groups))
    if moment and not month and year and (season := groups.get("season")):
        spans = {"上半年": (1, 6), "下半年": (7, 12)}
        if season in spans:
            first, last = spans[season]
            moment = Moment(f"{year:04d}-{first:02d}", f"{year:04d}-{last:02d}", "range")
    return moment, year


def _duration(match: re.Match[str]) -> Moment | None:
    number_text, unit = match["n"].lstrip("近"), match["unit"]
    if number_text == "半":
        if unit.startswith("年"):
            return Moment("", "", "duration", "P6M")
        return Moment("", "", "duration", {"天": "PT12H"}.get(unit, "P15D" if "月" in unit else "PT30M"))
    quantity = parse_core(number_text)
    if quantity is None:
        return None
    letter = _UNITS[unit.lstrip("个半多")[0]]
    time = "T" if unit.lstrip("个")[0] in "小分" else ""
    value = format(quantity.minimum.normalize(), "f")
    if "半月" in unit:
        return Moment("", "", "duration", f"P{value}M15D")
    rest = _number(match["rest"])
    return Moment("", "", "duration", f"P{time}{value}{letter}" + (f"{rest}M" if rest else ""))


def find_times(text: str, published: str = "", taken: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Times of `text`, sorted. `published` (ISO date) anchors 去年, 昨日; without it relative times have start "". Offsets into `text`."""
    folded, anchor = fold(text), _anchor(published)
    found: dict[tuple[int, int], Moment] = {}
    claimed: list[tuple[int, int]] = []

    def add(start: int, end: int, moment: Moment | None) -> None:
        while end > start and folded[end - 1] in " 年" and folded[end - 1] == " ":
            end -= 1
        if moment is not None and not overlaps(start, end, taken) and not overlaps(start, end, claimed):
            found[start, end] = moment

    def settle() -> None:
        claimed[:] = sorted(found)

    # 1. 2019-03-26 12:30.
    numbers = _starts(_NUMBER_START, folded)
    for match in _each(_DASHED, folded, numbers):
        add(
            match.start(),
            match.end(),
            _moment(int(match["year"]), int(match["month"]), int(match["day"]), None, _clock(match.groupdict())),
        )
    settle()
    # 2. With a year or a year word; the last year named serves 同年.
    last_year: int | None = None
    for match in _each(_ABSOLUTE, folded, sorted(numbers + _starts(_YEAR_WORD_START, folded))):
        groups = match.groupdict()
        if match["year"] and "年" not in match["year"] and not match["month"]:
            continue  # 2023 alone is a number
        moment, year = _from_absolute(groups, anchor, last_year)
        last_year = year or last_year
        if moment is None and match["yearword"]:
            moment = Moment("", "", "year")
        add(match.start(), match.end(), moment)
    settle()
    # 3. Month and day, then relative words, then a day or clock alone.
    for match in _each(_MONTHDAY, folded, numbers):
        add(
            match.start(),
            match.end(),
            _moment(None, _number(match["month"]), _number(match["day"]), match["third"], _clock(match.groupdict())),
        )
    settle()
    for match in _each(_RELATIVE, folded, _starts(_RELATIVE_START, folded)):
        add(match.start(), match.end(), _relative(match, anchor))
    settle()
    for match in _each(_DAY, folded, numbers):
        add(match.start(), match.end(), _moment(None, None, _number(match["day"]), None, _clock(match.groupdict())))
    settle()
    for match in _each(_CLOCK_ALONE, folded, sorted(numbers + _starts(_PART_START, folded))):
        if not match["part"] and not _CLOCK_SURE.search(match[0]):
            continue  # 三点建议, 一点
        clock = _clock(match.groupdict())
        add(match.start(), match.end(), Moment(clock, clock, "minute" if ":" in clock else "hour") if clock else None)
    settle()
    # 4. Durations.
    for match in _each(_DURATION, folded, numbers):
        if overlaps(match.start(), match.end(), claimed):
            continue
        add(match.start(), match.end(), _duration(match))
    return _join(text, folded, sorted(found.items()))


def _starts(pattern: re.Pattern[str], folded: str) -> list[int]:
    return [match.start() for match in pattern.finditer(folded)]


def _each(pattern: re.Pattern[str], folded: str, starts: Iterable[int]) -> Iterator[re.Match[str]]:
    """What `pattern.finditer(folded)` gives, tried only at `starts` (sorted), which hold every place where it can match."""
    end = 0
    for start in starts:
        if start >= end and (match := pattern.match(folded, start)):
            end = match.end()
            yield match


def _relative(match: re.Match[str], anchor: date | None) -> Moment:
    """昨日, 上月5日, 近日: dated by the anchor where it says when."""
    if word := match["dayword"]:
        clock = _clock(match.groupdict())
        start = (anchor + timedelta(days=_DAY_WORDS[word])).isoformat() + clock if anchor else ""
        return Moment(start, start, "minute" if ":" in clock else "hour" if clock else "day")
    if word := match["monthword"]:
        shift, day = _MONTH_WORDS[word], _number(match["day"])
        if anchor is None or shift is None:
            return Moment("", "", "day" if day else "month")
        months = anchor.year * 12 + anchor.month - 1 + shift
        return _moment(months // 12, months % 12 + 1, day, match["third"], "") or Moment("", "", "month")
    return Moment("", "", "day")


def _join(text: str, folded: str, items: list[tuple[tuple[int, int], Moment]]) -> list[Mention]:
    """Mentions; 2023年6月至8月 becomes one range, the second end borrowing the year and month of the first."""
    mentions: list[Mention] = []
    for (start, end), moment in items:
        previous = mentions[-1] if mentions else None
        if (
            previous is not None
            and isinstance(previous.value, Moment)
            and start - previous.end <= 4
            and not moment.duration
        ):
            before = previous.value
            if (
                _RANGE_GAP.fullmatch(folded, previous.end, start)
                and before.start
                and moment.start
                and not before.duration
            ):
                last = _borrow(before.start, moment.end)
                mentions[-1] = replace(
                    previous,
                    end=end,
                    surface=text[previous.start : end].replace("\n", ""),
                    value=Moment(before.start, last, "range"),
                )
                continue
        mentions.append(
            Mention(
                "time",
                start,
                end,
                text[start:end].replace("\n", ""),
                moment,
                "",
                0.95 if moment.start or moment.duration else 0.9,
                "rule:times",
            )
        )
    return mentions


def is_birth(text: str, mention: Mention) -> bool:
    """Does a time say when somebody was born (1958年生人, 出生于1993年5月)? That is no time of a case."""
    return bool(
        _BORN_AFTER.match(text, mention.end)
        or _BORN_BEFORE.search(text, max(0, mention.start - _BORN_REACH), mention.start)
    )


def _borrow(first: str, last: str) -> str:
    """2023-06 至 --08 → 2023-08; 2023-06-03 至 ---05 → 2023-06-05; else `last` as it is."""
    if last.startswith("---"):
        head = (
            first[:8]
            if first[:4].isdigit() and len(first) >= 10
            else first[:5]
            if first.startswith("--") and len(first) >= 7
            else ""
        )
        return head + last[3:] if head.endswith("-") else last
    if last.startswith("--") and first[:4].isdigit():
        return first[:4] + last[1:]
    if last.startswith("T") and "T" in first:
        return first.partition("T")[0] + last
    return last
