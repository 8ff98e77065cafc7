"""Whole tasks in a real browser on the real console over samples; afterwards nothing has left the machine and no script failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.console import shape_map
from serving.page_list import MOST
from tests.console_world import PATIENCE, Browser, browser, console, filled, missing
from tests.test_watch import Site
from tests.test_watch import page as article

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "runs")]
INCIDENT = "articles/fengqiu.md"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("console")
    samples = (
        INCIDENT,
        "articles/fengqiu_court.txt",
        "articles/anxi.md",
        "articles/xiamen.txt",
        "complaints/platform_feedback.jsonl",
    )
    with console(filled(folder, *samples), folder, FANZHA_FETCH_HOSTS="127.0.0.1", FANZHA_MAP="shapes") as started:
        yield started


@pytest.fixture
def page(address: str, tmp_path: Path) -> Iterator[Browser]:
    with browser(address, tmp_path) as opened:
        yield opened
        assert opened.strangers() == []
        assert opened.complaints() == []


def test_an_incident_is_found_by_place_and_its_evidence_read(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    page.open("/console/incidents")
    everything = page.until(lambda: max(0, len(page.all(".incidents tbody tr")) - 3), "more than three rows") + 3
    # 1. Narrow by a place's name; the address says what is seen.
    page.one("[name=place]").send_keys("封丘县")
    page.until(lambda: 0 < len(page.all(".incidents tbody tr")) < everything, "fewer rows")
    assert "place=" in page.driver.current_url
    assert "点赞三天挣了94块" in page.text(".incidents")
    # 2. Open it by keyboard alone.
    page.one(".incidents .what a").send_keys(Keys.ENTER)
    page.until(lambda: "/incidents/i-" in page.driver.current_url and page.ready(), "the incident")
    page.until(lambda: "说法不一" in page.text(), "what the sources disagree on")
    # 3. A fact lights its words in the source.
    fact = next(found for found in page.all("button.fact") if "18.6万元" in found.text)
    fact.send_keys(Keys.SPACE)
    lit = page.one("mark.here")
    assert lit.text.startswith("18.6万元")
    assert lit.is_displayed()
    # 4. Once more: the next place, in another source, which is shown now.
    first = page.driver.execute_script(
        "return document.querySelector('mark.here').closest('[data-source]').dataset.source"
    )
    fact.send_keys(Keys.SPACE)
    page.until(
        lambda: page.driver.execute_script(
            "const here=document.querySelector('mark.here').closest('[data-source]');return here.dataset.source!==arguments[0]&&!here.hidden", first
        ),
        "the next place",
    )  # fmt: skip
    # 5. Side by side.
    page.click("[data-side]")
    assert len([pane for pane in page.all(".pane") if pane.is_displayed()]) > 1


def test_two_incidents_are_merged_and_parted_again(page: Browser, address: str, tmp_path: Path) -> None:
    """And whoever comes second is told, sees what the first did, keeps what he typed, and may still do it."""
    from selenium.webdriver.common.keys import Keys

    def sources(incident: str) -> int:
        return len(httpx.get(f"{address}/v1/incidents/{incident}", timeout=PATIENCE).json()["sources"])

    def id_of(words: str) -> str:
        found = httpx.get(f"{address}/v1/incidents", params={"q": words}, timeout=PATIENCE).json()
        return str(found["incidents"][0]["id"])

    here, there = id_of("点赞"), id_of("茶农")
    told = sources(here)
    # 1. Find the other one by its number and look at both side by side.
    page.open(f"/console/incidents/{here}")
    page.click("#panel-merge summary")
    page.one("[name=other]").send_keys(there, Keys.ENTER)
    page.until(lambda: len(page.all("#panel-merge .like")) == 1, "the other incident")
    page.click("#panel-merge [data-rules=compare]")
    page.until(lambda: "不合" in page.text(".versus") and "地点" in page.text(".versus"), "both side by side")
    page.one("#panel-merge textarea").send_keys("同一伙人")
    # 2. Meanwhile somebody else marks it.
    with browser(address, tmp_path / "second") as other:
        other.open(f"/console/incidents/{here}")
        other.click("#panel-mark summary")
        other.click("#panel-mark option[value=green]")
        other.click("#panel-mark [type=submit]")
        other.until(lambda: "TLP:GREEN" in other.text(".sheet-head"), "the mark")
        assert other.strangers() == []
    page.click("[type=submit][data-ruling=take]")
    page.until(lambda: "没有保存" in page.text(".ruling-said"), "the refusal")
    assert "TLP:GREEN" in page.text(".ruling-said")
    assert "TLP:GREEN" in page.text(".sheet-head")
    assert sources(here) == told
    # 3. What was typed is still there; now it is meant.
    page.until(lambda: page.one("#panel-merge textarea").get_property("value") == "同一伙人", "the note")
    page.click("[type=submit][data-ruling=take]")
    page.until(lambda: "人的决定 2" in page.text("#panel-ruled summary"), "the merge")
    assert sources(here) == told + 1
    assert httpx.get(f"{address}/v1/incidents/{there}").status_code == 308
    # 4. And back: the merge, then the mark.
    page.click("#panel-ruled summary")
    assert "同一伙人" in page.text("#panel-ruled")
    page.click("#panel-ruled [data-rules=undo]")
    page.until(lambda: len(page.all("#panel-ruled .undone")) == 1, "the undo")
    assert (sources(here), sources(there)) == (told, 1)
    page.click("#panel-ruled [data-rules=undo]")
    page.until(lambda: "TLP:CLEAR" in page.text(".sheet-head"), "the mark is gone")
    # 5. One source is taken out and put back.
    page.click("#panel-split summary")
    page.click("#panel-split [name=case]")
    page.click("#panel-split [type=submit]")
    page.until(lambda: "人的决定 3" in page.text("#panel-ruled summary"), "the split")
    assert sources(here) == told - 1
    page.click("#panel-ruled summary")
    page.click("#panel-ruled [data-rules=undo]")
    page.until(lambda: len(page.all("#panel-ruled .undone")) == 3, "the split is undone")
    assert sources(here) == told
    # 6. The other way round one comes to the page of the other.
    page.open(f"/console/incidents/{there}")
    page.click("#panel-merge summary")
    page.one("[name=other]").send_keys(here, Keys.ENTER)
    page.until(lambda: len(page.all("#panel-merge .like")) == 1, "this incident")
    page.click("#panel-merge [data-rules=compare]")
    page.click("[type=submit][data-ruling=give]")
    page.until(lambda: here in page.driver.current_url and page.ready(), "where it went")
    page.click("#panel-ruled summary")
    page.click("#panel-ruled [data-rules=undo]")
    page.until(lambda: sources(here) == told, "both again")


def test_sorting_and_emptiness(page: Browser) -> None:
    page.open("/console/incidents?q=没有这样的词")
    page.until(lambda: "没有符合条件的事件" in page.text(), "nothing fits")
    page.click("[data-act=clear]")
    page.until(lambda: len(page.all(".incidents tbody tr")) > 3, "all rows again")
    page.click("th [data-value='-loss']")
    page.until(lambda: "sort=-loss" in page.driver.current_url, "sorted")
    assert page.one("th[aria-sort]").get_attribute("aria-sort") == "descending"
    # What is seen is kept under a name, in the store: another page offers it.
    page.click("[data-save-view]")
    page.driver.switch_to.alert.send_keys("损失大的")
    page.driver.switch_to.alert.accept()
    page.until(lambda: "已存为" in page.text("body"), "kept")
    page.open("/console/incidents")
    page.click("#saved option[value='损失大的']")
    page.until(lambda: "sort=-loss" in page.driver.current_url and page.ready(), "the kept view")
    # A wrong date says what would be right and leaves what was typed.
    page.one("[name=since]").send_keys("去年")
    page.until(lambda: "2024-05" in page.text(".problem"), "the refusal")
    assert page.one("[name=since]").get_property("value") == "去年"


def test_an_incident_is_masked_for_others_to_look_on(page: Browser, address: str) -> None:
    incident = httpx.get(f"{address}/v1/incidents", params={"q": "茶农"}).json()["incidents"][0]["id"]
    facts = httpx.get(f"{address}/v1/incidents/{incident}").json()["facts"]
    named = next(fact["text"] for fact in facts if fact["kind"] == "account")
    page.open(f"/console/incidents/{incident}")
    page.until(lambda: page.all("mark") and named in page.text(".facts"), "the values and the text")
    page.click("[data-act=mask]")
    page.until(lambda: "已脱敏" in page.text(".sheet-head"), "masked")
    assert named not in page.text()
    assert not page.all("mark")
    assert not page.one("#panel-merge").is_displayed()
    page.click("[data-act=unmask]")
    page.until(lambda: page.all("mark") and named in page.text(".facts"), "unmasked")


def test_as_a_reader_nobody_is_named(page: Browser, address: str) -> None:
    page.open("/console/incidents")
    page.click("[data-viewer=reader]")
    page.until(lambda: "正在以读者身份" in page.text(".banner") and page.ready(), "the reader's banner")
    incident = httpx.get(f"{address}/v1/incidents", params={"q": "点赞", "viewer": "reader"}).json()["incidents"][0][
        "id"
    ]
    page.open(f"/console/incidents/{incident}")
    assert not page.all("mark")
    assert "全文只供值守人员查看" in page.text()
    assert "“" in page.text(".facts")


def test_an_address_that_leads_nowhere_says_so(page: Browser) -> None:
    page.open("/console/incidents/i-0000000000000000")
    assert "没有这个事件" in page.text()
    page.driver.get(f"{page.address}/console/nothing")
    page.until(lambda: "没有这个页面" in page.text(), "the page for what is not there")
    assert page.strangers() == []
    page.complaints()  # the 404 itself is one


def test_a_foreign_page_opens_no_socket(address: str) -> None:
    """Browsers let any site open a web socket; without a check it would be the operator's."""
    target = f"{address}/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    knock = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    assert httpx.get(target, headers=knock | {"Origin": "http://evil.example"}).status_code == 403
    assert (
        httpx.get(target, headers=knock | {"Host": "evil.example", "Origin": "http://evil.example"}).status_code == 403
    )


