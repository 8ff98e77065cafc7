"""Label Studio's JSON: a list of tasks, each with its text and the annotations of several people (its guide, "Task Format").

In: judgments, or a text. Out: the text, or judgments. Spans are regions of the type "labels" (type or type/role); kind, label, also and
tactics are "choices"; annotator, taxonomy and the like stand in the text area `about`, which Label Studio hands back as it came. An
annotation without it is named after `completed_by`. Skipped ones (`was_cancelled`) and predictions are passed over. `CONFIG` is the
labelling interface to paste into the project. Offsets are characters; where a region's own `text` shows that they were counted in UTF-16
units, as Label Studio did before its front end's pull request 308, they are counted anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from corpora.gold_lines import attempted
from corpora.judgments import SPAN_ROLES, SPAN_TYPES, JudgedDocument, about, as_data, judged_from
from nlp import taxonomy
from nlp.errors import InputError

_CHOICES = ("kind", "label", "also", "tactics")
_ABOUT_DOCUMENT = ("doc_id", "document_id", "nature")


def write_label_studio(documents: Iterable[JudgedDocument]) -> Iterator[str]:
    """One JSON list; annotations of one document stand in one task."""
    tasks: dict[tuple[str, str, str], list[JudgedDocument]] = {}
    for judged in documents:
        tasks.setdefault((judged.document_id, judged.doc_id, judged.text), []).append(judged)
    yield "["
    for number, said in enumerate(tasks.values(), 1):
        told = about(said[0])
        data = {"text": said[0].text} | {name: told[name] for name in _ABOUT_DOCUMENT if name in told}
        task = {
            "id": number,
            "data": data,
            "annotations": [_annotation(n, judged) for n, judged in enumerate(said, 1)],
            "predictions": [],
        }
        yield ("," if number > 1 else "") + "\n" + json.dumps(task, ensure_ascii=False)
    yield "\n]\n"


def _annotation(number: int, judged: JudgedDocument) -> dict[str, Any]:
    said = as_data(judged.judgment)
    result: list[dict[str, Any]] = [
        _result(f"c{place}", name, "choices", {"choices": [said[name]] if isinstance(said[name], str) else said[name]})
        for place, name in enumerate(_CHOICES)
        if said[name]
    ]
    told = {name: value for name, value in about(judged).items() if name not in _ABOUT_DOCUMENT}
    result.append(_result("about", "about", "textarea", {"text": [json.dumps(told, ensure_ascii=False)]}))
    for place, span in enumerate(judged.judgment.spans):
        value = {"start": span.start, "end": span.end, "text": judged.text[span.start : span.end],
                 "labels": [f"{span.type}/{span.role}" if span.role else span.type]}  # fmt: skip
        result.append(_result(f"s{place}", "span", "labels", value))
    return {"id": number, "result": result, "was_cancelled": False, "ground_truth": judged.part == "settled"} | (
        {"created_at": judged.at} if judged.at else {}
    )


def _result(name: str, source: str, sort: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "from_name": source, "to_name": "text", "type": sort, "value": value}


def read_label_studio(text: str, name: str) -> Iterator[JudgedDocument | InputError]:
    """Every annotation of every task; one that cannot be read is an InputError that names task and annotation."""
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield InputError(
            f"不是 JSON：{str(error)[:80]}", where=name, expected="Label Studio 导出的 JSON（不是 JSON_MIN、CSV）"
        )
        return
    for place, task in enumerate(tasks if isinstance(tasks, list) else [tasks], 1):
        where = f"{name} 第 {place} 个任务"
        if (
            not isinstance(task, dict)
            or not isinstance(task.get("data"), dict)
            or not isinstance(task.get("annotations"), list)
        ):
            yield InputError(
                "不是一个任务", where=where, expected="带 data 与 annotations 的对象", advice="请导出为 JSON"
            )
            continue
        for number, annotation in enumerate(task["annotations"], 1):
            if isinstance(annotation, dict) and annotation.get("was_cancelled"):
                continue
            at = f"{where}第 {number} 份标注"
            yield attempted(lambda task=task, annotation=annotation, at=at: _judged(task["data"], annotation, at))  # type: ignore[misc]


def _judged(data: Mapping[str, Any], annotation: Any, where: str) -> JudgedDocument:
    text = data.get("text")
    if not isinstance(text, str) or not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        raise InputError("没有原文或结果", where=where, expected="data.text 与 annotations[].result")
    said: dict[str, Any] = {"also": [], "tactics": [], "spans": []}
    told: dict[str, Any] = {}
    for result in annotation["result"]:
        value = result.get("value") if isinstance(result, dict) else None
        if not isinstance(value, dict):
            raise InputError("结果里没有 value", where=where)
        if result.get("type") == "labels":
            said["spans"].append(_span(value, text, where))
        elif result.get("type") == "choices":
            _choose(said, str(result.get("from_name")), value.get("choices"), where)
        elif result.get("from_name") == "about":
            told = _told(value.get("text"), where)
    if missing := [key for key in ("kind", "label") if key not in said]:
        raise InputError(f"没有选 {'、'.join(missing)}", where=where, expected="kind 与 label 各一个（choices）")
    maker = annotation.get("completed_by")
    maker = maker.get("email") or maker.get("id") if isinstance(maker, dict) else maker
    known = {
        "annotator": f"label-studio:{maker}" if maker is not None else "label-studio",
        "at": annotation.get("created_at"),
    }
    return judged_from(said, text, known | told | {key: data.get(key) for key in _ABOUT_DOCUMENT}, where)


def _choose(said: dict[str, Any], source: str, choices: Any, where: str) -> None:
    """A choice under our name, or under another one if it is the id or the Chinese name of a kind or label."""
    if not isinstance(choices, list):
        raise InputError("choices 不是列表", where=where)
    known = taxonomy.load()
    kinds = {word: kind.id for kind in known.kinds for word in (kind.id, kind.name)}
    labels = {label.name: label.id for label in (*known.labels, known.empty)}
    for choice in map(str, choices):
        if source in ("also", "tactics"):
            said[source].append(labels.get(choice, choice) if source == "also" else choice)
        elif source == "kind" or (source != "label" and choice in kinds):
            said["kind"] = kinds.get(choice, choice)
        elif source == "label" or choice in labels or choice in known.label_ids:
            said["label"] = labels.get(choice, choice)
        else:
            raise InputError(
                f"不认识的选项 {source}={choice[:40]!r}", where=where, expected="、".join((*kinds, *known.label_ids))
            )


def _span(value: Mapping[str, Any], text: str, where: str) -> dict[str, Any]:
    labels, start, end = value.get("labels"), value.get("start"), value.get("end")
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(start, int) or not isinstance(end, int):
        raise InputError("不成形的标注", where=where, expected="start、end 与一个 labels")
    told = value.get("text")
    if isinstance(told, str) and text[start:end] != told:
        units = text.encode("utf-16-le")
        begin = len(units[: 2 * start].decode("utf-16-le", "ignore"))
        if text[begin : begin + len(told)] != told or len(told.encode("utf-16-le")) != 2 * (end - start):
            raise InputError(
                f"{start}–{end} 处的原文与标注的文字不同", where=where, expected="同一份原文", advice="原文是否改动过？"
            )
        start, end = begin, begin + len(told)
    sort, _, role = str(labels[0]).partition("/")
    return {"start": start, "end": end, "type": sort, "role": role}


def _told(values: Any, where: str) -> dict[str, Any]:
    try:
        told = json.loads(values[0] if isinstance(values, list) else values)
        return dict(told)
    except (ValueError, TypeError, IndexError) as error:
        raise InputError("about 里不是 JSON 对象", where=where, advice="这一栏由导出写下，请勿改动") from error


def config() -> str:
    """The labelling interface for a Label Studio project that takes these tasks."""
    known = taxonomy.load()

    def choices(name: str, values: Iterable[str], many: bool) -> str:
        inside = "".join(f'<Choice value="{value}"/>' for value in values)
        return f'  <Choices name="{name}" toName="text" choice="{"multiple" if many else "single-radio"}">{inside}</Choices>\n'

    spans = [word for sort in SPAN_TYPES for word in (sort, *(f"{sort}/{role}" for role in SPAN_ROLES.get(sort, ())))]
    labels = (*known.label_ids, known.empty.id)
    return (
        '<View>\n  <Labels name="span" toName="text">' + "".join(f'<Label value="{word}"/>' for word in spans) + "</Labels>\n"
        '  <Text name="text" value="$text"/>\n' + choices("kind", known.kind_ids, False)
        + choices("label", labels, False) + choices("also", known.label_ids, True) + choices("tactics", known.tactics, True)
        + '  <TextArea name="about" toName="text" editable="false" maxSubmissions="1"/>\n</View>\n'
    )  # fmt: skip
