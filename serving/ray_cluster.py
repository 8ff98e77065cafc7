"""Ray, reached: a running cluster by its address, or one of this machine's own that goes with this process.

In: an address ("" starts Ray here), how many cores. Out: the module `ray`, connected, and whether it was started here. What goes wrong is one
InputError in the house's words. Ray comes with the extra `scale` and is imported nowhere else but through here.

What is started here listens on loopback alone, behind a token that Ray keeps in ~/.ray (2.60 and later). It reports to nobody.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from typing import Any

from nlp.errors import InputError

KNOCK_SECONDS = 10.0
# Of shared memory for what passes between processes: batches of documents, requests and answers are small. Ray's own choice is 30 % of the machine.
OBJECT_BYTES = 256_000_000
# Read by Ray when it is imported, where it is started here. The first: a node of ours keeps its loopback address, which Ray would replace by
# the machine's. The others are how long Ray waits for processes of its own before it takes them for dead: 30 s, 30 s and 5 s of its own choice
# are not enough on a machine that does other things.
_BEFORE_IMPORT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_raylet_start_wait_time_s": "180",
    "RAY_agent_register_timeout_ms": "180000",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
}


def imported() -> Any:
    """The module `ray`; raises InputError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise InputError("没有安装 Ray", where="--engine ray", advice='pip install "fanzha[scale]"') from error
    return ray


def connect(address: str, cores: int) -> tuple[Any, bool]:
    """(`ray`, was it connected or started by this call). cores: of a Ray that is started here.

    Raises InputError where Ray is not installed, the cluster does not answer, or Ray does not start.
    """
    if not address:
        for name, value in _BEFORE_IMPORT.items():
            os.environ.setdefault(name, value)
    ray = imported()
    if ray.is_initialized():
        return ray, False
    check_reachable(address)
    logging.getLogger("ray._private.authentication").setLevel(
        logging.ERROR
    )  # that a Ray of our own has a password is no warning
    handler = signal.getsignal(signal.SIGTERM)
    here: dict[str, Any] = {"num_cpus": cores, "object_store_memory": OBJECT_BYTES, "_node_ip_address": "127.0.0.1"}
    for last in (False, True):
        try:
            ray.init(
                address=address or "local", include_dashboard=False, log_to_driver=False, configure_logging=False,
                **({} if address else here),
            )  # fmt: skip
            break
        except Exception as error:  # Ray raises plain ones, too
            if address:
                raise unreachable(address, error) from error
            # A node that was not up within its 30 s is up the second time on most busy machines: its files are in memory by then.
            ray.shutdown()
            if last:
                raise _not_started(error) from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray puts its own there, which ends the process in the middle
    return ray, True


def leave() -> None:
    """Let go of the Ray that this process is connected to, if any; one that was started here ends."""
    ray = sys.modules.get("ray")
    if ray is not None and ray.is_initialized():
        ray.shutdown()


def told_as_ours(ray: Any, answer: Any) -> Any:
    """The value of a task or a method of an actor; what went wrong there is raised as if it had gone wrong here."""
    try:
        return ray.get(answer)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error


def check_reachable(address: str) -> None:
    """Ray itself asks a head that is not there again and again for minutes; one knock tells. Names like "auto" are left to Ray."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise unreachable(address, error) from error


def unreachable(address: str, error: Exception) -> InputError:
    """No cluster answers at `address`."""
    return InputError(
        f"连不上 Ray 集群：{error}", where=f"--address {address}", expected="如 ray://主机:10001 或 主机:6379"
    )


def _not_started(error: Exception) -> InputError:
    return InputError(
        f"Ray 没有启动：{error}", where="--engine ray", advice="机器太忙时稍后再试，或用 --address 接一个已在运行的集群"
    )
