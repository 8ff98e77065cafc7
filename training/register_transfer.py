"""How far does a model carry to a register that it never read? Trained without one register, measured on it: one row a register.

    python -m training.register_transfer training/configs/lexical.toml [--frozen training/configs/frozen.toml --runs runs]
        [--model REGISTER=FOLDER ...] [--data ../shared] [--card FOLDER ...]

In: the configuration of the lexical baseline; with --frozen also the untouched encoder under a logistic regression (needs torch; its vectors are
kept under --runs). --model adds a folder trained with `without_registers = ["REGISTER"]`, which is asked about that register alone.
Out: share of labels right (strict; unrelated counts as a label) without the register, and beside it out of folds that hold a voice together with
the other voices of the register learned from. training/narratives.toml, whose registers nobody wrote down, is not trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp import taxonomy
from nlp.errors import InputError
from nlp.model_folder import load, read_manifest
from training.configuration import Configuration, read_configuration
from training.gather import Example, gather
from training.train_lexical import Rotated, count_features, fit_heads, held_out_logits
from training.write_folder import put_transfer

TITLE = "标签正确率（严格，无关也算一类）：没有学过这一体裁时，和学过同体裁其他口吻时"
FEWEST = 20  # texts of a register below which a share says nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One register: texts, and for each model the share of labels right without and with the other voices of it."""

    register: str
    texts: int
    shares: tuple[tuple[str, float, float], ...]  # (model, without, with); with is nan where nobody measured it


def given_labels(logits: NDArray[np.float32], kinds: Sequence[str], labels: Sequence[str]) -> list[str]:
    """What each row of logits (n, kinds + labels) says: the label, or the empty one where the kind is unrelated."""
    empty = taxonomy.load().empty.id
    unrelated = kinds.index("unrelated")
    best = logits[:, len(kinds) :].argmax(axis=1)
    return [
        empty if kind == unrelated else labels[label]
        for kind, label in zip(logits[:, : len(kinds)].argmax(axis=1), best, strict=True)
    ]


def share_right(examples: Sequence[Example], given: Sequence[str]) -> float:
    """Strict: the first label alone counts."""
    return float(np.mean([example.label == label for example, label in zip(examples, given, strict=True)]))


def transfer(
    columns: NDArray[np.float64], examples: Sequence[Example], configuration: Configuration, register: str
) -> list[str]:
    """Labels of the texts of `register` under weights that saw no text of it. columns: (n, features) of `examples`."""
    assert configuration.lexical is not None
    known = taxonomy.load()
    inside = [row for row, example in enumerate(examples) if example.register != register]
    outside = [row for row, example in enumerate(examples) if example.register == register]
    weights, bias = fit_heads(
        columns[inside], [examples[row] for row in inside], known.kind_ids, known.label_ids, configuration.lexical
    )
    return given_labels((columns[outside] @ weights + bias).astype(np.float32), known.kind_ids, known.label_ids)


def read_examples(configuration: Configuration, data: Path) -> list[Example]:
    """All texts but the narratives; the held-out voices are read like the others: nothing is shipped from here."""
    gathered = gather(data, replace(configuration.data, narratives=False), configuration.seed)
    first = 1 + max((example.cluster for example in gathered.examples), default=0)
    voices = sorted({example.voice for example in gathered.held_out})
    held = [replace(e, cluster=first + voices.index(e.voice)) for e in gathered.held_out]
    return [*gathered.examples, *held]


def measure(
    examples: Sequence[Example], tables: Mapping[str, tuple[NDArray[np.float64], Configuration]]
) -> tuple[Row, ...]:
    """A row a register with at least FEWEST judged texts. tables: model → (features of the examples, its configuration)."""
    known = taxonomy.load()
    kinds, labels = known.kind_ids, known.label_ids
    judged = [row for row, example in enumerate(examples) if example.judged]
    found: dict[str, list[tuple[str, float, float]]] = {}
    counts = {
        register: [row for row in judged if examples[row].register == register]
        for register in sorted({examples[row].register for row in judged} - {""})
    }
    for model, (columns, configuration) in tables.items():
        assert configuration.lexical is not None
        rotated = Rotated(columns, np.empty((0, 0)), np.empty(0))
        logits = held_out_logits(rotated, examples, kinds, labels, configuration.lexical, configuration.folds)
        for register, rows in counts.items():
            if len(rows) < FEWEST:
                continue
            part = [examples[row] for row in rows]
            every = [row for row, example in enumerate(examples) if example.register == register]
            given = dict(zip(every, transfer(columns, examples, configuration, register), strict=True))
            without = share_right(part, [given[row] for row in rows])
            inside = share_right(part, given_labels(logits[rows], kinds, labels))
            found.setdefault(register, []).append((model, without, inside))
    return tuple(Row(register, len(counts[register]), tuple(shares)) for register, shares in found.items())


