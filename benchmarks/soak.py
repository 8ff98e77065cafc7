"""An hour of everything at once, with kills in between: is the memory flat, the sequence without gap, the audit chain whole, nothing lost?

    python -m benchmarks.soak [--minutes 60] [--store postgresql+psycopg://…/empty_database] [--analyzer tests.fake_analyzer:make]

In: nothing; a new SQLite store in a temporary folder, or the URL of an empty database; the shipped model unless an analyzer is named. Out:
figures on standard output; 1 where something is not as it must be. All on loopback.

Complaints are those of the open corpus, each of its own case (of complaints made from one template one huge incident is made).
Two senders of complaints, who send again what was not answered; an importer of files; two who ask (lists, words, statistics, one incident);
an editor who merges and undoes; two followers, one of every change and one who starts anew from nothing every time. In the first half the
server is killed (-9) or stopped (-15) every `minutes`/20; in the second half it is left alone, so that its memory can be read: the median of
the last quarter of that half against that of its first. What a server keeps grows with caches that have their bounds; more than a fifth
in a quarter of an hour's load is a leak.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import sqlalchemy as sa

from benchmarks.server_load import told
from serving import audit, inbox
from serving.store import Store, open_store
from serving.store.tables import ChangeRow, DocumentRow, ReportRow
from tests.api_world import KEY, OPERATOR
from tests.processes import environment, free_port

GROWTH = 1.2
SECRET = secrets.token_urlsafe(32)
WORDS = ("刷单", "客服", "投资", "转账", "没有这样的话")
SAMPLE_SECONDS = 5.0


class Server:
    """`fanzha serve` on one port, killed and started as one likes; `asked` is told to everybody who talks to it."""

    def __init__(self, folder: Path, store: str, analyzer: str) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.variables = {
            "FANZHA_STORE": store,
            "FANZHA_OPERATOR_KEY": KEY,
            "FANZHA_RATE": "0",
            "FANZHA_SECRET": SECRET,
        }
        if analyzer:
            self.variables["FANZHA_ANALYZER"] = analyzer
        self.lives, self.ends = 0, Counter[str]()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.lives += 1
        self.log = (self.folder / f"serve-{self.lives}.log").open("w")
        command = [sys.executable, "-m", "serving.command", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=environment(**self.variables), cwd=self.folder, stdout=self.log, stderr=self.log
        )
        end = time.monotonic() + 300
        while not self._ready():
            assert self.process.poll() is None, Path(self.log.name).read_text()[-2000:]
            assert time.monotonic() < end, "it never became ready"
            time.sleep(0.3)

    def end(self, how: signal.Signals) -> None:
        """End it, and count how."""
        self.process.send_signal(how)
        self.process.wait(120)
        self.log.close()
        self.ends[how.name] += 1

    def memory(self) -> float:
        """Resident MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz", timeout=30).status_code == 200
        except httpx.TransportError:
            return False


