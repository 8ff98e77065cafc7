"""The forms of 模型: two models to be tried, a label from examples, a full training, an evaluation.

In: names of models and configurations. Out: HTML; `static/console.js` sends what is filled in. It starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving.console.html_parts import Html, options, tag, void
from serving.shadow import MOST

# What a model is measured on, and what a full training reads.
GOLD = {"open": "自撰语料（没学过的执笔口吻）", "own": "这里的标注（各件最终的一份）", "file": "自己的文件"}
DATA = {"own": "这里的标注（各件最终的一份）与自撰语料", "folder": "自己的数据文件夹"}
EXTRA = "pip install 'fanzha[train]'（含 torch、scikit-learn）"


def trial_form(names: Sequence[str], current: str) -> Html:
    """Which two models, on which documents."""
    every = {name: name for name in names}
    other = next((name for name in reversed(names) if name != current), current)
    counts = {str(count): f"最新 {count} 件" for count in (20, 50, 100, MOST)}
    on = {"reports": "投诉", "documents": "全部文档"}
    fields = (
        ("模型甲", "first", every, current),
        ("模型乙", "second", every, other),
        ("在哪些上", "which", on, "reports"),
        ("多少", "count", counts, "50"),
    )
    return tag(
        "form", [tag("label", tag("span", words), tag("select", options(choices, value), name=name)) for words, name, choices, value in fields],
        tag("div", tag("button", "试跑", type="submit", class_="button main-act"), tag("small", "只看不写：库里什么也不变"), class_="tools"),
        data_ruling="trial", class_="change",
    )  # fmt: skip


def few_form(names: Sequence[str], current: str, offered: Mapping[str, str]) -> Html:
    """A new label from a dozen examples. offered: labels of the taxonomy that no chosen model speaks."""
    hint = (
        f"现行标签体系里还没有模型认得的：{'、'.join(f'{name}（{label}）' for label, name in offered.items())}。"
        if offered
        else ""
    )
    every = {name: name for name in names}
    return tag(
        "form", tag("p", f"8–16 篇写法不同的例子，每篇之间空一行；约一分钟。不用 torch，原有权重不动。{hint}", class_="soft"),
        tag("label", tag("span", "编号"), void("input", name="id", required=True, maxlength=40, pattern="[a-z][a-z0-9_]{1,39}",
                                             placeholder="如 elder_care", autocomplete="off", title="小写字母开头，小写字母、数字、下划线")),
        tag("label", tag("span", "名称"), void("input", name="name", required=True, maxlength=40, autocomplete="off")),
        tag("label", tag("span", "加在哪个模型上"), tag("select", options(every, current), name="base")),
        tag("label", tag("span", "例子"), tag("textarea", name="examples", rows=6, required=True), class_="wide"),
        tag("div", tag("button", "学这个类型", type="submit", class_="button main-act"), class_="tools"),
        data_ruling="few", class_="change", id="few",
    )  # fmt: skip


def train_form(configurations: Sequence[str], missing: Sequence[str]) -> Html:
    """A full training; where it cannot run here, how to get what is missing."""
    if missing:
        return tag(
            "div", tag("p", f"这台机器没有装 {'、'.join(missing)}，不能完整训练。", class_="soft"), tag("p", "请管理员运行：", tag("code", EXTRA)),
            tag("p", "上面“从几篇例子加一个类型”不需要它们。", class_="soft"), data_missing=True,
        )  # fmt: skip
    names = {name: name for name in configurations}
    first = tag("select", options(names, "lexical"), name="configuration")
    note = "在后台单独的进程里；用自己的文件夹时，取消或中断后再开始，从上次存下的接着做"
    fields = (
        ("配置", first), ("或自己的配置文件（TOML 路径）", void("input", name="file", autocomplete="off", placeholder="如 configs/own.toml")),
        ("数据", tag("select", options(DATA, "own"), name="which")),
        ("数据文件夹（内有 data/ 与 gold/）", void("input", name="data", autocomplete="off", placeholder="选“自己的数据文件夹”时填")),
        ("从哪个编码器（文件夹，可不填）", void("input", name="encoder", autocomplete="off")),
    )  # fmt: skip
    return tag(
        "form", [tag("label", tag("span", words), field) for words, field in fields],
        tag("div", tag("button", "开始训练", type="submit", class_="button main-act"), tag("small", note), class_="tools"),
        tag("p", "用这里的标注训练时，在标签体系里新增、拆分出来的类型一同学；自己的文件夹要带 annotations export 写出的 taxonomy.json，"
                 "否则只认得随软件安装的类型。", class_="soft wide"),
        data_ruling="train", class_="change", id="train",
    )  # fmt: skip


def evaluate_form(names: Sequence[str], current: str) -> Html:
    """Which model is measured beside which, on what."""
    every = {name: name for name in names}
    other = next((name for name in names if name != current), current)
    rows = (
        ("评测哪个", "model", tag("select", options(every, current), name="model")),
        ("与哪个同表", "against", tag("select", options(every, other), name="against")),
        ("在哪些上", "gold", tag("select", options(GOLD, "open"), name="gold")),
        (
            "标注文件（JSONL 路径）",
            "file",
            void("input", name="file", autocomplete="off", placeholder="选“自己的文件”时填"),
        ),
    )
    note = tag("small", "在后台单独的进程里；报告只有编号和分数，没有原文")
    return tag(
        "form", [tag("label", tag("span", words), field) for words, _, field in rows],
        tag("div", tag("button", "评测", type="submit", class_="button main-act"), note, class_="tools"),
        data_ruling="evaluate", class_="change", id="evaluate",
    )  # fmt: skip
