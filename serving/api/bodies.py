"""What goes in over the web: JSON bodies as pydantic models, each field with a Chinese description and example.

In: JSON. Out: checked values. Limits here are the API's own; files have those of `corpora.limits`. Text with NUL or half a surrogate
pair is refused here: PostgreSQL stores no NUL, UTF-8 carries no half pair.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)

from nlp import taxonomy
from nlp.errors import InputError
from serving.api import problems
from serving.api.problems import MediaTypeError

# The longest real page seen has 16,000 characters; a complaint of a million is a file to import, not a request to wait for.
MAX_TEXT = 200_000
MAX_DOCUMENTS = 64
# 64 pages of real length. An analysis reads about 100,000 characters a second.
MAX_CHARACTERS = 1_000_000
MAX_DETAILS = 40
FORM_FIELDS = ("file", "columns", "nature")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]")
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
DATE = rf"^(?:|[0-9]{{4}}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01])(?:[T ]{_CLOCK})?)?)$"
EXAMPLE_COMPLAINT = "我叫李小梅，3月5日在网上看到兼职刷单，对方让我垫付，先后转账5笔共计32800元，要求提现时被拉黑。"
LABEL, LABEL_NAME = (_first := taxonomy.load().labels[0]).id, _first.name


def storable(text: str) -> str:
    """`text`; raises ValueError where it holds what no store can keep."""
    if _UNSTORABLE.search(text):
        raise ValueError("含空字符或不成对的代理字符")
    return text


def not_blank(text: str) -> str:
    """`text`; raises ValueError where nothing is in it but spaces and control characters."""
    if not _VISIBLE.search(text):
        raise ValueError("没有文字")
    return text


class _LabelSchema:
    """Makes OpenAPI list the labels of the current taxonomy, read when the document is built."""

    @staticmethod
    def __get_pydantic_json_schema__(_core: Any, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(taxonomy.load().label_ids)}


def known_label(label: str) -> str:
    """`label` as it is called now (one that was merged is its successor); raises ValueError where the taxonomy does not know it."""
    known = taxonomy.load()
    label = known.now(label)
    if label not in known.label_ids and not known.is_former(label):
        raise ValueError("未知类型，应为 GET /v1/taxonomy 列出的 id")
    return label


def _length(most: int, least: int = 0) -> StringConstraints:
    return StringConstraints(min_length=least, max_length=most)


# The patterns stand in OpenAPI; the validators check them, and half pairs too, with words that people understand.
Line = Annotated[str, AfterValidator(storable), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
Told = Annotated[
    str,
    AfterValidator(storable),
    AfterValidator(not_blank),
    Field(json_schema_extra={"pattern": r"^[^\u0000]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000]*$"}),
]
Text = Annotated[Told, _length(MAX_TEXT, 1)]
Short = Annotated[Line, _length(500)]
Date = Annotated[str, StringConstraints(max_length=40, pattern=DATE)]
KnownLabel = Annotated[str, AfterValidator(known_label), _LabelSchema]
Nature = Literal["published", "complaint"]


class Strict(BaseModel):
    """Unknown fields are an error: a misspelt one must not vanish."""

    model_config = ConfigDict(extra="forbid")


class TextIn(Strict):
    """一篇文字。"""

    doc_id: Annotated[Line, _length(300)] | None = Field(
        None, description="调用方自己的编号，原样返回", examples=["投诉-0001"]
    )
    title: Short = Field("", description="标题；给出时，偏移从“标题+换行+正文”算起", examples=["兼职刷单被骗"])
    text: Text = Field(description="正文", examples=[EXAMPLE_COMPLAINT])
    published: Date = Field("", description="发布日期（ISO 8601），用来推算“去年”“昨日”", examples=["2026-03-08"])


class AnalyzeIn(Strict):
    """要分析的文字；什么也不保存。"""

    documents: list[TextIn] = Field(
        min_length=1, max_length=MAX_DOCUMENTS, description=f"一次至多 {MAX_DOCUMENTS} 篇、合计 {MAX_CHARACTERS} 字",
        examples=[[{"doc_id": "投诉-0001", "text": EXAMPLE_COMPLAINT}]],
    )  # fmt: skip

    @model_validator(mode="after")
    def _bounded(self) -> AnalyzeIn:
        if sum(len(document.text) for document in self.documents) > MAX_CHARACTERS:
            raise ValueError(f"合计超过 {MAX_CHARACTERS} 字，请分几次发送")
        return self


class DocumentIn(TextIn):
    """要收下的一篇文档：先存盘，后分析。"""

    nature: Nature = Field("published", description="published 公开文章、complaint 投诉", examples=["published"])
    publisher: Short = Field("", description="发布者", examples=["某市公安局"])
    url: Annotated[Line, _length(2000)] = Field(
        "", description="原文地址", examples=["https://news.example.invalid/2026/0308.html"]
    )
    licence: Short = Field("", description="使用许可", examples=["CC BY 4.0"])


class ReportIn(Strict):
    """一件投诉。"""

    external_id: Annotated[Told, _length(200, 1)] | None = Field(
        None, description="来源系统的编号，唯一", examples=["12345-2026-000123"]
    )
    title: Short = Field("", description="标题", examples=["刷单被骗3万余元"])
    text: Text = Field(description="投诉原文", examples=[EXAMPLE_COMPLAINT])
    reported_at: Date = Field("", description="投诉时间（ISO 8601）", examples=["2026-03-08T10:20:00+08:00"])
    source: Short = Field("", description="受理渠道", examples=["12345 热线"])
    details: dict[Annotated[Line, _length(60, 1)], Annotated[Line, _length(2000)]] = Field(
        default_factory=dict, max_length=MAX_DETAILS, description="其他栏目，原样保存，只给值守人员看", examples=[{"涉及平台": "某聊天软件"}],
    )  # fmt: skip


def _given(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": [field], "properties": {field: schema}}


_STRING = {"type": "string"}
# What `CorrectionIn._says_something` checks, as JSON Schema.
_SOMETHING: dict[str, Any] = {
    "anyOf": [*(_given(field, _STRING) for field in ("text", "label", "kind")), _given("accept", {"const": True})],
    "dependentSchemas": {"title": _given("text", _STRING)},
}


class CorrectionIn(Strict):
    """人对一件投诉的决定；只改给出的字段，至少给出正文、种类、类型、确认之一。"""

    model_config = ConfigDict(json_schema_extra=_SOMETHING)

    text: Text | None = Field(None, description="改正后的原文（重新分析）", examples=[EXAMPLE_COMPLAINT])
    title: Short = Field("", description="改正后的标题；须同时给出正文", examples=["刷单被骗3万余元"])
    label: KnownLabel | None = Field(None, description="诈骗类型 id，见 GET /v1/taxonomy", examples=[LABEL])
    kind: Literal["case", "advisory", "unrelated"] | None = Field(
        None, description="case 案件、advisory 提示、unrelated 无关", examples=["case"]
    )
    accept: bool = Field(False, description="已由人审核：所属事件可以给读者看", examples=[True])
    note: Annotated[Line, _length(2000)] = Field("", description="理由", examples=["事主补充了转账记录"])
    by: Annotated[Line, _length(120)] = Field("", description="审核人", examples=["值班员甲"])

    @model_validator(mode="after")
    def _says_something(self) -> CorrectionIn:
        if self.text is None and "title" in self.model_fields_set:
            raise ValueError("只给了标题，须同时给出正文")
        if not (self.accept or self.text or self.label or self.kind):
            raise ValueError("没有要更正的内容：给出正文、种类、类型、确认之一")
        return self


def known_query(request: Request) -> None:
    """A dependency of every route: no parameter in the address that the route does not know. Raises InputError.

    A misspelt filter that vanished would answer with everything.
    """
    known = _query_names(request.scope["route"].dependant)
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise InputError(
            "没有这个参数",
            where=problems.field_path(("query", unknown[0])),
            expected="、".join(sorted(known)) or "不带参数",
            advice="改正后重发",
        )


def _query_names(dependant: Any) -> frozenset[str]:
    """The query parameters of a route, its dependencies' included."""
    names = {field.alias for field in dependant.query_params}
    return frozenset(names.union(*(_query_names(inner) for inner in dependant.dependencies)))


def json_body(request: Request) -> None:
    """A dependency: the body is JSON. Raises MediaTypeError."""
    _demand(request, "application/json")


async def multipart_body(request: Request) -> None:
    """A dependency: the body is a form with the fields we know. Raises MediaTypeError, InputError."""
    _demand(request, "multipart/form-data")
    unknown = [name for name in (await request.form()) if name not in FORM_FIELDS]
    if unknown:
        raise InputError(
            "没有这个表单字段",
            where=problems.field_path(("body", unknown[0])),
            expected="、".join(FORM_FIELDS),
            advice="改正后重发",
        )


def _demand(request: Request, wanted: str) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != wanted:
        raise MediaTypeError("不支持这种内容类型", where="Content-Type", expected=wanted, advice="改正后重发")


# Named after the role in a route's parameters, so that who may not use a route is told that first.
JsonBody = Annotated[None, Depends(json_body)]
MultipartBody = Annotated[None, Depends(multipart_body)]
