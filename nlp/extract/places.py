"""Places of the cases, with official path, six-digit code and role.

In: an article's text, the organisations found in it. Out: place mentions, sorted by start; offsets into the text.
 1. scan the names of divisions and foreign places (`nlp.extract.gazetteer`)
 2. join neighbours and take in towns and villages (`nlp.extract.place_chains`)
 3. decide what ambiguous names mean by the document's other places, or leave them open with candidates
 4. find towns that stand alone, in the counties the document names
 5. drop names of papers, banks, schools, products (`nlp.extract.place_filter`)
 6. give roles (`nlp.extract.place_roles`)
Does not decide which case of an article a place belongs to.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nlp.divisions.names import PROVINCE_LETTER
from nlp.divisions.table import MUNICIPALITIES, table
from nlp.extract.gazetteer import scan
from nlp.extract.place_chains import Chain, build_chains
from nlp.extract.place_filter import is_account, is_advice, is_name_of_something, is_publisher, is_unreal, source_spans
from nlp.extract.place_meaning import Anchors, cued, narrow, sure_places
from nlp.extract.place_roles import assign_roles, role_of
from nlp.extract.place_towns import towns_alone
from nlp.records import Mention, Organisation, Place
from nlp.spelling import fold

_YEAR = re.compile(r"(?<!\d)(19[89]\d|20[0-4]\d)年")
# A foreign country is a place of a case where somebody is, goes, or comes from there: 在缅北, 逃往柬埔寨, 菲律宾警方; not 美国总统.
_ABROAD_BEFORE = re.compile(
    r"(?:在|到|去|赴|往|从|来自|藏匿于?|位于|于|至|境外|回|进入|抵达|居住|逃|据点|流窜|潜逃|偷渡|出境|组织)[^，。；“”\n]{0,3}$"
)
_ABROAD_AFTER = re.compile(r"(?:警方|境内|边境|等地|籍|诈骗|电诈|园区|窝点|从事|北部|当地|一|人[，,）)]|移民|政府)")
_LETTERS = "".join(PROVINCE_LETTER)
_LETTER_LIST = re.compile(
    rf"(?:[{_LETTERS}]、){{1,}}[{_LETTERS}](?=[、等两三四五六七八九十\d])|(?<![{_LETTERS}])[{_LETTERS}]{{2,}}(?=等|[两三四五六七八九十\d]+(?:省|地))"
)
# Stand-ins for a name: A市, A5区, L4县 (citizens' registers are published so; 西地省 is their stand-in for the province).
_STAND_IN = re.compile(r"(?:西地省)?(?:[A-Z]\d{0,2}[市区县镇]){1,3}|西地省")
_STAND_IN_CITY = re.compile(r"[A-Z]\d{0,2}市")
_STAND_IN_PART = re.compile(r"西地省|[A-Z]\d{0,2}[市区县镇]")
_LEFT_OUT = {"bank", "media", "school"}  # organisations whose place is not the case's
_SURNAMES = frozenset(
    "陈李王张刘杨赵黄周吴徐孙胡朱郭何罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程魏苏吕丁沈姚卢姜崔钟谭陆汪范廖贾韦邱邹熊孟秦阎薛侯雷"
)


_LIST = re.compile(r"[、，,]|以?及|和|与|")  # nothing between them too: 深圳东莞
ADVICE_FROM = 0.4  # "海口警方发出提示" may open a report; from here on the same words close it with advice


def case_year(folded: str, published: str = "") -> int | None:
    """The year in which divisions are read: the latest that the text names, else that of publication, else None."""
    years = [int(year) for year in _YEAR.findall(folded)]
    if published[:4].isdigit():
        latest = int(published[:4])
        return max((year for year in years if year <= latest), default=latest)
    return max(years, default=None)


def find_places(text: str, organisations: Iterable[Mention] = (), *, published: str = "") -> list[Mention]:
    """Place mentions of an article's text, sorted by start, not overlapping; offsets into `text`.

    `organisations`: what `find_organisations` gave for the same text. `published`: ISO date, decides which names were valid.
    """
    folded = fold(text)
    year = case_year(folded, published)
    # 1–2. Names and chains.
    chains = build_chains(folded, scan(folded), year)
    # 3. What they mean.
    anchors = sure_places(folded, chains)
    narrow(chains, anchors)
    # 4. Towns that stand alone.
    towns = towns_alone(folded, chains, list(anchors.divisions.values()))
    spans = {(chain.start, chain.end) for chain in towns}
    chains = [
        c for c in chains if (c.start, c.end) not in spans and not (c.bare and folded.startswith("派出所", c.end))
    ]
    chains = sorted([*chains, *towns], key=lambda chain: (chain.start, -chain.end))
    # 5–6. Those of the cases, with roles.
    units = [(m.start, m.end) for m in organisations if isinstance(m.value, Organisation) and _elsewhere(m.value)]
    left_out = _Spans([*source_spans(folded), *units])
    kept = [chain for chain in chains if _belongs(folded, chain, left_out, anchors)]
    mentions = _without_general(_lists(folded, [_mention(text, folded, chain) for chain in kept]))
    mentions += _letters(text, folded, [(m.start, m.end) for m in mentions])
    mentions += _stand_ins(text, folded, left_out)
    mentions.sort(key=lambda mention: mention.start)
    return assign_roles(folded, [m for i, m in enumerate(mentions) if not i or m.start >= mentions[i - 1].end])


class _Spans:
    """Stretches of text, asked whether one of them holds a span."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if self.merged and start <= self.merged[-1][1]:
                self.merged[-1] = (self.merged[-1][0], max(end, self.merged[-1][1]))
            else:
                self.merged.append((start, end))

    def hold(self, start: int, end: int) -> bool:
        i = bisect_right(self.merged, (start, 1 << 60)) - 1
        return i >= 0 and end <= self.merged[i][1]


