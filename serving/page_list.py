"""A pasted list of web addresses becomes a batch: each page is fetched by the guarded visitor of `fanzha watch`, each failure is a row.

In: a text, a store, which private hosts the operator allowed by name. Out: addresses; a batch that grows page by page and can be undone.
Only public hosts are asked, robots.txt is kept, sizes are bounded, a redirect is followed only to a host that the list itself names
(`serving.watch_fetch`, `serving.outbound`). What stands in the store is there after a kill. It analyses nothing: the worker does.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from corpora.page_links import plain_url
from corpora.response import read_response
from nlp.errors import ConflictError, FanzhaError, InputError
from nlp.records import Document
from serving import batches, outbound
from serving.store import Store
from serving.store.identity import now
from serving.watch_fetch import PAGE_BYTES, Get, Later, Refused, Visitor, in_turn
from serving.watch_sources import Plan, Source, origin_of

log = logging.getLogger("fanzha.page_list")
# Addresses of one list: at a second each a hundred of one host are two minutes; whoever has more keeps a file of sources for `fanzha watch`.
MOST = 100
# Seconds between two requests to one host, where its robots.txt does not ask for more: a person who opens the pages is no slower.
PAUSE = 1.0
# Lists of one process that are fetched at a time.
AT_A_TIME = 2
NAME = "粘贴的网址"
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://\S+")
_BETWEEN = re.compile(r"\s+|[，；、,;](?=[a-zA-Z]+://)")
_AROUND = "，。；、,;\"'“”‘’（）()《》〈〉<>【】"  # what stands around an address where a text names it; an address rarely ends so

_STOPPED = "没有取：停止了"
# Host → whose turn it is: two lists of this process ask one host one after the other, and note its first answer once.
_turns: dict[str, threading.Lock] = {}

Nature = Literal["published", "complaint"]


def addresses(text: str) -> list[str]:
    """The addresses of a text that holds nothing else, one a line or parted by blanks, each once; [] for any other text."""
    words = [word.strip(_AROUND) for word in _BETWEEN.split(text)]
    found = [word for word in words if word]
    return list(dict.fromkeys(found)) if found and all(_ADDRESS.fullmatch(word) for word in found) else []


@dataclass(frozen=True, slots=True)
class _Pasted(Source):
    """One address of the list. hosts: those of the whole list, for an address may lead to another of them."""

    def elsewhere(self, url: str) -> str:
        """Why an address that it leads to is not read, "" where it is."""
        return f"在别的主机上（{url[:200]}），要读就把那个地址也列上" if Source.elsewhere(self, url) else ""


class PageList:
    """One list on its way into the store. `run` is for a thread; the rest may be read and called from any other."""

    def __init__(
        self, store: Store, listed: Sequence[str], *, nature: Nature = "published", private: Collection[str] = (),
        pause: float = PAUSE, get: Get = outbound.get,
    ) -> None:  # fmt: skip
        """Begin the batch. listed: what `addresses` gave. private: hosts that may be private. Raises InputError, StoreError."""
        if len(listed) > MOST:
            raise InputError(
                f"{len(listed)} 个网址", where=NAME, expected=f"一次至多 {MOST} 个", advice="分几次粘贴，或写成来源文件用 fanzha watch"
            )  # fmt: skip
        self.store, self.listed, self.nature = store, tuple(listed), nature
        self.done, self.now = 0, ""
        self._stop, self._ended = threading.Event(), threading.Event()
        plan = Plan((), delay=pause, private=frozenset(private))
        self._visitor = Visitor(store, plan, get=get, sleep=self._pause)
        with store.writing() as session:
            self.batch_id = batches.start(session, f"{NAME} {len(listed)} 个", nature)

    @property
    def running(self) -> bool:
        """Is it still under way?"""
        return not self._ended.is_set()

    def stop(self) -> None:
        """Ask for no further page; those that were not asked for are told as such."""
        self._stop.set()

    def run(self) -> None:
        """Fetch all, always from the host that may be asked first. Where the store fails, the batch stays unfinished, with what came."""
        try:
            plain = {address: plain_url(address) for address in self.listed}
            hosts = tuple({urlsplit(url).hostname or "" for url in plain.values() if url})
            for address in in_turn(self.listed, lambda address: plain[address], self._visitor):
                self.now = address
                items = self._items(address, plain[address], hosts)
                with self.store.writing() as session:
                    batches.add(session, self.batch_id, items)
                self.done += 1
            with self.store.writing() as session:
                batches.finish(session, self.batch_id)
        except ConflictError:
            pass  # undone meanwhile over the API: nothing more is asked for or brought in
        except Exception:
            log.exception("page list")  # the store is away: what was accepted stands, the batch stays as it is
        finally:
            self._ended.set()

    def _items(self, address: str, url: str, hosts: tuple[str, ...]) -> list[Document | InputError]:
        """The documents of one address, or the reason why there are none."""
        if self._stop.is_set():
            return [InputError(_STOPPED, where=address, advice="要读就再粘贴一次")]
        if not url:
            return [InputError("不是可以读的网址", where=address, expected="http:// 或 https:// 开头，不带用户名")]
        try:
            with _turns.setdefault(origin_of(url), threading.Lock()):
                came = self._visitor.fetch(url, _Pasted(NAME, "pages", (url,), hosts=hosts), limit=PAGE_BYTES)
            found = list(read_response(came.body, came.content_type, url=came.url, fetched=now()))
        except Later as error:
            return [InputError(error.found, where=address, advice="过一阵再粘贴一次")]
        except Refused as error:
            return [InputError(error.found, where=address)]
        except FanzhaError as error:
            return [InputError(error.found, where=address, expected=error.expected, advice=error.advice)]
        except Exception as error:
            log.exception("page")
            return [InputError(f"读不了（{type(error).__name__}）", where=address, advice="存成 HTML 再导入")]
        return [self._own(item, came.url) if isinstance(item, Document) else item for item in found] or [
            InputError("没有正文", where=address)
        ]

    def _pause(self, seconds: float) -> None:
        """Wait for a host's turn; raises Later where the list is stopped meanwhile, so that nothing is asked before its time."""
        if self._stop.wait(seconds):
            raise Later(_STOPPED, 0.0)

    def _own(self, document: Document, url: str) -> Document:
        return replace(document, url=url, nature=self.nature, metadata={**document.metadata, "source": NAME})


class PageLists:
    """The lists of one process. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, PageList] = {}

    def begin(self, store: Store, listed: Sequence[str], nature: Nature, private: Collection[str]) -> PageList:
        """A thread of its own fetches the list, whether somebody looks on or not. Raises ConflictError where enough are under way, InputError."""
        with self._lock:
            self._lists = {batch: one for batch, one in self._lists.items() if one.running}
            if len(self._lists) >= AT_A_TIME:
                raise ConflictError(f"已有 {AT_A_TIME} 份网址正在取", where=NAME, advice="等一份取完再导入")
            found = PageList(store, listed, nature=nature, private=private)
            self._lists[found.batch_id] = found
        threading.Thread(target=found.run, name="fanzha-page-list", daemon=True).start()
        return found

    def under_way(self, batch_id: str) -> PageList | None:
        """The list that still brings pages into this batch."""
        found = self._lists.get(batch_id)
        return found if found is not None and found.running else None
