"""What the API answers beside the feed: documents, complaints, imports, the taxonomy, readiness; every field described with an example.

In: dicts and rows. Out: pydantic models. What is not declared here does not leave: FastAPI drops it.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from serving.api.bodies import EXAMPLE_COMPLAINT, LABEL, LABEL_NAME
from serving.api.feed_answers import AT, HEAD, IncidentHead
from serving.api.readings import EXAMPLE_ARTICLE, ArticleOut, example_of

_DOCUMENT, _INCIDENT, _REPORT, _BATCH = (f"{letter}-0123456789abcdef" for letter in "dirb")


class DocumentOut(BaseModel):
    """一篇文档。正文和分析只给值守人员；读者得到篇首和原文地址。"""

    id: str = Field(description="文档", examples=[_DOCUMENT])
    name: str = Field("", description="文件名或来源编号", examples=["2026-0308.html"])
    title: str = Field("", description="标题", examples=["兼职刷单骗走三万余元"])
    nature: str = Field(description="published 公开文章、complaint 投诉", examples=["published"])
    publisher: str = Field("", description="发布者", examples=["某市公安局"])
    url: str = Field("", description="原文地址", examples=["https://news.example.invalid/2026/0308.html"])
    published: str = Field("", description="发布日期", examples=["2026-03-08"])
    licence: str = Field("", description="使用许可", examples=["CC BY 4.0"])
    form: str = Field("", description="来时的形式", examples=["html"])
    sha256: str = Field("", description="收到的字节的 SHA-256", examples=["9f86d081884c7d65" * 4])
    withdrawn: bool = Field(False, description="已撤回", examples=[False])
    state: str = Field(
        "", description="accepted 已收、working 分析中、done 已完、failed 没能分析、set_aside 搁置", examples=["done"]
    )
    error: str = Field("", description="没能处理的原因（值守人员）", examples=[""])
    text: str | None = Field(None, description="全文（值守人员）", examples=["兼职刷单骗走三万余元\n3月5日……"])
    articles: list[ArticleOut] | None = Field(None, description="各篇的分析（值守人员）", examples=[[EXAMPLE_ARTICLE]])
    incidents: list[str] = Field([], description="所属事件", examples=[[_INCIDENT]])


class AcceptedOut(BaseModel):
    """送来的文档怎样了。"""

    document_id: str = Field(description="文档", examples=[_DOCUMENT])
    outcome: str = Field(description="new 新收、already 早已有", examples=["new"])
    state: str = Field(description="accepted 已收下待分析、done 已分析、failed 没能分析", examples=["done"])
    report_id: str | None = Field(None, description="投诉则为其编号", examples=[_REPORT])
    incidents: list[str] = Field([], description="所属事件", examples=[[_INCIDENT]])


class CorrectionOut(BaseModel):
    """人的更正。"""

    by: str = Field("", description="谁", examples=["值班员甲"])
    at: str = Field("", description="何时（UTC）", examples=[AT])
    note: str = Field("", description="理由", examples=["事主补充了转账记录"])
    kind: str = Field("", description="改判的种类", examples=["case"])
    label: str = Field("", description="改判的类型 id", examples=[LABEL])
    document_id: str | None = Field(None, description="更正后的文档", examples=[_DOCUMENT])
    replaces: str | None = Field(None, description="更正前的文档；未改正文则为空", examples=[None])
    earlier: list[CorrectionOut] = Field([], description="更早的更正", examples=[[]])


class FormerRulingOut(BaseModel):
    """人对更正前的正文作过的决定。正文改了，它不再管这件投诉；还要不要，由人重定。"""

    id: int = Field(description="决定", examples=[1])
    incident_id: str = Field(description="事件", examples=[_INCIDENT])
    sort: str = Field(description="merge 并入、split 拆分", examples=["merge"])
    into: str | None = Field(None, description="并入或分出的事件", examples=["i-fedcba9876543210"])
    by: str = Field("", description="谁决定", examples=["编辑甲"])
    at: str = Field(description="何时（UTC）", examples=[AT])
    note: str = Field("", description="理由", examples=["两篇说的是同一名嫌疑人"])


class ReportOut(BaseModel):
    """一件投诉、它的分析和相关事件。只给值守人员，不脱敏。"""

    id: str = Field(description="投诉", examples=[_REPORT])
    external_id: str | None = Field(None, description="来源系统的编号", examples=["12345-2026-000123"])
    document_id: str = Field(description="文档", examples=[_DOCUMENT])
    state: str = Field(
        description="received 已收待分析、analysed 已分析、corrected 已更正、withdrawn 已撤回", examples=["analysed"]
    )
    kind: str = Field("", description="种类", examples=["case"])
    label: str = Field("", description="诈骗类型 id", examples=[LABEL])
    label_name: str = Field("", description="诈骗类型", examples=[LABEL_NAME])
    confidence: float = Field(0.0, description="把握（0–1）；人判的为 1", examples=[0.97])
    review: bool = Field(False, description="机器没有把握，需要人看", examples=[False])
    reviewed_by: str = Field("", description="审核人，空为未审核", examples=["值班员甲"])
    reviewed_at: str = Field("", description="审核时刻（UTC）", examples=[AT])
    received_at: str = Field("", description="收到时刻（UTC）", examples=[AT])
    error: str = Field("", description="没能分析的原因", examples=[""])
    correction: CorrectionOut | None = Field(None, description="最近的更正", examples=[example_of(CorrectionOut)])
    former_rulings: list[FormerRulingOut] = Field(
        [], description="人对更正前的正文作过、如今不再管它的归并决定", examples=[[example_of(FormerRulingOut)]]
    )
    title: str = Field("", description="标题", examples=["刷单被骗3万余元"])
    text: str = Field("", description="全文（有标题时以标题和换行开头）", examples=[EXAMPLE_COMPLAINT])
    reported_at: str = Field("", description="投诉时间", examples=["2026-03-08T10:20:00+08:00"])
    source: str = Field("", description="受理渠道", examples=["12345 热线"])
    details: dict[str, str] = Field({}, description="其他栏目", examples=[{"涉及平台": "某聊天软件"}])
    articles: list[ArticleOut] = Field([], description="分析结果，含全部提及", examples=[[EXAMPLE_ARTICLE]])
    incidents: list[IncidentHead] = Field([], description="相关事件", examples=[[HEAD]])


class ReportPage(BaseModel):
    """一页投诉，按编号排。"""

    reports: list[ReportOut] = Field(
        description="投诉", examples=[[example_of(ReportOut, "id", "external_id", "state", "label")]]
    )
    cursor: str | None = Field(None, description="下一页的游标，没有下一页则为空", examples=[_REPORT])


class RefusalOut(BaseModel):
    """为什么拒收。"""

    code: str = Field("", description="原因种类", examples=["unreadable_input"])
    found: str = Field("", description="发现什么", examples=["没有文字"])
    where: str = Field("", description="在哪里", examples=["三月投诉.xlsx 第7行"])
    expected: str = Field("", description="应为什么", examples=["投诉内容"])
    advice: str = Field("", description="怎么办", examples=["补上后重新导入"])


class RowOut(BaseModel):
    """导入的一行。"""

    number: int = Field(description="第几件（从 1 数）", examples=[7])
    state: str = Field(description="new 新收、already 早已有、refused 拒收", examples=["refused"])
    name: str = Field("", description="行或文件的名字", examples=["三月投诉.xlsx#7"])
    document_id: str | None = Field(None, description="文档，拒收则为空", examples=[None])
    error: RefusalOut | None = Field(None, description="拒收的原因", examples=[example_of(RefusalOut)])


class ProgressOut(BaseModel):
    """这次导入的文档分析到了哪里，件数。"""

    accepted: int = Field(0, description="等待分析", examples=[0])
    working: int = Field(0, description="分析中", examples=[0])
    done: int = Field(0, description="已完成", examples=[118])
    failed: int = Field(0, description="没能分析", examples=[0])
    set_aside: int = Field(0, description="搁置", examples=[0])


class BatchHead(BaseModel):
    """一次导入。"""

    id: str = Field(description="批次", examples=[_BATCH])
    source: str = Field("", description="来自", examples=["三月投诉.xlsx"])
    nature: str = Field("", description="published、complaint，空为按内容判断", examples=["complaint"])
    state: str = Field(description="running 读取中、finished 已读完、undone 已撤销", examples=["finished"])
    new: int = Field(0, description="新收", examples=[118])
    already: int = Field(0, description="早已有", examples=[2])
    refused: int = Field(0, description="拒收", examples=[1])
    started_at: str = Field("", description="开始时刻（UTC）", examples=[AT])
    finished_at: str = Field("", description="结束时刻（UTC）", examples=[AT])


class BatchOut(BatchHead):
    """一次导入、分析进度和各行。"""

    progress: ProgressOut = Field(description="分析进度", examples=[example_of(ProgressOut)])
    rows: list[RowOut] = Field([], description="各行（默认只列拒收的）", examples=[[example_of(RowOut)]])
    rows_after: int | None = Field(None, description="后面还有时，下次用 after=这个数", examples=[None])


class BatchPage(BaseModel):
    """最近的导入，新的在前。"""

    batches: list[BatchHead] = Field(description="导入", examples=[[example_of(BatchHead)]])


class UndoneOut(BaseModel):
    """撤销的结果。"""

    id: str = Field(description="批次", examples=[_BATCH])
    state: str = Field("undone", description="undone 已撤销", examples=["undone"])
    withdrawn: int = Field(description="撤回的文档", examples=[118])
    kept: int = Field(description="别的导入也带来、因而保留的文档", examples=[2])
    changes: int = Field(description="由此产生的事件变更", examples=[97])


class LabelOut(BaseModel):
    """一种诈骗类型。"""

    id: str = Field(description="标签 id", examples=[LABEL])
    name: str = Field(description="名称", examples=[LABEL_NAME])
    meaning: str = Field(description="含义与边界", examples=["做任务、点赞、垫付后返利"])
    handbook: str = Field(description="公安部 2025 手册中的对应类", examples=["刷单返利"])


class OwnLabelOut(LabelOut):
    """现行的诈骗类型。"""

    parent: str = Field("", description="由哪个类型拆分而来，空为不是", examples=[""])


class KindOut(BaseModel):
    """一种文章。"""

    id: str = Field(description="种类 id", examples=["case"])
    name: str = Field(description="名称", examples=["案件"])
    meaning: str = Field("", description="含义", examples=["讲一起或几起具体案件"])


class TaxonomyOut(BaseModel):
    """标签体系的一个版本。"""

    version: str = Field(description="版本", examples=["2026.1"])
    kinds: list[KindOut] = Field(description="文章种类", examples=[[example_of(KindOut)]])
    labels: list[OwnLabelOut] = Field(description="诈骗类型", examples=[[example_of(OwnLabelOut)]])
    former: list[LabelOut] = Field(description="停用的、已拆分的：不再给新的，原来的判断还在其下", examples=[[]])
    successors: dict[str, str] = Field(description="已并入的类型 id → 现在的类型 id", examples=[{}])
    tactics: list[str] = Field(description="手法", examples=[["村推", "屏幕共享"]])


class Health(BaseModel):
    """进程在应答。"""

    status: str = Field(description="总是 ok", examples=["ok"])


class Readiness(BaseModel):
    """什么已就绪，什么还没有。"""

    ready: bool = Field(description="可以受理", examples=[True])
    store: str = Field(description="事件库：ok，或出了什么错", examples=["ok"])
    model: str = Field(
        description="模型：ok、loading 载入中、failed 没能载入（原因见日志与 fanzha doctor）", examples=["ok"]
    )
    worker: str = Field(description="收件处理：ok，或 stopped 已停", examples=["ok"])
    sealing: str | None = Field(
        default=None, description="只对管理员：字段加密 on，或 off（库里是明文）", examples=[None]
    )
    inbox: ProgressOut = Field(
        default_factory=ProgressOut, description="收件箱各状态的件数", examples=[example_of(ProgressOut)]
    )
