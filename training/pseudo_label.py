"""Texts that nobody judged, with what teachers say of them: examples to distil a small model on.

    python -m training.pseudo_label CONFIG --teacher FOLDER [--teacher FOLDER] --output FILE [--data ../shared]

In: a configuration with [pseudo], one or more model folders. Out: JSON Lines {"id", "source", "beliefs", "related"}, no text in it; what was
dropped is printed. A text that shares with an evaluation document, a held-out voice or a judged example is not asked about at all. One is
kept where all teachers agree on the kind, and on the label unless they call it unrelated.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from nlp.errors import InputError
from nlp.model_folder import load
from nlp.records import Verdict
from training.configuration import Configuration, read_configuration
from training.containment import find_overlaps
from training.gather import Example, Gathered, gather, read_gold, read_rows, read_texts

MOST = 4000  # characters of a text that a teacher reads; beginning and end tell, see nlp.windows


def candidates(folder: Path, configuration: Configuration, gathered: Gathered) -> dict[str, tuple[str, str]]:
    """Texts to ask about, id → (text, file), and none that shares text with what is judged or measured on."""
    if configuration.pseudo is None:
        raise InputError("配置中没有 [pseudo]", where=configuration.name)
    settings = configuration.data
    held_out = read_gold(
        [folder / "gold" / f"{name}.jsonl" for name in settings.evaluation], read_texts(folder, settings.texts)
    )
    known = {e.id: e.text for e in (*held_out, *gathered.examples, *gathered.held_out)}
    draw = random.Random(configuration.seed)
    found: dict[str, tuple[str, str]] = {}
    for name, most in configuration.pseudo.texts.items():
        rows = {key: value for key, value in read_texts(folder, [name]).items() if key not in known}
        overlaps = find_overlaps({key: text for key, (text, _) in rows.items()}, known)
        free = sorted(key for key in rows if key not in overlaps)
        print(f"{name}：{len(rows)} 篇未标注，与标注或评测文档重合而剔除 {len(overlaps)} 篇", flush=True)
        found |= {key: rows[key] for key in draw.sample(free, min(most, len(free)))}
    return found


def agree(verdicts: Sequence[Verdict]) -> bool:
    """Do all say the same kind, and the same label unless that is unrelated?"""
    kinds = {verdict.kind for verdict in verdicts}
    return len(kinds) == 1 and (kinds == {"unrelated"} or len({verdict.label for verdict in verdicts}) == 1)


def read_pseudo(path: Path, folder: Path, configuration: Configuration) -> list[Example]:
    """Examples out of the file that `main` wrote, with their texts; raises InputError where it is missing."""
    if configuration.pseudo is None:
        return []
    texts = read_texts(folder, list(configuration.pseudo.texts))
    examples = []
    for row in read_rows(path):
        name = str(row["id"])
        if name not in texts:
            raise InputError(f"没有文档 {name!r} 的文本", where=str(path))
        beliefs = tuple(float(value) for value in row["beliefs"])  # type: ignore[attr-defined]
        weight = configuration.pseudo.weight
        examples.append(
            Example(name, texts[name][0], "", "", (), str(row["source"]), weight, judged=False,
                    beliefs=beliefs, related=float(str(row["related"])), cluster=-1)
        )  # fmt: skip
    return examples


def label(texts: dict[str, tuple[str, str]], teachers: Sequence[Path]) -> Iterator[dict[str, object]]:
    """Rows for the texts on which the teachers agree; beliefs are the mean of their probabilities, kinds first."""
    loaded = [load(path) for path in teachers]
    dropped: Counter[str] = Counter()
    for number, (name, (text, source)) in enumerate(texts.items()):
        short = text if len(text) <= MOST else text[: MOST // 2] + "\n" + text[-MOST // 2 :]
        verdicts = [teacher.classify([short])[0] for teacher in loaded]
        if not agree(verdicts):
            dropped[source] += 1
            continue
        kinds = [sum(v.kinds[kind] for v in verdicts) / len(verdicts) for kind in loaded[0].kinds]
        labels = [sum(v.labels[own] for v in verdicts) / len(verdicts) for own in loaded[0].labels]
        unrelated = sum(v.kinds["unrelated"] for v in verdicts) / len(verdicts)
        beliefs = [round(p, 5) for p in (*kinds, *labels)]
        yield {"id": name, "source": source, "beliefs": beliefs, "related": round(1 - unrelated, 5)}
        if number % 200 == 0:
            print(f"教师判读 {number}/{len(texts)}", flush=True)
    print("教师意见不一而剔除：" + ("，".join(f"{name} {count}" for name, count in dropped.items()) or "无"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--teacher", type=Path, action="append", required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    configuration = read_configuration(given.configuration)
    texts = candidates(given.data, configuration, gather(given.data, configuration.data, configuration.seed))
    partial = given.output.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as lines:
        for row in label(texts, given.teacher):
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.rename(given.output)
    print(f"写好 {given.output}")


if __name__ == "__main__":
    main()
