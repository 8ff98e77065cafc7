"""The frame of every screen: where one is, where one can go, the demo's banner, light and dark, what stands there when all fails.

In: a room, a visitor, the screen's name. Out: NiceGUI elements around the screen's own. It asks the store nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from nicegui import app as pages
from nicegui import background_tasks, ui
from nicegui.client import Client
from nicegui.page import page as page_of

from nlp.errors import FanzhaError, NotFoundError
from serving.console import attach
from serving.console.html_parts import Html, empty, join, tag, void
from serving.console.room import BASE, Room, Visitor, told
from serving.showing_html import HUES

# Drawn for this project: 24 × 24, one line.
_ICONS = {
    "overview": "M4 20V10m5 10V4m5 16v-8m5 8V7",
    "incidents": "M4 5h16M4 10h16M4 15h16M4 20h10",
    "desk": "M12 3v18M4 8h16M7 8l-3 7h6zm10 0-3 7h6z",
    "annotate": "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
    "taxonomy": "M5 4v16M5 8h6M5 16h6M14 5h6v6h-6zM14 13h6v6h-6z",
    "models": "M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9",
    "bring": "M12 4v11m-5-5 5 5 5-5M4 20h16",
}
# Address, name, icon, the lowest role that may use it.
SCREENS = (
    ("/", "总览", "overview", "reader"),
    ("/incidents", "事件", "incidents", "reader"),
    ("/desk", "研判台", "desk", "analyst"),
    ("/annotate", "标注", "annotate", "editor"),
    ("/taxonomy", "标签体系", "taxonomy", "editor"),
    ("/models", "模型", "models", "editor"),
    ("/import", "导入", "bring", "analyst"),
)
# A page that is not full by then is shown empty first. NiceGUI gives up on a page that has not come out after PAGE_SECONDS.
AT_ONCE_SECONDS = 1.0
PAGE_SECONDS = 60.0
CONNECT_SECONDS = 120.0
ENDED = "登录已结束或身份已变，没有保存。请在另一页登录后回来重试，已输入的不会丢"
DEMO = "演示：本机任何人打开都是值守人员，内容未脱敏。请勿放入真实案件。"


def _icon(name: str) -> Html:
    return Html(
        '<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{_ICONS[name]}"/></svg>'
    )


def head() -> str:
    """What goes into `<head>`: the theme before anything is drawn, our sheet, our script, the hues of the kinds of mentions."""
    hues = "".join(f".k-{kind}{{--hue:{hue}}}" for kind, hue in HUES.items())
    return (
        "<script>document.documentElement.dataset.theme=(document.cookie.match(/fanzha_theme=(light|dark)/)||[])[1]||"
        '(matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light")</script>'
        f'<link rel="stylesheet" href="{BASE}/static/console.css?{attach.version()}"><style>{hues}</style>'
        f'<script defer src="{BASE}/static/console.js?{attach.version()}"></script><meta name="referrer" content="no-referrer">'
    )


@contextmanager
def frame(room: Room, visitor: Visitor, here: str, title: str) -> Iterator[None]:
    """Everything of a page but its own content, which the caller draws inside. `here`: the address in SCREENS."""
    ui.page_title(f"{title} · 反诈")
    ui.add_head_html(head())
    _one_main()
    with ui.element("div").classes("shell"):
        ui.html(_rail(room, visitor, here), sanitize=False, tag="header").classes("rail")
        with ui.element("div").classes("room"):
            if room.demo:
                ui.html(_banner(visitor), sanitize=False).classes("banner").props("role=region aria-label=演示")
            with ui.element("main").props("id=main tabindex=-1").classes("main"):
                yield


def _one_main() -> None:
    """NiceGUI's page (a `q-page`) is a `<main>` around everything; a page has one, which is ours. The sheet gives the height that it gave."""
    for around in ui.context.client.page_container.default_slot.children:
        around.tag = "div"


def _rail(room: Room, visitor: Visitor, here: str) -> Html:
    links = [
        tag(
            "a", _icon(icon), tag("span", name), href=f"{BASE}{address}", class_="on" if address == here else None,
            aria_current="page" if address == here else None,
        )
        for address, name, icon, minimum in SCREENS
        if visitor.may(minimum)
    ]  # fmt: skip
    return join(
        tag("a", "跳到正文", href="#main", class_="skip"),
        tag("a", tag("b", "反诈"), tag("small", "fanzha"), href=f"{BASE}/", class_="brand"),
        tag("nav", links, aria_label="主导航"),
        tag(
            "div",
            tag("p", visitor.name, class_="who"),
            None
            if room.demo
            else tag("button", "退出", type="button", data_logout=True, class_="quiet")
            if visitor.sees_all
            else tag("a", "登录", href=f"{BASE}/login", class_="quiet"),
            tag("button", "切换深浅色", type="button", data_theme_toggle=True, class_="quiet"),
            tag("button", "快捷键 ?", type="button", data_help=True, class_="quiet"),
            tag("a", "接口说明", href="/docs", class_="quiet"),
            class_="foot",
        ),
    )


