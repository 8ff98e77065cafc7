"""The report of an evaluation: models side by side, with intervals, per label, register and length, pictures, the hardest errors.

In: examples with their right answers, verdicts of one or more models. Out: a folder with report.md, report.html and two pictures. Ids and scores
only: no text of a document goes into a report. It runs no model (`evaluate_models` is told how) and decides nothing.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.annotated import REGISTERS
from nlp import taxonomy
from nlp.classify import Classifier
from nlp.errors import InputError
from nlp.records import Verdict
from training.calibrate import expected_error
from training.evaluate import RESAMPLES, hardest, label_table, score
from training.evaluation_pictures import confidences, draw_confusion, draw_reliability, given
from training.gather import TRAIN, Example, read_authored, read_gold, read_rows, read_texts

# Characters; a quarter of the real texts lies in each, roughly.
LENGTHS = ((0, 200), (200, 600), (600, 1200), (1200, 10**9))
ERRORS = 25


@dataclass(frozen=True, slots=True)
class Judged:
    """One model's verdicts on all examples, in their order, and how long they took."""

    name: str
    verdicts: tuple[Verdict, ...]
    seconds: float


def read_examples(paths: Sequence[Path], data: Path, texts: Sequence[str]) -> list[Example]:
    """Examples out of annotated JSON Lines or of a folder (or file) of the open corpus's markup.

    Of markup only the voices held out from training are taken, where there are any.
    A row has kind, label, perhaps `also`, and either `text` (and `title`) or the `doc_id` of a text in `data`. Raises InputError for a
    missing column, an unknown document, kind or label.
    """
    found: list[Example] = []
    for path in paths:
        if path.is_dir() or path.suffix == ".txt":
            written = read_authored(path)
            held_out = [example for example, split in written if split != TRAIN]
            # Documents that a model may have learned from would flatter it.
            found += held_out or [example for example, _ in written]
            continue
        rows = list(read_rows(path))
        for number, row in enumerate(rows, 1):
            missing = [name for name in ("kind", "label") if not row.get(name)]
            if missing or not (row.get("text") or row.get("doc_id")):
                raise InputError(
                    f"缺少 {'、'.join(missing) or 'text 或 doc_id'}",
                    where=f"{path}:{number}",
                    expected="kind、label、text",
                )
        if all(row.get("text") for row in rows):
            found += [_own(row, number, path) for number, row in enumerate(rows, 1)]
        else:
            found += read_gold([path], read_texts(data, texts))
    if not found:
        raise InputError("没有可评测的文档", where="、".join(map(str, paths)))
    return found


def _own(row: Mapping[str, object], number: int, path: Path) -> Example:
    known = taxonomy.load()
    kind, label = str(row["kind"]), str(row["label"])
    kinds = [own.id for own in known.kinds]
    if kind not in kinds:
        raise InputError(f"未知种类 {kind!r}", where=f"{path}:{number}", expected="、".join(kinds))
    known.label(label)
    title, text = str(row.get("title") or ""), str(row["text"])
    name = str(row.get("doc_id") or row.get("id") or f"{path.stem}:{number}")
    also = tuple(map(str, row.get("also") or ()))  # type: ignore[call-overload]
    return Example(name, f"{title}\n{text}" if title else text, kind, label, also, path.stem)


def evaluate_models(examples: Sequence[Example], models: Mapping[str, Classifier]) -> list[Judged]:
    """Every model on every example."""
    judged = []
    for name, classifier in models.items():
        began = time.perf_counter()
        verdicts = classifier.classify([example.text for example in examples])
        judged.append(Judged(name, tuple(verdicts), time.perf_counter() - began))
    return judged


def intervals(examples: Sequence[Example], verdicts: Sequence[Verdict]) -> dict[str, tuple[float, float, float]]:
    """(value, low, high) of kind, strict, accepted and macro-F1; 95 % bootstrap over documents."""
    names = sorted({e.label for e in examples})
    gold = np.array([names.index(e.label) for e in examples])
    found_labels = np.array([names.index(given(v)) if given(v) in names else len(names) for v in verdicts])
    columns = {
        "种类": np.array([e.kind == v.kind for e, v in zip(examples, verdicts, strict=True)]),
        "标签": gold == found_labels,
        "标签（含可接受）": np.array([given(v) in (e.label, *e.also) for e, v in zip(examples, verdicts, strict=True)]),
    }
    draws = np.random.default_rng(0).integers(0, len(examples), (RESAMPLES, len(examples)))
    found = {}
    for name, column in columns.items():
        low, high = np.quantile(column[draws].mean(axis=1), [0.025, 0.975])
        found[name] = (float(column.mean()), float(low), float(high))

    def f1(rows: NDArray[np.int64]) -> float:
        wanted, have = (
            np.bincount(gold[rows], minlength=len(names)),
            np.bincount(found_labels[rows], minlength=len(names) + 1),
        )
        right = np.bincount(gold[rows][gold[rows] == found_labels[rows]], minlength=len(names))
        told = wanted > 0
        return float((2 * right[told] / (wanted[told] + have[:-1][told])).mean())

    low, high = np.quantile([f1(rows) for rows in draws], [0.025, 0.975])
    found["宏 F1"] = (f1(np.arange(len(examples))), float(low), float(high))
    return found


