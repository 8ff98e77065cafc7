"""What the law did. In: an article's text. Out: `Mention`s of kind "outcome": detained, arrested, prosecuted, sentenced, fined, released.

Finds 刑事拘留, 批准逮捕, 移送审查起诉, 判处有期徒刑三年六个月, 无期徒刑, 拘役五个月, 并处罚金二万元, 取保候审, 行政拘留十日, and the charge
(侵犯公民个人信息罪) that stands with it. Months are bounds: 三年至五年 = 36..60. Statutory ranges in legal advice (处三年以下有期徒刑) are left
out. The sum of a fine is an amount (`amounts`).
"""

from __future__ import annotations

import re

from nlp.extract.numerals import parse_core
from nlp.records import Mention, Outcome
from nlp.spelling import fold

_N = r"[\d一二三四五六七八九十两]{1,3}"
_TERM = rf"(?:{_N} ?年(?:零?{_N} ?个月)?(?:半)?|{_N} ?个月)"
# Every pattern begins with a plain character, so that the engine skips to it; what stands before is looked up behind a match.
_SENTENCE = re.compile(
    rf"(?P<sort>有期徒刑|拘役|管制)(?:分别)?(?P<first>{_TERM})(?: ?(?:至|到|-|—) ?(?P<last>{_TERM}))?|(?P<life>无期徒刑|死刑)",
    re.ASCII,
)
_VERB_BEFORE = re.compile(r"(?:判处|判决|获刑|判刑|被判|处|判)\Z")
_SHORT = re.compile(rf"(?:获刑|判刑|被判|领刑)(?:了)?(?P<first>{_TERM})(?: ?(?:至|到|-|—) ?(?P<last>{_TERM}))?")
_STATUTE_BEFORE = re.compile(r"(?:处|可处|或者?|并处|、)[^，。]{0,3}$")
_PART = re.compile(rf"(?:({_N}) ?年)?(?:(半)|零?({_N}) ?个月)?", re.ASCII)
# Stage words: (pattern, sort, example).
STAGES: tuple[tuple[str, str, str], ...] = (
    (r"刑事拘留|刑拘|行政拘留|治安拘留|拘留(?!所|室|证)", "detained", "被依法刑事拘留"),
    (r"采取(?:了)?刑事强制措施", "detained", "已被采取刑事强制措施"),
    (r"批准逮捕|批捕|依法逮捕|执行逮捕|被逮捕|逮捕(?!证|令|措施|并)(?<!涉嫌逮捕)", "arrested", "已被批准逮捕"),
    (r"移送审查起诉|移送起诉|提起公诉|移送(?:至)?检察机关|移诉", "prosecuted", "案件已移送审查起诉"),
    (r"取保候审|监视居住", "released", "被取保候审"),
    (r"(?:并处|判处|处以|单处)罚金|罚金", "fined", "并处罚金二万元"),
)
_STAGE = re.compile("|".join(f"(?P<s{i}>{pattern})" for i, (pattern, _, _) in enumerate(STAGES)))
_CHARGE = re.compile(
    r"(?:诈骗|合同诈骗|信用卡诈骗|贷款诈骗|集资诈骗|招摇撞骗|敲诈勒索|盗窃|抢劫|赌博|开设赌场|侵犯公民个人信息|帮助信息网络犯罪活动|非法利用信息网络|掩饰、隐瞒犯罪所得(?:、犯罪所得收益)?|洗钱"
    r"|非法吸收公众存款|组织、领导传销活动"
    r"|妨害信用卡管理|非法经营|职务侵占|侵占|伪造[^，。；罪]{2,14}|非法获取[^，。；罪]{2,16}|破坏计算机信息系统|提供侵入、非法控制计算机信息系统程序、工具|组织、?运送他人偷越国（边）境"
    r"|偷越国（边）境|虚假广告|寻衅滋事|行贿|受贿|窝藏|挪用资金|票据诈骗|保险诈骗|销售假冒注册商标的商品|非法拘禁|组织卖淫|传播淫秽物品(?:牟利)?)罪"
)
_LONGEST_CHARGE = 60  # characters, twice what _CHARGE can match
_CHARGE_REACH = 60  # characters between a charge and the outcome it belongs to, inside one sentence
_STATUTE = re.compile(
    r"(?:刑法|规定|第[一二三四五六七八九十百\d]{1,6}条|立案标准|数额较大|情节严重|最高可|可处|将被|法律责任|以上的|的，处|应当)"
)


