"""`fanzha ingest`: sources into the store, then analysed, here, in several processes or on Ray (which reads addresses too), with bars that move.

In: what was typed. Out: a table of what became of everything, or JSON. The work is `serving.ingest`'s.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from typing import Annotated, Any

import typer

from corpora.object_store import is_address
from nlp.errors import InputError
from serving import ray_cluster
from serving.command_options import (
    JsonOption,
    MapOption,
    NatureOption,
    StoreOption,
    interrupt,
    mapping_of,
    nature_of,
    open_at,
    settings_of,
)


def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="文件、文件夹、通配符、地址（s3://、gs://、file://），- 为标准输入；不写则只续做未完成的",
            metavar="路径",
        ),
    ] = None,
    columns: MapOption = None,
    nature: NatureOption = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="先把失败、搁置的文档重新放回待处理")] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="几个进程（或 Ray 执行者）同时分析", metavar="个数")
    ] = 1,
    engine: Annotated[
        str, typer.Option("--engine", help="local 本机进程；ray 用 Ray（另装 scale 部分）", metavar="方式")
    ] = "local",
    address: Annotated[str, typer.Option("--address", help="Ray 集群地址；不写则在本机启动", metavar="地址")] = "",
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """收下文档，逐件分析、归并成事件；上次未处理完的先续做。"""
    from serving import inbox, screen, worker
    from serving.ingest import IngestSummary
    from serving.ingest import ingest as run

    settings = settings_of(store)
    mapping, kind = mapping_of(columns), nature_of(nature)
    crew, reader = _crew(settings, workers, engine, address), None
    if engine == "ray":
        from serving import reading_ray

        reader = functools.partial(reading_ray.read_sources, address=address, cores=workers)
        if any(is_address(path) for path in paths or []):
            ray_cluster.connect(address, workers)  # now: what is wrong with it is told before anything is begun
    opened = open_at(settings.store)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        if retry_failed:
            with opened.writing() as session:
                inbox.retry_failed(session)
        with screen.progress() as bars:
            reading, working = bars.add_task("收件", total=None), None

            def on_read(so_far: IngestSummary) -> None:
                bars.update(reading, completed=so_far.readable + len(so_far.refused))

            def on_work(work: worker.WorkSummary, total: int) -> None:
                nonlocal working
                if working is None:
                    bars.update(reading, total=bars.tasks[0].completed)
                    working = bars.add_task("分析", total=total)
                bars.update(working, completed=work.done + work.failed, total=max(total, work.done + work.failed))

            summary = run(
                opened, paths or [], lambda: worker.load_analyzer(settings), columns=mapping, nature=kind, batch=settings.batch,
                on_read=on_read, on_work=on_work, crew=crew, reader=reader,
            )  # fmt: skip
    except KeyboardInterrupt:
        with opened.reading() as session:
            counts = inbox.counts(session)
        screen.err().print(
            f"已停止。已完成 {counts['done']} 件，已收下待处理 {counts['accepted']} 件，没有丢失；再次运行 fanzha ingest 即继续。"
        )
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        opened.close()
        if engine == "ray":
            ray_cluster.leave()
    if as_json:
        screen.print_json(screen.ingest_json(summary))
    else:
        screen.print_ingest(summary)
    if summary.refused and not summary.readable:
        raise typer.Exit(1)


def _crew(settings: Any, workers: int, engine: str, address: str) -> Callable[[], Any] | None:
    """Who reads, None: this process; raises InputError for an engine there is not, and for an address without Ray."""
    if engine not in ("local", "ray"):
        raise InputError(f"--engine {engine}", expected="local 或 ray")
    if address and engine != "ray":
        raise InputError(f"--address {address}", expected="与 --engine ray 同用")
    if engine == "ray":
        from serving.crew_ray import RayCrew

        return lambda: RayCrew(settings, workers, address)
    if workers == 1:
        return None
    from serving.crew import ProcessCrew

    return lambda: ProcessCrew(settings, workers)