def _elsewhere(organisation: Organisation) -> bool:
    """The place in this organisation's name is not the case's; a masked company (广西某农贸有限公司) is a party to the case."""
    if organisation.sort == "company":
        return organisation.name.endswith("有限公司") and "某" not in organisation.name and "*" not in organisation.name
    return organisation.sort in _LEFT_OUT


def _belongs(folded: str, chain: Chain, left_out: _Spans, anchors: Anchors) -> bool:
    """Does the name stand for a place of the cases?"""
    if left_out.hold(chain.start, chain.end):
        return False
    if not chain.hits:
        return True
    if is_account(folded, chain.start) or is_unreal(folded, chain.start):
        return False
    if chain.start > ADVICE_FROM * len(folded) and is_advice(folded, chain.end):
        return False
    if not chain.below and (is_publisher(folded, chain.end) or is_name_of_something(folded, chain.end)):
        return False
    if chain.foreign:
        # A city, and a region that is known for it (缅北), need no cue.
        return chain.foreign != chain.hits[-1].name or bool(
            _ABROAD_AFTER.match(folded, chain.end)
            or _ABROAD_BEFORE.search(folded, max(0, chain.start - 10), chain.start)
        )
    first = chain.hits[0]
    if len(chain.hits) > 1 or chain.below:
        return True
    with_cue = cued(folded, chain)
    if first.ordinary and not with_cue:
        return False
    if first.short and chain.meanings[0].level == "county":
        # A county's short name alone: 黄平 in 涉黄平台, 中牟 in 从中牟利. It needs another place of its province, or a cue.
        if folded[max(0, chain.start - 1) : chain.start] in _SURNAMES and not with_cue:
            return False
        if max(anchors.support(row, chain.start) for row in chain.meanings) < 1:
            first_sure = anchors.first_below_province()
            elsewhere = first_sure is not None and first_sure < chain.start
            return with_cue and len(chain.meanings) == 1 and not (first.ordinary and elsewhere)
    return True


def _mention(text: str, folded: str, chain: Chain) -> Mention:
    role, confidence = role_of(folded, chain.start, chain.end)
    if chain.foreign:
        value = Place(chain.foreign, "", "country" if "/" not in chain.foreign else "city")
    elif len(chain.meanings) == 1:
        division = chain.meanings[0]
        region = "/".join([division.path, *chain.below])
        value = Place(region, division.code, chain.level or division.level, chain.town_code)
    else:
        value = Place("", "", chain.meanings[0].level, candidates=tuple(row.path for row in chain.meanings))
    return Mention(
        "place", chain.start, chain.end, text[chain.start : chain.end], value, role, confidence, "rule:divisions"
    )


