"""Full names, only beside evidence: a title before or after, brackets with age or sex, a verb of saying, a list, repetition.

In: a folded text. Out: candidates, which may overlap. A family name alone proves nothing: 高额, 安全, 方面 begin with one too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from nlp.extract.person_forms import (
    CLOSES,
    HAN,
    Candidate,
    after_name,
    after_name_words,
    after_titles,
    before_titles,
    common_words,
    family_length,
    given_characters,
    may_end,
    never_given,
    not_names,
    particles,
    surnames,
    titles,
)
from nlp.segment import is_word

# Brackets that only a person's name precedes.
_BRACKET_PERSON = re.compile(
    r"[（(](?=男|女|化名|化姓|汉族|\d{1,2}岁|网名|绰号|另案|在逃|已判|[\dX*]{6}|身份证|时年|现年|均为化名|[一-鿿]{2,8}人[，,、)）])"
)
# 史玉凤，女，55岁; 毛建国,47岁: records give sex or age without brackets.
COMMA_PERSON = re.compile(r"[，,、] ?(?=[男女][，,、。 ]|\d\d岁)")
# A name that comes to the station: 练海生到所讲, 昝思明来所报称.
_COMES = re.compile(r"[来到](?=我?所|我?队|派出所)|来(?=[所电]报[警案]?称)|报(?=[警案]?称)")
SAYS = re.compile(
    r"(?:对记者|向记者)?(?:表示|介绍|告诉|指出|认为|提醒|坦言|说[，：,:。]|说道|称[，：,:]|交代|供述|供认|回忆|坦白|解释|强调|透露|呼吁|建议|分析)"
)
_HER_NAME = re.compile(r"(?:名叫|姓名[:：]?|名字叫|名为|一个叫|叫做|叫|化名)(?=[一-鿿])")
_LEADS = re.compile(r"以([一-鿿]{2,3})(?=(?:等人)?为首)")
_INVOLVED = re.compile(r"(?:以|抓获|伙同|逮捕|举报人[:：]?|联系人[:：]?|法人[:：]?|控制人[:：]?)(?=[一-鿿])")
_ATTRIBUTES = re.compile(r"[（(]([^（()）\n]{1,60})[)）]")
_NO_LINK = frozenset("才和来利")
_SPEAKS = re.compile("说|告诉|介绍|表示|提醒|解释|回忆|坦言|指出")


class FullNames:
    """Reads full names where something says that a person stands there. Counting repeats is limited, so time stays linear."""

    COUNT_LIMIT = 200  # distinct strings counted over the text; a page of names has far fewer
    WINDOW = 20_000

    def __init__(self, folded: str) -> None:
        self.folded = folded
        self.counted: dict[str, int] = {}

    def repeats(self, name: str, at: int) -> int:
        if name not in self.counted:
            if len(self.counted) >= self.COUNT_LIMIT:
                return 1
            self.counted[name] = self.folded.count(name, max(0, at - self.WINDOW), at + self.WINDOW)
        return self.counted[name]

    def score(self, start: int, end: int, family: int) -> float:
        """How much folded[start:end] looks like a family name with a given name, given that a name begins there."""
        folded, words = self.folded, common_words()
        name = folded[start:end]
        given = name[family:]
        if any(c in never_given() or not HAN.match(c) for c in given):
            return -9.0
        points = 0.0
        following = folded[end : end + 1]
        if not following or following in CLOSES:
            points += 3
        elif following in after_name():
            points += 2
        elif folded[end : end + 2] in words:
            points += 1
        points += (
            1.0 if all(c in given_characters() for c in given) else -0.5 if name[0] in surnames()["plain"] else -1.0
        )
        if folded[end : end + 2] in after_name_words():
            points += 1.5
        if name in words or name in not_names()["full"]:
            points -= 6
        elif len(name) == 3 and name[0] == name[1] and family == 1:  # 谢谢吴(警官)
            points -= 3
        elif (
            len(name) == 3
            and family == 1
            and (name[:2] in words or (name[1:] in words and name[2] not in given_characters()))
        ):
            points -= 2.0 if name[:2] in words else 1.0
        if (
            given[-1] + following in words
            and following not in CLOSES
            and following not in ("和", "与", "及")
            and folded[end : end + 2] not in after_name_words()
        ):
            points -= 1.5
        says = folded[end : end + 1] == "说" or folded[end : end + 2] in after_name_words()
        if len(given) == 2 and given[-1] in after_name() and given[-1] not in given_characters() and not says:
            points -= 2
        # 庞树才说, 施永和告诉: what stands between the first given character and the verb belongs to the name; 和 would need a second name.
        if len(given) == 1 and following in _NO_LINK and _SPEAKS.match(folded, end + 1):
            points -= 3
        if name[0] in particles() and following not in CLOSES:  # 让客户向指定(账户)
            points -= 2
        repeats = self.repeats(name, start)
        points += min(repeats - 1, 3) * 0.7
        if len(given) == 2:
            points += 0.4
        return points

    def read(self, start: int) -> tuple[int, float] | None:
        """The best end of a full name that begins at `start`, with its score; None where nothing begins there."""
        family = family_length(self.folded, start)
        if not family:
            return None
        options = [
            (self.score(start, start + family + n, family), start + family + n)
            for n in (1, 2)
            if start + family + n <= len(self.folded)
        ]
        if not options:
            return None
        points, end = max(options)
        return end, points

    def read_rare(self, start: int) -> int:
        """The end of a name with a rare family name right behind a title (民警税国勇根据); 0 where it may be a word (民警相关)."""
        if self.folded[start : start + 1] not in surnames()["rare"]:
            return 0
        for end in (start + 3, start + 2):
            name = self.folded[start:end]
            given = all(c in given_characters() and c not in after_name() for c in name[1:])
            words = is_word(name) or is_word(name[:2]) or is_word(name[-1] + self.folded[end : end + 1])
            if len(name) == end - start and given and not words and may_end(self.folded, end):
                return end
        return 0

    def read_back(self, end: int) -> tuple[int, float] | None:
        """The best start of a full name that ends at `end`."""
        best: tuple[int, float] | None = None
        for length in (2, 3, 4):
            start = end - length
            if start < 0:
                break
            family = family_length(self.folded, start)
            if not family or not 1 <= length - family <= 2:
                continue
            before = self.folded[start - 1 : start]
            points = self.score(start, end, family)
            if not before or before in CLOSES or before in "据对由经与和是":
                points += 2.5
            elif before + self.folded[start] in common_words():
                points -= 3
            if best is None or points > best[1]:
                best = (start, points)
        return best


_ENUMERATED = re.compile(r"[：:、][一-鿿]{2,3}(?:、[一-鿿]{2,3}){2,60}(?=[。，,；;等\n])")


@cache
def _three() -> re.Pattern[str]:
    given = "[" + "".join(sorted(given_characters())) + "]"
    return re.compile("[" + "".join(sorted(surnames()["plain"])) + "](?=" + given + given + ")")


def _repeated(folded: str) -> Iterator[tuple[int, int]]:
    """Three-character names that a text repeats in free positions: begins a clause once, is followed by a verb or a comma once."""
    words = common_words()
    places: dict[str, list[int]] = {}
    for match in _three().finditer(folded):
        places.setdefault(folded[match.start() : match.start() + 3], []).append(match.start())
    for name, starts in places.items():
        if len(starts) < 3 or name in words or name[:2] in words or name[1:] in words:
            continue
        lefts = sum(start == 0 or folded[start - 1] in CLOSES for start in starts)
        rights = {folded[start + 3 : start + 4] for start in starts}
        if lefts and len(rights) >= 2 and sum(may_end(folded, start + 3) for start in starts) * 2 >= len(starts):
            yield from ((start, start + 3) for start in starts)


def find_full(folded: str, reader: FullNames) -> Iterator[Candidate]:
    """Full names beside evidence: 民警秦立国, 柯华（男，22岁）, 秦立国介绍, 名叫柯华, and the rest of a list."""

    def spaced(start: int) -> Candidate | None:
        # "民警 王 帆": one space inside a two-character name, only straight after a title
        if (
            folded[start + 1 : start + 2] == " "
            and family_length(folded, start) == 1
            and HAN.match(folded, start + 2)
            and may_end(folded, start + 3)
            and folded[start + 2] in given_characters()
        ):
            return Candidate(start, start + 3, folded[start] + folded[start + 2], "full", "full_spaced", 0.7)
        return None

    ends: list[int] = []
    for pattern, need, rule in (
        (before_titles(), 2.0, "full_title"),
        (_HER_NAME, 3.4, "full_named"),
        (_INVOLVED, 4.4, "full_involved"),
    ):
        for match in pattern.finditer(folded):
            start = match.end()
            candidate = spaced(start)
            if candidate:
                yield candidate
                ends.append(candidate.end)
                continue
            found = reader.read(start)
            if found and found[1] >= need:
                end, points = found
                yield Candidate(start, end, folded[start:end], "full", rule, min(0.95, 0.5 + points / 10))
                ends.append(end)
            elif rule == "full_title" and (rare_end := reader.read_rare(start)):
                yield Candidate(start, rare_end, folded[start:rare_end], "full", "full_rare", 0.6)
                ends.append(rare_end)
    for pattern, need, rule in (
        (_BRACKET_PERSON, 2.5, "full_bracket"),
        (SAYS, 4.5, "full_says"),
        (COMMA_PERSON, 4.0, "full_comma"),
        (_COMES, 3.5, "full_comes"),
    ):
        for match in pattern.finditer(folded):
            back = reader.read_back(match.start())
            if back and back[1] >= need:
                begin, points = back
                yield Candidate(
                    begin, match.start(), folded[begin : match.start()], "full", rule, min(0.95, 0.4 + points / 12)
                )
                ends.append(match.start())
    for match in after_titles().finditer(folded):  # 郎国强警官, 祝栋律师
        title = titles()[match.group()]
        if title.role in ("official", "other") or match.group() in ("主任", "院长", "老师"):
            stop = match.start() - (folded[match.start() - 1 : match.start()] == "副")
            back = reader.read_back(stop)
            if back and back[1] >= (3.0 if folded[back[0]] in surnames()["plain"] else 4.5):
                yield Candidate(back[0], stop, folded[back[0] : stop], "full", "full_before_title", 0.6)
                ends.append(stop)
    for match in _LEADS.finditer(folded):
        if family_length(match.group(1), 0) and match.group(1) not in common_words():
            yield Candidate(match.start(1), match.end(1), match.group(1), "full", "full_leads", 0.8)
            ends.append(match.end(1))
    for start, end in _repeated(folded):
        yield Candidate(start, end, folded[start:end], "full", "full_repeated", 0.55)
    for match in _ENUMERATED.finditer(folded):  # 在逃人员是：邓文海、曹永福、…
        if family_length(folded, match.start() + 1):
            names = match.group()[1:].split("、")
            good = sum(
                bool(family_length(n, 0)) and not any(c in never_given() for c in n) and n not in common_words()
                for n in names
            )
            if good >= 3 and good * 4 >= len(names) * 3 and all(family_length(n, 0) for n in names):
                ends.append(match.start())
                at = match.start() + 1
                for name in names:
                    yield Candidate(at, at + len(name), name, "full", "full_enumerated", 0.7)
                    at += len(name) + 1
    # lists: 邓文海、曹永福、… after one that is sure
    done = set(ends)
    while ends:
        end = ends.pop()
        gap = _ATTRIBUTES.match(folded, end)
        at = gap.end() if gap else end
        if folded[at : at + 1] not in ("、", "和", "与", "及", " "):
            continue
        found = reader.read(at + 1)
        if found and found[1] >= (3.0 if folded[at] == "、" else 4.0) and found[0] not in done:
            done.add(found[0])
            ends.append(found[0])
            yield Candidate(at + 1, found[0], folded[at + 1 : found[0]], "full", "full_list", 0.7)
