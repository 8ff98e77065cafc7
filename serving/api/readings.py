"""What an analysis looks like on the wire, field by field: the objects that `nlp.wire` writes, for OpenAPI and docs.

In: dicts of `nlp.wire`. Out: pydantic models; fields that an object does not have are left out of the answer. For analysts only:
nothing here is masked. One model holds the fields of all kinds of mentions, each told where it occurs.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from serving.api.bodies import LABEL

Number = int | float


def example_of(model: type[BaseModel], *names: str) -> dict[str, Any]:
    """An object out of the first example of every field of `model` (or of those named)."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return {
        name: field.examples[0] for name, field in fields.items() if field.examples and (not names or name in names)
    }


class ValueOut(BaseModel):
    """一个值；哪些字段出现取决于种类。"""

    model_config = ConfigDict(populate_by_name=True)

    region: str = Field("", description="地点：官方名称的路径", examples=["云南省/昆明市"])
    code: str = Field("", description="地点：六位行政区划代码，未定则为空", examples=["530100"])
    level: str = Field("", description="地点：country、province、city、county、town、village、spot", examples=["city"])
    town_code: str = Field("", description="地点：乡级代码", examples=["530102001"])
    candidates: list[str] = Field([], description="地点：未能确定时的候选", examples=[["云南省/昆明市"]])
    id: str = Field("", description="金额：本篇内的编号", examples=["a1"])
    value_min: Number = Field(0, description="金额：下限（原币种）", examples=[32800])
    value_max: Number = Field(0, description="金额：上限（原币种）", examples=[32800])
    currency: str = Field("", description="金额：币种（ISO 4217，或 USDT 等）", examples=["CNY"])
    cny_min: Number | None = Field(None, description="金额：下限（元），外币为空", examples=[32800])
    cny_max: Number | None = Field(None, description="金额：上限（元），外币为空", examples=[32800])
    per: str = Field("", description="金额：单价的单位", examples=["条"])
    part_of: str = Field("", description="金额：是哪一笔的一部分", examples=["a1"])
    same_as: str = Field("", description="金额：与哪一笔是同一笔", examples=["a1"])
    name: str = Field("", description="人员、机构、平台：名称", examples=["陈某丰"])
    form: str = Field(
        "", description="人员：full 全名、masked 隐名、titled 称谓、alias 绰号、foreign 外文", examples=["masked"]
    )
    age: int | None = Field(None, description="人员：年龄", examples=[34])
    gender: str = Field("", description="人员：性别", examples=["男"])
    origin: str = Field("", description="人员：籍贯或住地（只给值守人员）", examples=["云南昆明人"])
    relation: str = Field("", description="人员：身份或关系", examples=["民警"])
    sort: str = Field("", description="机构、账号、联系方式、平台、结果：细类", examples=["police"])
    start_at: str = Field("", alias="from", description="时间：起", examples=["2026-03-05"])
    to: str = Field("", description="时间：止", examples=["2026-03-05"])
    precision: str = Field("", description="时间：year、month、day、hour、minute、range、duration", examples=["day"])
    duration: str = Field("", description="时间：时长（ISO 8601）", examples=["P3M"])
    min: int = Field(0, description="数量：下限", examples=[5])
    max: int = Field(0, description="数量：上限", examples=[5])
    unit: str = Field("", description="数量：量词", examples=["名"])
    what: str = Field("", description="数量：victims 受害人、suspects 涉案人、accounts 账号等", examples=["victims"])
    number: str = Field("", description="账号：号码", examples=["6222***********0000"])
    valid: bool | None = Field(None, description="账号：校验位是否相符", examples=[True])
    address: str = Field("", description="联系方式：号码或地址", examples=["138****0000"])
    charge: str = Field("", description="结果：罪名", examples=["诈骗罪"])
    months_min: int | None = Field(None, description="结果：刑期下限（月）", examples=[24])
    months_max: int | None = Field(None, description="结果：刑期上限（月）", examples=[36])


class SpanOut(BaseModel):
    """原文中的一处。"""

    surface: str = Field(description="原文的写法（换行除外）", examples=["32800元"])
    start: int = Field(description="起（原文中第几个字符，从 0 数）", examples=[41])
    end: int = Field(description="止（不含）", examples=[47])


class MentionOut(ValueOut, SpanOut):
    """文中提到的一处：种类、位置、值、作用、由谁识别。"""

    kind: str = Field(
        "",
        description="种类：place、amount、person、organisation、time、count、account、contact、platform、outcome",
        examples=["amount"],
    )
    role: str = Field("", description="作用：损失 loss、案发地 scene、嫌疑人 suspect 等", examples=["loss"])
    confidence: float = Field(1.0, description="把握（0–1）", examples=[0.9])
    found_by: str = Field("", description="由谁识别：rule:规则名 或 model:版本", examples=["rule:amounts"])


_SPAN = example_of(SpanOut)
_MENTION = _SPAN | {
    "value_min": 32800,
    "value_max": 32800,
    "currency": "CNY",
    "role": "loss",
    "found_by": "rule:amounts",
}


def _mentions(what: str, example: dict[str, Any]) -> Any:
    return Field([], description=what, examples=[[_SPAN | example]])


