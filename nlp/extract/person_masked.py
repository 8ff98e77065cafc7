"""Persons by regular forms: masked (陈某丰, 王某1, 莫X坤), titled (王女士, 徐警官), familiar (小张, 老宋, 阿明).

In: a folded text. Out: candidates, which may overlap. Full names and aliases are `person_full` and `person_aliases`.
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
    after_name,
    after_titles,
    common_words,
    family_before,
    family_length,
    given_characters,
    may_end,
    not_names,
    particles,
    surnames,
    titles,
)
from nlp.extract.person_full import FullNames
from nlp.extract.person_learned import goes_on
from nlp.segment import is_word

_STRUCK = re.compile(r"某+")
_STARRED = re.compile(r"(?<![*×])(?:[*×]{1,2}|[Xx]{1,2})(?![*×A-Za-z0-9])")
# After a wary family name and 某 these make a thing, not a person: 文某公司, 海某平台.
_THING = re.compile(
    r"公司|平台|网站|网络|网购|日|地|银行|APP|app|App|软件|市|县|区|镇|乡|省|州|小区|酒店|宾馆|群|种|些|次|年|月|知名|视频|短视频|社交|电商|"
    r"栋|幢|室|楼|单元|号|大道|家|件|条|处|时|名|款|位|项|类|块|方面|投资|网贷|购物|二手|直播|聊天|交友|招聘|婚恋|品牌|单位|学校|大学|中学|高校|医院|项目|理财|金融|支付|快递|物流|论坛|机构|部门|街|路|店|超市|商|便利店|饭店|餐厅|网吧|工地"
)
_SUFFIX = re.compile(
    r"[甲乙丙丁戊己庚辛](?!某)|[0-9]{1,2}(?![0-9.,%万亿元人名岁年月日号时点分次个笔条张部余多])|[A-Z](?![A-Za-z])"
)
_FALSE_NAME = re.compile(r"化名|化姓|网名|别名|音译")
_OF_DIVISIONS = ("市长", "县长", "镇长", "乡长")  # behind a letter the division's own: J市 + 长
_OF_MANY = ("老人", "学生", "队长", "总")  # titles that are told of people without a name, too
_MODAL = frozenset("能会可要肯")  # given-name characters that more often go on: 白某能否
# In a list of masked names whatever stands before the mark is the name's: 周某群、林某第、郑某厅.
_LISTED = re.compile(r"[^等们的、]、[一-鿿]{1,2}某")
_NUMERALS = frozenset("一两二三四五六七八九十几数多这那每0123456789")
# What may stand before a family name that is also a particle: 市民于女士, ，向先生.
_BEFORE_PARTICLE = frozenset('民人员主者户友工的位名为事生子妇友、，。；：“”"（( \n,.:;到称是被')


def _given_after_struck(folded: str, start: int, end: int) -> bool:
    """Whether the character at `end`, just after one 某, belongs to the name that begins at `start`: 陈某丰 yes, 陈某在 no."""
    character = folded[end : end + 1]
    if not HAN.match(character) or folded.startswith("信以为真", end):
        return False
    if _LISTED.match(folded, end):
        return True
    # 吴某兰人民币4300元: 人民币 is no word that a name runs into.
    money = character in given_characters() and folded.startswith(("人民币", "共计"), end + 1)
    return money or goes_on(folded, start, end + 1)


def find_masked(folded: str) -> Iterator[Candidate]:
    """陈某丰, 胡某某, 王某1, 张某甲, A某, 莫X坤, 李*, 李××."""
    words = common_words()
    counts = Counter(folded[m.start() - 1 : m.end() + 1] for m in _STRUCK.finditer(folded) if m.start())
    for match in _STRUCK.finditer(folded):
        start, end = match.span()
        if end - start > 3:
            continue
        length, wary = family_before(folded, start)
        before = folded[start - length - 1 : start - length] if start > length else ""
        if not length:
            letter = folded[start - 1 : start]
            if (
                letter.isascii()
                and letter.isupper()
                and not (start > 1 and folded[start - 2].isascii() and folded[start - 2].isalnum())
            ):
                yield Candidate(start - 1, end, folded[start - 1 : end], "masked", "masked_letter", 0.7)
            continue
        if before in ("和", "与", "及") and (
            folded[start - length - 2] in CLOSES or folded[start - length - 2] in "某0123456789"
        ):
            before = "、"  # 蔡某和文某: 和文 is a word, but here the list goes on
        titled = PERSON_BEFORE.search(folded, max(0, start - length - 4), start - length) is not None
        if wary and not titled and (before + folded[start - 1] in words or _THING.match(folded, end)):
            continue
        if folded[start - 1] == "路" and HAN.match(before) and not titled and _THING.match(folded, end):
            continue  # 锦绣路某便利店
        if (folded[start - 1] == "张" and before in _NUMERALS) or (
            end - start == 1 and folded[end : end + 1] in ("些", "种", "日")
        ):
            continue
        once = counts[folded[start - 1 : end + 1]] < 2
        if wary and once and not titled and folded[start - 1] in particles() and before not in _BEFORE_PARTICLE:
            continue  # told once and after no word for a person: 在经某地, 这时某人
        suffix = _SUFFIX.match(folded, end)
        if suffix:
            end = suffix.end()
        elif end - start == 1 and _given_after_struck(folded, start - length, end):
            end += 1
        yield Candidate(start - length, end, folded[start - length : end], "masked", "masked", 0.7 if wary else 0.95)
    for match in _STARRED.finditer(folded):
        start, end = match.span()
        length, wary = family_before(folded, start)
        before = folded[start - length - 1 : start - length] if start > length else ""
        struck_given = folded[start] == "*" and folded[start - 1 : start] in given_characters()
        if struck_given and family_before(folded, start - 1) == (1, False):  # 吴夏*
            yield Candidate(start - 2, end, folded[start - 2 : end], "masked", "masked_star", 0.7)
            continue
        if not length or (wary and (end - start == 2 or before + folded[start - 1] in words)):
            continue
        if folded[start] in "Xx" and folded[end : end + 1] in "公市县区镇村路街银小网平":
            continue
        following = folded[end : end + 1]
        if (
            following in given_characters()
            and (may_end(folded, end + 1) or end - start == 1)
            and following not in after_name()
        ):
            end += 1
        yield Candidate(start - length, end, folded[start - length : end], "masked", "masked_star", 0.75)


def find_titled(folded: str, reader: FullNames) -> Iterator[Candidate]:
    """王女士, 欧阳警官, C先生, 小刘同学."""
    words = common_words()
    for match in after_titles().finditer(folded):
        start, end = match.span()
        title = match.group()
        if folded[start - 1 : start] == "副":  # 陈副局长
            start -= 1
        if folded.startswith(("们", "协会", "事务所", "团"), end) or folded[start - 1 : start] in ("某", "姓"):
            continue
        length, wary = family_before(folded, start)
        if not length:
            if title in _OF_DIVISIONS:
                continue  # J市长热线
            letter = folded[start - 1 : start]
            if (
                letter.isascii()
                and letter.isupper()
                and not (start > 1 and folded[start - 2].isascii() and folded[start - 2].isalnum())
            ):
                yield Candidate(start - 1, end, folded[start - 1 : end], "titled", "titled_letter", 0.8)
            continue
        family = folded[start - length : start]
        before = folded[start - length - 1 : start - length] if start > length else ""
        if family + title == "康师傅":
            continue
        if title == "总" and (not may_end(folded, end) or wary or before not in _BEFORE_PARTICLE):
            continue
        if wary and is_word(folded[max(0, start - length - 2) : start]) and before not in CLOSES:
            continue  # 农家乐老板
        if wary and (before + family in words or (family + title[:1] in words and title not in ("先生", "女士"))):
            continue
        if family in particles() and before not in _BEFORE_PARTICLE:
            continue
        begin = start - length
        if before in ("小", "老") and length == 1:
            begin -= 1
        # 民警钱国栋书记 is no 栋书记; a one-character name before 主任 must not be the tail of a longer word.
        if title in _OF_MANY and ((wary and before not in _BEFORE_PARTICLE) or is_word(before + family)):
            continue  # 孝敬老人
        if titles()[title].role in ("official", "other") and length == 1:
            back = reader.read_back(start)
            if back and start - back[0] >= 2 and back[1] >= 3.0 and folded[back[0]] in surnames()["plain"]:
                continue  # 郎国强警官 is read as a full name
        yield Candidate(begin, end, folded[begin:end], "titled", "titled", 0.75 if wary else 0.95)
    for match in re.finditer(r"(?<![一-鿿])[一-鿿]姓(?:男子|女子)|[一-鿿]姓(?:男子|女子)(?=[”\"])", folded):
        if family_before(folded, match.start() + 1)[0]:
            yield Candidate(match.start(), match.end(), match.group(), "titled", "surnamed", 0.5)


def _is_free(folded: str, at: int) -> bool:
    """Whether a name may begin at `at`: a border, or no word of the dictionary runs across it."""
    before = folded[at - 1 : at]
    return not before or before in CLOSES or not is_word(before + folded[at])


_INTRODUCES = re.compile(r"(?:网友|市民|女子|男子|大学生|群众|好友|名叫|叫)\Z")
_FAMILIAR = re.compile(r"[小老阿][一-鿿A-Z]")


def find_familiar(folded: str) -> Iterator[Candidate]:
    """小张, 老宋, 阿明, 小A: with a family name, or a given-name character that the text repeats or introduces."""
    words = common_words()
    matches = []
    for match in _FAMILIAR.finditer(folded):
        start, end = match.span()
        name = match.group()
        if name in words and family_before(name, 2) != (1, False):
            continue
        if name in not_names()["familiar"] and not (
            name in not_names()["familiar_unless_alone"] and may_end(folded, end)
        ):
            continue
        if folded[start : end + 1] in words or (folded[end - 1 : end + 1] in words and not may_end(folded, end)):
            continue
        if start and folded[start - 1] in "大渺弱幼微胆窄狭缩变最养敬古到衰苍蝇":
            continue
        if name[1].isascii() and folded[end : end + 1].isascii() and folded[end : end + 1].isalnum():
            continue
        matches.append((start, end, name))
    counts = Counter(name for _, _, name in matches)
    for start, end, name in matches:
        if family_length(name, 1) and name[0] in "小老":
            single = start and family_before(folded, start) == (1, False) and counts[name] == 1
            if single and _is_free(folded, start - 1) and name[1] in given_characters():
                yield Candidate(start - 1, end, folded[start - 1 : end], "full", "full_familiar", 0.6)  # 喻小龙
            if not single and (may_end(folded, end) or folded[end].isdigit() or counts[name] >= 2):
                yield Candidate(start, end, name, "titled", "familiar", 0.85)
            continue
        false_name = _FALSE_NAME.match(folded, end + 1) is not None
        if name[1] not in given_characters() and not name[1].isascii() and not false_name:
            continue
        introduced = false_name or (folded[start - 1 : start] in '“"' and folded[end : end + 1] in '”"')
        if (
            introduced
            or (counts[name] >= 2 and may_end(folded, end))
            or _INTRODUCES.search(folded, max(0, start - 4), start)
        ):
            yield Candidate(start, end, name, "alias", "familiar", 0.7)
