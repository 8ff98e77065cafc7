"""The Chinese words under which `fanzha show` names kinds of mentions, roles and sorts.

In: ids of `nlp.records`. Out: words for people. It names no scam types: those stand in the taxonomy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from nlp.money import write_money
from nlp.records import (
    Account,
    Amount,
    Contact,
    Count,
    Mention,
    Moment,
    Organisation,
    Outcome,
    PersonName,
    Place,
    Platform,
)

# In the order of the legend: who, where, how much, when; then the rest.
KINDS: Mapping[str, str] = {
    "person": "人物", "place": "地点", "amount": "金额", "time": "时间", "organisation": "机构", "platform": "平台",
    "account": "账号", "contact": "联系方式", "count": "数量", "outcome": "处理结果",
}  # fmt: skip

ROLES: Mapping[str, Mapping[str, str]] = {
    "person": {"suspect": "嫌疑人", "victim": "受害人", "official": "办案、专家等", "other": "其他人"},
    "place": {
        "scene": "案发地", "victim_home": "受害人所在地", "suspect_home": "嫌疑人所在地", "arrest": "抓获地",
        "handling_police": "办案地", "other": "其他地点",
    },
    "amount": {
        "loss": "损失", "gain": "获利", "flow": "流水", "recovered": "追回", "frozen": "冻结", "payment": "付款",
        "price": "价格", "fine": "罚款", "other": "其他金额",
    },
}  # fmt: skip

SORTS: Mapping[str, Mapping[str, str]] = {
    "organisation": {
        "police": "公安机关", "court": "法院", "procuratorate": "检察院", "government": "政府部门", "bank": "银行",
        "company": "公司", "media": "媒体", "school": "学校", "other": "机构",
    },
    "platform": {
        "app": "应用", "payment": "支付", "social": "社交", "shop": "网店", "bank": "银行应用", "site": "网站", "other": "平台",
    },
    "account": {"bank_card": "银行卡", "id_number": "身份证", "wallet": "钱包地址", "payment": "支付账号"},
    "contact": {
        "phone": "手机", "landline": "座机", "wechat": "微信", "qq": "QQ", "email": "邮箱", "url": "网址", "domain": "域名",
        "telegram": "Telegram",
    },
    "count": {
        "victims": "受害人数", "suspects": "嫌疑人数", "accounts": "账户数", "cards": "卡数", "phones": "手机数",
        "records": "信息条数", "cases": "案件数", "other": "数量",
    },
    "outcome": {
        "detained": "拘留", "arrested": "逮捕", "prosecuted": "起诉", "sentenced": "判刑", "fined": "处罚", "released": "释放",
    },
}  # fmt: skip

_DURATION = {"Y": "年", "M": "个月", "W": "周", "D": "天"}


def tag(mention: Mention) -> str:
    """The short word that stands beside a mention: its role, else its sort, else its kind."""
    word = ROLES.get(mention.kind, {}).get(mention.role, "")
    if not word or mention.role == "other":
        sort = mention.value.what if isinstance(mention.value, Count) else getattr(mention.value, "sort", "")
        word = SORTS.get(mention.kind, {}).get(sort, "") or word
    return word or KINDS[mention.kind]


def value_text(mention: Mention) -> str:
    """The normalised value in words, unmasked: 河南省/新乡市/封丘县, 3.5元/单, 10月14日, 拘留（诈骗罪）."""
    match value := mention.value:
        case Place():
            return value.region or "未定：" + "、".join(value.candidates)
        case Amount():
            return write_money(value.value_min, value.value_max, value.currency) + (
                f"/{value.per}" if value.per else ""
            )
        case PersonName() | Organisation() | Platform():
            return value.name
        case Moment():
            return moment(value)
        case Count():
            low, high = value.minimum, value.maximum
            return f"{low}{value.unit}" if low == high else f"{low}–{high}{value.unit}"
        case Account():
            return value.number
        case Contact():
            return value.address
        case Outcome():
            charge = f"（{value.charge}）" if value.charge else ""
            return SORTS["outcome"].get(value.sort, value.sort) + charge + _months(value)


def _months(outcome: Outcome) -> str:
    if outcome.months_min is None:
        return ""
    low, high = outcome.months_min, outcome.months_max
    return f" {low}个月" if high in (low, None) else f" {low}–{high}个月"


def moment(value: Moment) -> str:
    """A time for people: 2023-10-11, 10月14日, 15日, 2023-01 至 2023-05, 3天; 日期未定 where the text leaves it open."""
    if value.start:
        ends = dict.fromkeys((_day(value.start), _day(value.end or value.start)))
        return " 至 ".join(ends)
    if found := re.fullmatch(r"P(\d{1,9})([YMWD])", value.duration):
        return f"{found[1]}{_DURATION[found[2]]}"
    return value.duration or "日期未定"


def _day(day: str) -> str:
    if found := re.fullmatch(r"--(\d\d)-(\d\d)(T.*)?", day):
        return f"{int(found[1])}月{int(found[2])}日" + (found[3] or "").replace("T", " ")
    if found := re.fullmatch(r"---?(\d\d)(T.*)?", day):
        unit = "日" if day.startswith("---") else "月"
        return f"{int(found[1])}{unit}" + (found[2] or "").replace("T", " ")
    return day.replace("T", " ")
