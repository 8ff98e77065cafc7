"""`--encoder PATH` with folders in two forms of Hugging Face, made here with random weights: from training to analysis, offsets exact."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from test_training_encoder import NAMES, SETTINGS, STORIES, configuration, data  # noqa: E402, F401

from nlp import model_folder  # noqa: E402
from nlp.analyze import Analyzer  # noqa: E402
from nlp.encoder import prepare_windows  # noqa: E402
from nlp.errors import InputError  # noqa: E402
from nlp.records import Document  # noqa: E402
from training import train_encoder  # noqa: E402
from training.activations import compute_activations  # noqa: E402
from training.network import ReportNetwork  # noqa: E402
from training.read_encoder import read_bert, read_tokenizer  # noqa: E402

CHARACTERS = sorted(
    {c for story in STORIES.values() for c in story if c not in "{}"} | set("".join(NAMES)) | set("第件0123456789")
)
SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}


def word_piece_folder(folder: Path) -> Path:
    """In the form of bert-base-chinese: vocab.txt alone, [PAD] first, a piece of text where others keep their padding (id 1)."""
    from transformers import BertConfig, BertModel

    pieces = [
        "[PAD]",
        CHARACTERS[0],
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *CHARACTERS[1:],
        *(f"##{n}" for n in "0123456789"),
        "app",
    ]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    torch.manual_seed(3)
    BertModel(BertConfig(vocab_size=len(pieces), max_position_embeddings=64, pad_token_id=0, **SIZES)).save_pretrained(
        folder
    )
    return folder


def unigram_folder(folder: Path) -> Path:
    """In the form of XLM-R: <s> <pad> </s> <unk>, metaspace, positions counted from the padding's id, one token type."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import XLMRobertaConfig, XLMRobertaModel

    pieces = (
        [(p, 0.0) for p in ("<s>", "<pad>", "</s>", "<unk>")]
        + [(c, -3.0) for c in ("▁", *CHARACTERS)]
        + [("报警", -2.0), ("app", -3.0)]
    )
    tokenizer = Tokenizer(models.Unigram(pieces, 3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_padding(length=64, pad_id=1, pad_token="<pad>")  # as some published files have it
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    sizes = SIZES | {"vocab_size": len(pieces), "max_position_embeddings": 66, "type_vocab_size": 1}
    XLMRobertaModel(XLMRobertaConfig(pad_token_id=1, bos_token_id=0, eos_token_id=2, **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(params=[word_piece_folder, unigram_folder], ids=["word_piece", "unigram"])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "encoder").mkdir()
    return request.param(tmp_path / "encoder")


def test_from_training_to_analysis_with_exact_offsets(
    encoder: Path,
    data: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.gather.cluster", lambda texts: {name: index for index, name in enumerate(texts)})
    own = configuration(prefix="", epochs=8, stop_after=8, learning_rate=2e-3)
    train_encoder.train(own, encoder, data, tmp_path / "runs" / "own", tmp_path / "model")
    classifier = model_folder.load(tmp_path / "model")
    # 1. Every token stands where it says, also behind signs that the tokenizer changes or does not know, and a tag is a run of tokens.
    # What so small a network with random lower layers learns to tag is not the point.
    tokenizer, tagged = read_tokenizer(encoder), 0
    for number, (label, name) in enumerate(zip(list(STORIES) * 3, NAMES, strict=False)):
        text = ("　ＡＰＰ①🙂" if number % 2 else "") + STORIES[label].format(name, 77)
        encoding = tokenizer.encode(text)
        for token, (start, end), special in zip(
            encoding.tokens, encoding.offsets, encoding.special_tokens_mask, strict=True
        ):
            piece = token.removeprefix("##").strip("▁")
            if piece and piece in [*CHARACTERS, "app", "报警"] and not special:
                told, said = (unicodedata.normalize("NFKC", part) for part in (text[start:end], piece))
                assert told.lower().strip() == said
        tags = classifier.tag(text)
        tagged += len(tags)
        starts, ends = {a for a, b in encoding.offsets if a < b}, {b for a, b in encoding.offsets if a < b}
        assert all(tag.start in starts and tag.end in ends and tag.start < tag.end for tag in tags)
    assert tagged
    # 2. The whole way: the document is read, and what is quoted stands where it is said to stand.
    document = Document(doc_id="a", text=text)
    (reading,) = Analyzer(classifier).analyze([document])
    for analysis in reading.analyses:
        assert analysis.verdict.model == "tiny 1"
        assert all(text[m.start : m.end].strip() for m in analysis.mentions)


def test_what_is_trained_on_is_what_serves(encoder: Path, tmp_path: Path) -> None:
    """Hidden states in a padded batch are those of the text alone, and the exported model's logits those of torch."""
    from nlp.encoder import EncoderEngine
    from training.export_onnx import export

    reading = train_encoder.reading_of(replace(SETTINGS, prefix="", max_windows=1, window_characters=44))
    network = ReportNetwork(encoder, 2, 5).eval()
    tokenizer = read_tokenizer(encoder)
    texts = [CHARACTERS[0] * 3, *(story.format(NAMES[0], 5) for story in STORIES.values())]
    activations = compute_activations(texts, network, tokenizer, reading, 2, tmp_path / "shards")
    alone = []
    for text in texts:
        ids = torch.tensor([tokenizer.encode(prepare_windows(text, reading)[0]).ids])
        with torch.inference_mode():
            hidden = network.lower(ids, torch.ones(ids.shape), 2)
            alone.append(network.judge(hidden, torch.ones(ids.shape))[0].numpy())
        state = activations.states[activations.windows[len(alone) - 1][0]]
        assert np.asarray(state, np.float32) == pytest.approx(hidden[0].numpy(), abs=0.02)
    read_tokenizer(encoder).save(str(tmp_path / "tokenizer.json"))
    export(network, tmp_path / "model.onnx")
    engine = EncoderEngine(tmp_path / "model.onnx", tmp_path / "tokenizer.json", reading)
    for text, logits in zip(texts, alone, strict=True):
        assert engine.score(text) == pytest.approx(logits, abs=0.1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, "缺少 config.json"),
        ("config.json", '{"model_type": "gpt2", "n_layer": 1, "n_embd": 32, "n_head": 2}', "不是 BERT|读不出编码器"),
        ("model.safetensors", None, "缺少 model.safetensors"),
        ("model.safetensors", "cut off", "读不出编码器"),
        ("vocab.txt", None, "读不出分词器"),
        ("vocab.txt", "a\nb\n", "读不出词表"),
    ],
)
def test_a_folder_that_will_not_do_is_one_clear_error(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    folder = word_piece_folder(tmp_path)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content)
    read = read_tokenizer if name == "vocab.txt" else read_bert
    with pytest.raises(InputError, match=message):
        read(folder)


def test_windows_longer_than_the_positions_are_refused(encoder: Path, data: Path, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(InputError, match="64 个位置"):
        train_encoder.train(configuration(max_tokens=65), encoder, data, tmp_path / "runs" / "own", tmp_path / "model")