def main_table(examples: Sequence[Example], judged: Sequence[Judged]) -> str:
    """All figures with 95 % intervals as a Markdown table, one model a row."""
    lines = [
        "| 模型 | 种类 | 标签 | 标签（含可接受） | 合并类 | 宏 F1 | 交人 | 其余标签（含可接受） | 校准误差（种类 / 标签） | 篇/秒 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in judged:
        found, s = intervals(examples, one.verdicts), score(examples, one.verdicts, one.seconds)
        cells = [f"{v:.3f}（{low:.3f}–{high:.3f}）" for v, low, high in found.values()]
        kind, label = confidences(examples, one.verdicts)
        lines.append(
            f"| {one.name} | {cells[0]} | {cells[1]} | {cells[2]} | {s.merged:.3f} | {cells[3]} | {s.review:.3f} | "
            f"{s.accepted_unreviewed:.3f} | {expected_error(*kind):.3f} / {expected_error(*label):.3f} | {s.texts_per_second:.1f} |"
        )
    return "\n".join(lines)


def _group_table(
    examples: Sequence[Example], judged: Sequence[Judged], what: str, group_of: Callable[[Example], str]
) -> str:
    groups: dict[str, list[int]] = {}
    for row, example in enumerate(examples):
        groups.setdefault(group_of(example), []).append(row)
    head = " | ".join(f"{one.name} 种类 / 标签 / 含可接受" for one in judged)
    lines = [f"| {what} | 篇 | {head} |", "|---|---|" + "---|" * len(judged)]
    for name, rows in sorted(groups.items()):
        part = [examples[row] for row in rows]
        cells = []
        for one in judged:
            s = score(part, [one.verdicts[row] for row in rows])
            cells.append(f"{s.kind:.3f} / {s.strict:.3f} / {s.accepted:.3f}")
        lines.append(f"| {name} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def register_of(example: Example) -> str:
    """The register of an example of the open corpus in Chinese, else the file it came from."""
    return REGISTERS.get(example.register, example.source)


def length_of(example: Example) -> str:
    """The range of lengths that an example falls into, in characters."""
    low, high = next((low, high) for low, high in LENGTHS if low <= len(example.text) < high)
    return f"{low:>4}–{high} 字" if high < 10**9 else f"{low} 字以上"


def write_report(examples: Sequence[Example], judged: Sequence[Judged], folder: Path) -> Path:
    """Write report.md, report.html, confusion.png and reliability.png of the first model against the others; the path of report.md."""
    folder.mkdir(parents=True, exist_ok=True)
    first = judged[0]
    draw_confusion(examples, first.verdicts, folder / "confusion.png")
    draw_reliability(examples, first.verdicts, folder / "reliability.png")
    errors = hardest(examples, first.verdicts, ERRORS)
    parts = [
        f"# 评测：{first.name}",
        f"{len(examples)} 篇。括号内为 95% 自助区间（{RESAMPLES} 次，按文档抽样）。",
        main_table(examples, judged),
        "## 各标签",
        label_table(score(examples, first.verdicts)),
        "## 各体裁或来源",
        _group_table(examples, judged, "体裁或来源", register_of),
        "## 各长度",
        _group_table(examples, judged, "长度", length_of),
        "## 混淆矩阵",
        "![混淆矩阵](confusion.png)",
        "## 可靠性图",
        "![可靠性图](reliability.png)",
        "## 最有把握的错误",
        "把握、编号、应为（种类/标签）→ 判为：",
        "\n".join(f"- {line}" for line in errors) or "没有。",
    ]
    path = folder / "report.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(_to_html(parts), encoding="utf-8")
    return path


def _to_html(parts: Sequence[str]) -> str:
    body = []
    for part in parts:
        if part.startswith("|"):
            rows = [[html.escape(cell.strip()) for cell in line.strip("|").split("|")] for line in part.splitlines()]
            head = "".join(f"<th>{cell}</th>" for cell in rows[0])
            lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[2:])
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>")
        elif part.startswith("!["):
            name, source = part[2:-1].split("](")
            body.append(f'<img src="{html.escape(source)}" alt="{html.escape(name)}">')
        elif part.startswith("- "):
            body.append("<ul>" + "".join(f"<li>{html.escape(line[2:])}</li>" for line in part.splitlines()) + "</ul>")
        elif part.startswith("#"):
            level = len(part) - len(part.lstrip("#"))
            body.append(f"<h{level}>{html.escape(part[level:].strip())}</h{level}>")
        else:
            body.append(f"<p>{html.escape(part)}</p>")
    style = (
        "body{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}table{border-collapse:collapse}"
        "td,th{border:1px solid #bbb;padding:.2rem .6rem;text-align:left}img{max-width:100%}"
    )
    head = f'<meta charset="utf-8"><title>{html.escape(parts[0].lstrip("# "))}</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="zh-CN"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"
