"""Put an encoder folder and the lexical table into one folder, with weights fitted on documents that neither was trained on.

    python -m training.train_blend training/configs/blend.toml --encoder FOLDER [--lexical FOLDER] [--data ../shared] [--output FOLDER]

In: the model folder of the encoder (training.train_encoder, refit = false: its held-out fold is known by the seed) and that of the
lexical table. Out: a sealed folder with engine "blend". Scores of the encoder are those of the int8 file that will serve.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.blend import Blend, combine, cool, is_sure
from nlp.errors import InputError
from nlp.model_folder import load, read_manifest
from training.calibrate import calibrate, negative_log_likelihood
from training.configuration import Configuration, LexicalSettings, read_configuration
from training.gather import Example, gather
from training.train_encoder import held_out_rows
from training.train_lexical import count_features, fit_heads
from training.write_folder import Provenance, write_folder

NEVER = 1.01  # no probability: the table alone is never sure
# Weights tried for each engine; temperature is in them, so they go beyond 1.
ENCODER_WEIGHTS = np.geomspace(0.1, 4.0, 25)
LEXICAL_WEIGHTS = np.concatenate([[0.0], np.geomspace(0.2, 16.0, 28)])


def fit_weights(
    encoder: NDArray[np.float32], lexical: NDArray[np.float32], truth: NDArray[np.int64]
) -> tuple[float, float]:
    """The pair of weights under which the truth is most probable. encoder, lexical: (n, classes); truth: (n,)."""
    best = min(
        (negative_log_likelihood(encoder * a + lexical * b, truth), float(a), float(b))
        for a in ENCODER_WEIGHTS
        for b in LEXICAL_WEIGHTS
    )
    return best[1], best[2]


def held_out_lexical(
    examples: Sequence[Example],
    outside: set[int],
    rows: Sequence[int],
    kinds: Sequence[str],
    labels: Sequence[str],
    settings: LexicalSettings,
) -> NDArray[np.float32]:
    """Lexical logits (rows, kinds + labels) under weights that saw none of `outside`."""
    rotated = count_features(examples, settings).rotated
    inside = [row for row in range(len(examples)) if row not in outside]
    weights, bias = fit_heads(rotated.columns[inside], [examples[row] for row in inside], kinds, labels, settings)
    return np.asarray(rotated.columns[list(rows)] @ weights + bias, dtype=np.float32)


def train(configuration: Configuration, data: Path, folder: Path) -> dict[str, float]:
    """Fit the weights on documents that the encoder was not trained on, calibrate there, write the folder; returns what was measured.

    Raises InputError where the configuration has no [lexical] or no [blend], ModelError for a folder that is not whole.
    """
    if configuration.lexical is None or configuration.blend is None:
        raise InputError("配置中没有 [lexical] 或 [blend]", where=configuration.name)
    sources = Path(configuration.blend.encoder), Path(configuration.blend.lexical)
    gathered = gather(data, configuration.data, configuration.seed)
    # 1. Both engines on what neither was trained on: the fold held out from the encoder, and the held-out voices. With the fold alone,
    # mostly news, the encoder weighed twice as much for the label and the voices lost five points to the table alone.
    examples = (*gathered.examples, *gathered.held_out)
    classifier, manifest = load(sources[0]), read_manifest(sources[0])
    kinds, labels = classifier.kinds, classifier.labels
    outside = held_out_rows(gathered.examples, configuration.folds, configuration.seed)
    outside |= set(range(len(gathered.examples), len(examples)))
    rows = [row for row in sorted(outside) if examples[row].judged]
    encoder = np.stack([classifier.engine.score(examples[row].text) for row in rows])
    lexical = held_out_lexical(examples, outside, rows, kinds, labels, configuration.lexical)
    # 2. Weights, one pair a head.
    kind_truth = np.array([kinds.index(examples[row].kind) for row in rows])
    kind = fit_weights(encoder[:, : len(kinds)], lexical[:, : len(kinds)], kind_truth)
    related = [index for index, row in enumerate(rows) if examples[row].label in labels]
    label_truth = np.array([labels.index(examples[rows[index]].label) for index in related])
    label = fit_weights(encoder[related, len(kinds) :], lexical[related, len(kinds) :], label_truth)
    own = load(sources[1]).calibration
    sure = (own.kind_threshold, own.label_threshold) if configuration.blend.table_first else (NEVER, NEVER)
    blend = Blend(*kind, *label, own.kind_temperature, own.label_temperature, *sure)
    print("权重：", blend)
    # 3. Temperatures and thresholds of what the engine gives out: the table's logits where it is sure, else the sum.
    given_out = np.stack(
        [
            cool(table, blend, len(kinds))
            if is_sure(table, blend, len(kinds))
            else combine(network, table, blend, len(kinds))
            for network, table in zip(encoder, lexical, strict=True)
        ]
    )
    judged = [examples[row] for row in rows]
    targets = configuration.kind_precision, configuration.label_precision
    for name, logits in (("编码器", encoder), ("词面", lexical)):
        print(f"留出折 {len(rows)} 篇，{name}：", calibrate(judged, logits, kinds, labels, *targets)[1])
    calibration, measured = calibrate(judged, given_out, kinds, labels, *targets)
    print("留出折，混合：", measured)
    # What int8 costs was measured when the encoder's file was written.
    told = json.loads((sources[0] / "calibration.json").read_text(encoding="utf-8")).get("measured_out_of_fold", {})
    measured |= {name: value for name, value in told.items() if name.startswith("parity_")}
    # 4. The folder.
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in ((sources[0], "model.onnx"), (sources[0], "tokenizer.json"), (sources[1], "lexical.npz")):
        shutil.copyfile(source / name, folder / name)
    (folder / "blend.json").write_text(json.dumps(asdict(blend), indent=2) + "\n", encoding="utf-8")
    tags = json.loads((sources[0] / "labels.json").read_text(encoding="utf-8")).get("tags", ())
    provenance = Provenance(gathered, measured, configuration)
    write_folder(folder, "blend", kinds, labels, calibration, provenance, manifest.reading, tags)
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--encoder", help="model folder instead of the one that the configuration names")
    parser.add_argument("--lexical", help="model folder instead of the one that the configuration names")
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(arguments)
    configuration = read_configuration(given.configuration)
    if configuration.blend is not None:
        named = {name: getattr(given, name) for name in ("encoder", "lexical") if getattr(given, name)}
        configuration = replace(configuration, blend=replace(configuration.blend, **named))
    folder = given.output or Path("nlp/models") / configuration.name
    train(configuration, given.data, folder)
    print(f"写好 {folder}")


if __name__ == "__main__":
    main()
