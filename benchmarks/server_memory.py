"""Does the memory of a server stay where it is? Resident memory of `fanzha serve` while it takes in thousands of complaints.

    python -m benchmarks.server_memory [--requests 10000] [--clients 4] [--store URL]

In: nothing; the shipped model, a new SQLite store in a temporary folder unless another is named (PostgreSQL: it has to be empty), complaints
of the open corpus, no two alike. Out: a table on standard output: after every tenth of the requests the resident memory of the server with
its children, what of that is its own alone, the size of its store; then the most, and the last against the middle. All on
loopback. It judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from benchmarks.process_figures import own, resident
from benchmarks.server_load import Sender, connections
from tests.processes import server, until_it_answers

STEPS = 10


async def send(sender: Sender, clients: int, requests: int) -> None:
    """So many complaints are answered 201; who is told to come back tries again."""
    goal = sender.statuses["201"] + requests
    sent = sender.statuses["201"]

    async def go_on() -> None:
        nonlocal sent
        while sent < goal:
            sent += 1
            if await sender.send(client) != 201:
                sent -= 1
                await asyncio.sleep(0.2)

    async with connections(clients) as client:
        await asyncio.gather(*(go_on() for _ in range(clients)))


def main() -> None:
    """Send, look, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--store", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        limits = {"FANZHA_RATE": "0", "FANZHA_RATE_ANONYMOUS": "0"}
        store = given.store or str(folder / "f.db")
        with server(folder, "--demo", "--store", store, **limits) as (address, running):
            until_it_answers(f"{address}/readyz", running, folder)
            sender, seen = Sender(address), []
            print("| 件 | 常驻 MB | 其中独有 | 库 MB | 负载 |\n|---|---|---|---|---|")
            for step in range(STEPS + 1):
                if step:
                    asyncio.run(send(sender, given.clients, given.requests // STEPS))
                seen.append(resident(running.pid) / 1e6)
                size = sum(file.stat().st_size for file in folder.glob("f.db*")) / 1e6
                print(
                    f"| {sender.statuses['201']} | {seen[-1]:.0f} | {own(running.pid) / 1e6:.0f} | {size:.0f} | {os.getloadavg()[0]:.1f} |",
                    flush=True,
                )
            print(
                f"最高 {max(seen):.0f} MB；末尾比一半时 {seen[-1] - seen[STEPS // 2]:+.0f} MB；应答 {dict(sender.statuses)}"
            )


if __name__ == "__main__":
    main()
