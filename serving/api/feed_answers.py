"""What the feed answers, field by field: incidents with their values and evidence, changes. Each with a Chinese description and example.

In: dicts of `serving.views`. Out: pydantic models. What is not declared here does not leave: FastAPI drops it. Masking has been
done before (`serving.views`, `nlp.mask`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from serving.api.bodies import LABEL, LABEL_NAME
from serving.api.readings import Number, ValueOut, example_of

AT = "2026-03-08T02:20:00.000Z"
_DOCUMENT, _INCIDENT = "d-0123456789abcdef", "i-0123456789abcdef"


class PlaceOut(BaseModel):
    """事件的一个地点。"""

    region: str = Field(description="官方名称的路径", examples=["云南省/昆明市"])
    code: str = Field("", description="六位行政区划代码", examples=["530100"])
    role: str = Field(
        "",
        description="scene 案发地、victim_home 受害人住地、suspect_home 嫌疑人住地、arrest 抓获地、handling_police 办案地、other",
        examples=["scene"],
    )
    sources: int = Field(1, description="几个独立来源这样说", examples=[2])


class TotalOut(BaseModel):
    """一类金额的合计，元。"""

    role: str = Field(
        description="loss 损失、gain 违法所得、flow 涉案资金、recovered 追回、frozen 冻结、fine 罚金", examples=["loss"]
    )
    min: Number = Field(description="下限（元）", examples=[32800])
    max: Number = Field(description="上限（元）", examples=[32800])


class PersonHead(BaseModel):
    """事件中的一个人。"""

    name: str = Field(description="姓名（按查看者脱敏）", examples=["陈某丰"])
    role: str = Field(description="suspect 嫌疑人、victim 受害人、official 办案人员、other 其他", examples=["suspect"])
    age: int | None = Field(None, description="年龄", examples=[34])


class SourceOut(BaseModel):
    """一个来源。读者看到的投诉来源只有编号。"""

    document_id: str = Field(description="文档", examples=[_DOCUMENT])
    doc_id: str = Field("", description="文件名或来源编号", examples=["2026-0308.html"])
    title: str = Field("", description="标题", examples=["兼职刷单骗走三万余元"])
    publisher: str = Field("", description="发布者", examples=["某市公安局"])
    url: str = Field("", description="原文地址", examples=["https://news.example.invalid/2026/0308.html"])
    published: str = Field("", description="发布日期", examples=["2026-03-08"])
    nature: str = Field("", description="published 公开文章、complaint 投诉", examples=["published"])
    reviewed: bool = Field(False, description="投诉已由人审核", examples=[False])
    licence: str = Field("", description="使用许可", examples=["CC BY 4.0"])


class EvidenceOut(BaseModel):
    """一个值的出处。"""

    document_id: str = Field(description="文档", examples=[_DOCUMENT])
    start: int = Field(description="值在文档中的起", examples=[41])
    end: int = Field(description="值在文档中的止", examples=[47])
    found_by: str = Field("", description="由谁识别：rule:规则名 或 model:版本", examples=["rule:amounts"])
    quote: str = Field("", description="引文，至多 120 字", examples=["先后转账5笔共计32800元"])
    quote_start: int = Field(0, description="引文在文档中的起", examples=[33])


class FactOut(BaseModel):
    """事件的一个值，连同出处。"""

    kind: str = Field(
        description="种类：place、amount、person、organisation、time、count、account、contact、platform、outcome",
        examples=["amount"],
    )
    role: str = Field("", description="作用", examples=["loss"])
    text: str = Field(description="写法", examples=["3.28万元"])
    value: ValueOut = Field(
        description="规范化的值", examples=[{"value_min": 32800, "value_max": 32800, "currency": "CNY"}]
    )
    token: str = Field(
        "",
        description="卡号、电话、微信等的带密钥记号：同一个值记号相同，看不到号码的人也能知道两个事件用的是同一个；没有设数据密钥、"
        "证件号、来源已经遮住的、受害人的，为空",
        examples=["k-5f0c1d2e3a4b5c6d7e8f"],
    )
    confidence: float = Field(description="把握（0–1）", examples=[0.9])
    sources: int = Field(1, description="几个独立来源这样说", examples=[2])
    aliases: list[str] = Field([], description="其他写法", examples=[["陈某"]])
    evidence_total: int = Field(
        0, description="各来源共几处这样说；`evidence` 是其中前 50 处，公开来源在前", examples=[2]
    )
    evidence: list[EvidenceOut] = Field([], description="出处", examples=[[example_of(EvidenceOut)]])


class TellingOut(BaseModel):
    """几种说法之一。"""

    text: str = Field(description="说法", examples=["18000名"])
    sources: int = Field(description="几个独立来源这样说", examples=[1])
    document_ids: list[str] = Field([], description="哪些文档", examples=[[_DOCUMENT]])


class ContradictionOut(BaseModel):
    """各来源说法不一之处。"""

    field: str = Field(description="哪一项", examples=["受害人数"])
    tellings: list[TellingOut] = Field(description="各种说法", examples=[[example_of(TellingOut)]])


class LinkOut(BaseModel):
    """为什么认为两篇说的是同一件事。"""

    first: str = Field(description="一篇中的案件", examples=["c-0123456789abcdef"])
    second: str = Field(description="另一篇中的案件", examples=["c-fedcba9876543210"])
    score: float = Field(
        description="分数；有独特的相同之处（少见的姓名、零头金额、自有平台……）时 3.5 以上算同一件，否则 5 以上",
        examples=[5.2],
    )
    decision: str = Field(description="reprint 转载、same 同一件、undecided 待定、apart 不同", examples=["same"])
    agreed: list[str] = Field([], description="相同之处", examples=[["地点同为云南省/昆明市"]])
    contradicted: list[str] = Field([], description="不同之处", examples=[[]])
    decided_by: str = Field("", description="由谁决定", examples=["rule:compare/3"])


class TokenOut(BaseModel):
    """一个卡号、电话、微信等的带密钥记号。"""

    sort: str = Field(
        description="号码的种类：bank_card、payment、wallet、phone、landline、wechat、qq、telegram、email",
        examples=["bank_card"],
    )
    token: str = Field(description="同一个值记号相同", examples=["k-5f0c1d2e3a4b5c6d7e8f"])


class IncidentHead(BaseModel):
    """列表中的一个事件。"""

    id: str = Field(description="事件，终身不变", examples=[_INCIDENT])
    revision: int = Field(description="第几版", examples=[2])
    sequence: int = Field(description="最近一次变更的序号", examples=[128])
    label: str = Field(description="诈骗类型 id", examples=[LABEL])
    label_name: str = Field(description="诈骗类型", examples=[LABEL_NAME])
    also: list[str] = Field([], description="别的来源判的类型", examples=[[]])
    title: str = Field(description="标题", examples=["兼职刷单骗走三万余元"])
    summary: str = Field(
        description="摘要：公开来源中的一句；只有投诉时由各值拼成，不含投诉原话",
        examples=["2026年3月，云南省昆明市，刷单返利，损失3.28万元"],
    )
    confidence: float = Field(description="类型的把握（0–1）", examples=[0.97])
    status: str = Field(
        description="alleged 涉嫌、detained 已抓获、charged 已移诉、convicted 已判、cleared 已排除",
        examples=["detained"],
    )
    basis: str = Field(description="complaint 投诉、published 报道、police 警方、court 法院", examples=["police"])
    tlp: str = Field("", description="TLP 2.0 标记", examples=["clear"])
    public: bool = Field(description="读者可见", examples=[True])
    review: bool = Field(description="机器对类型没有把握", examples=[False])
    first_date: str | None = Field(None, description="最早的时间", examples=["2026-03-05"])
    last_date: str | None = Field(None, description="最晚的时间", examples=["2026-03-08"])
    published: str | None = Field(None, description="最近一次发布", examples=["2026-03-08"])
    places: list[PlaceOut] = Field([], description="地点", examples=[[example_of(PlaceOut)]])
    totals: list[TotalOut] = Field(
        [], description="各类金额合计，部分与重复不重复计", examples=[[example_of(TotalOut)]]
    )
    persons: list[PersonHead] = Field([], description="人员（按查看者脱敏）", examples=[[example_of(PersonHead)]])
    tactics: list[str] = Field([], description="手法", examples=[["引流拉群"]])
    tokens: list[TokenOut] = Field(
        [],
        description="卡号、电话、微信等的带密钥记号，用来串案；没有设数据密钥则为空",
        examples=[[example_of(TokenOut)]],
    )
    sources: list[SourceOut] = Field([], description="来源", examples=[[example_of(SourceOut)]])
    independent_sources: int = Field(1, description="互相独立的来源数（转载不另计）", examples=[2])
    models: list[str] = Field([], description="判类所用模型", examples=[["fanzha-lexical 2026.11"]])
    created_at: str = Field(description="建立时刻（UTC）", examples=[AT])
    revised_at: str = Field(description="修订时刻（UTC）", examples=[AT])


class IncidentOut(IncidentHead):
    """一个事件，连同每个值的出处。"""

    facts: list[FactOut] = Field([], description="每个值及其出处", examples=[[example_of(FactOut)]])
    contradictions: list[ContradictionOut] = Field(
        [], description="各来源说法不一之处", examples=[[example_of(ContradictionOut)]]
    )
    links: list[LinkOut] = Field([], description="为什么认为这些来源说的是同一件事", examples=[[example_of(LinkOut)]])


HEAD = example_of(IncidentHead, "id", "sequence", "label", "label_name", "title", "summary")


class IncidentPage(BaseModel):
    """一页事件，最近变更的在前。"""

    incidents: list[IncidentHead] = Field(description="事件", examples=[[HEAD]])
    cursor: int | None = Field(None, description="下一页的游标，没有下一页则为空", examples=[128])
    next: str | None = Field(
        None, description="下一页的地址，没有则为空", examples=["/v1/incidents?limit=20&cursor=128"]
    )
    last: int = Field(
        description="列出时的最新序号；翻完各页后用 GET /v1/changes?after=首页的这个数 跟随，不会漏", examples=[131]
    )


class FacetsOut(BaseModel):
    """变更前或后，事件可供筛选的几项。"""

    label: str = Field("", description="诈骗类型 id", examples=[LABEL])
    codes: list[str] = Field([], description="地区代码", examples=[["530100"]])
    loss_min_fen: int | None = Field(None, description="损失下限（分）", examples=[3280000])
    loss_max_fen: int | None = Field(None, description="损失上限（分）", examples=[3280000])
    first_date: str | None = Field(None, description="最早的时间", examples=["2026-03-05"])
    last_date: str | None = Field(None, description="最晚的时间", examples=["2026-03-08"])
    published: str | None = Field(None, description="最晚的发布日期", examples=["2026-03-08"])
    status: str = Field("", description="进展", examples=["detained"])
    basis: str = Field("", description="依据", examples=["police"])
    tlp: str = Field("", description="TLP 2.0 标记", examples=["clear"])
    public: bool = Field(False, description="读者可见", examples=[True])


class SidesOut(BaseModel):
    """变更前后：跟随者据此知道事件进入或离开了他的筛选。"""

    before: FacetsOut | None = Field(None, description="变更前；新增、恢复的为空", examples=[None])
    after: FacetsOut | None = Field(None, description="变更后；撤下、并入的为空", examples=[example_of(FacetsOut)])
    into: list[str] = Field([], description="拆分出了哪些事件", examples=[[]])
    parent: str | None = Field(None, description="从哪个事件拆分而来", examples=[None])
    expired: list[str] = Field(
        [], description="到期去掉了哪几类内容（contacts、accounts、addresses、victims、names、personal、quotes、text）；事件还在", examples=[[]],
    )  # fmt: skip


class Change(BaseModel):
    """一条变更。"""

    sequence: int = Field(description="只增不减、没有空号的序号（读者看不到的变更不列出）", examples=[128])
    incident_id: str = Field(description="事件", examples=[_INCIDENT])
    kind: str = Field(
        description="created 新增、revised 修订、split 拆分、merged 并入、withdrawn 撤下、expired 到期删除、marked 改标记、"
        "restricted 收回、restored 恢复",
        examples=["revised"],
    )
    revision: int = Field(description="事件的第几版", examples=[2])
    at: str = Field(description="发生时刻（UTC）", examples=[AT])
    redirect: str | None = Field(None, description="并入了哪个事件", examples=["i-fedcba9876543210"])
    summary: SidesOut = Field(description="变更前后的要点", examples=[example_of(SidesOut)])
    filter: Literal["entered", "within", "left"] | None = Field(
        None, description="带筛选跟随时：entered 进入筛选、within 仍在其中、left 离开；没有筛选为空", examples=["left"]
    )


class ChangePage(BaseModel):
    """某个序号之后的变更，旧的在前。"""

    changes: list[Change] = Field(description="变更", examples=[[example_of(Change)]])
    last: int = Field(description="下次从 after=这个数 继续", examples=[128])
    more: bool = Field(description="后面还有没有", examples=[False])
