"""What an editor sees of the taxonomy: the labels with what stands under each, the forms of the five changes, the draft with its numbers.

In: versions, numbers of `serving.taxonomies.effects`, acts. Out: HTML. Forms are sent by `static/console.js`; it knows no label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nlp.taxonomy import Label, Taxonomy
from serving.console import wording
from serving.console.html_parts import Html, join, options, tag, void
from serving.console.room import BASE
from serving.taxonomies.effects import Effect, ModelEffect
from serving.taxonomies.steps import ACTS, LONGEST_NAME, LONGEST_TEXT

# Rows of a form that splits a label; empty ones are left out.
PARTS = 4
ABOUT = {
    "add": "新类型只由人给，直到有模型认得它（可在“模型”里用十来篇例子学一个）。",
    "rename": "编号不变，已有的判断都在原处；事件不出新的一版，名称随处改变。",
    "retire": "不再给新的。原来的判断、事件留在它名下；机器再判到它的，交给人定。",
    "split": "原来的判断留在原类型名下，标注的各件重新排队，由人在新类型里再定；机器再判到它的，交给人定。",
    "merge": "已有的判断一律算作并到的类型，不需重判；事件各出新的一版，模型对几个类型的把握相加。",
}


def labels_table(known: Taxonomy, incidents: Mapping[str, int], annotated: Mapping[str, int], chosen: str) -> Html:
    """Every label of the version in force with what stands under it, and what can be done to it."""
    head = tag(
        "tr",
        [
            tag("th", name, scope="col", class_="number" if name in ("事件", "标注") else None)
            for name in ("类型", "意思", "事件", "标注", "")
        ],
    )

    def row(label: Label, note: str = "") -> Html:
        counts = [
            tag("td", tag("a", wording.thousands(incidents[label.id]), href=f"{BASE}/incidents?label={label.id}")
                if incidents.get(label.id) else "0", class_="number"),
            tag("td", wording.thousands(annotated.get(label.id, 0)), class_="number"),
        ]  # fmt: skip
        acts = [
            tag("button", ACTS[act], type="button", class_="button small", data_rules="open", value=f"{act} {label.id}",
                aria_label=f"{ACTS[act]}：{label.name}", aria_pressed="true" if chosen == f"{act} {label.id}" else None)
            for act in ("rename", "split", "merge", "retire")
        ]  # fmt: skip
        return tag(
            "tr", tag("td", tag("b", label.name), tag("small", note or label.id)), tag("td", label.meaning, class_="meaning"), counts,
            tag("td", None if note else tag("div", acts, class_="tools tight")), class_="gone" if note else None,
        )  # fmt: skip

    rows = [row(label) for label in known.labels]
    for label in known.former:
        parts = "、".join(part.name for part in known.split.get(label.id, ()))
        rows.append(row(label, f"已拆分为{parts}" if parts else "已停用"))
    return tag("table", tag("thead", head), tag("tbody", rows), class_="labels")


def form(known: Taxonomy, act: str, label_id: str, version: str) -> Html:
    """The form of one change; known: the draft, else the version in force."""
    label = known.look_up(label_id)
    if act == "add":
        fields: Any = _fields("", Label("", "", "", "", "", ()), identified=True)
    elif act == "rename":
        fields = _fields("", label, identified=False)
    elif act == "split":
        blank = Label("", "", "", "", "", ())
        fields = [
            tag("fieldset", tag("legend", f"新类型 {number}" + ("" if number <= 2 else "（可不填）")), _fields(str(number), blank, identified=True))
            for number in range(1, PARTS + 1)
        ]  # fmt: skip
    elif act == "merge":
        others = {"": "请选择……"} | {one.id: one.name for one in known.labels if one.id != label_id}
        fields = tag(
            "label", tag("span", "并到"), tag("select", options(others, ""), name="into", required=True), class_="wide"
        )
    else:
        fields = None
    title = ACTS[act] + (f"“{label.name}”" if act != "add" else "类型")
    return tag(
        "section", tag("h2", title),
        tag(
            "form", tag("p", ABOUT[act], class_="soft"), fields,
            tag("div", tag("button", "放进草案，看影响", type="submit", class_="button main-act"),
                tag("button", "取消", type="button", class_="button", data_rules="close"),
                tag("small", f"发布之前，{version} 照旧"), class_="tools"),
            void("input", type="hidden", name="act", value=act), void("input", type="hidden", name="id", value=label_id),
            data_ruling="step", class_="inside change", id="change",
        ), class_="card",
    )  # fmt: skip


def _fields(number: str, label: Label, *, identified: bool) -> list[Html]:
    """Id, name, meaning and border of a label; number: which part of a split they are of."""
    needed = number in ("", "1", "2")
    found = []
    if identified:
        found.append(tag("label", tag("span", "编号（小写字母、数字、下划线）"), void(
            "input", name=f"id{number or '0'}", maxlength=40, pattern="[a-z][a-z0-9_]{1,39}", required=needed, autocomplete="off",
            placeholder="如 elder_care", title="小写字母开头，小写字母、数字、下划线，2 到 40 个",
        )))  # fmt: skip
    found.append(tag("label", tag("span", "名称"), void(
        "input", name=f"name{number}", value=label.name, maxlength=LONGEST_NAME, required=needed, autocomplete="off",
    )))  # fmt: skip
    rows = 1 if number else 2
    for key, words, value in (("meaning", "意思", label.meaning), ("border", "与相近类型的分界", label.border)):
        field = tag("textarea", value, name=f"{key}{number}", rows=rows, maxlength=LONGEST_TEXT)
        found.append(tag("label", tag("span", words), field, class_="wide"))
    return found


def step_of(fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a form sent, as a step; what is missing or wrong is for `serving.taxonomies.steps` to say."""

    def one(key: str) -> str:
        return str((fields.get(key) or [""])[0]).strip()

    def label(number: str) -> dict[str, str]:
        return {"id": one(f"id{number or '0'}")} | {key: one(f"{key}{number}") for key in ("name", "meaning", "border")}

    act, label_id = one("act"), one("id")
    if act == "add":
        return {"act": act} | label("")
    if act == "rename":
        return {"act": act} | label("") | {"id": label_id}
    if act == "split":
        parts = [label(str(number)) for number in range(1, PARTS + 1)]
        return {"act": act, "id": label_id, "parts": [part for part in parts if any(part.values())]}
    if act == "merge":
        return {"act": act, "ids": [label_id], "into": one("into")}
    return {"act": act, "id": label_id}


