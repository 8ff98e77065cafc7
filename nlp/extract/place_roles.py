"""The role of a place in its case, from the words around it.

In: folded text and the span of a place, or of a list of places. Out: scene, victim_home, suspect_home, arrest, handling_police or
other. Does not decide which places belong to a case; looks no further than the sentence around the place.

1. A table of patterns, looked up in order, each with a phrase it is made for and one it must not take.
2. A linear model over the pattern that fits and the words around decides; its weights lie in `place_roles.json`
   (`training.train_place_roles` makes them). The table alone was right for 0.55 of the places of voices that nothing was learned from and
   0.67 of those in real texts, the model for 0.79 and 0.76.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.extract import linear
from nlp.extract.linear import Weights
from nlp.extract.surroundings import beside, traits
from nlp.records import Mention, PlaceRole

REACH_BEFORE = 28  # characters looked at before a place, cut at the sentence
REACH_AFTER = 44  # and behind it: the verb can stand a long clause behind the place
# Confidence of a role that a cue gave, and of "scene" where none speaks; measured over the mentions of gold places:
# 0.81 and 0.53 right on the training gold, 0.79 and 0.40 on the development gold.
CUED = 0.8
UNCUED = 0.4

_UNIT = "[省市县区州旗盟镇乡]?(?:街道)?"
POLICE = (
    rf"{_UNIT}(?:[一-鿿]{{2}})?(?:公安|警方|警察|派出所|分局|反诈|反电|反虚假|刑侦|刑警|网警|网安|经侦|"
    r"巡特警|民警|警务|交警|森警|边防|警力|打非办)|"
    rf"{_UNIT}(?:第[一二三四五]市区)?(?:人民)?检察|{_UNIT}(?:等地|等市|等省)[^，。；]{{0,4}}(?:公安|警方|警力)"
)
_COURT = "[省市县区州旗盟]?(?:中级|高级|基层)?(?:人民)?(?:法院|中院)"
_CATCH = "抓获|落网|抓捕|捣毁|归案|抓住|擒获|端掉|收网|查获|布控|蹲守|投案|逮捕|控制住"
_GO = "赶赴|远赴|奔赴|赶往|前往|奔袭|辗转|飞赴|赴|直奔|抵达|转战|行程|直扑|潜入|押解|南下|北上|横跨"
_VICTIM = (
    "市民|居民|群众|村民|住户|网友|读者|学生|事主|受害|女子|男子|大妈|阿姨|大爷|老人|女士|小伙|姑娘|高校|公司|企业|单位|"
    "女孩|大学生|老太|工人|妇女|用户"
)
_TITLE = "女士|先生|某|小姐|阿姨|大妈|大爷|大姐|老师|奶奶|老太|同学|大叔"


@dataclass(frozen=True, slots=True)
class Cue:
    """`role` where `before` ends at the place's start and `after` begins at its end; either may be empty."""

    role: PlaceRole
    before: str
    after: str
    example: str  # the place stands in 【】
    counter: str = ""  # a phrase it must not take


