"""Check the authored corpus: `python -m corpora.check [FOLDER …] [--shared DIR] [--complete] [--blind]`.

In: files or folders of authored documents. Out: faults and tables on standard output; exit status 1 when there is a fault.
It changes nothing. Figures against real texts are reported where --shared names a folder of them; variety and copying can fail.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from corpora.annotated import REGISTERS, TAGS, Example, scan_annotated
from corpora.faults import Fault, find_faults
from corpora.realness import distinct_share, find_copied, read_real, tell_apart, variety
from nlp import taxonomy
from nlp.errors import InputError

HERE = Path(__file__).parent / "authored"
VARIETY = 0.9  # distinct 4-grams relative to real text of the same size and register
VARIETY_SIZE = 5_000  # characters: below, the figure says little
SECOND = "second_reading.tsv"  # id, kind, label by a second reader who saw the text alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m corpora.check", description="检查自撰语料")
    parser.add_argument("paths", nargs="*", type=Path, default=[HERE], help="文件或文件夹，缺省为 corpora/authored")
    parser.add_argument("--shared", type=Path, help="真实文本所在文件夹，用来比较")
    parser.add_argument("--complete", action="store_true", help="数量不足 targets.toml 也算错误")
    parser.add_argument("--blind", action="store_true", help="只打印给第二人复读的十分之一：编号与正文，不带标签")
    options = parser.parse_args(arguments)
    found = [item for path in options.paths for item in scan_annotated(path)]
    examples = [item for item in found if isinstance(item, Example)]
    if options.blind:
        for example in examples:
            if zlib.crc32(example.id.encode()) % 10 == 0:  # by the id alone: the choice stays as the corpus grows
                print(f"=== {example.id}\n\n{example.text}\n")
        return 0
    faults = [Fault("读入", str(item), ()) for item in found if isinstance(item, InputError)]
    faults += _find_double_ids(examples)
    faults += find_faults(examples)
    if examples:
        show_tables(examples)
        faults += show_variety(examples, options.shared)
        faults += show_agreement(examples, [path for path in options.paths if path.is_dir()])
        short = find_shortages(examples)
        print("\n尚缺：" + ("；".join(short) or "无"))
        faults += [Fault("数量", line, ()) for line in short if options.complete]
    print(f"\n{len(examples)} 篇，{len(faults)} 处错误")
    for fault in faults:
        print(f"  [{fault.sort}] {fault.said}" + (f"（{' '.join(fault.ids[:8])}）" if len(fault.ids) > 2 else ""))
    return 1 if faults else 0


def show_tables(examples: Sequence[Example]) -> None:
    """Counts by label and register, kinds, lengths, marks, voices."""
    labels = [label for label, _ in Counter(label for e in examples for label in _labels(e)).most_common()]
    columns = [register for register in REGISTERS if any(e.register == register for e in examples)]
    told = Counter((label, e.register) for e in examples for label in _labels(e))
    table = [[label, *(told[label, r] for r in columns), sum(told[label, r] for r in columns)] for label in labels]
    show("标签 × 体裁（讲到该标签的篇数）", ["标签", *(REGISTERS[r] for r in columns), "计"], table)
    lengths = [(r, sorted(len(e.text) for e in examples if e.register == r)) for r in columns]
    lengths.append(("", sorted(len(e.text) for e in examples)))
    show(
        "字数",
        ["体裁", "篇", "最短", "中位", "最长"],
        [[REGISTERS.get(r, "全部"), len(n), n[0], int(median(n)), n[-1]] for r, n in lengths],
    )
    show("种类", ["种类", "篇"], Counter(e.kind for e in examples).most_common())
    voices: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        voices[example.voice, example.split].append(example)
    show(
        "执笔",
        ["voice", "split", "篇", "体裁"],
        [[*key, len(held), len({e.register for e in held})] for key, held in sorted(voices.items())],
    )
    marks = Counter(span.tag for e in examples for span in e.spans)
    show("标记", ["标记", "处"], [[tag, marks[tag]] for tag in TAGS])
    bare = [e.id for e in examples if e.cases and not e.spans]
    unnamed = sorted({t for e in examples for t in e.tactics} - set(taxonomy.load(taxonomy.CURRENT).tactics))
    print(f"\n没有任何标记的案件 {len(bare)} 篇 {' '.join(bare[:10])}")
    print(f"标签体系之外的手法：{'、'.join(unnamed) or '无'}")
    for kind, name in (("person", "人名"), ("amount", "金额"), ("place", "地名")):
        held = Counter(
            s for e in examples for s in {e.text[m.start : m.end] for m in e.spans if TAGS[m.tag][0] == kind}
        )
        print(f"最常见的{name}：" + "，".join(f"{surface} {count}" for surface, count in held.most_common(8)))


def show_variety(examples: Sequence[Example], shared: Path | None) -> list[Fault]:
    """Distinct 4-grams by register, against real text or, without any, against the other voices; and how far style gives away."""
    by_register: defaultdict[str, list[str]] = defaultdict(list)
    for example in examples:
        by_register[example.register].append(example.text)
    rows: list[list[object]] = []
    if shared is None:
        whole = [example.text for example in examples]
        for register, texts in by_register.items():
            size = len("".join(texts))
            rows.append([REGISTERS[register], size, f"{distinct_share(texts, size) / distinct_share(whole, size):.3f}"])
        show("四字片段的多样性（与全部语料的同量抽样相比；未给 --shared）", ["体裁", "字", "比"], rows)
        return []
    real = read_real(shared)
    copied = find_copied({example.id: example.text for example in examples}, shared)
    faults = [Fault("抄录", f"{key} 的“{run}”见于真实文本，改写", (key,)) for key, run in copied.items()]
    for register, texts in by_register.items():
        others = real.get(register, [])
        ratio, size = variety(texts, others) if others else (float("nan"), 0)
        rows.append(
            [REGISTERS[register], len(texts), len(others), size, f"{ratio:.3f}", f"{tell_apart(texts, others):.2f}"]
        )
        if size >= VARIETY_SIZE and ratio < VARIETY:
            faults.append(
                Fault("单调", f"{REGISTERS[register]}的四字片段多样性 {ratio:.3f}，低于真实文本的 {VARIETY}", ())
            )
    show(
        "与真实文本相比（分辨率：分类器猜对真假的比例，0.5 为分不出；只报告）",
        ["体裁", "自撰", "真实", "比较字数", "多样性", "分辨率"],
        rows,
    )
    return faults


def show_agreement(examples: Sequence[Example], folders: Sequence[Path]) -> list[Fault]:
    """Cohen's kappa of kind and label with the second reader, where a folder has their file; wrong rows are faults."""
    by_id, rows, faults = {example.id: example for example in examples}, [], []
    for path in (folder / SECOND for folder in folders if (folder / SECOND).is_file()):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            cells = line.split("\t")
            if line.startswith("#") or not line.strip():
                continue
            if len(cells) < 3 or cells[0] not in by_id:
                faults.append(Fault("复读", f"{path}:{number}：应为 已有编号、kind、label，以制表符分隔", ()))
                continue
            rows.append((by_id[cells[0]], cells[1].strip(), cells[2].strip()))
    if not rows:
        print(f"\n还没有第二人复读（{SECOND}）")
        return faults
    kinds, labels = [(e.kind, kind) for e, kind, _ in rows], [(e.label, label) for e, _, label in rows]
    print(f"\n第二人复读 {len(rows)} 篇：kind κ {kappa(kinds):.3f}，label κ {kappa(labels):.3f}")
    for example, kind, label in rows:
        if (kind, label) != (example.kind, example.label):
            print(f"  {example.id}：{example.kind}/{example.label}，复读 {kind}/{label}")
    return faults


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa of two readers; 1.0 where both always give one and the same answer."""
    total = len(pairs)
    agreed = sum(one == other for one, other in pairs) / total
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[value] * second[value] for value in first) / total**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def find_shortages(examples: Sequence[Example]) -> list[str]:
    """What is still missing of targets.toml, a line each."""
    targets = tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))
    short = [f"文档 {len(examples)}/{targets['documents']}"] if len(examples) < targets["documents"] else []
    cases = Counter(label for e in examples for label in e.cases)
    for label in taxonomy.load(taxonomy.CURRENT).label_ids:
        wanted = targets["cases"].get(label, targets["cases_per_label"])
        if cases[label] < wanted:
            short.append(f"{label} {cases[label]}/{wanted}")
    kinds = Counter(e.kind for e in examples)
    short += [f"{kind} {kinds[kind]}/{wanted}" for kind, wanted in targets["kinds"].items() if kinds[kind] < wanted]
    share = sum(e.register in ("police_record", "complaint_form") for e in examples) / max(1, len(examples))
    if share < targets["registers"]["records_and_forms"]:
        short.append(f"警情与投诉单只占 {share:.2f}")
    return short


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table in fixed columns, Chinese characters counted as two. (Our own: `rich` stays out of this room.)"""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        print(
            "  "
            + "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _labels(example: Example) -> set[str]:
    return {example.label, *example.cases}


def _find_double_ids(examples: Sequence[Example]) -> list[Fault]:
    """The same id in two of the paths given: within one path, reading already refuses it."""
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for example in examples:
        sources[example.id].append(example.source)
    return [Fault("编号", f"编号 {key} 重复：{'、'.join(held)}", ()) for key, held in sources.items() if len(held) > 1]


if __name__ == "__main__":
    sys.exit(main())
