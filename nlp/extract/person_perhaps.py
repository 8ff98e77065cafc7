"""What may be somebody's name although no finder took it for one: a reader is not to see it, and nothing else is made of it.

In: a clean text and what was found in it. Out: strings, each once. A name that is overlooked in a quote is a person exposed; a word that is
masked without need costs the reader a word. So here less is asked than of a finder, and a string that is given is masked wherever
it stands, but is no mention, plays no part, joins no cases. `benchmarks.unmasked` counts both mistakes.

1. A speaker of a chat that is set out line by line: 雨荷：发了没有.
2. What stands behind words that only a name follows: 我叫次仁拉姆，法定代表人禤国强，一个姑娘叫青禾。
3. What stands in quotes behind such words: 微信名叫“白鸽”, ID“青青子衿”; and foreign names behind them.
4. Full names that the learned score finds too unlikely to be told, and not unlikely enough to be shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from nlp.extract.person_forms import common_words, family_length, not_names, surnames, titles
from nlp.extract.person_learned import judged
from nlp.records import Mention
from nlp.segment import is_word
from nlp.spelling import fold

# Of 37 names in a third of the authored corpus that no finder took, by this alone: at 0.35 one is given, at 0.15 two and 0.04 places a
# thousand characters masked without need, at 0.05 five and 0.25 places.
DOUBTFUL = 0.15
# A speaker speaks more than once. Labels of forms and of interviews are words, or end as these do.
_SPEAKER = re.compile(
    r"(?m)^[ 　]*(?:D\d{1,2} |\[?\d{1,2}:\d{2}(?::\d{2})?\]? )?([^\s：:，。！？“”\"]{2,10})(?:（[^（）\n]{1,6}）)?[：:](?!//)"
)
_NO_SPEAKER = re.compile(
    r"[我你他她它问答]$|时间|日期|地[点址区]|电话|来源|编[辑号]|作者|记者|案[例情件号由]|标题|摘要|内容|备注|金额|损失|方式|提[醒示]|步骤|套路|手[段法]|"
    r"特[点征]|骗[术局]|警方|民警|警官|客服|主持人|律师|法官|第[一二三四五六七八九十\d]|^.?[\d.]+$|[一二三四五六七八九十]$|说明|原因|结[果论]|[说称道]$|情况|"
    r"事主|对方|骗子|群[主众]|平台|系统|回[复答]|姓名|性别|年龄|职业|住址|身份|账[号户]|卡号|微信|网[址站]|[员商家人者是]$|类型|名称|的.{0,3}是"
)  # fmt: skip
# Up to six characters to the next border; longest names of minorities written without a dot have six.
_BORDER = (
    r"(?=[，,。、；;：:！!？?）)（(”\"\s]|等|及其|与|和|到|来|在|于|说|称|报|因|为|是|被|向|从|通过|先后|自|犯|的|\Z)"
)
_NAMED = re.compile(
    r"(?:我(?:叫|名叫)|姓名(?:是|为|[：:])|真名(?:是|叫)?|本名(?:是|叫)?|"
    r"(?:一个|一位|一名|有个|这个|那个|[她他]|名字)(?:名)?叫|(?:姑娘|小伙|女子|男子|女孩|男孩|女生|男生|网友|好友|朋友|常客|客人|同事|老乡|人)[，,]?名?叫)"
    r"([一-鿿]{2,6}?)(?=[，,。、；;！!？?）)（(”\"\s]|的(?:人|女|男)|\Z)"
)
_SURE_CUES = r"法定代表人|法人代表|实际控制人|被告人|嫌疑人|受害人|被害人|报警人|报案人|举报人"
_CUED = re.compile(
    rf"({_SURE_CUES}|当事人|事主|失主|投资人|讲述人|牧民|村民|居民|市民|储户|"
    r"群众|学员|家属|其妻|其夫|妻子|丈夫|儿子|女儿|母亲|父亲|老师|我是)[：:]?([一-鿿]{2,6}?)" + _BORDER
)
_CUED_NOT = re.compile(
    r"[我你他她它们某这那哪谁不没很都也就还已被把将让向从到在有的了着过地得是为与和及等本该此各每所以另并应员费]|"
    r"一|[两三四五六七八九十百千万]|系统|公安|派出所|银行|本人|家[里人长]|手机|网|报警|转|汇|收|付|发|打|骗|[男女老]"
)
_QUOTED = re.compile(
    r"(?:ID|昵称|名字|微信名|QQ名|网名|艺名|绰号|外号|花名|群主|群友|团长|买家|卖家|主播|好友|网友|笔友|病友|助理|自称|小红书找的\S{0,4}，)"
    r"(?:名)?(?:是|叫|为|做)?[：:]?[“\"「『]([^“”\"「」『』\s，。]{2,12})[”\"」』]"
)
_THING = re.compile(
    r"APP|App|app|软件|平台|网站|公司|游戏|小程序|项目|客服|工作人员|公众号|品牌|产品|银行|贷|集团|商城|政府|公安|中心|基金|理财|警官|警察|官方|诈骗|元|快递|经理|"
    r"专员|金服|金融|监管|[局警]$|大使|军[官医人]|富|投资|中介|领导|导师|老师$|[男女]友$|美女|帅哥"
)
_LATIN = re.compile(
    r"(?:叫|自称|网名|昵称|名字|网友|男友|女友|群主|(?:军[医官]|医生|老师|助理)[”\"]?)\s?"
    r"(?!App)([A-Z][a-z]{2,12}(?: [A-Z][a-z]{1,12}){0,2})(?![A-Za-z])"
)
_SURE = frozenset(_SURE_CUES.split("|"))
_HELD = frozenset(("place", "organisation", "platform", "account", "contact", "time", "amount", "count", "person"))


def perhaps_names(text: str, found: Sequence[Mention]) -> tuple[str, ...]:
    """Strings of `text` that may be names of people and stand in no mention, in the order in which they first stand there."""
    folded = fold(text)
    held = [(mention.start, mention.end) for mention in found if mention.kind in _HELD]
    told = "\n".join(mention.surface for mention in found if mention.kind == "person")
    names: dict[str, None] = {}
    for start, end in sorted({*_speakers(folded), *_named(folded), *_doubtful(folded)}):
        name = text[start:end]
        if name not in told and not any(first < end and start < last for first, last in held):
            names[name] = None
    return tuple(names)


def _speakers(folded: str) -> Iterator[tuple[int, int]]:
    """1."""
    lines = [match for match in _SPEAKER.finditer(folded) if not _NO_SPEAKER.search(match.group(1))]
    counts = Counter(match.group(1) for match in lines)
    for match in lines:
        name = match.group(1)
        if counts[name] > 1 and name not in titles() and not is_word(name):
            yield match.span(1)


def _named(folded: str) -> Iterator[tuple[int, int]]:
    """2. and 3."""
    for match in _NAMED.finditer(folded):
        name = match.group(1)
        known = is_word(name) and not match.group().startswith(("我叫", "真名", "本名"))
        if not _CUED_NOT.search(name) and not known and name not in titles():
            yield match.span(1)
    for match in _CUED.finditer(folded):
        if _like_a_name(match.group(2), sure=match.group(1) in _SURE):
            yield match.span(2)
    for match in _QUOTED.finditer(folded):
        if not _THING.search(match.group(1)):
            yield match.span(1)
    for match in _LATIN.finditer(folded):
        yield match.span(1)


def _like_a_name(name: str, *, sure: bool) -> bool:
    """A family name, rare ones too, and one or two characters; or four to six characters that no words make up (次仁拉姆).

    sure: it stands where hardly anything but a name stands; then three characters that are no word are one (禤国强).
    """
    if (
        _CUED_NOT.search(name.replace("和", ""))
        or is_word(name)
        or name in common_words()
        or name in not_names()["full"]
    ):
        return False
    words = is_word(name[:2]) or is_word(name[-2:])
    if len(name) >= 4:
        return not words and not is_word(name[1:3])
    if sure and len(name) == 3 and not is_word(name[:2]):
        return True
    family = family_length(name, 0) or int(name[0] in surnames()["rare"])
    return bool(family) and 1 <= len(name) - family <= 2 and not words


def _doubtful(folded: str) -> Iterator[tuple[int, int]]:
    """4. Of overlapping ones the most likely."""
    covered: set[int] = set()
    for place, probability in sorted(judged(folded).items(), key=lambda pair: -pair[1]):
        if probability < DOUBTFUL:
            break
        name = folded[place.start : place.end]
        if place.sort != "full" or name in common_words() or name in not_names()["full"] or is_word(name):
            continue
        if covered.isdisjoint(range(place.start, place.end)):
            covered.update(range(place.start, place.end))
            yield place.start, place.end
