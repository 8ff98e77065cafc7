"""`fanzha serve` without its words: the API in this process, or in several that share one socket, one store and one inbox.

In: settings, an address. Out: it serves until it is stopped. Several processes: the first one binds the socket and starts the others anew
when they die; what one of them had in hand is taken up by the others (`serving.inbox`). Each has its own model, its own places at its desk
and its own count of requests. Stopped, each finishes what it is reading; when the first one dies, the others stop like that too.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from nlp.errors import FanzhaError, InputError
from serving import heap
from serving.settings import Settings

log = logging.getLogger(__name__)
# How long a thread of the server may hold the interpreter while others want it. Python's own 5 ms is what the encoder, which lets it go,
# then waited for it after every window, and the event loop before every answer.
SWITCH_SECONDS = 0.001
# What a process is given to finish what it reads once it is stopped; `Engine.close` takes thirty seconds at most for each of its threads.
STOP_SECONDS = 90.0
# A process that died is replaced after this long, so that one that dies at once does not keep the machine busy.
AGAIN_SECONDS = 1.0
# Connections that may wait to be taken, as in uvicorn.
BACKLOG = 2048
# The code that a process ends with when it could not start: it would not the next time either.
NOT_STARTED = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """What is served where."""

    host: str
    port: int
    demo: bool = False
    console: bool = False


def here(settings: Settings, offer: Offer, listening: socket.socket | None = None) -> bool:
    """Serve in this process until it is stopped; False where it never began. listening: a socket that is bound already.

    Raises what making or starting the application raises.
    """
    heap.few_heaps()
    sys.setswitchinterval(SWITCH_SECONDS)
    import uvicorn

    from serving.doorway import Doorway

    def make() -> Any:
        from serving.api.app import create_app
        from serving.log_lines import log_to_stderr

        log_to_stderr()
        application = create_app(settings, demo=offer.demo)
        if offer.console:
            from serving.console.attach import attach

            attach(application)
        return application

    def stop() -> None:
        server.should_exit = True

    doorway = Doorway(make, stop)
    server = uvicorn.Server(
        uvicorn.Config(
            doorway,
            host=offer.host,
            port=offer.port,
            log_level="warning",
            log_config=None,  # its words go where all others go, see serving.log_lines
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=5,  # a follower's stream has no end of its own
            # Longer than those in front of us keep an idle connection (a minute, mostly): who closes first is never asked on a closed one.
            timeout_keep_alive=75,
        )
    )
    server.run([listening] if listening is not None else None)
    if doorway.failure is not None:
        raise doorway.failure
    return server.started


def together(settings: Settings, offer: Offer, number: int) -> bool:
    """Serve in `number` processes until stopped; False where they could not start. Raises InputError for an address that cannot be had.

    1. One socket for all. 2. The processes. 3. Who dies is replaced, until somebody stops us. 4. All are stopped and waited for.
    """
    listening = bound(offer)  # 1.
    stopped = threading.Event()
    before = {told: signal.signal(told, lambda *_: stopped.set()) for told in (signal.SIGTERM, signal.SIGINT)}
    running: list[BaseProcess] = []
    started = True
    try:
        running = [_start(settings, offer, listening) for _ in range(number)]  # 2.
        while not stopped.is_set():  # 3.
            multiprocessing.connection.wait([process.sentinel for process in running], timeout=0.2)
            for at, process in enumerate(running):
                if process.exitcode is None or stopped.is_set():
                    continue
                if process.exitcode == NOT_STARTED:
                    started = False
                    stopped.set()
                    break
                log.warning("进程 %s 已结束（%s），重新启动", process.pid, process.exitcode)
                stopped.wait(AGAIN_SECONDS)
                running[at] = _start(settings, offer, listening)
    finally:
        for process in running:  # 4.
            if process.exitcode is None:
                process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in running:
            process.join(max(0.0, end - time.monotonic()))
            if process.exitcode is None:
                process.kill()
        listening.close()
        for told, handler in before.items():
            signal.signal(told, handler)
    return started


def bound(offer: Offer) -> socket.socket:
    """A listening socket; raises InputError for an address that cannot be had."""
    family = socket.AF_INET6 if ":" in offer.host else socket.AF_INET
    try:
        return socket.create_server((offer.host, offer.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InputError(
            f"不能监听：{error.strerror or error}",
            where=f"{offer.host}:{offer.port}",
            advice="换一个端口，或停掉占用它的程序",
        ) from error


def _start(settings: Settings, offer: Offer, listening: socket.socket) -> BaseProcess:
    # spawn: a fork of a process with threads is a process with broken locks.
    process = multiprocessing.get_context("spawn").Process(target=_replica, args=(settings, offer, listening))
    process.start()
    return process


def _replica(settings: Settings, offer: Offer, listening: socket.socket) -> None:
    """One of several, in its own process."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    try:
        if not here(settings, offer, listening):
            sys.exit(NOT_STARTED)
    except FanzhaError as error:
        from serving import screen

        screen.print_error(error)
        sys.exit(NOT_STARTED)


def _stop_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
