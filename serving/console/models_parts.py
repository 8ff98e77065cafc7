"""What an editor sees of the models: the list, the card, who put which in use, two beside each other, a training with its curve.

In: manifests, choices, a comparison, a run. Out: HTML. The forms are `models_forms`'. It loads no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nlp import taxonomy
from serving.console import wording
from serving.console.html_parts import Html, join, tag
from serving.console.report_parts import Report
from serving.model_choice import Choice
from serving.shadow import Comparison
from serving.training_run import TrainingRun

# Differences on one page of a comparison.
PAGE = 15
# Reports offered.
REPORTS = 10
STATES = {"running": "进行中", "done": "已完成", "failed": "没有成功", "cancelled": "已取消"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the list shows it. origin: 随软件安装, 在这里训练. broken: why it cannot be read, "" where it can."""

    name: str
    version: str
    engine: str
    megabytes: float
    labels: int
    taxonomy: str
    origin: str
    in_use: bool
    broken: str = ""


def listing(models: Sequence[Listed], *, may_publish: bool) -> Html:
    """Every model with what can be done to it."""
    head = tag("tr", [tag("th", name, scope="col") for name in ("模型", "引擎、大小", "类型", "")])
    rows = []
    for model in models:
        state = tag("span", "在用", class_="chip") if model.in_use else None
        about = f"{model.engine}　{model.megabytes:.1f} MB" if not model.broken else "读不出"
        acts = [tag("button", "说明卡", type="button", class_="button small", data_rules="card", value=model.name)]
        if may_publish and not model.in_use and not model.broken:
            use = {"type": "button", "class_": "button small", "data_rules": "use", "aria_label": f"发布：{model.name}"}
            acts.append(tag("button", "发布", value=model.name, **use))
        note = model.broken or f"第 {model.version} 版　{model.origin}"
        version = tag("small", f"标签体系 {model.taxonomy}" if model.taxonomy else "")
        cells = (
            tag("td", tag("b", model.name), state, tag("small", note)), tag("td", about),
            tag("td", f"{model.labels} 个" if model.labels else "", version), tag("td", tag("div", acts, class_="tools tight")),
        )  # fmt: skip
        rows.append(tag("tr", cells))
    return tag("table", tag("thead", head), tag("tbody", rows), class_="models-list")


def chosen(choices: Sequence[Choice], known: Sequence[str], current: str, *, may_publish: bool) -> Html:
    """Who put which model in use when; the ones before can be put back."""
    if not choices:
        return tag("p", "还没有换过模型，用的是随软件安装的默认模型。要换，先试跑，再由管理员按“发布”。", class_="soft")
    rows, offered = [], {current}
    for choice in choices:
        back = None
        if choice.before and choice.before in known and choice.before not in offered and may_publish:
            offered.add(choice.before)
            back = tag(
                "button",
                f"退回 {choice.before}",
                type="button",
                class_="button small",
                data_rules="use",
                value=choice.before,
            )
        what = f"{choice.before or '—'} → {choice.model}"
        told = (
            tag("td", wording.local(choice.at), class_="when"),
            tag("td", choice.by or "—"),
            tag("td", what),
            tag("td", back),
        )
        rows.append(tag("tr", told))
    head = tag("tr", [tag("th", name, scope="col") for name in ("何时", "谁", "换用", "")])
    return tag("table", tag("thead", head), tag("tbody", rows), class_="choices")


