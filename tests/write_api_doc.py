"""Writes docs/api.md: the texts below, and between them requests that are really sent to the application over `corpora/samples`.

`python -m tests.write_api_doc` reads the samples with the default model into a temporary store, runs every request, and writes what
came back. Long lists and texts of an answer are cut, and say so. Run it again when the API or the model changes.
"""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from serving.ingest import ingest
from serving.settings import Settings
from serving.store import open_store
from serving.worker import load_analyzer
from tests.api_world import OPERATOR, ok, serving
from tests.write_feed_doc import write_feed

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "api.md"
BASE = "http://127.0.0.1:8000"
COMPLAINT = "2026年3月5日我在昆明市官渡区被人以兼职刷单为名骗了。对方先后让我垫付5笔共计32800元，提现时把我拉黑，他的电话是13900000000。"
CORRECTED = COMPLAINT.replace("32800元", "32800元，后来又被骗走5000元")
TABLE = "工单编号,投诉内容,投诉时间\nGD-1,网上买二手手机被骗1800元，付款后卖家失联。,2026-03-01\nGD-2,,2026-03-02\n"

HEAD = """# 接口

本文由 `python -m tests.write_api_doc` 生成：其中的请求都真的发给了读入 `corpora/samples`（均为虚构）的服务，应答是当时所得；
过长的数组和文字有删节，删处标明。逐个字段的含义、类型和例子见运行中的 `/docs`，供程序读取的是 `/openapi.json`。

## 约定

* **启动**：`fanzha serve`（正式，设 `FANZHA_OPERATOR_KEY`）；`fanzha serve --demo` 或 `make run`（演示，只供本机，不要密钥）。
* **角色**：不带密钥即*读者*，姓名、电话、账号已脱敏，看不到未经人审核的投诉；
  `Authorization: Bearer 密钥`（`fanzha people key` 发给）为*值守人员*，看到全部。
  加 `?viewer=reader` 可以较低的角色查看，只能降低。演示中不带密钥即值守人员，但只应答本机地址和本机的名字，别的网站不能写入。
* **格式**：请求体为 UTF-8 的 JSON（导入文件为表单）；没有的字段、没有的参数一律拒绝，不会悄悄忽略。金额以元计，时间为 ISO 8601、
  与原文一样精确；地点为官方名称的路径和六位代码；偏移按字符从 0 数，不含止。
* **限度**：JSON 请求体 8 MB，一篇 20 万字，一次分析 64 篇、合计 100 万字；上传的文件 100 MB。超出为 413 或 422。
* **错误**：一律是 `application/problem+json`（RFC 9457），`title` 发现什么、`where` 在哪里、`expected` 应为什么、`advice` 怎么办。
  不会重复送来的内容。503 附 `Retry-After`。每个应答都有 `X-Request-Id`，报告问题时请附上。
* **同时多少**：同时来的投诉、文档、分析合在一起读，结果与逐件相同。要分析的请求同时至多 80 个（`FANZHA_PLACES`），满了答 503、附 `Retry-After`，
  这一件没有收下，过几秒再送；带 `Idempotency-Key` 重送不会重复。停止服务时正在读的读完，没轮到的留在收件箱，下次启动接着做。
* **多少次**：一个密钥（或登录的人）每分钟至多 6000 次，不带密钥的一个地址 600 次（`FANZHA_RATE`、`FANZHA_RATE_ANONYMOUS`，0 为不限）；应答的
  `RateLimit-Policy`、`RateLimit`（IETF 草案 draft-ietf-httpapi-ratelimit-headers-10）说限额和还剩多少，超了答 429、附 `Retry-After`。
  探活、指标和登录不算在内（登录另有限制）。
* **请求号**：送来的 `X-Request-Id`（8 至 64 个字母、数字、点、横线）原样用，没有就另编一个；应答里带回，访问日志和分析这件的日志行里都是它。
* **存盘**：`POST /v1/reports`、`/v1/documents`、`/v1/batches` 一旦应答 200、201 或 202，内容已在盘上，之后断电也不会丢。
"""


