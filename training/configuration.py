"""The TOML configuration of a training run. In: a file. Out: a frozen `Configuration`; an unknown or missing key is an error."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.errors import InputError


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Which files of the data folder are read, by name without ending."""

    texts: tuple[str, ...]  # data files that gold files name documents of
    gold: tuple[str, ...]  # annotated documents to train on
    evaluation: tuple[str, ...]  # annotated documents that nothing may share text with
    negatives: Mapping[str, int]  # data file → how many texts to draw as weak examples of `unrelated`
    negative_weight: float
    scam_words: tuple[str, ...]  # a weak negative holds none of these
    narratives: bool  # also train on training/narratives.toml
    amount_roles: bool = False  # also read training/amount_role_labels.tsv, for the token head
    authored: bool = False  # also train on the open corpus, corpora/authored, but for its held-out voices
    registers: Mapping[str, str] = dataclasses.field(default_factory=dict)  # data file → register of its texts
    without_registers: tuple[str, ...] = ()  # nothing of these is trained on: how far does the rest carry?


@dataclass(frozen=True, slots=True)
class LexicalSettings:
    """Hyper-parameters of the lexical engine."""

    least_documents: int  # a bucket seen in fewer texts is left out
    buckets: int  # the strongest ones kept
    loss: str  # "hinge" (squared, one against the rest) or "logistic"
    kind_c: float  # inverse regularisation
    label_c: float
    balance: float  # exponent of the class weights
    lead: bool = False  # title and first sentences once more, in buckets of their own
    apart: bool = False  # with the lead; every length of n-gram in buckets of its own, none drowned by the longer ones


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Hyper-parameters of the encoder."""

    layers: int  # layers kept of the twelve
    frozen_layers: int  # lower layers that are not trained; their activations are computed once
    prefix: str
    window_characters: int
    max_tokens: int
    max_windows: int
    epochs: int  # that the learning rate is laid out for
    stop_after: int  # epochs that are run
    further_windows: float  # chance that a window after the first takes part in a step; all do when predicting
    refit: bool  # after calibration fit once more on everything; else the network without the held-out fold is shipped
    batch_size: int  # windows a step
    learning_rate: float
    head_learning_rate: float
    warmup: float  # share of the steps
    weight_decay: float
    label_smoothing: float
    balance: float
    probe_c: float  # inverse regularisation of the head that tuning begins with
    tags: bool = False  # also learn the token head, from documents whose mentions are marked
    tag_weight: float = 1.0  # of its loss beside that of kind and label
    tag_learning_rate: float = 1e-3
    marked_windows: float = 0.5  # further_windows, for documents whose mentions are marked
    marked_most: int = 6  # windows of such a document that are read at all


@dataclass(frozen=True, slots=True)
class PseudoSettings:
    """Texts that nobody judged, learned from by what a teacher says of them."""

    texts: Mapping[str, int]  # data file → how many texts to draw at most
    weight: float  # beside 1 for a judged example


@dataclass(frozen=True, slots=True)
class BlendSettings:
    """The two model folders that are put together."""

    encoder: str
    lexical: str
    table_first: bool  # where the lexical table is sure, the encoder is not asked for kind and label


@dataclass(frozen=True, slots=True)
class Configuration:
    """One run: what it is called, what it reads, how it trains, what is asked of its thresholds."""

    name: str  # of the model folder
    version: str
    seed: int
    folds: int
    kind_precision: float  # precision that the kind threshold has to give on held-out folds
    label_precision: float
    data: DataSettings
    lexical: LexicalSettings | None = None
    encoder: EncoderSettings | None = None
    pseudo: PseudoSettings | None = None
    blend: BlendSettings | None = None


def read_configuration(path: Path) -> Configuration:
    """Read and check a TOML file; raises InputError naming the key that is unknown, missing or of the wrong type."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("没有这个配置文件", where=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"不是 TOML：{error}", where=str(path)) from error
    parts: dict[str, Any] = {
        "data": DataSettings,
        "lexical": LexicalSettings,
        "encoder": EncoderSettings,
        "pseudo": PseudoSettings,
        "blend": BlendSettings,
    }
    for name, record in parts.items():
        if name in table:
            table[name] = _fill(record, table[name], f"{path} [{name}]")
    return _fill(Configuration, table, str(path))


def _fill(record: Any, table: Mapping[str, Any], where: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(record)}
    needed = {
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    unknown, missing = table.keys() - fields.keys(), needed - table.keys()
    if unknown or missing:
        found = [f"未知的键 {name}" for name in sorted(unknown)] + [f"缺少 {name}" for name in sorted(missing)]
        raise InputError("；".join(found), where=where, expected="、".join(fields))
    values = {}
    for name, value in table.items():
        wanted = str(fields[name].type)
        if wanted in ("int", "float", "str", "bool"):
            right = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}[wanted]
            if not isinstance(value, right) or (isinstance(value, bool) and wanted != "bool"):
                raise InputError(f"{name} 为 {value!r}", where=where, expected=wanted)
        values[name] = tuple(value) if isinstance(value, list) else value
    return record(**values)