class Load:
    """Everybody who talks to the server, a thread each, until `stop`."""

    def __init__(self, server: Server) -> None:
        self.server, self.stop = server, threading.Event()
        self.answers: Counter[str] = Counter()
        self.accepted: list[str] = []
        self.imported: list[str] = []
        self.defects: list[str] = []
        self.followed = 0
        self._number = itertools.count(1)

    def begin(self) -> list[threading.Thread]:
        """Start all of them."""
        everybody = [self.send, self.send, self.bring_in, self.ask, self.ask, self.rule, self.follow, self.follow_anew]
        threads = [threading.Thread(target=self._whole, args=(one,), daemon=True) for one in everybody]
        for thread in threads:
            thread.start()
        return threads

    def _whole(self, one: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=self.server.address, headers=OPERATOR, timeout=120) as client:
            while not self.stop.is_set():
                try:
                    one(client)
                except httpx.TransportError:  # it was killed: come again
                    self.answers["no answer"] += 1
                    self.stop.wait(0.5)
                except Exception as error:
                    self.defects.append(f"{type(error).__name__}: {error}"[:300])
                    self.stop.wait(0.5)

    def _told(self, answered: httpx.Response, *good: int) -> httpx.Response | None:
        self.answers[f"{answered.request.method} {answered.status_code}"] += 1
        if answered.status_code in (good or (200, 201, 202)):
            return answered
        if answered.status_code >= 500 and answered.status_code != 503:
            self.defects.append(f"{answered.request.url.path}: {answered.status_code} {answered.text[:200]}")
        self.stop.wait(0.3)
        return None

    def send(self, client: httpx.Client) -> None:
        """One complaint, until it is answered for."""
        number = next(self._number)
        name = f"TS-{number}"
        body = {"text": told(number), "external_id": name}
        while not self.stop.is_set():
            try:
                if self._told(client.post("/v1/reports", json=body)):
                    self.accepted.append(name)
                    return
            except httpx.TransportError:
                self.answers["no answer"] += 1
                self.stop.wait(0.5)

    def bring_in(self, client: httpx.Client) -> None:
        """A file of twenty, until it is answered for; then a pause."""
        numbers = [next(self._number) for _ in range(20)]
        rows = [{"id": f"f{number}", "text": told(number)} for number in numbers]
        data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
        while not self.stop.is_set():
            try:
                if self._told(client.post("/v1/batches", files={"file": ("投诉.jsonl", data)})):
                    self.imported += [row["id"] for row in rows]
                    break
            except httpx.TransportError:
                self.answers["no answer"] += 1
                self.stop.wait(0.5)
        self.stop.wait(10)

    def ask(self, client: httpx.Client) -> None:
        """A list, words, a statistic and one incident."""
        page = self._told(client.get("/v1/incidents", params={"limit": 20}))
        self._told(client.get("/v1/incidents", params={"q": random.choice(WORDS)}))
        self._told(client.get("/v1/stats"), 200, 422)
        for incident in random.sample(found, 1) if page and (found := page.json()["incidents"]) else ():
            self._told(client.get(f"/v1/incidents/{incident['id']}"), 200, 301, 308, 404, 410)
        self.stop.wait(0.3)

    def rule(self, client: httpx.Client) -> None:
        """Merge two incidents and take it back; somebody else may have been there first."""
        page = self._told(client.get("/v1/incidents", params={"limit": 50}))
        ids = [incident["id"] for incident in page.json()["incidents"]] if page else []
        if len(ids) >= 2:
            one, other = random.sample(ids, 2)
            done = self._told(
                client.post(f"/v1/incidents/{one}/merge", json={"into": other, "by": "编辑甲"}), 200, 201, 404, 409
            )
            if done and done.status_code in (200, 201):
                undo = f"/v1/decisions/{done.json()['id']}/undo"
                self._told(client.post(undo, json={"by": "编辑甲"}), 200, 201, 404, 409)
        self.stop.wait(2)

    def follow(self, client: httpx.Client) -> None:
        """Every change, from where one stands."""
        answered = self._told(client.get("/v1/changes", params={"after": self.followed, "limit": 200}))
        for change in answered.json()["changes"] if answered else ():
            if change["sequence"] != self.followed + 1:
                self.defects.append(f"change {change['sequence']} after {self.followed}")
            self.followed = change["sequence"]
        self.stop.wait(0.5)

    def follow_anew(self, client: httpx.Client) -> None:
        """All changes from the first, page by page."""
        after = 0
        while not self.stop.is_set():
            answered = self._told(client.get("/v1/changes", params={"after": after, "limit": 500}))
            changes = answered.json()["changes"] if answered else []
            if not changes:
                break
            if [change["sequence"] for change in changes] != list(range(after + 1, after + 1 + len(changes))):
                self.defects.append(f"not in sequence after {after}")
            after = changes[-1]["sequence"]
        self.stop.wait(5)