class Book:
    """Collects sections; `call` runs a request and writes it with its answer."""

    def __init__(self, api: TestClient) -> None:
        self.api = api
        self.parts = [HEAD]

    def heading(self, text: str) -> None:
        """A chapter."""
        self.parts.append(f"\n## {text}\n")

    def endpoint(self, name: str, text: str) -> None:
        """One endpoint and what it is for."""
        self.parts.append(f"\n### `{name}`\n\n{text}\n")

    def say(self, text: str) -> None:
        """A sentence between two requests."""
        self.parts.append(f"\n{text}\n")

    def call(
        self,
        method: str,
        address: str,
        *,
        operator: bool = False,
        body: Any = None,
        file: tuple[str, str] | None = None,
        **form: str,
    ) -> Any:
        """Send a request as its curl line says; write both; return the JSON."""
        line = ["curl"] + (["-X", method] if method not in ("GET", "POST") else [])
        headers = dict(OPERATOR) if operator else {}
        line += ["-H", '"Authorization: Bearer $FANZHA_OPERATOR_KEY"'] if operator else []
        sent: dict[str, Any] = {}
        if body is not None:
            line += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(json.dumps(body, ensure_ascii=False))]
            sent["json"] = body
        if file is not None:
            name, content = file
            line += [
                "-F",
                f"file=@{name}",
                *(part for key, value in form.items() for part in ("-F", shlex.quote(f"{key}={value}"))),
            ]
            sent |= {"files": {"file": (name, content.encode())}, "data": form}
        response = self.api.request(method, address, headers=headers, **sent)
        kind = response.headers.get("content-type", "").partition(";")[0]
        shown = f"```\n{response.status_code} {kind}"
        shown += "".join(
            f"\n{name}: {response.headers[name]}"
            for name in ("Location", "Link", "Retry-After")
            if name in response.headers
        )
        if "json" in kind:
            shown += f"\n```\n```json\n{pretty(short(response.json()))}\n```\n"
        else:
            shown += "\n```\n"
        self.parts.append(f"\n```sh\n{' '.join(line)} {shlex.quote(BASE + address)}\n```\n{shown}")
        return response.json() if "json" in kind else response.text


def short(value: Any, depth: int = 0) -> Any:
    """`value` with lists cut after two items (deep ones after one) and texts after 120 characters, each cut told."""
    if isinstance(value, dict):
        items = list(value.items())
        most = 6 if depth > 0 and all(isinstance(item, float) for _, item in items) else len(items)
        cut = {key: short(item, depth + 1) for key, item in items[:most]}
        return cut | ({"…": f"其余 {len(items) - most} 项从略"} if len(items) > most else {})
    if isinstance(value, list):
        most = 2 if depth < 4 or not value or not isinstance(value[0], dict) else 1
        kept = [short(item, depth + 1) for item in value[:most]]
        return kept + ([f"……其余 {len(value) - most} 项从略"] if len(value) > most else [])
    if isinstance(value, str) and len(value) > 120:
        return f"{value[:120]}……（从略）"
    return value