class PersonOut(BaseModel):
    """案中的一个人。"""

    name: str = Field(description="最全的写法", examples=["陈某丰"])
    role: str = Field(description="suspect 嫌疑人、victim 受害人、official 办案人员、other 其他", examples=["suspect"])
    mentions: list[SpanOut] = Field(
        [], description="各处提及", examples=[[{"surface": "陈某丰", "start": 3, "end": 6}]]
    )
    confidence: float = Field(1.0, description="把握（0–1）", examples=[0.9])
    age: int | None = Field(None, description="年龄", examples=[34])
    gender: str = Field("", description="性别", examples=["男"])
    origin: str = Field("", description="籍贯或住地", examples=["云南昆明人"])
    relation: str = Field("", description="身份或关系", examples=["无业"])


class CaseOut(BaseModel):
    """文中讲的一起案件。"""

    label: str = Field(description="诈骗类型 id", examples=[LABEL])
    summary: str = Field("", description="摘要：原文的一句", examples=["先后转账5笔共计32800元"])
    start: int = Field(0, description="讲这起案件的部分：起", examples=[0])
    end: int = Field(0, description="讲这起案件的部分：止", examples=[52])
    confidence: float = Field(0.0, description="类型的把握（0–1）", examples=[0.97])
    tactics: list[str] = Field([], description="手法", examples=[["引流拉群"]])
    places: list[MentionOut] = _mentions(
        "地点", {"surface": "昆明", "region": "云南省/昆明市", "code": "530100", "role": "scene"}
    )
    amounts: list[MentionOut] = _mentions(
        "金额", {"value_min": 32800, "value_max": 32800, "currency": "CNY", "role": "loss"}
    )
    persons: list[PersonOut] = Field(
        [], description="人员", examples=[[{"name": "陈某丰", "role": "suspect", "mentions": []}]]
    )
    organisations: list[MentionOut] = _mentions(
        "机构", {"surface": "某市公安局", "name": "某市公安局", "sort": "police"}
    )
    times: list[MentionOut] = _mentions(
        "时间", {"surface": "3月5日", "from": "2026-03-05", "to": "2026-03-05", "precision": "day"}
    )
    accounts: list[MentionOut] = _mentions(
        "账号、证件号", {"surface": "6222…0000", "number": "6222…0000", "sort": "bank_card"}
    )
    contacts: list[MentionOut] = _mentions("联系方式", {"surface": "138…0000", "address": "138…0000", "sort": "phone"})
    platforms: list[MentionOut] = _mentions("平台、应用", {"surface": "支付宝", "name": "支付宝", "sort": "payment"})
    counts: list[MentionOut] = _mentions(
        "数量", {"surface": "5名", "min": 5, "max": 5, "unit": "名", "what": "victims"}
    )
    outcomes: list[MentionOut] = _mentions("法律结果", {"surface": "刑事拘留", "sort": "detained"})


class ArticleOut(BaseModel):
    """文档中的一篇：种类、类型、提及、案件。"""

    title: str = Field("", description="标题", examples=["兼职刷单被骗"])
    start: int = Field(0, description="在文档中的起", examples=[0])
    end: int = Field(0, description="在文档中的止", examples=[52])
    byline: str = Field("", description="署名", examples=["记者 某某"])
    dateline: str = Field("", description="电头", examples=["（据某社电）"])
    publisher: str = Field("", description="文中写明的来源", examples=["某市公安局"])
    published: str = Field("", description="发布日期", examples=["2026-03-08"])
    kind: str = Field("", description="case 案件、advisory 提示、unrelated 无关", examples=["case"])
    kind_confidence: float = Field(0.0, description="种类的把握（0–1）", examples=[0.99])
    label: str = Field("", description="最可能的诈骗类型 id；无关的文章为非诈骗", examples=[LABEL])
    also: list[str] = Field([], description="其次的类型", examples=[[]])
    confidence: float = Field(0.0, description="类型的把握（0–1）", examples=[0.97])
    labels: dict[str, float] = Field({}, description="各类型的概率", examples=[{LABEL: 0.97}])
    review: bool = Field(False, description="机器没有把握，需要人看", examples=[False])
    corrected_by: str = Field("", description="由谁改判（只在存下的文档中）", examples=["值班员甲"])
    model: str = Field("", description="所用模型", examples=["fanzha-lexical 2026.11"])
    tactics: list[str] = Field([], description="手法", examples=[["引流拉群"]])
    mentions: list[MentionOut] = Field([], description="全部提及", examples=[[_MENTION | {"kind": "amount"}]])
    cases: list[CaseOut] = Field(
        [], description="案件", examples=[[{"label": LABEL, "summary": "先后转账5笔共计32800元"}]]
    )


EXAMPLE_ARTICLE = {"kind": "case", "label": LABEL, "confidence": 0.97, "review": False, "cases": [{"label": LABEL}]}


class LineOut(BaseModel):
    """一篇文字的分析，与 fanzha analyze 的一行相同。"""

    doc_id: str = Field(description="送来时的编号，没有则为 text-序号", examples=["投诉-0001"])
    articles: list[ArticleOut] = Field([], description="切分出的各篇", examples=[[EXAMPLE_ARTICLE]])
    error: str = Field("", description="这一篇没能分析的原因", examples=[""])


class AnalyzeOut(BaseModel):
    """分析结果。"""

    documents: list[LineOut] = Field(
        description="每篇一个，顺序不变", examples=[[{"doc_id": "投诉-0001", "articles": [EXAMPLE_ARTICLE]}]]
    )
    model: str = Field("", description="所用模型", examples=["fanzha-lexical 2026.11"])