def run(minutes: float, folder: Path, address: str, analyzer: str, tell: Callable[[str], None]) -> list[str]:
    """The whole; what is not as it must be."""
    server = Server(folder, address, analyzer)
    server.start()
    load = Load(server)
    threads = load.begin()
    began = time.monotonic()
    half, pause = minutes * 30, minutes * 3
    # 1. The first half: killed and stopped by turns.
    try:
        for how in itertools.cycle((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)):
            if time.monotonic() - began + pause > half:
                break
            time.sleep(pause * random.uniform(0.7, 1.3))
            server.end(how)
            server.start()
        # 2. The second half: left alone, its memory read. The first eighth warms it.
        samples: list[float] = []
        alone = max(2 * half - (time.monotonic() - began), half / 2)
        from_now = time.monotonic()
        while (gone := time.monotonic() - from_now) < alone:
            time.sleep(SAMPLE_SECONDS)
            if gone > alone / 8:
                samples.append(server.memory())
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(180)
    # 3. All that was accepted is read, by itself.
    store = open_store(address)
    end = time.monotonic() + 1800
    while (waiting := _waiting(store)) and time.monotonic() < end:
        time.sleep(1)
    server.end(signal.SIGTERM)
    quarter = max(1, len(samples) // 4)
    first, last = statistics.median(samples[:quarter]), statistics.median(samples[-quarter:])
    # 4. What must be true.
    wrong = [*load.defects[:20]] + ([f"{waiting} 件没有做完"] if waiting else [])
    wrong += _lost(store, load)
    with store.reading() as session:
        sequence = list(session.scalars(sa.select(ChangeRow.sequence).order_by(ChangeRow.sequence)))
        chain = _verified(session)
    if sequence != list(range(1, len(sequence) + 1)):
        wrong.append("变更序号有缺口")
    if chain[1]:
        wrong.append(f"审计：{chain[1]}")
    if last > GROWTH * first:
        wrong.append(f"内存从 {first:.0f} 涨到 {last:.0f} MB")
    tell(
        f"库：{store.engine.dialect.name}；{(time.monotonic() - began) / 60:.1f} 分钟；机器负载 {os.getloadavg()[0]:.1f}"
    )
    tell(f"起 {server.lives} 次；结束 {dict(server.ends)}")
    tell(f"应答 {dict(sorted(load.answers.items()))}")
    tell(
        f"投诉应答了 {len(load.accepted):,} 件，导入 {len(load.imported):,} 件；"
        f"变更 {len(sequence):,}，跟随到 {load.followed:,}；审计 {chain[0]:,} 行"
    )
    tell(
        f"内存（不再重启的后一半，读 {len(samples)} 次）："
        f"开头 {first:.0f} MB，末尾 {last:.0f} MB，最多 {max(samples):.0f} MB"
    )
    store.close()
    return wrong


def _waiting(store: Store) -> int:
    with store.reading() as session:
        counts = inbox.counts(session)
    return counts["accepted"] + counts["working"]


def _lost(store: Store, load: Load) -> list[str]:
    with store.reading() as session:
        reports = Counter(session.scalars(sa.select(ReportRow.external_id)))
        documents = Counter(session.scalars(sa.select(DocumentRow.doc_id)))
        states = inbox.counts(session)
    wrong = [f"丢失 {len(gone)} 件投诉" for gone in [set(load.accepted) - set(reports)] if gone]
    wrong += [f"丢失 {len(gone)} 件导入" for gone in [set(load.imported) - set(documents)] if gone]
    wrong += [f"重复 {name}" for name, count in reports.items() if count > 1 and name]
    return wrong + [f"{state} {states[state]} 件" for state in ("failed", "set_aside") if states[state]]


def _verified(session: object) -> tuple[int, str]:
    """Lines of the audit log and what is wrong with it, with the secret of the server."""
    os.environ["FANZHA_SECRET"] = SECRET
    verdict = audit.verify(session)  # type: ignore[arg-type]
    return verdict.lines, verdict.wrong


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--store", default="")
    parser.add_argument("--analyzer", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fanzha-soak-") as scratch:
        address = asked.store or f"sqlite:///{scratch}/soak.db"
        wrong = run(asked.minutes, Path(scratch), address, asked.analyzer, lambda line: print(line, flush=True))
    print("\n".join(["不对：", *wrong]) if wrong else "样样如数。")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