def draft_card(row: Any, effects: Sequence[Effect], models: Sequence[ModelEffect], *, may_publish: bool) -> Html:
    """The draft: each step with what it touches, what becomes of the models, and the two ways to end it."""
    if row is None:
        advice = "在左边选一个类型来改名、拆分、合并、停用，或新增类型。改动先进草案，看过影响再发布。"
        return tag("section", tag("h2", "草案"), tag("p", advice, class_="inside soft"), class_="card")
    head = tag("tr", [tag("th", name, scope="col", class_=None if not place or not name else "number")
                      for place, name in enumerate(("改动", "事件", "投诉", "标注", "出新版", "重判", ""))])  # fmt: skip
    rows = [
        tag(
            "tr", tag("td", effect.words, tag("small", f"{step['by']}　{wording.local(step['at'])}")),
            [tag("td", wording.thousands(number), class_="number")
             for number in (effect.incidents, effect.reports, effect.annotated, effect.revised, effect.again)],
            tag("td", tag("button", "撤下", type="button", class_="button small", data_rules="strike", value=str(place),
                          aria_label=f"撤下：{effect.words}")),
        )
        for place, (step, effect) in enumerate(zip(row.steps, effects, strict=True))
    ]  # fmt: skip
    note = "出新版：在事件库里出新的一版，跟随者会收到；重判：在“标注”里重新排队。"
    note_field = tag(
        "label",
        tag("span", "说明（与发布一起保存）"),
        tag("textarea", name="note", rows=2, maxlength=500),
        class_="wide",
    )
    publish = tag("button", f"发布 {row.version}", type="submit", class_="button main-act", data_ruling="publish")
    acts = tag(
        "form", note_field,
        tag("div", publish if may_publish else tag("p", "发布须由管理员。草案已存下，请管理员打开本页。", class_="soft"),
            tag("button", "放弃草案", type="button", class_="button", data_rules="drop"), class_="tools"),
        data_ruling="publish", class_="change",
    )  # fmt: skip
    return tag(
        "section", tag("h2", f"草案 {row.version}", tag("small", f"从 {row.base} 改起")),
        tag("div", tag("div", tag("table", tag("thead", head), tag("tbody", rows), class_="effects"), class_="scroll"), tag("p", note, class_="soft"),
            tag("h3", "发布以后，各模型"), models_list(models), acts, class_="inside"),
        class_="card", data_draft=row.version,
    )  # fmt: skip


def models_list(models: Sequence[ModelEffect]) -> Html:
    """One line a model: how it gets on."""
    lines = []
    for model in models:
        told = [f"读不出：{model.broken}"] if model.broken else []
        told += [f"把握相加：{_names(model.merged)}"] if model.merged else []
        told += [f"判到即交人：{_names(model.stay)}"] if model.stay else []
        told += [f"还说不出：{_names(model.silent)}"] if model.silent else []
        state = "照常使用" if not told else "用不了" if model.broken else "可用"
        lines.append(tag("li", tag("b", model.name), tag("span", f"{state}{'；' if told else ''}{'；'.join(told)}")))
    return tag("ul", lines, class_="models")


def _names(names: Sequence[str]) -> str:
    return "、".join(names[:6]) + (f"等 {len(names)} 个" if len(names) > 6 else "")


def history(
    acts: Sequence[Any], rows: Sequence[Any], current: str, shipped: str, going: Mapping[str, Mapping[str, int]], *, may_publish: bool
) -> Html:  # fmt: skip
    """Every putting in force, the newest first; versions that are not in force can be put back, with what that touches."""
    words = {row.version: "；".join(step["words"] for step in row.steps) for row in rows} | {
        shipped: "随软件安装的一版"
    }
    lines, offered = [], set[str]()
    for version in (*dict.fromkeys([act.version for act in acts]), shipped):
        if version in offered:
            continue
        offered.add(version)
        act = next((act for act in acts if act.version == version), None)
        when = f"{wording.local(act.at)}　{act.by}" if act is not None else ""
        told = going.get(version)
        button: Any = tag("span", "现行", class_="chip")
        if version != current:
            effect = (
                f"{told['incidents']:,} 个事件、{told['reports']:,} 件投诉、{told['annotated']:,} 件标注换类型"
                if told and any(told.values())
                else "没有事件换类型"
            )
            button = join(
                tag("button", "退回此版", type="button", class_="button small", data_rules="back", value=version) if may_publish else None,
                tag("small", effect),
            )  # fmt: skip
        note = tag("small", act.note) if act is not None and act.note else None
        lines.append(
            tag(
                "tr",
                tag("td", tag("b", version)),
                tag("td", words.get(version, ""), note),
                tag("td", when, class_="when"),
                tag("td", button),
            )
        )
    head = tag("tr", [tag("th", name, scope="col") for name in ("版本", "改了什么", "何时、谁", "")])
    return tag("table", tag("thead", head), tag("tbody", lines), class_="versions")
