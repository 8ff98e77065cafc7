"""How many of what, never money. In: an article's text. Out: `Mention`s of kind "count" with bounds, unit and what is counted.

Finds 1.8万村民, 近12000个公民信息, 10余万个, 陈某等32人, 手机5台, 银行卡20余张, 18800名群众, 破案30余起. `what` is victims, suspects, accounts,
cards, phones, records, cases or other, by the noun after the unit, else the words before it. Sums, times and numbers inside accounts come
first (`taken`). An article 一个, 一名 before a noun is grammar, not a count, and is left out; so are ordinals (第3名) and ages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.extract.numerals import find_numbers
from nlp.extract.taken import overlaps
from nlp.records import Count, Mention
from nlp.spelling import fold

_UNIT = re.compile(
    r" ?(?:(?P<unit>人次|人|名|位|个|条|张|台|部|套|起|宗|例|笔|辆|份|户|家|只|枚|件|部|处|部|组|批|册|箱|部|块|枚"
    r"|把|根|颗|余?人|单)|(?=(?:村民|群众|市民"
    r"|居民|用户|会员|粉丝|学生|老人|网友|公民|受害|被害|手机号|电话卡|银行卡|短信)))"
)
_NOUN = re.compile(r" ?(?:多|余)?[\u4e00-\u9fffA-Za-z]{0,12}")
# What is counted: (pattern over the noun after the unit, what). The first that matches wins. Example in the comment.
_AFTER: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[^，。]{0,4}(?:受害|被害|受骗|被骗|事主|受损)"), "victims"),  # 24名被害人
    (
        re.compile(r"[^，。]{0,6}(?:嫌疑|被告|罪犯|犯罪(?!案)|骗子|同伙|团伙成员|成员|业务员|组织者|逃犯|偷渡|下线)"),
        "suspects",
    ),  # 16名犯罪嫌疑人
    (
        re.compile(r"[^，。]{0,4}(?:身份证|公民个人信息|个人信息|公民信息|信息|数据|短信|记录|订单|简历|资料)"),
        "records",
    ),  # 近12000个公民信息
    (re.compile(r"[^，。]{0,6}(?:银行卡|信用卡|储蓄卡|电话卡|手机卡|SIM|sim|流量卡|卡)"), "cards"),  # 20余张银行卡
    (
        re.compile(r"[^，。]{0,6}(?:账号|帐号|账户|帐户|微信号|QQ号|手机号|电话号码|号码|公众号|小号|号)"),
        "accounts",
    ),  # 10余万个微信号
    (re.compile(r"[^，。]{0,4}(?:手机|电话|猫池|GOIP|设备|语音网关)"), "phones"),  # 5台手机
    (re.compile(r"[^，。]{0,8}(?:案件|警情|案|诈骗)"), "cases"),  # 30余起电信网络诈骗案件
    (
        re.compile(
            r"[^，。]{0,4}(?:村民|群众|市民|居民|老人|学生|网友|用户|客户|消费者|会员|投资人|投资者|家长|女性|男性|男子|女子)"
        ),
        "people",
    ),  # 1.8万村民
)
# The words before: 抓获32人, 破案30余起, 手机5台, 陈某等32人.
_BEFORE: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(?:抓获|抓捕|归案|刑拘|拘留|逮捕|落网|控制|嫌疑人|打掉|移送|起诉|被告人?|某[^，。]{0,4}等|团伙|成员)[^，。；]{0,12}$"
        ),
        "suspects",
    ),
    (re.compile(r"(?:手机|电话机|猫池|GOIP|设备)[^，。；\d]{0,3}$"), "phones"),
    (re.compile(r"(?:银行卡|信用卡|电话卡|手机卡|卡)[^，。；\d]{0,3}$"), "cards"),
    (re.compile(r"(?:账号|帐号|账户|微信号|QQ号|号码)[^，。；\d]{0,3}$"), "accounts"),
    (re.compile(r"(?:信息|数据|短信)[^，。；\d]{0,4}$"), "records"),
    (re.compile(r"(?:破案|破获|侦破|立案|发案|串并|核破|案件|警情)[^，。；]{0,8}$"), "cases"),
    (re.compile(r"(?:受害人?|被害人?|受骗|被骗|骗取|骗了?|受害者)[^，。；]{0,6}$"), "victims"),
    (re.compile(r"(?:劝阻|预警|挽回)[^，。；]{0,6}$"), "victims"),
)
_CASE_UNITS = frozenset({"起", "宗", "例"})
_PEOPLE_UNITS = frozenset({"人", "名", "位", "人次", "余人", "户"})
# Units that each sort can have; "" is a number with the noun right after it (1.8万村民).
_FITS: dict[str, frozenset[str]] = {
    "victims": _PEOPLE_UNITS | {"个", "家", ""},
    "suspects": _PEOPLE_UNITS | {"个"},
    "people": _PEOPLE_UNITS | {"个", "家", ""},
    "records": frozenset({"条", "份", "个", "组", "件", ""}),
    "cards": frozenset({"张", "个", "套", "枚", ""}),
    "accounts": frozenset({"个", "组", "套", "户", ""}),
    "phones": frozenset({"台", "部", "个", "套", "只"}),
    "cases": frozenset({"起", "宗", "例", "件"}),
}
_VICTIM_NEAR = re.compile(r"受害|被害|被骗|受骗|骗取|冒用|盗用|泄露|诈骗|上当|损失|骗走")
_ORDINAL = re.compile(r"(?:第|每|另|前|这|那|哪|某|同|各) ?$")
# 个人, 个月, 名字, 条件, 件事, 位于: a unit that is part of another word.
_NOT_UNIT = re.compile(
    r" ?(?:个(?:人(?!信息|公民|员)|月|小时|星期|半|百分|年头|钟头|工作日)|名(?:字|义|称|单|为|叫|下|额|牌)|条(?:件|例"
    r"|款|码)|件(?:事|套)|位(?:于|置|数)"
    r"|起(?:来|初|诉|码|因|到|点|步)|家(?:住|里|中|人|庭|长|属|电)|台(?:湾|州|风|币)|份(?:额|子)|组(?:织|成|建"
    r"|长)|单(?:元|位|纯|独|一|亲|身|价)|人(?:民"
    r"|身|生|格|均|间|性|工|员|才|气|士|事|像)|部(?:分|门|队|署)|张(?:某|女士|先生|家)|只(?:有|要|能|是|需|得|会|好)"
    r"|批(?:准|发|评)|把(?:钱|手|他|她|自|对"
    r"|卡)|套(?:路|现|取)|块|例(?:如|外)|处(?:理|以|罚|于|置)|根据|件|户(?:名|籍|口|主)|批复|例|条线)"
)


def find_counts(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Counts of `text`, sorted, apart from `taken` (accounts, contacts, sums, times). Offsets into `text`, end exclusive."""
    folded = fold(text)
    mentions: list[Mention] = []
    for number in find_numbers(folded):
        match = _UNIT.match(folded, number.end)
        if not match or number.quantity.maximum < 1 or number.quantity.maximum > 10**12:
            continue
        if number.quantity.minimum != int(number.quantity.minimum) and not number.prefix:
            continue
        # 一个, 一名, 一条: the article of a noun.
        if number.text in ("一", "几", "百", "千", "万", "亿", "十") and not number.prefix:
            continue
        if _NOT_UNIT.match(folded, number.end) or _ORDINAL.search(folded[max(0, number.start - 2) : number.start]):
            continue
        if (number.start and folded[number.start - 1] in "0123456789.-:") or overlaps(
            number.prefix_start, match.end(), taken
        ):
            continue
        unit = match["unit"] or ""
        if not unit and not number.scaled and not number.prefix:
            continue  # 12381短信, 110报警: a service number
        noun = _NOUN.match(folded, match.end())
        what = _what(folded, number.prefix_start, match.end(), noun[0] if noun else "", unit)
        low, high = sorted((int(number.quantity.minimum), int(number.quantity.maximum)))
        start = number.prefix_start if number.prefix.strip() not in ("成", "大约", "大概") else number.start
        # 1.8万村民: without a unit of its own the noun is the unit and part of the surface.
        end = match.end() if unit else match.end() + 2
        surface = text[start:end].replace("\n", "")
        mentions.append(
            Mention(
                "count",
                start,
                end,
                surface,
                Count(low, high, unit or "人", what),
                "",
                0.9 if what != "other" else 0.7,
                "rule:counts",
            )
        )
    return mentions


def _what(folded: str, start: int, unit_end: int, noun: str, unit: str) -> str:
    """What is counted, by the noun after the unit, else by the words before the number."""
    line = max(0, start - 40, folded.rfind("\n", max(0, start - 40), start) + 1)
    before = folded[max(line, start - 20) : start]
    # Without a unit the noun is what is counted: 1.8万村民的手机号 are people. With one, what follows it: 1.8万个手机号.
    order = sorted(_AFTER, key=lambda row: row[1] != "people") if not unit else _AFTER
    for pattern, what in order:
        match = pattern.match(noun)
        if match is None or unit not in _FITS[what]:
            continue
        if what == "people":
            sentence = folded[max(line, start - 40) : unit_end + 30]
            what = "victims" if _VICTIM_NEAR.search(sentence) else "other"
        return what
    if unit in _CASE_UNITS:
        return "cases"
    for pattern, what in _BEFORE:
        if (
            unit in _FITS[what]
            and unit
            and (what not in ("victims", "suspects") or unit in _PEOPLE_UNITS)
            and pattern.search(before)
        ):
            return what
    return "other"
