"""The command `fanzha`: ingest, watch, analyze, show, incidents, serve, people, backup and others. Chinese for people, `--json` for machines.

Each command reads its options and calls a verb elsewhere; heavy imports happen inside the commands, so `--help` is quick.
Exit codes: 0 done (also when some rows were refused), 1 nothing could be read or done, 2 wrong usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nlp.errors import FanzhaError, InputError
from serving import keep_commands, model_command
from serving.annotation_commands import annotations_app
from serving.command_options import (
    JsonOption,
    MapOption,
    NatureOption,
    StoreOption,
    mapping_of,
    nature_of,
    open_at,
    settings_of,
)
from serving.ingest_command import ingest
from serving.people_commands import audit_app, people_app
from serving.serve_command import serve
from serving.taxonomy_command import taxonomy_app
from serving.watch_command import watch

HELP = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    name="fanzha", help="反诈：把中文文章和群众投诉变成有结构、可引用的诈骗事件库。", no_args_is_help=True,
    add_completion=False, context_settings=HELP, pretty_exceptions_enable=False,
)  # fmt: skip
batches_app = typer.Typer(help="查看、撤销导入批次。", no_args_is_help=True, context_settings=HELP)
app.add_typer(batches_app, name="batches")
model_command.register(app)
keep_commands.register(app)
app.add_typer(people_app, name="people")
app.add_typer(audit_app, name="audit")
app.add_typer(annotations_app, name="annotations")
app.add_typer(taxonomy_app, name="taxonomy")

app.command()(ingest)
app.command()(watch)
app.command()(serve)


@app.command()
def analyze(
    inputs: Annotated[list[str], typer.Argument(help="文件、文件夹、通配符，- 为标准输入", metavar="输入")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写到文件；默认标准输出", metavar="文件")
    ] = None,
    columns: MapOption = None,
    nature: NatureOption = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="几个进程同时分析", metavar="个数")] = 1,
) -> None:
    """只分析，不入库：每件文档一行 JSON。"""
    from serving import analysing, screen

    settings = settings_of(None)
    with screen.progress() as bars:
        task = bars.add_task("分析", total=None)
        done = analysing.analyse_to(
            inputs, output, settings, columns=mapping_of(columns), nature=nature_of(nature),
            on_progress=lambda number: bars.update(task, completed=number), workers=workers,
        )  # fmt: skip
    for line in done.problems[: screen.SHOWN]:
        screen.err().print(f"[red]跳过[/] {screen.escape(line)}")
    screen.err().print(
        f"已分析 {done.written} 件，跳过 {len(done.problems)} 件" + (f"，写入 {output}" if output else "")
    )
    if done.problems and not done.written:
        raise typer.Exit(1)


@app.command()
def show(
    inputs: Annotated[list[str], typer.Argument(help="文件、文件夹、通配符，- 为标准输入", metavar="输入")],
    html: Annotated[
        Path | None, typer.Option("--html", help="写成一个自足的网页，不在终端显示", metavar="文件")
    ] = None,
    role: Annotated[
        str, typer.Option("--role", help="以谁的身份看：reader 已脱敏；analyst、editor、admin 全部", metavar="角色")
    ] = "analyst",
    columns: MapOption = None,
    nature: NatureOption = None,
) -> None:
    """看一篇读出了什么：原文着色、标明作用，附判断和每个案件的人物、金额、地点。"""
    from serving import screen, settings, showing, showing_html, showing_terminal

    if role not in settings.ROLES:
        raise InputError(f"未知角色 {role}", where="--role", expected="、".join(settings.ROLES))
    documents = showing.show(
        inputs, settings_of(None), viewer=role, columns=mapping_of(columns), nature=nature_of(nature)
    )
    if html is None:
        seen, missed = showing_terminal.draw(screen.out(), documents)
    else:
        seen, missed = showing_html.write(html, documents)
        screen.err().print(
            f"已写入 {screen.escape(str(html))}：{seen} 件" + (f"，未显示 {missed} 件" if missed else "")
        )
    if missed and not seen:
        raise typer.Exit(1)


@app.command()
def incidents(
    label: Annotated[
        list[str] | None, typer.Option("--label", help="类型（编号或中文名，可重复）", metavar="类型")
    ] = None,
    place: Annotated[str, typer.Option("--place", help="地名或行政区划代码，含下级", metavar="地点")] = "",
    since: Annotated[str, typer.Option("--since", help="不早于，如 2024-05", metavar="日期")] = "",
    until: Annotated[str, typer.Option("--until", help="不晚于", metavar="日期")] = "",
    query: Annotated[str, typer.Option("--query", "-q", help="词语，空格隔开，都要出现", metavar="词")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="最多多少个", min=1, max=500)] = 50,
    role: Annotated[
        str, typer.Option("--role", help="以谁的身份看：reader 已脱敏；analyst、editor、admin 全部", metavar="角色")
    ] = "analyst",
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """列出事件，最近有变化的在前。"""
    from serving import asking, queries, screen, settings, views

    if role not in settings.ROLES:
        raise InputError(f"未知角色 {role}", where="--role", expected="、".join(settings.ROLES))
    wanted = asking.incident_filter(label or [], place, since, until, query)
    opened = open_at(settings_of(store).store)
    try:
        with opened.reading() as session:
            page = queries.list_incidents(session, wanted, viewer=role, limit=limit)
            lines = [(views.incident_view if as_json else views.incident_line)(row, role) for row in page.rows]
    finally:
        opened.close()
    if as_json:
        screen.print_json(lines)
    else:
        screen.print_incidents(lines, page.cursor is not None)


@app.command()
def doctor(
    migrate: Annotated[bool, typer.Option("--migrate", help="先把事件库升级到本程序的版本")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """检查安装、模型、事件库，缺什么、怎么办。"""
    from dataclasses import asdict

    from serving import screen
    from serving.doctor import examine

    settings = settings_of(store)
    if migrate:
        open_at(settings.store).close()
    findings = examine(settings)
    if as_json:
        screen.print_json([asdict(finding) for finding in findings])
    else:
        screen.print_findings(findings)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


@batches_app.command("list")
def list_batches(as_json: JsonOption = False, store: StoreOption = None) -> None:
    """列出最近的导入。"""
    from serving import batches, screen

    opened = open_at(settings_of(store).store)
    try:
        with opened.reading() as session:
            rows = batches.listing(session)
    finally:
        opened.close()
    if as_json:
        screen.print_json([batches.view(row) for row in rows])
    else:
        screen.print_batches(rows)


@batches_app.command("undo")
def undo_batch(
    batch_id: Annotated[str, typer.Argument(help="批次编号，见 fanzha batches list", metavar="批次")],
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """撤销一次导入：它带来的文档撤回，只靠这些文档的事件留下撤回标记。"""
    from serving import batches, screen

    opened = open_at(settings_of(store).store)
    try:
        with opened.writing() as session:
            undone = batches.undo(session, batch_id)
    finally:
        opened.close()
    if as_json:
        screen.print_json({"withdrawn": undone.withdrawn, "kept": undone.kept, "changes": list(undone.changes)})
    else:
        kept = f"，{undone.kept} 件另有批次带来，保留" if undone.kept else ""
        screen.out().print(f"已撤销：撤回 {undone.withdrawn} 件文档{kept}，记下 {len(undone.changes)} 条变更。")


def main() -> None:
    """Entry point: our errors on one line, Ctrl-C without a trace."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    _speak_chinese()
    try:
        app()
    except FanzhaError as error:
        from serving import screen

        screen.print_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _speak_chinese() -> None:
    """Typer's own words in Chinese, and its tables folding text without spaces instead of cutting it off."""
    from rich.table import Table
    from typer import rich_utils

    class Folding(Table):
        def add_row(self, *cells: Any, **options: Any) -> None:
            super().add_row(*cells, **options)
            for column in self.columns:
                column.overflow = "fold"

    rich_utils.Table = Folding  # type: ignore[misc,attr-defined]
    rich_utils.OPTIONS_PANEL_TITLE, rich_utils.ARGUMENTS_PANEL_TITLE = "选项", "参数"
    rich_utils.COMMANDS_PANEL_TITLE, rich_utils.ERRORS_PANEL_TITLE = "命令", "用法有误"
    rich_utils.REQUIRED_LONG_STRING, rich_utils.DEFAULT_STRING = "[必填]", "[默认：{}]"
    rich_utils.RICH_HELP = "试试 [blue]{command_path} {help_option}[/]"


if __name__ == "__main__":
    main()
