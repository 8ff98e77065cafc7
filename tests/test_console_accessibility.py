"""Every screen in a real browser, light and dark, under axe-core (WCAG 2.1 A and AA); and none is wider than a small laptop or a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console_world import DESKTOP, PHONE, Browser, browser, console, filled, missing

WHY = missing() or ("" if find_spec("axe_core_python") else "needs axe-core-python (make test-all)")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WHY), reason=WHY or "runs")]
SAMPLES = (
    "articles/fengqiu.md",
    "articles/fengqiu_court.txt",
    "articles/anxi.md",
    "complaints/platform_feedback.jsonl",
)
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
# Screen → address, and what is done there before it is looked at.
SCREENS: dict[str, tuple[str, Callable[[Browser], Any]]] = {
    "总览": ("/console/", lambda page: page.until(lambda: page.all("svg") and page.all(".tile"), "chart and map")),
    "事件": ("/console/incidents", lambda page: page.one(".incidents tbody tr")),
    "没有事件": ("/console/incidents?q=没有这样的词", lambda page: page.one(".empty")),
    "一个事件": ("/console/incidents/{incident}", lambda page: [each.click() for each in page.all("details summary")]),
    "研判台": ("/console/desk", lambda page: page.one("[data-report]")),
    "标注": ("/console/annotate", lambda page: page.until(lambda: page.text("#an-text"), "a document")),
    "一致与争议": ("/console/annotate/agreement", lambda page: page.one("h1")),
    "标注的导入导出": ("/console/annotate/exchange", lambda page: page.one("#export-form")),
    "标签体系": ("/console/taxonomy", lambda page: page.click("[data-rules=open][value^=split]")),
    "模型": ("/console/models", lambda page: page.click("[data-rules=card]")),
    "导入": ("/console/import", lambda page: page.one("#file")),
    "登录": ("/console/login", lambda page: page.one("[name=password]")),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("accessible")
    with console(filled(folder, *SAMPLES), folder) as address, browser(address, folder / "profile") as opened:
        yield opened
        assert opened.strangers() == []


def found_wrong(page: Browser) -> list[str]:
    """What axe finds on the page as it lies there: rule, element, and what is wrong with it."""
    from axe_core_python import base

    # Given through the driver, which the page's policy does not bind; it asks the network for nothing.
    page.driver.execute_script((Path(base.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    told = page.driver.execute_async_script(
        "const done=arguments[arguments.length-1];axe.run(document,arguments[0]).then(done,error=>done({error:String(error)}))",
        RULES,
    )
    assert "error" not in told, told
    assert len(told["passes"]) > 10  # it looked
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in told["violations"] for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen_can_be_read_and_worked_by_everybody(page: Browser, theme: str) -> None:
    incident = httpx.get(f"{page.address}/v1/incidents", timeout=60).json()["incidents"][0]["id"]
    page.theme(theme)
    wrong = []
    for name, (path, prepare) in SCREENS.items():
        page.open(path.format(incident=incident))
        assert page.driver.execute_script("return document.documentElement.dataset.theme") == theme
        prepare(page)
        wrong += [f"{name}: {line}" for line in found_wrong(page)]
        if theme == "light":  # the layout is the same in the dark
            for size in (DESKTOP, PHONE):
                page.resize(size)
                wrong += [f"{name} at {size[0]}×{size[1]}, wider than the screen: {line}" for line in page.too_wide()]
            page.resize(DESKTOP)
    assert not wrong, "\n".join(wrong)
