"""How a server carries complaints: one sender alone, many at once against the batch, five times too many, memory.

    python -m benchmarks.server_load [--seconds 60] [--clients 64] [--requests 300] [--memory 2000]

In: nothing; the shipped model, a new SQLite store in a temporary folder, complaints of about 300 characters made from a list of invented
words. Out: figures on standard output, with the load of the machine and processor time beside them; it judges nothing. All on loopback.
1. The batch figure: the same complaints through inbox and worker in one process, no HTTP. 2. One sender alone: p50, p99. 3. `clients`
senders who each wait for their answer, and for Retry-After where there was no place, for `seconds`: throughput as a share of the batch
figure. 4. Five times that many a second, sent without waiting: how many 503, and how soon after the end one sender is served again.
5. Resident memory after the first and the second half of `memory` requests (of thousands: `benchmarks.server_memory`). On a machine that
does other things read the ratios by processor time, not those by the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path

import httpx

from benchmarks.process_figures import cpu_seconds, resident
from corpora.annotated import read_annotated
from nlp.records import Document
from serving import reports
from serving.settings import Settings
from serving.store import open_store
from serving.worker import Worker, load_analyzer
from tests.processes import server, until_it_answers

BATCH_DOCUMENTS = 200
OVERLOAD = 5
OVERLOAD_SECONDS = 10
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
TOWNS = ("昆明市五华区", "南阳市邓州市", "成都市武侯区", "长沙市岳麓区", "新乡市封丘县", "泉州市安溪县")


def complaint(number: int) -> str:
    """An invented complaint of about 300 characters; no two are alike."""
    dice = random.Random(number)
    name = dice.choice(SURNAMES) + dice.choice("小大国建") + dice.choice("红明华梅军")
    town, digits = dice.choice(TOWNS), dice.randrange
    return (
        f"我叫{name}，今年{digits(20, 70)}岁，住在{town}。{digits(1, 13)}月{digits(1, 28)}日上午，我在手机上看到一条兼职刷单的广告，就加了对方的微信"
        f"wx_{digits(10**6):06}，对方自称是平台的客服，让我下载一个叫“{dice.choice('优聚金')}{dice.choice('品惠联')}购”的软件。一开始我做了三单，返给我"
        f"{digits(20, 90)}元，我就相信了。后来他说要做联单任务，我先后向卡号62220{digits(10**13, 10**14)}转账{digits(2, 9)}笔，"
        f"共计{digits(1000, 90000)}元。"
        f"做完以后想提现，客服说我操作失误，账户被冻结，要再交{digits(1000, 9000)}元解冻费，我又向{dice.choice(SURNAMES)}某"
        f"的账户转了这笔钱，还是提不出来，"
        f"对方就把我拉黑了。我打他留下的电话13{digits(10**8, 10**9)}也没有人接，这才知道被骗了，希望尽快帮我把钱追回来，谢谢。第{number}号。"
    )


@cache
def _written() -> tuple[str, ...]:
    """Complaints, records and statements of the open corpus, 150 to 500 characters: 280 on average, each of its own case."""
    registers = ("complaint_form", "police_record", "statement")
    corpus = Path(__file__).resolve().parents[1] / "corpora" / "authored"
    return tuple(e.text for e in read_annotated(corpus) if e.register in registers and 150 < len(e.text) < 500)


def told(number: int) -> str:
    """A complaint as people write it; after some hundreds the same ones come again with another number, as a second caller's would."""
    texts = _written()
    return f"{texts[number % len(texts)]}\n受理编号{number:07}。"


def batch_figure() -> tuple[float, float]:
    """Complaints a second, and processor seconds a complaint, without HTTP: accepted one by one, then read and filed in batches."""
    settings = Settings()
    analyzer = load_analyzer(settings)
    list(analyzer.analyze([Document("warm", told(0))]))
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(f"sqlite:///{scratch}/batch.db")
        began, cpu = time.perf_counter(), time.process_time()
        for number in range(BATCH_DOCUMENTS):
            with store.writing() as session:
                reports.receive(session, Document("", told(number)))
        Worker(store, analyzer).drain()
        taken, used = time.perf_counter() - began, time.process_time() - cpu
        store.close()
    return BATCH_DOCUMENTS / taken, used / BATCH_DOCUMENTS


