"""The console as a real process, and a real Chromium in front of it: what the browser tests and the screenshots share.

Every browser writes down what it asks the network for; `strangers` are requests that left the machine.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from serving.ingest import ingest
from serving.settings import Settings
from serving.store import open_store
from serving.worker import load_analyzer
from tests.processes import ROOT, server, until_it_answers

SAMPLES = ROOT / "corpora" / "samples"
CHROMIUM, DRIVER = shutil.which("chromium") or "", shutil.which("chromedriver") or ""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage",
)  # fmt: skip
DESKTOP, PHONE = (1366, 768), (390, 844)
# How long a browser waits for what it expects: a machine in trouble is slow, a hang is caught by the limit of the test.
PATIENCE = 60.0


def missing() -> str:
    """Why the browser tests cannot run here, "" where they can."""
    absent = [name for name in ("nicegui", "selenium") if find_spec(name) is None]
    absent += [name for name, path in (("chromium", CHROMIUM), ("chromedriver", DRIVER)) if not path]
    return f"needs {'、'.join(absent)} (make test-all)" if absent else ""


def filled(folder: Path, *samples: str) -> Settings:
    """A store in `folder` with these samples (names under corpora/samples) read by the default model."""
    settings = Settings(store=f"sqlite:///{folder}/console.db")
    store = open_store(settings.store)
    try:
        ingest(store, [SAMPLES / sample for sample in samples], lambda: load_analyzer(settings))
    finally:
        store.close()
    return settings


@contextlib.contextmanager
def console(settings: Settings, folder: Path, *options: str, **more: str) -> Iterator[str]:
    """`fanzha serve --demo --console` over a store; gives its address. more: environment variables of the server."""
    words = ("--console", *(options or ("--demo",)), "--store", settings.store)
    with server(folder, *words, **more) as (address, running):
        until_it_answers(f"{address}/readyz", running, folder)
        yield address


class Browser:
    """One Chromium with a fresh profile, and the few things the tests do with it."""

    def __init__(self, address: str, folder: Path, size: tuple[int, int] = DESKTOP) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        options = Options()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.address, self.folder = address, folder
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.driver.set_page_load_timeout(PATIENCE)
        self.resize(size)
        self.asked: list[str] = []

    def resize(self, size: tuple[int, int]) -> None:
        """Another screen, a phone where it is narrow; the page that lies there is laid out anew."""
        shape = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)

    def open(self, path: str) -> None:
        """Open a page of the console and wait until it can be used."""
        self.driver.get(self.address + path)
        self.until(self.ready, f"{path} is ready")

    def ready(self) -> bool:
        """Is the page drawn and connected?"""
        script = "return !!(document.querySelector('#main')?.innerText && window.socket?.connected)"
        return bool(self.driver.execute_script(script))

    def theme(self, name: str) -> None:
        """light or dark, from the next page on."""
        self.driver.get(f"{self.address}/console/static/console.css")
        self.driver.execute_script(f"document.cookie='fanzha_theme={name}; path=/console'")

    def all(self, selector: str) -> list[Any]:
        """Elements by style-sheet selector."""
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> Any:
        """The first element that fits, waited for."""
        self.until(lambda: self.all(selector), selector)
        return self.all(selector)[0]

    def click(self, selector: str) -> None:
        """Click the first element that fits, looked for again when it is redrawn meanwhile."""

        def clicked() -> bool:
            self.one(selector).click()
            return True

        self.until(clicked, selector)

    def text(self, selector: str = "#main") -> str:
        """What stands in an element."""
        return str(self.driver.execute_script("return document.querySelector(arguments[0])?.innerText || ''", selector))

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def until(self, fits: Callable[[], Any], what: str) -> Any:
        """Wait for something; an element that is redrawn meanwhile is looked for again."""
        from selenium.common.exceptions import StaleElementReferenceException

        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(StaleElementReferenceException):
                if found := fits():
                    return found
            time.sleep(0.05)
        raise AssertionError(f"not seen: {what}\n{self.text('body')[:3000]}")

    def strangers(self) -> Sequence[str]:
        """Requests that left the machine."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.asked.append(message["params"]["url"])
        ours = (self.address, self.address.replace("http", "ws", 1), "data:", "blob:", "about:", "chrome:", "devtools:")
        return [url for url in self.asked if not url.startswith(ours)]

    def too_wide(self) -> Sequence[str]:
        """What makes the page wider than its window, so that one had to scroll sideways to read it; a box that scrolls by itself may be wide."""
        script = (
            "const room=document.documentElement.clientWidth;if(document.documentElement.scrollWidth<=room+1)return[];"
            "return[...document.querySelectorAll('body *')].filter(one=>one.getBoundingClientRect().right>room+1)"
            ".map(one=>`${one.tagName}.${one.className} to ${Math.round(one.getBoundingClientRect().right)}`).slice(0,8)"
        )
        return [str(line) for line in self.driver.execute_script(script)]

    def complaints(self) -> Sequence[str]:
        """What the browser's own console calls an error (a script that failed, a resource that the policy refused)."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()


@contextlib.contextmanager
def browser(address: str, folder: Path, size: tuple[int, int] = DESKTOP) -> Iterator[Browser]:
    """A browser that is closed again; `folder` is its profile."""
    opened = Browser(address, folder, size)
    try:
        yield opened
    finally:
        opened.close()
