"""How soon a server can be asked: seconds until /healthz, /readyz and the answer to a first complaint, and what importing it costs.

    python -m benchmarks.start_speed

In: nothing. Out: seconds of wall time and of processor time on standard output, the load of the machine beside them; it judges nothing. The
store is a new one in a temporary folder, the model the shipped one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.process_figures import cpu_seconds
from tests.processes import ROOT, environment, server, until_it_answers

TEXT = "3月5日，李某在网上看到兼职刷单的广告，垫付后先后转账五笔，共被骗32800元，提现时被对方拉黑，遂报警。"
IMPORT = """
import time
began, cpu = time.perf_counter(), time.process_time()
import serving.api.app
print(f"{time.perf_counter() - began:.2f} 秒，处理器 {time.process_time() - cpu:.2f} 秒")
"""


def main() -> None:
    """Start, ask, print."""
    print(f"{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}")
    imported = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )  # fmt: skip
    print("引入 serving.api.app：", imported.stdout.strip())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        began = time.perf_counter()
        with server(folder, "--demo", "--store", str(folder / "f.db")) as (address, running):
            for path in ("/healthz", "/readyz"):
                until_it_answers(address + path, running, folder)
                print(f"{path}：{time.perf_counter() - began:.2f} 秒，处理器 {cpu_seconds(running.pid):.2f} 秒")
            asked = time.perf_counter()
            httpx.post(f"{address}/v1/reports", json={"text": TEXT}, timeout=60).raise_for_status()
            print(f"第一件投诉：{time.perf_counter() - asked:.2f} 秒")


if __name__ == "__main__":
    main()