def _without_general(mentions: list[Mention]) -> list[Mention]:
    """Without what only repeats another place more generally.

    Measured on the training gold: a province of which the document names a part is listed by people in 40 % of the documents, in
    70 % and more where somebody was arrested there or comes from there, or where it has two cues; a city in 80 %, so it stays.
    """
    told = Counter(_region(mention) for mention in mentions)
    named_in_part = {
        "/".join(parts[:depth]) for parts in (region.split("/") for region in told) for depth in range(1, len(parts))
    }
    cues: set[str] = set()
    moved: set[str] = set()
    for mention in mentions:
        if mention.confidence > 0.5:
            cues.add(_region(mention))
            if mention.role in ("arrest", "suspect_home", "victim_home"):
                moved.add(_region(mention))
    kept = []
    for mention in mentions:
        place = mention.value
        if isinstance(place, Place) and place.level == "province" and place.code[:2] not in MUNICIPALITIES:
            again = told[place.region] > 1 and place.region in cues
            if place.region in named_in_part and place.region not in moved and not again:
                continue
        kept.append(mention)
    return kept


def _lists(folded: str, mentions: list[Mention]) -> list[Mention]:
    """赶赴湖南、江西、浙江等地: a place without a cue of its own takes the cue of the list it stands in."""
    out: list[Mention] = []
    i = 0
    while i < len(mentions):
        j = i + 1
        while j < len(mentions) and _LIST.fullmatch(folded, mentions[j - 1].end, mentions[j].start):
            j += 1
        group = mentions[i:j]
        if len(group) > 1:
            role, confidence = role_of(folded, group[0].start, group[-1].end)
            group = [m if m.confidence >= confidence else replace(m, role=role, confidence=confidence) for m in group]
        out += group
        i = j
    return out


def _region(mention: Mention) -> str:
    return mention.value.region if isinstance(mention.value, Place) else ""


def _letters(text: str, folded: str, taken: Sequence[tuple[int, int]]) -> list[Mention]:
    """沪、苏、浙、皖等地: provinces by their letter, in lists only."""
    mentions = []
    for match in _LETTER_LIST.finditer(folded):
        for i in range(match.start(), match.end()):
            if folded[i] in PROVINCE_LETTER:
                path = PROVINCE_LETTER[folded[i]]
                code = table().by_name[path][0].code
                role, confidence = role_of(folded, match.start(), match.end())
                mentions.append(
                    Mention("place", i, i + 1, text[i], Place(path, code, "province"), role, confidence, "rule:letters")
                )
    return mentions


def _stand_ins(text: str, folded: str, left_out: _Spans) -> list[Mention]:
    """A市A5区 → A市/A5区; under 西地省 where the document names it, in the document's first city where it names none."""
    mentions: list[Mention] = []
    if "市" not in folded and "区" not in folded and "县" not in folded:
        return mentions
    first_city = _STAND_IN_CITY.search(folded)
    city = first_city.group() if first_city else ""
    province = "西地省" in folded
    for match in _STAND_IN.finditer(folded):
        parts = _STAND_IN_PART.findall(match.group())
        if left_out.hold(*match.span()):
            continue
        if not any(part.endswith("市") for part in parts) and city and parts != ["西地省"]:
            parts = [part for part in parts if part != "西地省"]
            parts = [city, *parts]
        if province and parts[0] != "西地省":
            parts = ["西地省", *parts]
        level = {"省": "province", "市": "city", "镇": "town"}.get(parts[-1][-1], "county")
        role, confidence = role_of(folded, match.start(), match.end())
        value = Place("/".join(parts), "", level)
        mentions.append(
            Mention(
                "place",
                match.start(),
                match.end(),
                text[match.start() : match.end()],
                value,
                role,
                confidence,
                "rule:stand_in",
            )
        )
    return mentions
