"""`fanzha watch`: reads feeds, sitemaps and lists of pages into the inbox, again and again, with bars that move.

In: what was typed. Out: after every round a table of what came and a line for everything that could not be had, or JSON. The work is
`serving.watch`'s and, for the analysis, `serving.ingest`'s.
"""

from __future__ import annotations

import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from serving.command_options import JsonOption, StoreOption, interrupt, open_at, settings_of


def watch(
    sources: Annotated[Path, typer.Argument(help="来源文件（TOML），写法见 docs/sources.toml", metavar="来源文件")],
    once: Annotated[bool, typer.Option("--once", help="只读一轮就结束")] = False,
    every: Annotated[
        str, typer.Option("--every", help="每隔多久一轮，如 30m、6h；默认取来源文件，再默认 1h", metavar="时长")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出会取哪些页：只取列表和 robots.txt，不收件")] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze/--no-analyze", help="收下后接着分析；不分析则留给 serve 或 ingest")
    ] = True,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """盯住订阅源、站点地图、列表页，把新文章收进收件箱；守 robots.txt，慢慢来。"""
    from serving import screen, watch_sources
    from serving.watch_fetch import Visitor

    settings = settings_of(store)
    plan = watch_sources.load(sources)
    pause = watch_sources.span(every, "--every", least=60) if every else plan.every
    opened = open_at(settings.store)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        visitor = Visitor(opened, plan)
        if dry_run:
            _list(opened, plan, visitor, as_json)
            return
        while True:
            began = time.time()
            reached = _round(opened, plan, visitor, settings, analyze, as_json)
            if once:
                break
            rest = max(0.0, began + pause - time.time())
            screen.err().print(f"[dim]下一轮 {_clock(time.time() + rest)}，停止 Ctrl-C[/]")
            time.sleep(rest)
    except KeyboardInterrupt:
        screen.err().print("已停止。收下的都在，没取完的下次接着取。")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        opened.close()
    if not reached:
        raise typer.Exit(1)


def _round(opened: Any, plan: Any, visitor: Any, settings: Any, analyze: bool, as_json: bool) -> bool:
    """One round and its analysis, shown; False when nothing at all could be reached."""
    from serving import screen, worker
    from serving import watch as rounds
    from serving.ingest import IngestSummary, ingest

    with screen.progress() as bars:
        task = bars.add_task("列表", total=None)

        def on_step(done: rounds.Round, url: str) -> None:
            bars.update(task, description=_short(url), completed=done.fetched, total=done.to_fetch or None)

        done = rounds.once(opened, plan, visitor, on_step)
    summary = IngestSummary()
    if analyze:
        with screen.progress() as bars:
            working = bars.add_task("分析", total=None)

            def on_work(work: worker.WorkSummary, total: int) -> None:
                bars.update(working, completed=work.done + work.failed, total=max(total, work.done + work.failed))

            summary = ingest(opened, [], lambda: worker.load_analyzer(settings), batch=settings.batch, on_work=on_work)
    if as_json:
        screen.print_json(_as_json(done) | {"analysed": summary.work.done, "failed": summary.work.failed})
    else:
        _print(done, summary)
    return bool(done.lists or done.fetched > len(done.troubles) or done.elsewhere or not done.troubles)


def _print(done: Any, summary: Any) -> None:
    from serving import screen

    rows = [
        ("新收", done.new, f"批次 {done.batch_id}" if done.new or done.changed else ""),
        ("有改动", done.changed, "同一地址的新文本，旧文本仍在"),
        ("没变", done.same, ""),
        ("取不到", len(done.troubles), "原因见下"),
        ("以后再取", done.waiting, ""),
        ("已分析", summary.work.done, f"失败 {summary.work.failed}" if summary.work.failed else ""),
    ]
    screen.print_counts(f"这一轮（{_clock(time.time())}）", [(n, v, note if v else "") for n, v, note in rows])
    screen.print_lines("取不到", [_line(trouble) for trouble in done.troubles])
    for reason, number in done.declined.items():
        screen.out().print(f"[dim]略过 {number} 个地址：{screen.escape(reason)}[/]")
    for name in done.elsewhere:
        screen.out().print(f"来源“{screen.escape(name)}”另一进程正在读，这一轮没有去")


def _list(opened: Any, plan: Any, visitor: Any, as_json: bool) -> None:
    """What a round would fetch."""
    from serving import screen
    from serving import watch as rounds

    with screen.progress() as bars:
        task = bars.add_task("列表", total=None)
        found, done = rounds.preview(
            opened, plan, visitor, lambda url: bars.update(task, description=_short(url), advance=1)
        )
    if as_json:
        pages = [{"source": source, "url": url, "why": why} for source, url, why in found]
        screen.print_json({"pages": pages} | _as_json(done))
        return
    for source, url, why in found:  # one line each, so that it can be searched and counted
        print(source, why, url, sep="\t")
    screen.print_lines("取不到", [_line(trouble) for trouble in done.troubles])
    for reason, number in done.declined.items():
        screen.out().print(f"[dim]略过 {number} 个地址：{screen.escape(reason)}[/]")
    screen.err().print(f"会取 {len(found)} 页；没有取任何一页，也没有收件")


def _as_json(done: Any) -> dict[str, Any]:
    return {
        "batch_id": done.batch_id, "lists": done.lists, "listed": done.listed, "new": done.new, "changed": done.changed,
        "same": done.same, "waiting": done.waiting, "declined": done.declined, "elsewhere": done.elsewhere,
        "troubles": [
            {"source": each.source, "url": each.url, "reason": each.reason, "again": each.due or None} for each in done.troubles
        ],
    }  # fmt: skip


def _line(trouble: Any) -> str:
    again = f"；{_clock(trouble.due)} 再试" if trouble.due else ""
    return f"{trouble.source} {trouble.url}：{trouble.reason}{again}"


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%m-%d %H:%M")


def _short(url: str) -> str:
    return url if len(url) <= 60 else f"{url[:40]}…{url[-18:]}"