def pretty(value: Any, indent: str = "") -> str:
    """JSON with one line for whatever fits into one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + len(indent) <= 120 or not isinstance(value, (dict, list)):
        return line
    more = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(more + pretty(item, more) for item in value) + f"\n{indent}]"
    rows = (f"{more}{json.dumps(key, ensure_ascii=False)}: {pretty(item, more)}" for key, item in value.items())
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"


def write(api: TestClient) -> str:
    """The whole document."""
    book = Book(api)
    book.heading("事件：研究者和别的系统读的")
    book.endpoint(
        "GET /v1/incidents",
        "列出事件，最近变更的在前。筛选可同时给出：`label`（可多次）、`kind`、`place`（六位代码或其前缀）、`since`、`until`、`loss_min`、`loss_max`（元）、"
        "`q`（词语，全部都要出现，词尾加 `*` 按前缀）、`status`、`basis`。翻页用 `next` 或 `cursor`；`limit` 至多 500。"
        "`last` 是列出时的最新序号：翻完后用 `GET /v1/changes?after=首页的 last` 跟随，不会漏。",
    )  # fmt: skip
    page = book.call("GET", "/v1/incidents?limit=1&loss_min=100000")
    book.say("按地区前缀和词语（福建省，含“茶农”）：")
    book.call("GET", "/v1/incidents?place=35&limit=1&q=%E8%8C%B6%E5%86%9C")
    book.endpoint(
        "GET /v1/incidents/{incident_id}",
        "一个事件：每个值连同出处（文档、起止、至多 120 字的引文）、各来源说法不一之处、为什么认为几篇说的是同一件事。"
        "已并入别处的答 308，`Location` 为新地址。",
    )  # fmt: skip
    incident = book.call("GET", f"/v1/incidents/{page['incidents'][0]['id']}")
    book.say("没有或看不到的事件：")
    book.call("GET", "/v1/incidents/i-0123456789abcdef")
    book.endpoint(
        "GET /v1/changes",
        "`after` 之后的变更，旧的在前。序号只增不减、没有空号（读者看不到的变更不列出）；下次从 `last` 继续。"
        "可用与列出事件相同的筛选，词语 `q` 也在内：按变更前或后的事件，"
        "`filter` 说明事件进入（`entered`）、仍在（`within`）、离开（`left`）了筛选，没有筛选时为空。",
    )  # fmt: skip
    book.call("GET", "/v1/changes?after=0&limit=1")
    write_feed(book, incident["id"])
    book.heading("分析")
    book.endpoint(
        "POST /v1/analyze",
        "分析至多 64 篇文字，什么也不保存。每篇的应答与 `fanzha analyze` 的一行相同；不能分析的那一篇带 `error`。值守人员。",
    )
    book.call(
        "POST",
        "/v1/analyze",
        operator=True,
        body={"documents": [{"doc_id": "甲", "title": "兼职刷单被骗", "text": COMPLAINT}]},
    )
    book.endpoint("GET /v1/taxonomy", "标签体系：文章种类、诈骗类型、手法。")
    book.call("GET", "/v1/taxonomy")
    book.heading("投诉：反诈中心的")
    book.endpoint(
        "POST /v1/reports",
        "送来一件投诉。存盘后分析，答以类型、提及和相关事件：201 新收；200 同样的内容早已收下；202 已存盘而模型还没载入或正忙，稍后 GET。"
        "`external_id` 是来源系统的编号；`Idempotency-Key` 头使重发无害；二者用于不同内容为 409。值守人员。",
    )  # fmt: skip
    sent = {"external_id": "12345-2026-000123", "title": "刷单被骗", "text": COMPLAINT}
    sent |= {"reported_at": "2026-03-08T10:20:00+08:00", "source": "12345 热线"}
    report = book.call("POST", "/v1/reports", operator=True, body=sent)
    book.say("同一编号，不同内容：")
    book.call("POST", "/v1/reports", operator=True, body=sent | {"text": "另一件事"})
    book.say("正文里有空字符：")
    book.call("POST", "/v1/reports", operator=True, body={"text": "被骗\0了"})
    book.say("不带密钥：")
    book.call("POST", "/v1/reports", body=sent)
    book.endpoint(
        "GET /v1/reports", "列出投诉，按编号。`reviewed=false` 只列还没有人审核的，`state` 按状态。值守人员。"
    )
    book.call("GET", "/v1/reports?limit=1&reviewed=false", operator=True)
    book.endpoint("GET /v1/reports/{report_id}", "一件投诉：原文、分析、更正、相关事件。值守人员，不脱敏。")
    book.call("GET", f"/v1/reports/{report['id']}", operator=True)
    book.endpoint(
        "PUT /v1/reports/{report_id}",
        "人的决定，只改给出的字段：`text`（重新分析）、`kind`、`label`（盖过机器的判断）、`accept`（已由人审核，所属事件从此可以给读者看）。更正都留有记录。值守人员。",
    )  # fmt: skip
    address = f"/v1/reports/{report['id']}"
    book.call(
        "PUT",
        address,
        operator=True,
        body={"title": "刷单被骗", "text": CORRECTED, "by": "值班员甲", "note": "事主补充"},
    )
    book.call("PUT", address, operator=True, body={"accept": True, "by": "值班员甲"})
    book.endpoint(
        "DELETE /v1/reports/{report_id}",
        "撤回：它的案件离开所属事件，只靠它的事件撤下（`GET /v1/changes` 里是 `withdrawn`）。再撤一次没有影响。值守人员。",
    )
    book.call("DELETE", f"/v1/reports/{report['id']}", operator=True)
    book.heading("文档")
    book.endpoint("POST /v1/documents", "收下一篇文档：先存盘，后分析。同一来源的同样文字再送来为 200。值守人员。")
    story = "记者从云南省昆明市公安局官渡分局获悉，2026年2月，犯罪嫌疑人陈某丰等3人以兼职刷单为名骗取群众12.6万元，已被依法刑事拘留。"
    article = {"title": "官渡警方破获一起刷单诈骗案", "text": story, "publisher": "某报", "published": "2026-03-10"}
    article |= {"url": "https://news.example.invalid/1"}
    document = book.call("POST", "/v1/documents", operator=True, body=article)
    book.endpoint(
        "GET /v1/documents/{document_id}",
        "读者得到公开事件所引公开文章的篇首和原文地址；值守人员另有全文和分析。投诉不给读者。",
    )
    book.call("GET", f"/v1/documents/{document['document_id']}")
    book.heading("批量导入")
    book.endpoint(
        "POST /v1/batches",
        "上传一个文件（网页、文字、PDF、DOCX、邮件、WARC、CSV、XLSX、JSON、JSONL 或其 ZIP）。"
        "读不了的行各留原因，其余照收；应答时全部已在盘上，分析随后进行。"
        "`columns` 说表格的一列是什么（如 `text=投诉内容`，可多次给出），`nature` 为 `complaint` 或 `published`，都可不给。值守人员。",
    )  # fmt: skip
    batch = book.call(
        "POST", "/v1/batches", operator=True, file=("三月工单.csv", TABLE), columns="text=投诉内容", nature="complaint"
    )
    book.endpoint("GET /v1/batches", "最近的导入，新的在前。值守人员。")
    book.call("GET", "/v1/batches?limit=2", operator=True)
    book.endpoint(
        "GET /v1/batches/{batch_id}",
        "件数、分析进度、拒收的行和原因；`rows=all` 列出全部行，`after`、`limit` 翻页。值守人员。",
    )
    book.call("GET", f"/v1/batches/{batch['id']}?rows=all", operator=True)
    book.endpoint(
        "DELETE /v1/batches/{batch_id}",
        "撤销一次导入：它带来的文档撤回，别的导入也带来的保留。撤销过的再撤销为 409。编辑以上（值守密钥即可）。",
    )
    book.call("DELETE", f"/v1/batches/{batch['id']}", operator=True)
    book.heading("登录")
    book.endpoint(
        "POST /v1/session", "浏览器用名字和密码登录，得到 Cookie 和 `csrf`；程序请用密钥。连续错五次要等（429）。"
    )
    book.call("POST", "/v1/session", body={"name": "wangwu", "password": "not-the-right-one"})
    book.endpoint("GET /v1/session", "现在是谁：名字、角色、凭什么认出、密钥可做的事。")
    book.call("GET", "/v1/session", operator=True)
    book.endpoint("DELETE /v1/session", "退出登录，Cookie 清除；没有登录也无妨。登录的人要带 `X-CSRF-Token`。")
    book.call("DELETE", "/v1/session")
    book.heading("状态与说明")
    book.endpoint("GET /healthz", "进程在应答。什么也不查。")
    book.call("GET", "/healthz")
    book.endpoint("GET /readyz", "事件库、模型、收件处理是否就绪；未就绪答 503，各项说明缺什么。")
    book.call("GET", "/readyz")
    book.endpoint(
        "GET /metrics",
        "运行指标，Prometheus 的文本格式：请求与耗时（按接口）、排队与拒绝、收件箱、"
        "最老一件等了多久、分析结果的种类和类型、交人的比例、事件序号、推送滞后、"
        "模型与进程。要 `FANZHA_METRICS_KEY` 的值或管理员的密钥。",
    )
    book.parts.append(f"\n```sh\ncurl {BASE}/metrics -H 'Authorization: Bearer 监控密钥'\n```\n")
    book.endpoint("GET /", "首页：什么在哪里，最近的事件。不含脚本。")
    book.call("GET", "/")
    book.endpoint("GET /docs", "全部接口的说明：参数、字段、例子、错误、所需角色。不含脚本，不连网。")
    book.call("GET", "/docs")
    book.endpoint("GET /openapi.json", "同上，OpenAPI 3.1；每个操作的 `x-role` 是所需角色。")
    book.parts.append(f"\n```sh\ncurl {BASE}/openapi.json\n```\n")
    assert incident["id"] == page["incidents"][0]["id"]
    return "".join(book.parts)


def main() -> None:
    """Read the samples, run the requests, write the file."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(store=f"sqlite:///{folder}/fanzha.db")
        store = open_store(settings.store)
        os.chdir(ROOT)  # sources stand in answers as they were named: no path of a machine
        ingest(store, ["corpora/samples"], lambda: load_analyzer(settings))
        store.close()
        with serving(settings) as api:
            while api.get("/readyz").status_code != 200:
                pass
            ok(api.post("/v1/analyze", json={"documents": [{"text": COMPLAINT}]}, headers=OPERATOR))
            text = write(api)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}：{len(text.splitlines())} 行")


if __name__ == "__main__":
    main()
