"""Writes docs/screens/: every screen of the console over the samples, light, dark, and on a phone.

Run: python -m tests.write_screenshots [FOLDER [SCREEN…]]. Reads corpora/samples with the default model, starts the real console and a real
Chromium. Each picture is smaller than 300 kB; a screen that does not come up, or is wider than
its window, ends the run with what stood there instead.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.console_world import DESKTOP, PHONE, ROOT, Browser, browser, console, filled, missing

MOST_BYTES = 300_000
# The case that four sources of the samples tell.
TOLD = "点赞三天挣了94块"
THEMES = (("light", DESKTOP), ("dark", DESKTOP), ("phone", PHONE))


def overview(page: Browser) -> None:
    """总览 with all its figures."""
    page.open("/console/?days=30")
    page.until(lambda: page.all("svg") and "上升的手法" in page.text() and page.all(".cities li"), "the figures")


def incidents(page: Browser) -> None:
    """事件, largest losses first."""
    page.open("/console/incidents?sort=-loss")
    page.until(lambda: "共" in page.text(".total"), "the count")


def incident(page: Browser) -> None:
    """One incident with the evidence of its loss lit."""
    page.open(f"/console/incidents?q={TOLD}")
    address = page.one(".incidents .what a").get_attribute("href")
    page.open(address.removeprefix(page.address))
    page.until(
        lambda: [fact.click() or True for fact in page.all("button.fact") if "18.6万元" in fact.text][:1], "the loss"
    )
    page.one("mark.here")
    page.driver.execute_script("scrollTo(0,0)")


def ruling(page: Browser) -> None:
    """The same incident beside the one that the machine finds most alike, or any other, before a person merges them."""
    incident(page)
    page.click("#panel-merge summary")
    if not page.all("#panel-merge [data-rules=compare]"):
        page.one("#panel-merge [name=other]").send_keys("诈骗\n")
    page.click("#panel-merge [data-rules=compare]")
    page.until(lambda: page.all(".versus"), "both side by side")
    page.driver.execute_script("document.querySelector('.rulings').scrollIntoView()")


def desk(page: Browser) -> None:
    """研判台 with a complaint that has cases read in it."""
    page.open("/console/desk")
    page.until(lambda: page.all("[data-report]"), "a complaint")
    for _ in range(3):
        if page.all("table.read"):
            return
        before = page.one("[data-report]").get_attribute("data-report")
        page.press("s")
        page.until(lambda before=before: page.one("[data-report]").get_attribute("data-report") != before, "the next")


def annotate(page: Browser) -> None:
    """标注 with a span chosen in a document that has several."""
    page.open("/console/annotate")
    page.until(lambda: page.text("#an-text"), "a document")
    for _ in range(12):
        if len(page.all("#an-text mark")) > 5:
            break
        before = page.text("#an-text")
        page.press("s")
        page.until(lambda before=before: page.text("#an-text") != before, "the next")
    page.press("n")
    page.one("#an-palette .button")
    page.driver.execute_script("document.querySelector('#an-text').scrollTop=0;scrollTo(0,0)")


def bring_in(page: Browser) -> None:
    """导入 with a sheet whose columns are recognised."""
    page.open("/console/import")
    page.one("#file").send_keys(str(ROOT / "corpora" / "samples" / "complaints" / "hotline_orders.csv"))
    page.until(lambda: page.all(".sample tbody tr"), "the preview")
    time.sleep(4)  # the word 正在上传 goes again


def taxonomies(page: Browser) -> None:
    """标签体系 with a split in the draft, its numbers beside it."""
    page.open("/console/taxonomy")
    page.until(lambda: page.all(".labels"), "the labels")
    if not page.all(".effects"):
        page.click("[data-rules=open][value^='split ']")
        words = ("part_tasks", "做任务返利", "part_orders", "网店刷信誉")
        for name, value in zip(("id1", "name1", "id2", "name2"), words, strict=True):
            page.one(f"#change [name={name}]").send_keys(value)
        page.click("#change [type=submit]")
        page.until(lambda: page.all(".effects"), "the numbers")
    page.driver.execute_script("scrollTo(0,0)")


def models(page: Browser) -> None:
    """模型 with the two shipped ones tried beside each other."""
    page.open("/console/models")
    page.until(lambda: page.all(".models-list"), "the models")
    page.click("[name=count] option[value='20']")
    page.click("form[data-ruling=trial] [type=submit]")
    page.until(lambda: page.all(".trial-told"), "the comparison")
    page.driver.execute_script("scrollTo(0,0)")


SCREENS: tuple[tuple[str, Callable[[Browser], None]], ...] = (
    ("overview", overview), ("incidents", incidents), ("incident", incident), ("ruling", ruling), ("desk", desk),
    ("annotate", annotate), ("taxonomy", taxonomies), ("models", models), ("import", bring_in),
)  # fmt: skip


def main(folder: Path, wanted: Sequence[str] = ()) -> None:
    """Write all pictures, or those of the screens that are named."""
    if reason := missing():
        raise SystemExit(reason)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        room = Path(scratch)
        with console(filled(room, ""), room) as address:
            for theme, size in THEMES:
                with browser(address, room / theme, size) as page:
                    page.theme("dark" if theme == "dark" else "light")
                    for name, go in SCREENS:
                        if wanted and name not in wanted:
                            continue
                        go(page)
                        time.sleep(0.5)
                        if wide := page.too_wide():
                            raise SystemExit(f"{name}-{theme}：页面比窗口宽，要左右拖：{'；'.join(wide)}")
                        picture = folder / f"{name}-{theme}.png"
                        page.driver.save_screenshot(str(picture))
                        shrink(picture)
                        print(f"{picture.name}  {picture.stat().st_size / 1000:.0f} kB")


def shrink(picture: Path) -> None:
    """256 colours are enough for a screen, where Pillow is there to choose them. Raises SystemExit for what stays too large."""
    try:
        from PIL import Image
    except ImportError:
        pass
    else:
        with Image.open(picture) as drawn:
            drawn.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
    if picture.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{picture} 有 {picture.stat().st_size} 字节，应不超过 {MOST_BYTES}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screens", sys.argv[2:])