def compared(found: Comparison, page: int) -> Html:
    """How two models differ: the counts, and one page of the articles."""
    known = taxonomy.load()
    kinds = {kind.id: kind.name for kind in known.kinds}

    def said(side: tuple[str, str, float, bool]) -> Html:
        kind, label, confidence, review = side
        words = f"{kinds.get(kind, kind)}　{known.name_of(label)}" if label else kinds.get(kind, kind)
        return join(words, tag("small", f"把握 {confidence:.2f}{'，交人' if review else ''}"))

    told = f"{found.documents} 件文档、{found.articles} 篇：种类不同 {found.kinds} 篇，类型不同 {found.labels} 篇，交人与否不同 {found.reviews} 篇。"
    if not found.differences:
        return tag("p", told + "没有不同之处。", class_="trial-told")
    some = found.differences[page * PAGE : (page + 1) * PAGE]
    rows = [
        tag("tr", tag("td", tag("span", one.title), tag("small", one.document_id)), tag("td", said(one.first)), tag("td", said(one.second)))
        for one in some
    ]  # fmt: skip
    head = tag("tr", [tag("th", name, scope="col") for name in ("文章", found.first, found.second)])
    last = (len(found.differences) - 1) // PAGE
    pages = tag(
        "div",
        tag("button", "上一页", type="button", class_="button small", data_rules="page", value=str(page - 1), disabled=page == 0),
        tag("button", "下一页", type="button", class_="button small", data_rules="page", value=str(page + 1), disabled=page >= last),
        tag("small", f"第 {page + 1} / {last + 1} 页，共 {len(found.differences)} 篇不同"), class_="tools",
    )  # fmt: skip
    return join(
        tag("p", told, class_="trial-told"),
        tag("div", tag("table", tag("thead", head), tag("tbody", rows), class_="trial"), class_="scroll"),
        pages,
    )


def report_list(found: Sequence[Report]) -> Html:
    """Reports that lie there, each to be opened."""
    if not found:
        return tag("p", "还没有评测报告。在上面选好两个模型，按“评测”。", class_="soft")
    rows = [
        tag("li", tag("button", report.heading, type="button", class_="button small", data_rules="report", value=report.name),
            tag("small", wording.local(datetime.fromtimestamp(report.at, UTC).isoformat())))
        for report in found[:REPORTS]
    ]  # fmt: skip
    return tag("ul", rows, class_="reports")


def report_card(name: str, drawn: Html) -> Html:
    """One report, opened."""
    close = tag("button", "收起", type="button", class_="button small", data_rules="shut")
    return tag(
        "section",
        tag("h2", f"评测报告 {name}", close),
        tag("div", drawn, class_="inside report-text"),
        class_="card",
        data_report_card=name,
    )


def running(run: TrainingRun | None) -> Html:
    """The present run, or the last one: how far, how long still, the curve of its loss, its last lines."""
    if run is None:
        return tag("p", "没有进行中的训练或评测；开始以后，进度、曲线和输出都在这里。", class_="soft")
    progress = None
    if run.total and run.state == "running":
        progress = tag(
            "p",
            tag("progress", max=run.total, value=run.done, aria_label="进度"),
            f"　{run.done:,}/{run.total:,}　约剩 {run.minutes_left:.1f} 分",
        )
    cancel = (
        tag("button", "取消训练", type="button", class_="button danger", data_rules="cancel")
        if run.state == "running"
        else None
    )
    return tag(
        "div", tag("div", tag("b", f"{run.title}：{STATES[run.state]}"), cancel, class_="tools"), progress, curve(list(run.losses)),
        tag("pre", "\n".join(list(run.lines)[-12:]), class_="log", tabindex="0", aria_label="训练输出"), data_run=run.state,
    )  # fmt: skip


def curve(losses: Sequence[float]) -> Html | None:
    """The losses as a line, 300 × 60; None below two points."""
    if len(losses) < 2:
        return None
    low, high = min(losses), max(losses)
    places = [
        f"{300 * n / (len(losses) - 1):.1f},{56 - 52 * (loss - low) / ((high - low) or 1):.1f}"
        for n, loss in enumerate(losses)
    ]
    return Html(
        f'<figure class="curve"><svg viewBox="0 0 300 60" role="img" aria-label="损失从 {losses[0]:.3f} 到 {losses[-1]:.3f}">'
        f'<polyline fill="none" stroke="currentColor" stroke-width="1.500" points="{" ".join(places)}"/></svg>'
        f"<figcaption>损失 {losses[0]:.3f} → {losses[-1]:.3f}（最低 {low:.3f}）</figcaption></figure>"
    )


def card(name: str, text: str) -> Html:
    """The card of a model as it was written."""
    close = tag("button", "收起", type="button", class_="button small", data_rules="shut")
    return tag(
        "section",
        tag("h2", f"{name} 的说明卡", close),
        tag("pre", text, class_="log card-text", tabindex="0"),
        class_="card",
    )
