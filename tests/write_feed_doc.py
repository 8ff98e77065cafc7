"""The part of docs/api.md about the feed's shapes, streams and webhooks: called by `tests.write_api_doc`."""

from __future__ import annotations

from typing import Any


def write_feed(book: Any, incident: str) -> None:
    """Every address of the feed beside the plain lists, with what it answers for `incident`."""
    book.endpoint(
        "GET /v1/incidents.{shape}",
        "同一列表的各种形式：`json`、`jsonl`（每行一个事件，连同出处）、`feed`（JSON Feed 1.1）、`atom`、`csv`（公式已防）、`parquet`、`stix`"
        "（STIX 2.1）。也可用 `Accept`：`application/x-ndjson`、`application/feed+json`、`application/atom+xml`、`text/csv`、"
        "`application/vnd.apache.parquet`、`application/stix+json`。下一页在 `Link` 头里；各形式都经同样的脱敏。带 `ETag`，未变答 304。",
    )
    for shape in ("csv?limit=2", "feed?limit=1", "atom?limit=1"):
        book.call("GET", f"/v1/incidents.{shape}")
    book.endpoint(
        "GET /v1/incidents/{incident_id}.{shape}",
        "一个事件的各种形式；`stix` 给出含地点、机构、引文和 TLP 2.0 标记的包。",
    )
    book.call("GET", f"/v1/incidents/{incident}.stix")
    book.endpoint(
        "GET /v1/changes/stream",
        "变更流（SSE）。每条变更一个事件：`event: change`，`id` 为序号，`data` 同 `GET /v1/changes` 的一条；筛选之外的进展为 `event: position`。"
        "断线后带 `Last-Event-ID` 重连，不漏不重；一条流至多 `FANZHA_STREAM_SECONDS` 秒。",
    )
    book.call("GET", "/v1/changes/stream?after=2")
    book.endpoint(
        "GET /v1/incidents/{incident_id}/history",
        "一个事件的全部变更；并入或撤下之后仍可查。`as_of=序号` 看当时的内容。",
    )
    book.call("GET", f"/v1/incidents/{incident}/history")
    book.endpoint(
        "GET /v1/incidents/{incident_id}/evidence", "一个事件的全部出处（事件里每个值只带前 50 处），可翻页。"
    )
    book.call("GET", f"/v1/incidents/{incident}/evidence?limit=2")
    book.endpoint("GET /v1/incidents/{incident_id}/similar", "可能有关、还不到算作同一件的事件，附相同和不同之处。")
    book.call("GET", f"/v1/incidents/{incident}/similar?limit=1")
    book.endpoint(
        "GET /v1/stats",
        "事件数和损失（范围），按 `year`、`month`、`day`、`label`、`province`、`city`、`county` 分组，可筛选类型、地区、时间。由日合计得出。",
    )
    book.call("GET", "/v1/stats?by=year&by=province")
    book.heading("归并：人的决定")
    book.endpoint("POST /v1/incidents/{incident_id}/mark", "改 TLP 2.0 标记；amber 及以上不再给读者看。编辑以上。")
    mark = book.call(
        "POST",
        f"/v1/incidents/{incident}/mark",
        operator=True,
        body={"tlp": "green", "by": "编辑甲", "note": "按来源要求"},
    )
    book.endpoint(
        "POST /v1/incidents/{incident_id}/merge",
        "人认定两个事件是同一件；原编号转到新的地址。带 `revision`、`into_revision` 则事件变了得 409。编辑以上。",
    )
    book.call("POST", f"/v1/incidents/{incident}/merge", operator=True, body={"into": incident, "by": "编辑甲"})
    book.endpoint("POST /v1/incidents/{incident_id}/split", "人认定这些来源说的是另一件；机器不会再并起来。编辑以上。")
    book.call(
        "POST",
        f"/v1/incidents/{incident}/split",
        operator=True,
        body={"document_ids": ["d-0123456789abcdef"], "by": "编辑甲"},
    )
    book.endpoint("GET /v1/decisions", "人的决定：并入、拆分、改标记，连同谁、何时、为何、是否已撤销。编辑以上。")
    book.call("GET", "/v1/decisions", operator=True)
    book.endpoint("POST /v1/decisions/{decision_id}/undo", "撤销一个决定，恢复原状；决定和撤销都留在记录里。编辑以上。")
    book.call("POST", f"/v1/decisions/{mark['id']}/undo", operator=True, body={"by": "编辑乙"})
    book.heading("TAXII 2.1：别的平台取 STIX")
    root = "/taxii2/feed/"
    collections = f"{root}collections/"
    book.endpoint("GET /taxii2/", "发现：有哪些 API root。")
    book.call("GET", "/taxii2/")
    book.endpoint(f"GET {root}", "API root：版本与上限。")
    book.call("GET", root)
    book.endpoint(f"GET {collections}", "集合：只有一个，即查看者可见的全部事件。")
    collection = book.call("GET", collections)["collections"][0]["id"]
    here = f"{collections}{collection}/"
    there = f"{collections}{{collection_id}}/"
    book.endpoint(f"GET {there}", "集合的说明。")
    book.call("GET", here)
    book.endpoint(
        f"GET {there}objects/",
        "按加入的先后翻页：`limit`、`next`、`added_after`，筛选 `match[id]`、`match[type]`、`match[version]`、`match[spec_version]`。"
        "被修订的事件在末尾再次出现，撤下的成为 `revoked` 对象，并入别处的带 `duplicate-of` 关系。",
    )
    found = book.call("GET", f"{here}objects/?limit=2&match%5Btype%5D=incident")
    name = found["objects"][0]["id"]
    book.endpoint(f"GET {there}objects/{{object_id}}/", "一个对象的现有版本。")
    book.call("GET", f"{here}objects/{name}/")
    book.endpoint(f"GET {there}objects/{{object_id}}/versions/", "一个对象有哪些版本（只保存现有的）。")
    book.call("GET", f"{here}objects/{name}/versions/")
    book.endpoint(f"GET {there}manifest/", "清单：id、加入时刻、版本。")
    book.call("GET", f"{here}manifest/?limit=2&match%5Btype%5D=incident")
    book.endpoint(
        "GET /v1/stix/incident-extension.json",
        "STIX incident 扩展的 JSON Schema：金额、地点、人员、手法、说法不一之处。",
    )
    book.call("GET", "/v1/stix/incident-extension.json")
    book.heading("推送（webhook）")
    book.endpoint(
        "POST /v1/webhooks",
        "建立推送：从此刻起，每条合乎筛选的变更向该地址 POST 一次（筛选与列出事件相同，都写在请求体里；变更前或后合乎的都推，"
        "`filter` 说明进入、仍在还是离开），按 Standard Webhooks 签名。答 2xx 为送达，否则按 5 秒、5 分、30 分……退避，"
        "十次不成即放弃；对方答 410 即停。只推送到公网 https 地址，不跟随重定向。管理员（值守密钥即可）。",
    )
    made = book.call(
        "POST",
        "/v1/webhooks",
        operator=True,
        body={"url": "https://hooks.example.invalid/fanzha", "place": "53", "note": "预警平台"},
    )
    book.endpoint("GET /v1/webhooks", "全部推送和各自等待、送达、放弃的条数。管理员。")
    book.call("GET", "/v1/webhooks", operator=True)
    address = f"/v1/webhooks/{made['id']}"
    book.endpoint("GET /v1/webhooks/{webhook_id}/deliveries", "一个推送最近的消息；`state=dead` 只列已放弃的。管理员。")
    book.call("GET", f"{address}/deliveries", operator=True)
    book.endpoint("POST /v1/webhooks/{webhook_id}/replay", "重发已放弃的，或 `after` 之后的全部。管理员。")
    book.call("POST", f"{address}/replay", operator=True, body={"after": 0})
    book.endpoint("DELETE /v1/webhooks/{webhook_id}", "撤销推送。管理员。")
    book.call("DELETE", address, operator=True)
