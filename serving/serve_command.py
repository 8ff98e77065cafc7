"""`fanzha serve`: the API, and the console where asked for, in one process, in several, or as replicas under Ray Serve.

In: what was typed. Out: it serves until it is stopped. The work is `serving.listening`'s and `serving.listening_ray`'s.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

import typer

from nlp.errors import InputError
from serving.command_options import StoreOption, settings_of

MOST_REPLICAS = 1000


def serve(
    host: Annotated[str, typer.Option("--host", help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="端口", min=1, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="演示：本机访问即为值守人员，只能在回环地址上")] = False,
    console: Annotated[
        bool, typer.Option("--console", help="同时打开网页工作台 /console（需要 fanzha[console]）")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", help="几个进程一起服务：同一地址、同一事件库、同一收件箱", min=1, max=64, metavar="个数"
        ),
    ] = 1,
    engine: Annotated[
        str, typer.Option("--engine", help="local 本机进程；ray 用 Ray Serve 的副本（另装 scale 部分）", metavar="方式")
    ] = "local",
    replicas: Annotated[
        int | None,
        typer.Option("--replicas", help="Ray：固定几个副本，默认 1", min=1, max=MOST_REPLICAS, metavar="个数"),
    ] = None,
    min_replicas: Annotated[
        int | None,
        typer.Option("--min-replicas", help="Ray：随请求增减，最少几个", min=1, max=MOST_REPLICAS, metavar="个数"),
    ] = None,
    max_replicas: Annotated[
        int | None,
        typer.Option("--max-replicas", help="Ray：随请求增减，最多几个", min=1, max=MOST_REPLICAS, metavar="个数"),
    ] = None,
    address: Annotated[str, typer.Option("--address", help="Ray 集群地址；不写则在本机启动", metavar="地址")] = "",
    store: StoreOption = None,
) -> None:
    """启动接口服务，并在后台处理收件箱。"""
    from serving import listening, screen

    if demo and not is_loopback(host):
        raise InputError(
            f"演示模式不能监听 {host}",
            where="--host",
            expected="127.0.0.1 或 ::1",
            advice="去掉 --demo，或改回本机地址",
        )
    if console and workers > 1:
        raise InputError(
            f"--workers {workers}", where="--console", expected="1",
            advice="工作台把界面状态记在内存里，只能有一个进程：另开一个 fanzha serve --console",
        )  # fmt: skip
    scale = _scale(engine, replicas, min_replicas, max_replicas, address)
    if scale is not None:
        _check_replicated(demo, console, workers)
    settings = settings_of(store)
    offer = listening.Offer(host, port, demo, console)
    name = f"[{host}]" if ":" in host else host
    if demo:
        screen.err().print("[black on yellow] 演示模式 [/] 本机任何访问都可见未脱敏数据，请勿用于真实案件。")
    if console:
        screen.err().print(f"工作台 http://{name}:{port}/console")
    screen.err().print(f"接口 http://{name}:{port}/v1/incidents   说明 http://{name}:{port}/docs   停止 Ctrl-C")
    if scale is not None:
        from serving import listening_ray

        started = listening_ray.replicated(
            settings, offer, scale, address, on_ready=lambda note: screen.err().print(f"副本已就绪。{note}")
        )
    elif workers == 1:
        started = listening.here(settings, offer)
    else:
        started = listening.together(settings, offer, workers)
    if not started:
        raise typer.Exit(1)


def is_loopback(host: str) -> bool:
    """Does only this machine reach a server on `host`? A name other than localhost is taken as reachable."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _scale(engine: str, replicas: int | None, least: int | None, most: int | None, address: str) -> Any:
    """How many replicas, None for processes of this machine. Raises InputError for what does not go together."""
    if engine not in ("local", "ray"):
        raise InputError(f"--engine {engine}", expected="local 或 ray")
    told = {"--replicas": replicas, "--min-replicas": least, "--max-replicas": most, "--address": address or None}
    given = [name for name, value in told.items() if value is not None]
    if engine == "local":
        if given:
            raise InputError("、".join(given), expected="与 --engine ray 同用", advice="本机几个进程用 --workers")
        return None
    if replicas is not None and (least, most) != (None, None):
        raise InputError("、".join(given), expected="--replicas，或 --min-replicas 与 --max-replicas")
    if most is None and least is not None:
        raise InputError("--min-replicas", expected="与 --max-replicas 同用")
    from serving.replica_ray import Scale

    found = Scale(replicas or least or 1, replicas or most or 1)
    if found.least > found.most:
        raise InputError(f"--min-replicas {found.least} --max-replicas {found.most}", expected="最少不超过最多")
    return found


def _check_replicated(demo: bool, console: bool, workers: int) -> None:
    """What replicas do not go together with; raises InputError."""
    if console:
        raise InputError(
            "--engine ray", where="--console", expected="local",
            advice="工作台把界面状态记在内存里，只能有一个进程：另开一个 fanzha serve --console",
        )  # fmt: skip
    if demo:
        raise InputError("--engine ray", where="--demo", expected="local", advice="演示只在本机的一个进程里")
    if workers > 1:
        raise InputError(f"--workers {workers}", where="--engine ray", expected="--replicas")
