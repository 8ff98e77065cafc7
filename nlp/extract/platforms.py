"""Apps, sites, payment channels and services. In: an article's text. Out: `Mention`s of kind "platform" by their usual name.

Finds the names of `platforms.tsv` with their other spellings (zfb → 支付宝, 农行 → 中国农业银行) and names that the text itself
calls an app, a platform or a site (“富鑫宝”APP, 名为“道格资本”的网站). It does not say whether a platform is a fake.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import ahocorasick

from nlp.records import Mention, Platform
from nlp.spelling import fold

_SORT_WORDS: tuple[tuple[str, str], ...] = (
    ("网站|网址|官网|网页", "site"),
    ("商城|店铺|二手平台|购物平台", "shop"),
    ("聊天软件|社交软件|交友软件|交友平台|直播平台", "social"),
    ("支付平台|钱包|贷款平台|贷款软件|借贷平台|贷款APP", "payment"),
    ("APP|App|app|软件|平台|小程序|程序|应用|客户端|游戏|公众号", "app"),
)
_KIND = "|".join(words for words, _ in _SORT_WORDS)
_QUOTE_OPEN, _QUOTE_CLOSE = '“"「『《【‘', '”"」』》】’'
_NAMED_BEFORE = re.compile(
    rf"[{_QUOTE_OPEN}]([^{_QUOTE_OPEN}{_QUOTE_CLOSE}，。；！？\n]{{2,16}})[{_QUOTE_CLOSE}] ?的?(?:手机|贷款|投资|理财|交友|聊天"
    rf"|购物|网络|虚假|交易|直播|视频|借贷|赌博|刷单)?({_KIND})"
)
_NAMED_AFTER = re.compile(
    rf"({_KIND})(?:名?(?:叫做?|为|是|称)"
    rf"|[:：])? ?[{_QUOTE_OPEN}]([^{_QUOTE_OPEN}{_QUOTE_CLOSE}，。；！？\n]{{2,16}})[{_QUOTE_CLOSE}]"
)
_CALLED = re.compile(
    rf"(?:名为|名叫|叫做?|称为)[{_QUOTE_OPEN}]([^{_QUOTE_OPEN}{_QUOTE_CLOSE}，。；！？\n]{{2,16}})[{_QUOTE_CLOSE}](?:的)?[\u"
    rf"4e00-\u9fff]{{0,6}}?({_KIND})"
)
_LATIN_APP = re.compile(r"(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{1,15}) ?(?:APP|App|app|软件|聊天软件)(?![A-Za-z])")
# What stands in quotes before 平台 and is no name.
_NO_NAME = re.compile(
    r"(?:客服|老师|导师|刷单|兼职|贷款|安全|[，、。]|投资|理财|官方|警察|赚钱|返利|诈骗|虚假|正规|下载|免费|内部|点击|注册|骗|任务|木马|回款|跑分|招嫖|退款|交友|货币|钓鱼"
    r"|屏幕共享|代练|操盘手|经理|男子|女子|陷阱|阶段|的)$|^[Xx×*某]+|^(?:VPN|双十一|两卡|一键|国家|所谓|最新|手机|这个|该|某)$"
)
_GENERIC = frozenset({"APP", "App", "app", "手机", "下载", "QQ"})
# 百度 in 百度贴吧 is part of a longer name: the automaton keeps the longest. These need more than themselves beside them.
_NEEDS = {
    "12306": r"(?:网站|平台|客服|APP|购票)",
    "1688": r"(?:网|平台|批发)",
    "5173": r"(?:网|平台|交易)",
    "滴滴": r"(?:打车|出行|平台|司机|公司|客服|软件|代驾|顺风)",
    "转转": r"(?:平台|网|APP|上|二手|客服)",
    "火币": r"",
    "蝙蝠": r"(?:软件|APP|聊天|群|上)",
    "中通": r"(?:快递|客服)",
    "得物": r"(?:APP|平台|上|客服)",
    "和包": r"(?:支付|APP)",
    "贴吧": "",
    "LINE": "(?![A-Z])",
    "YY": "(?![A-Z])",
    "DNF": "",
    "瞩目": r"(?:APP|软件|会议)",
    "探探": r"",
    "飞猪": r"",
    "电报群": "",
    "中国移动": r"(?!支付)",
}


@cache
def _automaton() -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    table = resources.files("nlp.extract").joinpath("platforms.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        if not line or line.startswith("#"):
            continue
        name, sort, *rest = line.split("\t")
        for spelling in [name, *(rest[0].split(",") if rest and rest[0] else [])]:
            automaton.add_word(spelling, (spelling, name, sort))
    automaton.make_automaton()
    return automaton


@cache
def usual_names() -> frozenset[str]:
    """The names of `platforms.tsv`: what everybody uses, so that sharing one of these says nothing."""
    return frozenset(name for _, name, _ in _automaton().values())


def _sort_of(word: str) -> str:
    return next(sort for words, sort in _SORT_WORDS if word in words.split("|"))


def find_platforms(text: str) -> list[Mention]:
    """Platforms of `text`, sorted, not overlapping. Offsets into `text`, end exclusive."""
    folded = fold(text)
    found: list[tuple[int, int, Platform, float]] = []
    # 1. Known names, longest first at each place.
    for last, (spelling, name, sort) in _automaton().iter_long(folded):
        start, end = last - len(spelling) + 1, last + 1
        if spelling.isascii():
            # QQ inside a longer Latin word is no name.
            if start and folded[start - 1].isascii() and folded[start - 1].isalnum():
                continue
            if (
                end < len(folded)
                and folded[end].isascii()
                and folded[end].isalnum()
                and not folded.startswith(("APP", "App", "app"), end)
            ):
                continue
        need = _NEEDS.get(spelling)
        if need and not re.match(need, folded[end : end + 6]):
            continue
        found.append((start, end, Platform(name, sort), 0.95))
    # 2. What the text itself calls an app or a site.
    for pattern, name_group, kind_group in (
        (_CALLED, 1, 2),
        (_NAMED_BEFORE, 1, 2),
        (_NAMED_AFTER, 2, 1),
        (_LATIN_APP, 1, 0),
    ):
        for match in pattern.finditer(folded):
            name = match[name_group].strip()
            if name in _GENERIC or _NO_NAME.search(name) or not name:
                continue
            start, end = match.start(name_group), match.end(name_group)
            sort = _sort_of(match[kind_group]) if kind_group else "app"
            found.append((start, end, Platform(name, sort), 0.8))
    # 3. The longer of two that overlap: “浦发银行”APP is the app that the text names.
    mentions: list[Mention] = []
    for start, end, platform, confidence in sorted(found, key=lambda row: (row[0], -row[1], -row[3])):
        if mentions and start < mentions[-1].end:
            continue
        mentions.append(
            Mention(
                "platform", start, end, text[start:end].replace("\n", ""), platform, "", confidence, "rule:platforms"
            )
        )
    return mentions