class Sender:
    """Sends complaints no two of which are alike, and keeps what came back: status, and seconds of those that were served."""

    def __init__(self, address: str) -> None:
        self.address, self.number = address, 10_000
        self.pause = 0.0  # seconds after which the last answer wants to be asked again
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []

    async def send(self, client: httpx.AsyncClient) -> int:
        """One complaint; 0 where no answer came."""
        self.number += 1
        began = time.perf_counter()
        try:
            answer = await client.post(f"{self.address}/v1/reports", json={"text": told(self.number)})
        except httpx.TransportError as error:
            self.statuses[type(error).__name__] += 1
            return 0
        status = answer.status_code
        self.pause = float(answer.headers.get("retry-after", 0))
        self.statuses[str(status)] += 1
        if status == 201:
            self.times.append(time.perf_counter() - began)
        return status

    def begin(self) -> None:
        """Forget what was kept."""
        self.statuses.clear()
        self.times.clear()

    def told(self) -> str:
        """p50, p99, statuses."""
        if len(self.times) < 2:
            return f"应答 {dict(self.statuses)}"
        cuts = statistics.quantiles(self.times, n=100)
        return f"p50 {cuts[49] * 1000:.0f} ms，p99 {cuts[98] * 1000:.0f} ms，应答 {dict(self.statuses)}"


def connections(number: int) -> httpx.AsyncClient:
    """A client that opens as many connections as are wanted and waits long."""
    limits = httpx.Limits(max_connections=number, max_keepalive_connections=number)
    return httpx.AsyncClient(limits=limits, timeout=120)


async def alone(sender: Sender, requests: int) -> None:
    """One after the other."""
    async with connections(1) as client:
        for _ in range(20):
            await sender.send(client)
        sender.begin()
        for _ in range(requests):
            await sender.send(client)


async def saturated(sender: Sender, clients: int, seconds: float) -> float:
    """`clients` senders who each wait for their answer; returns the seconds it took."""
    sender.begin()
    began = time.perf_counter()

    async def go_on(client: httpx.AsyncClient) -> None:
        while time.perf_counter() - began < seconds:
            if await sender.send(client) == 503:
                await asyncio.sleep(sender.pause)

    async with connections(clients) as client:
        await asyncio.gather(*(go_on(client) for _ in range(clients)))
    return time.perf_counter() - began


async def overloaded(sender: Sender, rate: float) -> float:
    """`rate` complaints a second for some seconds, nobody waiting; returns how long after the last one a sender is served (201)."""
    sender.begin()
    async with connections(2000) as client, connections(1) as late:
        began, tasks = time.perf_counter(), []
        while (passed := time.perf_counter() - began) < OVERLOAD_SECONDS:
            tasks += [asyncio.create_task(sender.send(client)) for _ in range(int(passed * rate) - len(tasks))]
            await asyncio.sleep(0.01)
        ended = time.perf_counter()
        while await sender.send(late) != 201:
            await asyncio.sleep(0.1)
        recovered = time.perf_counter() - ended
        await asyncio.gather(*tasks)
    return recovered


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--memory", type=int, default=2000)
    given = parser.parse_args()
    print(
        f"{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}；投诉平均 {sum(map(len, _written())) // len(_written())} 字"
    )
    rate, cost = batch_figure()
    print(f"批处理（一个进程，无 HTTP）：每秒 {rate:.1f} 件，每件处理器 {cost * 1000:.1f} ms")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        limits = {"FANZHA_RATE": "0", "FANZHA_RATE_ANONYMOUS": "0"}
        with server(folder, "--demo", "--store", str(folder / "f.db"), **limits) as (address, running):
            until_it_answers(f"{address}/readyz", running, folder)
            sender = Sender(address)
            asyncio.run(alone(sender, given.requests))
            print(f"一人独用，{given.requests} 件：{sender.told()}；负载 {os.getloadavg()[0]:.1f}")
            used = cpu_seconds(running.pid)
            took = asyncio.run(saturated(sender, given.clients, given.seconds))
            served, used = len(sender.times), cpu_seconds(running.pid) - used
            print(
                f"{given.clients} 人同时，{took:.0f} 秒：每秒 {served / took:.1f} 件，为批处理的 {served / took / rate:.0%}；按处理器时间"
                f"每件 {used / max(1, served) * 1000:.1f} ms，为批处理的 {cost / (used / max(1, served)):.0%}；"
                f"{sender.told()}；负载 {os.getloadavg()[0]:.1f}"
            )
            recovered = asyncio.run(overloaded(sender, OVERLOAD * served / took))
            print(f"{OVERLOAD} 倍过载 {OVERLOAD_SECONDS} 秒：{sender.told()}；停后 {recovered:.1f} 秒受理下一件")
            half = given.memory // 2
            asyncio.run(alone(sender, max(1, half - 20)))
            first = resident(running.pid) / 1e6
            asyncio.run(alone(sender, max(1, half - 20)))
            print(
                f"内存：{sender.number - 10_000 - half} 件后 {first:.0f} MB，再 {half} 件后 {resident(running.pid) / 1e6:.0f} MB"
            )


if __name__ == "__main__":
    main()