# Order decides: the first that fits wins.
CUES: tuple[Cue, ...] = (
    Cue("arrest", r"(?:在|得到了?)$", rf"{_UNIT}(?:当地)?(?:警方|公安(?:机关|局)?)的?(?:大力|全力|积极)?(?:配合|协助|支持|帮助)",
        "在【江西】警方的配合下", "【江西】警方接到报警"),
    Cue("other", r"(?:接到|打来|归属地)[^，。；]{0,6}$", r"(?:打来)?的(?:陌生)?(?:来电|电话|号码)", "接到一个【澳门】的电话"),
    Cue("handling_police", r"", POLICE, "【禄劝县】公安局", "【禄劝县】村民"),
    Cue("handling_police", r"", r"(?:成功|又|再|连续)?(?:打掉|破获|侦破|捣毁|抓获|摧毁|端掉)", "【海口】打掉一个团伙", "【海口】一男子被骗"),
    Cue("victim_home", r"", r"[市县区]?某[^，。]{0,14}公司[^，。]{0,8}(?:被骗|报警|报案|损失|遭)", "【许昌市】某建材有限公司被骗"),
    Cue("suspect_home", r"", r"[市县区]?某[^，。]{0,14}公司", "【广西】某农贸有限公司"),
    Cue("suspect_home", r"(?:嫌疑人|被告人?|犯罪|团伙|骗子|男子?|女子?|[)）]|成员|岁)[^。；]{0,18}$", r"(?:籍|人[，,）)、。；. ]|户籍|老家)",
        "犯罪嫌疑人李某（男，23岁，【江西抚州】人）", "市民李某，【江西抚州】人"),
    Cue("victim_home", r"(?:受害|被骗|报警|事主|市民|群众)[^。；]{0,18}$", r"(?:籍|人[，,）)、。；. ])", "受害人王某，【湖北武汉】人，"),
    Cue("suspect_home", r"", r"(?:籍|人[，,）)、。；. ])", "【福建安溪】人，"),
    Cue("suspect_home", r"(?:逃回|潜回|返回)[^，。；]{0,3}$", r"(?:老家|家中)", "潜逃回【甘肃】老家"),
    Cue("other", rf"(?:{_GO})[^。；]{{0,16}}$", r"[^。；，抓]{0,12}(?:调查|核实|追赃|调取|取证|走访|扩大)",
        "先后赴【北京】等地调查取证", "赴【北京】抓捕"),
    Cue("arrest", rf"(?:{_GO})[^。；]{{0,16}}$", r"", "赶赴【安徽芜湖】"),
    Cue("victim_home", r"(?:家住|居住在|居住于|住在|现住|居住)$", r"", "家住【定安县】的郭女士"),
    Cue("suspect_home", r"(?:户籍地?(?:为|是|在)?|籍贯|老家在?|来自|岁[，,])$", r"", "来自【广西】"),
    Cue("arrest", r"(?:在|于|从|自)[^。；，]{0,10}$", rf"[^。；]{{0,30}}(?:{_CATCH})", "在【海口】将其抓获", "家住【海口】的李某"),
    Cue("victim_home", r"(?:骗取|诈骗|诱骗)[^。；，]{0,14}$", r"[^。；，]{0,12}(?:人|客户|群众)", "诈骗【青海】等地的客户"),
    Cue("victim_home", r"", rf"[市县区]?的?(?:某|一)?(?:名|位|个)?[^，。；、在]{{0,5}}(?:{_VICTIM})", "【太仓】市民郭女士", "【太仓】法院"),
    Cue("victim_home", r"", rf"[市县区]?的?(?:[小老阿][一-鿿]|[一-鿿A-Z]{{1,2}}(?:{_TITLE}))", "【江宁区】的钱大姐"),
    Cue("victim_home", r"", r"等?(?:地|省|省市)?(?:均|都)?有[^，。]{0,4}(?:受害|被害)", "河北、【山东】等地均有受害人"),
    Cue("other", r"", _COURT, "【嘉兴】法院"),
    Cue("scene", r"(?:在|于|位于|藏匿|窝点|潜逃|逃往|到)[^。；，]{0,4}$", r"", "位于【缅北】"),
)  # fmt: skip

_COMPILED = tuple(
    (cue.role, re.compile(cue.before) if cue.before else None, re.compile(cue.after) if cue.after else None)
    for cue in CUES
)
_SENTENCE = re.compile(r"[。！？!?；;\n]")


_JOINED = frozenset({"", "、", "，", ",", "和", "与", "及", "以及"})
_NUMBER = re.compile("[0-9]+")


def role_of(folded: str, start: int, end: int) -> tuple[PlaceRole, float]:
    """Role and confidence of the place (or list of places) folded[start:end]: CUED by a cue, UNCUED without one, then "scene"."""
    number = _cue(folded, start, end)
    return ("scene", UNCUED) if number is None else (CUES[number].role, CUED)


def _cue(folded: str, start: int, end: int) -> int | None:
    """The number of the first pattern that fits."""
    before = _before(folded, start)
    after = folded[end : end + REACH_AFTER]
    for number, (_, left, right) in enumerate(_COMPILED):
        if (left is None or left.search(before)) and (right is None or right.match(after)):
            return number
    return None


def _before(folded: str, start: int) -> str:
    before = folded[max(0, start - REACH_BEFORE) : start]
    cuts = [match.end() for match in _SENTENCE.finditer(before)]
    return before[cuts[-1] :] if cuts else before


def describe(folded: str, mentions: Sequence[Mention]) -> list[list[str]]:
    """Feature names of each place of `mentions` (sorted, offsets into `folded`): the pattern that fits it and its list, words, order."""
    title_end = folded.find("\n")
    whole = traits(folded)
    columns: list[list[str]] = []
    first = 0
    for index, mention in enumerate(mentions):
        if index and folded[mentions[index - 1].end : mention.start] not in _JOINED:
            first = index
        before = _before(folded, mentions[first].start)
        after = folded[mention.end : mention.end + REACH_AFTER]
        stop = _SENTENCE.search(after)
        own, listed = (_cue(folded, mentions[i].start, mention.end) for i in (index, first))
        columns.append(
            [
                *whole,
                f"cue:{own}",
                f"list:{listed}",
                f"ends_in:{folded[mention.end - 1]}",
                f"place:{min(5, index)}",
                f"places:{min(6, len(mentions))}",
                "title" if mention.end <= title_end <= 60 else "body",
                *beside(_NUMBER.sub("0", before), _NUMBER.sub("0", after[: stop.start()] if stop else after)),
            ]
        )
    return columns


def assign_roles(folded: str, mentions: Sequence[Mention], weights: Weights | None = None) -> list[Mention]:
    """`mentions` with the role that the model gives and its probability as confidence."""
    if not mentions:
        return []
    weights = weights or linear.shipped("place_roles")
    told = []
    for mention, features in zip(mentions, describe(folded, mentions), strict=True):
        role, chance = linear.best(features, weights)
        told.append(replace(mention, role=role, confidence=round(math.exp(chance), 3)))
    return told
