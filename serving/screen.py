"""What the command line shows: tables and progress bars, aligned for Chinese widths, and one way to print an error.

In: summaries and plain dicts that `serving.views` made for a viewer. Out: lines on standard output or standard error.
It asks the store nothing and masks nothing: what comes in may be shown.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from nlp.errors import FanzhaError
from serving.batches import sentence
from serving.doctor import Finding
from serving.ingest import IngestSummary

# Refusals shown one by one; a table of a thousand is read by nobody, --json has them all.
SHOWN = 30
PIPE_WIDTH = 140

_STATUS = {"alleged": "涉嫌", "detained": "刑拘", "charged": "起诉/逮捕", "convicted": "判决", "cleared": "澄清"}
_BASIS = {"complaint": "投诉", "published": "报道", "police": "警方", "court": "法院"}
_MARK = {"ok": "[green]✓[/]", "note": "[yellow]![/]", "missing": "[red]✗[/]"}


def out() -> Console:
    """Standard output; made when asked, so that a redirected stream is the one written to."""
    # A pipe has no width: 80 would squeeze the tables, so it gets what a wide terminal has, unless COLUMNS says otherwise.
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(width=wide, highlight=False)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document, readable by machines and, on a screen, by people."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def print_error(error: FanzhaError) -> None:
    """An error of ours on one line."""
    err().print(f"[red]错误[/] {escape(str(error))}")


class _Rate(ProgressColumn):
    """Documents a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} 件/秒" if speed else "", style="progress.data.speed")


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars with rate and remaining time on standard error; silent where that is no terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TextColumn("剩余"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        yield bars


def print_ingest(summary: IngestSummary) -> None:
    """What became of an import."""
    rows = [("续做", summary.resumed, "上次收下、未处理完")] if summary.resumed else []
    rows.append(("新收", summary.new, f"批次 {summary.batch_id}" if summary.new else ""))
    rows.append(("已有", summary.already, "内容相同，未改动" if summary.already else ""))
    rows.append(("拒收", len(summary.refused), "原因见下" if summary.refused else ""))
    rows.append(("已分析", summary.work.done, ""))
    if summary.work.failed:
        rows.append(("分析失败", summary.work.failed, "fanzha ingest --retry-failed 可重试"))
    print_counts("导入结果", rows)
    print_lines("拒收", [sentence(error) for error in summary.refused])
    print_lines("失败", [f"{name}（{identity}）：{reason}" for identity, name, reason in summary.work.failures])


def print_counts(title: str, rows: Iterable[tuple[str, int, str]]) -> None:
    """What became of everything: name, number, note."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name, number, note in rows:
        table.add_row(name, str(number), note)
    out().print(table)


def print_lines(name: str, lines: Sequence[str]) -> None:
    """One line each, to be searched and counted; a thousand are cut off."""
    console = out()
    for line in lines[:SHOWN]:
        console.print(f"[red]{name}[/] {escape(line)}", soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"[dim]……另有 {len(lines) - SHOWN} 条，用 --json 查看全部[/]")


def ingest_json(summary: IngestSummary) -> dict[str, Any]:
    """The same for machines."""
    return {
        "batch_id": summary.batch_id, "new": summary.new, "already": summary.already, "refused": summary.refused,
        "resumed": summary.resumed, "analysed": summary.work.done, "failed": summary.work.failed,
        "failures": [{"document_id": i, "doc_id": name, "reason": reason} for i, name, reason in summary.work.failures],
        "waiting": summary.waiting,
    }  # fmt: skip


def print_incidents(lines: Sequence[Mapping[str, Any]], more: bool) -> None:
    """Incidents as a table, newest change first."""
    console = out()
    if not lines:
        console.print("没有符合条件的事件。")
        return
    table = Table(header_style="bold", pad_edge=False, show_lines=True)
    table.add_column("编号", no_wrap=True)
    table.add_column("类型", no_wrap=True)
    table.add_column("标题、地点", ratio=3, overflow="fold")
    table.add_column("金额（元）、人员", ratio=2, overflow="fold")
    table.add_column("时间、来源、状态", min_width=12, overflow="fold")
    for line in lines:
        table.add_row(*map(escape, _incident_cells(line)))
    console.print(table)
    console.print(f"[dim]{len(lines)} 个事件" + ("，还有更多：加大 --limit 或加条件" if more else "") + "[/]")


def print_batches(rows: Iterable[Any]) -> None:
    """Imports as a table."""
    table = Table(header_style="bold", pad_edge=False)
    for heading in ("批次", "状态", "新收", "已有", "拒收", "开始", "来源"):
        table.add_column(heading)
    for row in rows:
        state = {"running": "进行中", "finished": "完成", "undone": "已撤销"}.get(row.state, row.state)
        table.add_row(
            row.id, state, str(row.new), str(row.already), str(row.refused), row.started_at, escape(row.source)
        )
    out().print(table)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table; cells are shown letter for letter."""
    table = Table(header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    out().print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """What the doctor found."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for finding in findings:
        advice = f"\n[yellow]→ {escape(finding.advice)}[/]" if finding.advice else ""
        table.add_row(_MARK[finding.state], finding.name, escape(finding.value) + advice)
    out().print(table)


def yuan(minimum: float, maximum: float) -> str:
    """A sum for a table: 3460, 380万–390万, 1000万."""

    def one(value: float) -> str:
        for unit, name in ((1e8, "亿"), (1e4, "万")):
            if value >= unit:
                return f"{value / unit:.2f}".rstrip("0").rstrip(".") + name
        return f"{value:.2f}".rstrip("0").rstrip(".")

    return one(minimum) if minimum == maximum else f"{one(minimum)}–{one(maximum)}"


def _places(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where it happened, what most sources say first; a place that another one lies in is left out."""
    scenes = [place for place in found if place["role"] in ("scene", "victim_home", "handling_police")] or list(found)
    ranked = dict.fromkeys(place["region"] for place in sorted(scenes, key=lambda place: -place["sources"]))
    return [region for region in ranked if not any(other.startswith(f"{region}/") for other in ranked)]


def _incident_cells(line: Mapping[str, Any]) -> list[str]:
    places = _places(line["places"])
    people = [f"{person['name']}（{_ROLE[person['role']]}）" for person in line["persons"] if person["role"] in _ROLE]
    sums = [f"{_SUM.get(total['role'], total['role'])} {yuan(total['min'], total['max'])}" for total in line["totals"]]
    days = [day[:10] for day in (line["first_date"], line["last_date"]) if day]
    days = days or [f"{line['published'][:10]} 报道" if line["published"] else "时间不详"]
    state = f"{_STATUS.get(line['status'], line['status'])}/{_BASIS.get(line['basis'], line['basis'])}"
    type_name = line["label_name"] + ("？" if line["review"] else "")
    shown = [" ".join(line["title"].split()), *places[:3]]
    told = ["  ".join(sums), "、".join(people[:6])]
    when = [" 至 ".join(dict.fromkeys(days)), f"{line['independent_sources']} 个独立来源", state]
    return [line["id"], type_name, *("\n".join(filter(None, map(str.strip, cell))) for cell in (shown, told, when))]


_ROLE = {"suspect": "嫌", "victim": "受"}
_SUM = {"loss": "损失", "gain": "获利", "flow": "流水", "recovered": "追回", "frozen": "冻结", "fine": "罚款"}