def _banner(visitor: Visitor) -> Html:
    if visitor.sees_all:
        return join(tag("span", DEMO), tag("button", "看读者所见", type="button", data_viewer="reader"))
    return join(
        tag("span", "演示：正在以读者身份查看，姓名、账号、联系方式已脱敏。"),
        tag("button", "回到值守人员", type="button", data_viewer=""),
    )


async def patiently(work: Coroutine[Any, Any, None]) -> None:
    """Fill a page; one that is not full after a moment goes out as it is and is filled when it stands, so that nobody sees nothing."""
    client = ui.context.client

    async def inside() -> None:
        with client:
            await work

    filling = background_tasks.create(inside())
    await asyncio.wait({filling}, timeout=AT_ONCE_SECONDS)
    if not filling.done():
        await client.connected(timeout=CONNECT_SECONDS)
    await filling


def refuse(visitor: Visitor, whom: str = "值守人员") -> None:
    """What somebody sees where only the staff may work, or only the editors."""
    advice: Any = "回到值守人员身份后可用。" if visitor.demo else tag("a", "登录后可用", href=f"{BASE}/login")
    if visitor.sees_all:
        advice = f"您的身份不够；请管理员用 fanzha people change 把您设为{whom}。"
    ui.html(empty(f"这里只供{whom}使用", advice), sanitize=False)


def tell(text: str, *, bad: bool = False) -> None:
    """A short message at the lower edge; failures stay until they are closed."""
    ui.notify(
        text, type="negative" if bad else "positive", position="bottom", timeout=0 if bad else 4000,
        close_button="关闭" if bad else False, multi_line=len(text) > 40,
    )  # fmt: skip


def register(room: Room) -> None:
    """Register the page where people log in; the form is sent to the API, which sets the cookie and counts failures."""

    @ui.page("/login", title="登录")
    def login(request: Request) -> None:
        with frame(room, room.visitor(request), "", "登录"):
            fields = [
                tag("label", tag("span", "名字"), void("input", name="name", autocomplete="username", required=True)),
                tag(
                    "label",
                    tag("span", "密码"),
                    void("input", name="password", type="password", autocomplete="current-password", required=True),
                ),
            ]
            button = tag("button", "登录", type="submit", class_="button main-act")
            form = tag(
                "form",
                tag("h1", "登录"),
                fields,
                tag("p", "", class_="refusal", role="alert"),
                button,
                data_login=True,
                class_="card login",
            )
            ui.html(form, sanitize=False)


def register_errors(room: Room) -> None:
    """Pages for what is not there and for what went wrong, in Chinese, in the same frame."""

    def draw(request: Any, status: int, heading: str, advice: str) -> Any:
        with Client(page_of(""), request=request) as client:
            with frame(room, room.visitor(request), "", heading):
                back = tag("a", "回到事件", href=f"{BASE}/incidents", class_="button")
                ui.html(empty(heading, advice, back), sanitize=False)
            return client.build_response(request, status)

    @pages.exception_handler(404)
    async def missing(request: Any, error: Exception) -> Any:
        if "/_nicegui/" in request.url.path or "/static/" in request.url.path:
            from fastapi.responses import PlainTextResponse

            return PlainTextResponse("没有这个文件", 404)
        return draw(request, 404, "没有这个页面", "地址可能打错了，或内容已经撤回。")

    @pages.on_page_exception
    def failed(error: Exception) -> None:
        ui.add_head_html(head())
        _one_main()
        gone = isinstance(error, NotFoundError)
        heading = "没有找到" if gone else "页面没有打开"
        advice = (
            error.found + (f"（{error.where}）" if error.where else "")
            if isinstance(error, FanzhaError)
            else told(error)
        )
        with ui.element("div").classes("shell alone"), ui.element("main").classes("main"):
            ui.html(
                empty(heading, advice, tag("a", "回到事件", href=f"{BASE}/incidents", class_="button")), sanitize=False
            )
