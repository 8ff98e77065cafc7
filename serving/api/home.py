"""`/`: a plain page that says what is where and lists the newest incidents, as the viewer may see them.

In: the viewer's role. Out: HTML without script, under a policy that loads nothing from anywhere; every value is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from nlp import mask
from serving import queries, views
from serving.api.viewer import Reader

router = APIRouter(tags=["说明"])
NEWEST = 20
STYLE = """
body{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;max-width:62rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d5d9de}h3{font-size:1rem;margin:1.6rem 0 .2rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{border-bottom:1px solid #e3e6ea;padding:.3rem .5rem;text-align:left;vertical-align:top}
code,pre{font-family:ui-monospace,Consolas,monospace;font-size:.88rem;background:#f3f5f7;overflow-wrap:anywhere}pre{padding:.6rem;white-space:pre-wrap}
.demo{background:#b3261e;color:#fff;padding:.6rem 1rem;font-weight:bold}.small{color:#5b6570;font-size:.88rem}
a{color:#0b57a4}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
DEMO = "演示：只在本机、不要密钥，看到的是未脱敏的内容。不要放入真实投诉，不要对外开放。"
_PLACES = (
    ("/v1/incidents", "事件：按类型、地区、时间、损失、词语查询，一页一页往后翻"),
    ("/v1/changes?after=0", "变更：按序号跟随，不漏不重"),
    ("/v1/taxonomy", "诈骗类型、文章种类、手法"),
    ("/v1/reports", "投诉：送来、更正、审核、撤回（值守人员）"),
    ("/v1/batches", "批量导入：上传文件、看错误、撤销（值守人员）"),
    ("/docs", "全部接口的说明"),
    ("/openapi.json", "同上，给机器读（OpenAPI 3.1）"),
    ("/readyz", "是否就绪：事件库、模型、收件箱"),
)


def page(title: str, body: str, *, demo: bool) -> HTMLResponse:
    """A whole page around `body`, which is HTML already."""
    banner = f'<p class="demo">{DEMO}</p>' if demo else ""
    head = f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head>'
    return HTMLResponse(f"{head}<body>{banner}{body}</body></html>", headers={"Content-Security-Policy": POLICY})


@router.get("/", summary="首页", response_class=HTMLResponse)
def home(request: Request, viewer: Reader) -> Any:
    """什么在哪里，最近的事件（按查看者脱敏）。"""
    demo = request.app.state.demo
    with request.app.state.engine.store.reading() as session:
        newest = [
            views.incident_line(row, viewer)
            for row in queries.list_incidents(session, viewer=viewer, limit=NEWEST).rows
        ]
    full = mask.sees_all(viewer)
    seen = "值守人员所见，未脱敏" if full else "读者所见，已脱敏"
    other = ' · <a href="/?viewer=reader">看读者所见</a>' if full else ""
    suffix = "" if full or not demo else "?viewer=reader"
    rows = "".join(_row(incident, suffix) for incident in newest) or '<tr><td colspan="5">还没有事件</td></tr>'
    places = "".join(
        f'<tr><td><a href="{address}"><code>{address}</code></a></td><td>{told}</td></tr>' for address, told in _PLACES
    )
    body = (
        f"<h1>反诈 fanzha</h1><p>把中文文章和投诉变成有结构、可引用的诈骗事件。</p><h2>什么在哪里</h2><table>{places}</table>"
        f'<h2>最近的事件</h2><p class="small">{seen}{other}</p>'
        f"<table><tr><th>时间</th><th>类型</th><th>标题</th><th>地点</th><th>金额</th></tr>{rows}</table>"
        f'<p class="small">版本 {escape(request.app.version)} · <a href="https://www.rfc-editor.org/rfc/rfc9457">错误的写法：RFC 9457</a></p>'
    )
    return page("反诈 fanzha", body, demo=demo)


def _row(incident: Mapping[str, Any], suffix: str) -> str:
    place = next((found["region"] for found in incident["places"] if found["role"] == "scene"), "")
    place = place or next((found["region"] for found in incident["places"]), "")
    total = next(iter(incident["totals"]), None)
    cells = (
        incident["first_date"] or incident["published"] or "", incident["label_name"], None, place, _money(total) if total else "",
    )  # fmt: skip
    title = escape(incident["title"][:80] or incident["id"])
    link = f'<a href="/v1/incidents/{escape(incident["id"])}{suffix}">{title}</a>'
    return "<tr>" + "".join(f"<td>{link if cell is None else escape(cell)}</td>" for cell in cells) + "</tr>"


def _money(total: Mapping[str, Any]) -> str:
    """32800 → 32,800 元; a range with a dash."""
    low, high = total["min"], total["max"]
    return f"{low:,} 元" if low == high else f"{low:,}–{high:,} 元"