def _months(term: str | None) -> int | None:
    """三年六个月 → 42, 十个月 → 10."""
    if not term:
        return None
    match = _PART.match(term.replace(" ", ""))
    if match is None:
        return None
    months = 0
    for text, size in ((match[1], 12), (match[3], 1)):
        quantity = parse_core(text) if text else None
        months += int(quantity.minimum) * size if quantity else 0
    return (months + (6 if match[2] else 0)) or None


def find_outcomes(text: str) -> list[Mention]:
    """Outcomes of `text`, sorted, each with the charge nearest in its sentence. Offsets into `text`, end exclusive."""
    folded = fold(text)
    found: list[tuple[int, int, str, int | None, int | None]] = []
    for match in _SENTENCE.finditer(folded):
        if match["life"]:
            found.append((match.start("life"), match.end("life"), "sentenced", None, None))
            continue
        verb = _VERB_BEFORE.search(folded, max(0, match.start() - 2), match.start())
        # 处三年以下有期徒刑, 拘役或者管制: the statute speaks, not the court.
        if folded.startswith(("以下", "以上"), match.end()) or (
            verb and verb[0] == "处" and _STATUTE_BEFORE.search(folded[max(0, match.start() - 5) : match.start()])
        ):
            continue
        low, high = _months(match["first"]), _months(match["last"])
        low, high = (low, high or low) if low is None or high is None else (min(low, high), max(low, high))
        found.append((verb.start() if verb else match.start(), match.end(), "sentenced", low, high))
    for match in _SHORT.finditer(folded):
        if not any(
            start < match.end() and match.start() < end for start, end, *_ in found[-200:]
        ) and not folded.startswith(("以下", "以上"), match.end()):
            low, high = _months(match["first"]), _months(match["last"])
            found.append((match.start(), match.end(), "sentenced", low, high or low))
    for match in _STAGE.finditer(folded):
        found.append((match.start(), match.end(), STAGES[int((match.lastgroup or "s0")[1:])][1], None, None))
    charges = [(match.start(), match.end(), match[0]) for match in _CHARGE.finditer(folded)]
    mentions = []
    pointer = 0
    for start, end, sort, low, high in sorted(found):
        # No charge within reach begins farther back than this.
        reach = max(0, start - _CHARGE_REACH - _LONGEST_CHARGE)
        sentence_start = max(folded.rfind(c, reach, start) for c in "。\n") + 1
        sentence = folded[max(sentence_start, start - 80) : end + 20]
        if _STATUTE.search(sentence) and sort in ("sentenced", "fined", "detained"):
            continue
        while pointer < len(charges) and charges[pointer][1] < start - _CHARGE_REACH:
            pointer += 1
        near = [c for c in charges[pointer : pointer + 12] if c[0] >= sentence_start and c[0] <= end + _CHARGE_REACH]
        near = [c for c in near if "。" not in folded[min(c[1], end) : max(c[0], start)]]
        charge = min(near, key=lambda c: min(abs(c[1] - start), abs(c[0] - end)))[2] if near else ""
        mentions.append(
            Mention(
                "outcome",
                start,
                end,
                text[start:end].replace("\n", ""),
                Outcome(sort, charge, low, high),
                "",
                0.9,
                "rule:outcomes",
            )
        )
    return mentions