def test_the_overview_leads_from_a_province_to_a_city_s_incidents(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    page.open("/console")
    page.until(lambda: "新事件" in page.text() and page.all("svg"), "figures and chart")
    assert "待研判" in page.text()
    assert page.all(".trick .behind")  # the incidents behind a trick
    # 1. The province by keyboard, tile or shape.
    page.driver.execute_script("arguments[0].focus()", page.one("[data-act=province][data-value='41']"))
    page.press(Keys.ENTER)
    page.until(lambda: "河南" in page.text(".cities"), "the cities of the province")
    # 2. A city, and its incidents.
    next(link for link in page.all(".cities li a") if link.text == "新乡市").click()
    page.until(lambda: "place=4107" in page.driver.current_url and page.ready(), "the incidents of the city")
    page.until(lambda: "点赞三天挣了94块" in page.text(".incidents"), "the incident")
    # 3. Where the extra is there its shapes stand in the tiles' place once they are read, and say where they come from.
    page.open("/console")
    page.until(lambda: page.all("svg.shapes [data-value='41']") or not shape_map.installed(), "the shapes")
    assert not shape_map.installed() or "审图号" in page.text(".map")


def test_three_complaints_are_decided_by_keyboard_alone(page: Browser, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    def lying() -> str:
        return str(page.driver.execute_script("return document.querySelector('[data-report]')?.dataset.report || ''"))

    def until_next(before: str) -> str:
        page.until(lambda: lying() not in ("", before), "the next complaint")
        return lying()

    page.open("/console/desk")
    page.until(lying, "a complaint")
    seen = [lying()]
    # 1. Accept one, correct the next to the second type, reject a third.
    page.press(Keys.ENTER)
    seen.append(until_next(seen[-1]))
    page.until(lambda: "已保存" in page.text(".saved"), "saved")
    wanted = page.all(".choice")[1].find_element("css selector", "span").text
    page.press("2")
    seen.append(until_next(seen[-1]))
    page.until(lambda: f"更正为{wanted}" in page.text(".saved"), "the correction is saved")
    page.press("x")
    until_next(seen[-1])
    page.until(lambda: "本次已定 3 件" in page.text(".head"), "three decided")
    found = [httpx.get(f"{address}/v1/reports/{report}").json() for report in seen]
    assert all(report["reviewed_by"] for report in found)
    assert found[1]["label_name"] == wanted
    assert found[2]["kind"] == "unrelated"
    # 2. Take the last one back: it lies there again and waits.
    page.press("u")
    page.until(lambda: lying() == seen[2] and "已撤销" in page.text(".saved"), "the third again")
    assert httpx.get(f"{address}/v1/reports/{seen[2]}").json()["reviewed_by"] == ""
    # 3. Another one decides it meanwhile: nothing of his is overwritten, both decisions can be seen, and it is still this person's turn.
    said = httpx.put(f"{address}/v1/reports/{seen[2]}", json={"kind": "unrelated"}, timeout=PATIENCE)
    assert said.status_code == 200, said.text
    page.press("1")
    page.until(lambda: "您选的是" in page.text("[data-report]") and lying() == seen[2], "both decisions")
    assert "与诈骗无关" in page.text("[data-report] .about")
    assert httpx.get(f"{address}/v1/reports/{seen[2]}").json()["kind"] == "unrelated"
    page.press("s")
    page.until(lambda: lying() not in ("", seen[2]), "on with the next one")


def test_two_browsers_never_get_the_same_complaint(page: Browser, tmp_path: Path) -> None:
    with browser(page.address, tmp_path / "second") as other:
        for one in (page, other):
            one.open("/console/desk")
            one.until(lambda one=one: one.all("[data-report]"), "a complaint")
        lying = [one.one("[data-report]").get_attribute("data-report") for one in (page, other)]
        assert lying[0] != lying[1]
        assert other.strangers() == []


SHEET = (
    "编号,来电时间,说明事项\n"
    "GD-1,2026-03-01,我在网上刷单被骗，先后转账五笔共计32800元，受害人邹小红\n"
    "GD-2,2026-03-02,\n"
    "GD-3,2026-03-03,有人冒充客服说我的会员要扣费，让我转了9600元，已报警\n"
    'GD-4,2026-03-04,"' + "长" * 400_000 + '"\n'
)


def test_a_spreadsheet_with_two_bad_rows_is_imported_and_undone(page: Browser, address: str, tmp_path: Path) -> None:
    sheet = tmp_path / "三月工单.csv"
    sheet.write_text(SHEET, encoding="gb18030")
    page.open("/console/import")
    page.one("#file").send_keys(str(sheet))
    # 1. No heading tells which column holds the text: a person says so.
    page.until(lambda: "说明事项" in page.text(".sample"), "the preview")
    assert not page.one("[data-act=import]").is_enabled()
    page.click("[name=col-text] option[value='说明事项']")
    page.until(lambda: page.one("[data-act=import]").is_enabled(), "the import is possible")
    page.click("[name=nature] option[value=complaint]")
    page.until(lambda: page.one("[name=nature]").get_property("value") == "complaint", "the nature stays")
    page.click("[data-act=import]")
    # 2. Two rows are in, two are refused, each with its reason.
    page.until(lambda: len(page.all("table.refused tbody tr")) == 2, "the refused rows")
    assert "第 3 行" in page.text("table.refused")
    page.until(lambda: "已分析\n2" in page.text("[data-batch]"), "the analysis")
    batch = page.one("[data-batch]").get_attribute("data-batch")
    assert httpx.get(f"{address}/v1/batches/{batch}").json()["new"] == 2
    page.click("[data-act=refused]")
    page.until(lambda: list((tmp_path / "downloads").glob("拒收_*.csv")), "the list of refused rows")
    text = next((tmp_path / "downloads").glob("拒收_*.csv")).read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 3
    # 3. The way back, which asks once.
    page.click("[data-batch] [data-act=undo]")
    page.until(lambda: "确认撤销" in page.text("[data-batch]"), "the question")
    page.click("[data-batch] [data-act=undo]")
    page.until(lambda: "已撤销" in page.text("[data-batch]"), "undone")
    assert httpx.get(f"{address}/v1/batches/{batch}").json()["state"] == "undone"


def test_a_pasted_list_of_addresses_is_fetched_and_each_that_fails_says_why(page: Browser, address: str) -> None:
    site = Site()
    site.answers = {
        "/robots.txt": "User-agent: *\nDisallow: /private\n",
        "/case.html": article("冒充客服案", "冒充客服退款骗走三万一千元"),
    }
    listed = [
        f"{site.address}/case.html",
        f"{site.address}/gone.html",
        f"{site.address}/private/a.html",
        "http://10.0.0.8/inside",  # an address, not a name: nobody is asked for it
    ]
    try:
        page.open("/console/import")
        page.one("#paste").send_keys("\n".join(listed))
        page.click("[data-paste]")
        page.until(lambda: len(page.all("table.refused tbody tr")) == 3, "the three that could not be had")
        told = page.text("table.refused")
        for reason in ("对方答 404", "robots.txt 不允许", "不是公网地址"):
            assert reason in told
        page.until(lambda: page.one("#paste").get_property("value") == "", "the field is empty again")
        page.until(lambda: "新收\n1" in page.text("[data-batch]"), "the page is in")
        page.click("[data-batch] [data-act=undo]")
        page.until(lambda: "确认撤销" in page.text("[data-batch]"), "the question")
        page.click("[data-batch] [data-act=undo]")
        page.until(lambda: "已撤销" in page.text("[data-batch]"), "undone")
    finally:
        site.close()
    # 2. One more than is fetched at a time: said why, and what was typed stays.
    page.driver.execute_script(
        "document.querySelector('#paste').value=arguments[0]",
        "\n".join(f"http://10.0.0.8/{n}" for n in range(MOST + 1)),
    )
    page.click("[data-paste]")
    page.until(lambda: f"一次至多 {MOST} 个" in page.text(".problem"), "why not")
    assert "http://10.0.0.8/0" in page.one("#paste").get_property("value")


def test_pasted_text_is_imported(page: Browser) -> None:
    page.open("/console/import")
    page.one("#paste").send_keys("3月9日，我被人以兼职刷单为名骗走1200元。")
    page.click("[data-paste]")
    page.until(lambda: "新收\n1" in page.text("[data-batch]"), "it is in")
    page.until(lambda: page.one("#paste").get_property("value") == "", "the field is empty again")


def test_outside_the_demo_one_logs_in_and_what_one_sees_is_written_down(tmp_path: Path) -> None:
    from serving import audit
    from serving.people import roster
    from serving.store import open_store

    settings = filled(tmp_path, "complaints/platform_feedback.jsonl")
    store = open_store(settings.store)
    with store.writing() as session:
        roster.add(session, "wangwu", "admin", "a-long-password-of-mine")
    with console(settings, tmp_path, "--host", "127.0.0.1") as address, browser(address, tmp_path / "profile") as page:
        page.open("/console/desk")
        assert "这里只供值守人员使用" in page.text()
        page.open("/console/login")
        page.one("[name=name]").send_keys("wangwu")
        page.one("[name=password]").send_keys("wrong")
        page.click("[data-login] [type=submit]")
        page.until(lambda: "名字或密码不对" in page.text(".refusal"), "the refusal")
        page.one("[name=password]").clear()
        page.one("[name=password]").send_keys("a-long-password-of-mine")
        page.click("[data-login] [type=submit]")
        page.until(lambda: "wangwu" in page.text(".rail") and page.ready(), "logged in")
        page.open("/console/desk")
        page.until(lambda: page.all("[data-report]"), "a complaint")
        report = page.one("[data-report]").get_attribute("data-report")
        page.click("[data-logout]")
        page.until(
            lambda: page.ready() and "登录" in page.text(".rail") and "wangwu" not in page.text(".rail"), "logged out"
        )
        assert page.strangers() == []
    with store.reading() as session:
        lines = audit.listing(session, actor="wangwu", limit=100)
        assert ("console.show", report) in {(line.action, line.object) for line in lines}
        assert audit.verify(session).wrong == ""
    store.close()
