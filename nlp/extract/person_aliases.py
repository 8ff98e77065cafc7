"""Persons by what they are called: net names and false names in quotes, 圆圆（化名）, foreign and minority names.

In: a folded text. Out: candidates, which may overlap. A thing in quotes (an APP, a platform, a trick) is no alias.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from nlp.extract.person_forms import (
    CLOSES,
    HAN,
    PERSON_BEFORE,
    Candidate,
    common_words,
    family_length,
    given_characters,
    never_given,
    not_names,
    transliteration,
)

# What stands in quotes after 名为, 自称 … and is a thing, a service or a trade.
_GENERIC_ALIAS = re.compile(
    r"客服$|平台|公司|老师$|警官|警察|银行|官方|中心|导师|经理$|商城|商家|网站|软件|微信|支付|投资|理财|贷|刷单|兼职|任务|诈骗|骗|返利|公安|法院|"
    r"快递|助理$|男友|女友|美女|帅哥|朋友|领导|老板$|群$|币|金|链|网$|店$|盘$|局$|部$|院$|号$|码$|员$|人$|者$|户$|卡$|款$|单$|宝$|"
    r"APP|App|app|某某|专员|服务|中奖|福利|证|师$|学$|家$|医$|\d{3}|离异|单身|国际|白条|公检法|猪|保险|长$|总$|高管|娱乐|法$|医疗|"
    r"社区|商$|赚|稳|官|代理|管辖|股|富|收益|饲料|头$|原则|效应"
)
# Before a quoted name: words that only a person's name follows, and words that a thing's name follows as well.
_ALIAS_LEFT = re.compile(
    r"(?:昵称|网名|微信名|QQ名|微信号|用户名|化名|绰号|外号|艺名|网友|好友|男子|女子|女孩|男孩|陌生人)(?:为|是|叫|叫做|名|的|:|：)?\Z"
)
_ALIAS_LEFT_WEAK = re.compile(r"(?:名字|名叫|名为|名称|自称|代号|称呼|叫做|叫|称为|一个|一名)(?:为|是|叫|的|:|：)?\Z")
_ALIAS_RIGHT = re.compile(
    r"的?(?:微信)?(?:网友|好友|陌生人|男子|女子|人(?![民员工])|男生|女生|女孩|男孩|微信好友|用户|男|女|美女|客户|买家|卖家|微商|网民|"
    r"主播|群主|军人|老乡)|（化名|\(化名|(?:主动|告诉|称|说|便|要求|表示|声称|又|就|向|与|加)"
)
_THING_RIGHT = re.compile(
    r"的?[^，。“”]{0,6}?(?:APP|App|app|软件|平台|网站|公司|游戏|小程序|盘|项目|理财|客服|工作人员|ID|群|店|公众号|网页|链接|彩票|账户|品牌|"
    r"产品|银行|贷)"
)
_QUOTED = re.compile(r"[\"“「『‘']([^\"”“」』’'\s，。、；：:,！？!?]{1,14})[\"”」』’']")
_ALIAS_BARE = re.compile(
    r"(?:网名叫?|昵称[为叫是]?|化名[为叫是]?|名字叫|网名为|(?:男子|女子|人|网友)名叫)[“\"]?([一-鿿]{2,4}?)(?=的|，|,|。|、|）|\)|\n|（|\()"
)
_DOUBLED = re.compile(r"([一-鿿])\1(?!\1)")
_INTRODUCED = re.compile(r"[（(](?:化名|均?为?化名|网名)[)），,]")
_FOREIGN = re.compile(r"[一-鿿]{1,8}[·•‧・][一-鿿]{1,8}(?:[·•‧・][一-鿿]{1,8}){0,2}")
_LATIN = re.compile(r"(?<![A-Za-z])[A-Z][a-z]{2,15} [A-Z][a-z]{2,15}(?![A-Za-z])")


# “谷姐”, “龙哥”, “罗厂长”, “销售谷姐”: a short name with a word for a person, in quotes.
_CALLED = re.compile(
    r"(?P<what>客服|助理|销售|老师|导师|军官|[军教]官|派单员|金牌)?(?P<name>[小老大阿]?[一-鿿]{1,2}(?:哥|姐|妹|总|副总|叔|兄|参谋|干事|连长|班长|司务长|厂长|主任|老师|经理|队长|警官|师傅|工)|[小老阿][一-鿿])\Z"
)


def find_aliases(folded: str) -> Iterator[Candidate]:
    """Net names and false names in quotes after 昵称, 网名, 自称 …, bare after 网名叫, and anything before （化名）."""
    last = -9
    for match in _QUOTED.finditer(folded):
        start, end = match.span(1)
        name = match.group(1)
        left = folded[max(0, start - 8) : start - 1]
        listed = start - last == 3 and folded[start - 2] in "、和与"  # “雯雯”、“圆圆”
        called = _CALLED.search(name)
        if (
            called
            and (called.start() == 0 or called["what"])
            and not _THING_RIGHT.match(folded, end + 1)
            and name not in common_words()
        ):
            begin = start + called.start("name")
            first = called["name"].lstrip("小老大阿")[:1]
            plain_title = called["name"][0] in "小老大阿" and first in "姐哥妹弟总叔工"  # 小姐, 老总, 小姐姐
            named = called["name"][0] in "小老大阿" or family_length(called["name"], 0) or first in given_characters()
            if named and not plain_title and name != "康师傅":
                last = end
                yield Candidate(begin, end, folded[begin:end], "alias", "alias_called", 0.75)
                continue
        strong = listed or _ALIAS_LEFT.search(left) is not None
        if folded.startswith("投诉", end + 1):  # “用户7374”投诉“某店”: the way complaint sites title a complaint
            yield Candidate(start, end, name, "alias", "alias_complains", 0.7)
            continue
        if not strong and not (_ALIAS_LEFT_WEAK.search(left) and _ALIAS_RIGHT.match(folded, end + 1)):
            continue
        if _GENERIC_ALIAS.search(name) or _THING_RIGHT.match(folded, end + 1):
            continue
        if "(" in name or "（" in name or not 2 <= len(name) <= 8:
            continue
        last = end
        yield Candidate(start, end, name, "alias", "alias_quoted", 0.75 if strong else 0.6)
    for match in _ALIAS_BARE.finditer(folded):
        start, end = match.span(1)
        name = match.group(1)
        if _GENERIC_ALIAS.search(name) or name in common_words() or any(c in never_given() for c in name):
            continue
        yield Candidate(start, end, name, "alias", "alias_bare", 0.6)
    doubled = Counter(match.group() for match in _DOUBLED.finditer(folded))
    for match in _DOUBLED.finditer(folded):
        name = match.group()
        if (
            doubled[name] >= 3
            and (name[0] in given_characters() or family_length(name, 0))
            and name not in common_words()
            and name not in not_names()["doubled"]
        ):
            yield Candidate(match.start(), match.end(), name, "alias", "alias_doubled", 0.6)
    for match in _INTRODUCED.finditer(folded):
        end = match.start()
        start = end - 2
        if start < 0 or not all(HAN.match(c) and c not in never_given() for c in folded[start:end]):
            continue
        if (
            folded[start] == folded[start + 1]
            or start == 0
            or folded[start - 1] in CLOSES
            or PERSON_BEFORE.search(folded, max(0, start - 4), start)
        ):
            yield Candidate(start, end, folded[start:end], "alias", "alias_introduced", 0.75)


def find_foreign(folded: str) -> Iterator[Candidate]:
    """阿卜杜·热合曼: cut on the left to characters that transliterate; Latin names beside a word for a person."""
    dotted = any(dot in folded for dot in "·•‧・")
    for match in _FOREIGN.finditer(folded) if dotted else ():
        start, end = match.span()
        dot = re.search(r"[·•‧・]", match.group())
        left = start + (dot.start() if dot else 0)
        begin = left
        while begin > start and folded[begin - 1] in transliteration():
            begin -= 1
        stop = left + 1
        while stop < end and (folded[stop] in transliteration() or folded[stop] in "·•‧・"):
            stop += 1
        if left - begin >= 1 and stop - left >= 2:
            yield Candidate(begin, stop, folded[begin:stop], "foreign", "foreign", 0.7)
    for match in _LATIN.finditer(folded):
        before = folded[max(0, match.start() - 6) : match.start()]
        after = folded[match.end() : match.end() + 4]
        if re.search(r"(?:男子|女子|嫌疑人|名叫|叫|男|女|国人)[“\"]?$", before) or re.match(
            r"[（(](?:男|女|\d\d岁)", after
        ):
            yield Candidate(match.start(), match.end(), match.group().replace(" ", ""), "foreign", "latin", 0.7)