def frozen_columns(configuration: Configuration, encoder: Path, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Vectors (n, hidden) of the untouched encoder, each column at unit spread; what an earlier run computed is read from beside `encoder`."""
    # Here, not above: the lexical table needs no torch.
    import torch

    from training.activations import compute_activations
    from training.fit_encoder import pooled_examples
    from training.network import ReportNetwork
    from training.read_encoder import digest_of, read_tokenizer
    from training.train_encoder import pooled_file, reading_of

    settings = configuration.encoder
    if settings is None:
        raise InputError("配置中没有 [encoder]", where=configuration.name)
    torch.manual_seed(configuration.seed)
    network = ReportNetwork(encoder, settings.layers, 1)
    shards = encoder.parent / f"activations-{digest_of(encoder)}"
    texts = [example.text for example in examples]
    reading = reading_of(settings)
    states = compute_activations(texts, network, read_tokenizer(encoder), reading, settings.frozen_layers, shards)
    kept = pooled_file(shards, texts, settings)
    vectors = pooled_examples(network, states, settings.frozen_layers, kept)
    return np.asarray((vectors - vectors.mean(axis=0)) / (vectors.std(axis=0) * np.sqrt(vectors.shape[1])))


def markdown(rows: Sequence[Row]) -> str:
    """The table of the model's card."""
    models = list(dict.fromkeys(model for row in rows for model, _, _ in row.shares))
    lines = ["| 体裁 | 篇 | " + " | ".join(f"{model}：未学过 / 学过" for model in models) + " |"]
    lines.append("|---" * (2 + len(models)) + "|")
    for row in rows:
        shares = {model: (a, b) for model, a, b in row.shares}
        cells = [
            " / ".join("–" if np.isnan(x) else f"{x:.3f}" for x in shares.get(m, (np.nan, np.nan))) for m in models
        ]
        lines.append(f"| {row.register} | {row.texts} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configuration", type=Path, help="词面表的配置")
    parser.add_argument("--frozen", type=Path, help="未调编码器的配置；要有 torch")
    parser.add_argument("--encoder", type=Path, help="编码器文件夹，缺省为 runs/e5（命令自己取）")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--model", action="append", default=[], metavar="体裁=文件夹", help="没学过这一体裁的模型")
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--card", type=Path, action="append", default=[], help="把表放进这个模型文件夹的说明卡")
    given = parser.parse_args(arguments)
    configuration = read_configuration(given.configuration)
    if configuration.lexical is None:
        raise InputError("配置中没有 [lexical]", where=configuration.name)
    examples = read_examples(configuration, given.data)
    tables = {"词面表": (count_features(examples, configuration.lexical).rotated.columns, configuration)}
    if given.frozen:
        encoder = given.encoder or given.runs / "e5"
        if given.encoder is None:
            from training.encoder_weights import convert

            convert(encoder, None)
        frozen = read_configuration(given.frozen)
        assert frozen.encoder is not None
        probe = replace(
            configuration.lexical, loss="logistic", kind_c=frozen.encoder.probe_c, label_c=frozen.encoder.probe_c
        )
        tables["未调编码器"] = (frozen_columns(frozen, encoder, examples), replace(configuration, lexical=probe))
    rows = list(measure(examples, tables))
    for pair in given.model:
        register, _, folder = pair.partition("=")
        rows = [add_model(row, Path(folder), examples) if row.register == register else row for row in rows]
    print(f"{TITLE}\n\n{markdown(rows)}")
    for folder in given.card:
        put_transfer(folder, f"{TITLE}\n\n{markdown(rows)}", read_manifest(folder))


def add_model(row: Row, folder: Path, examples: Sequence[Example]) -> Row:
    """The row with one more model, which was trained without the row's register."""
    classifier = load(folder)
    part = [example for example in examples if example.judged and example.register == row.register]
    logits = np.stack([classifier.engine.score(example.text) for example in part])
    share = share_right(part, given_labels(logits, classifier.kinds, classifier.labels))
    return replace(row, shares=(*row.shares, (folder.name, share, float("nan"))))


if __name__ == "__main__":
    main()
