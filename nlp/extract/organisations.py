"""Organisations: police units, courts, procuratorates, governments, banks, companies, media, schools.

In: an article's text. Out: organisation mentions with name and sort, sorted by start; offsets into the text. Names are found from
their ends (公安局, 人民法院, 有限公司) and run left to a division's name or to a word that cannot be part of a name.
Does not resolve names to registered bodies and does not say whose place is meant (`nlp.extract.places`).
"""

from __future__ import annotations

import re

from nlp.extract.gazetteer import Hit, scan
from nlp.records import Mention, Organisation
from nlp.spelling import fold

# Sort → ends of a name. An example and a counter-example stand beside each.
ENDS: tuple[tuple[str, str], ...] = (
    # 昆明市禄劝县公安局马鹿塘派出所, 贵港市公安局网安支队, 济南警方; not 公安机关
    ("police", "公安[厅局](?:[一-鿿]{1,6}分局)?(?:[一-鿿]{2,8}?(?:派出所|支队|大队|中队|反诈中心))?|"
     "公安分局(?:[一-鿿]{2,8}?(?:派出所|大队))?|分局(?:[一-鿿]{2,6}?派出所)?|派出所|"
     "(?:刑侦|网安|经侦|刑警|反诈|治安|巡特警|特警)(?:支队|大队)|反(?:电信)?(?:网络)?(?:电?诈骗?)(?:骗)?(?:犯罪)?中心|警方"),
    ("court", "(?:[高中]级)?人民法院|中院|法院"),  # 邓州市人民法院; not 法院 alone
    ("procuratorate", "人民检察院|检察院"),  # 城关区检察院
    # 海珠区人民政府, 市场监督管理局; not 公安机关
    ("government", "人民政府|[市县区镇乡]政府|管理局|监督局|监管局|教育局|民政局|税务局|信访局|住建局|城管局|"
     "街道办事处|委员会(?:办公室)?"),
    ("bank", "(?:农村?商业?银行|农商行|银行|信用社|信用联社)(?:[一-鿿]{2,8}?[支分]行)?|[支分]行"),  # 瑞安农商银行; not 银行卡
    ("company", "有限责任公司|股份有限公司|有限公司|公司"),  # 广西某农贸有限公司; not 该公司
    ("media", "日报|晚报|早报|晨报|商报|都市报|时报|青年报|法治报|新闻网|电视台|广播台|融媒体中心|融媒"),  # 濮阳日报
    ("school", "大学|学院|中学|小学|职高|技校|幼儿园"),  # not 小学生, 大学生
    ("other", "协会|医院|基金会|俱乐部|供销社|合作社|事务所"),
)  # fmt: skip
_GROUPS = "|".join(f"(?P<{sort}>{pattern})" for sort, pattern in ENDS)
_END = re.compile(rf"(?:{_GROUPS})(?![卡生员号人们]|账户|账号|流水|机关|干警)")

# The beginnings of all ends, as plain words: looked for first, ten times faster than the pattern itself.
_KEY = re.compile(
    "公安|分局|派出所|刑侦|网安|经侦|刑警|反诈|反电|反网|治安|巡特警|特警|警方|高级|中级|人民|中院|法院|检察院|市政府|县政府|区政府|镇政府|乡政府|"
    "管理局|监督局|监管局|教育局|民政局|税务局|信访局|住建局|城管局|街道办|委员会|农村|农商|农业|商业|银行|信用社|信用联|支行|分行|有限|股份|公司|"
    "日报|晚报|早报|晨报|商报|都市报|时报|青年报|法治报|新闻网|电视台|广播台|融媒|大学|学院|中学|小学|职高|技校|幼儿园|"
    "协会|医院|基金会|俱乐部|供销社|合作社|事务所"
)
# What a name cannot hold, looked for backwards from its end: punctuation and the words around names in running text.
_BREAK = re.compile(
    r"[他她你我]们?|[^一-鿿A-Za-z0-9·（）()]|[在被向由到从经对与是的了将为以称后前等及该我其此并至就让给把据令请找去往赴于和]|[年月日时元名个]|"
    r"民警|警方|报案|报警|联合|近日|目前|随后|记者|接到|来到|赶到|前往|协助|配合|自称|冒充|通过|注册|成立|经营|开办|设立|开设|出资|投资|租用|汇入|转入|存入|打入|应聘|入职|某日|一家|这家|多家|两家|名下|指导|"
    r"自己|只能|求助|回复|答复|联系|投诉|举报|起诉|利用|使用|冒用|借用|盗用|登录|操作|读完|考上|毕业|就读|嫌弃|获[法刑]|判决|店内|辖区|附近|属于"
)  # fmt: skip
_REACH = 24  # characters to the left; the longest police unit in the gold texts has 22
_ALONE = {"police", "bank"}  # 公安局刑侦大队 without a place is a name, 公司 without one is not


def _start(folded: str, end: int, begin: int, hits: list[Hit]) -> int:
    """Where the name that ends with folded[begin:end] begins: at its first division, else behind the last break."""
    left = max(0, begin - _REACH)
    # 1. Divisions chained up to the end, or to a stretch without a break before the end.
    inside = [hit for hit in hits if left <= hit.start and hit.end <= begin + 2 and not hit.foreign]
    start = begin
    for hit in reversed(inside):
        gap = folded[hit.end : start] if hit.end <= start else ""
        if hit.ordinary and not (hit.end >= begin or start < begin):
            continue
        if _BREAK.search(gap) or len(gap) > 14:
            break
        start = hit.start
    if start < begin:
        return start
    # 2. No division: what stands between the last break and the end.
    cut = left
    for match in _BREAK.finditer(folded, left, begin):
        cut = match.end()
    return cut


def find_organisations(text: str) -> list[Mention]:
    """Organisation mentions of an article's text, sorted by start, not overlapping; offsets into `text`."""
    folded = fold(text)
    hits = list(scan(folded))
    mentions: list[Mention] = []
    first = 0  # hits before this one end too early to matter; keeps the walk linear
    reached = 0
    for key in _KEY.finditer(folded):
        match = _END.match(folded, key.start()) if key.start() >= reached else None
        if match is None:
            continue
        begin, end = match.span()
        reached = end
        while first < len(hits) and hits[first].end < begin - _REACH - 12:
            first += 1
        near = []
        for hit in hits[first : first + 24]:
            if hit.start >= end:
                break
            near.append(hit)
        start = _start(folded, end, begin, near)
        sort = str(match.lastgroup)
        if mentions and start < mentions[-1].end:
            start = max(start, mentions[-1].end)
        if start >= begin and (sort not in _ALONE or end - begin < 4):
            continue  # 公司, 法院, 银行 alone name nobody
        name = text[start:end]
        mentions.append(
            Mention("organisation", start, end, name, Organisation(name, sort), confidence=0.9, found_by=f"rule:{sort}")
        )
    return mentions
