"""training.train_encoder end to end on a tiny BERT made in the test: train, resume, export, load without torch, same logits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from nlp import model_folder, taxonomy  # noqa: E402
from nlp.errors import ModelError  # noqa: E402
from nlp.token_tags import TAGS  # noqa: E402
from training import train_encoder  # noqa: E402
from training.activations import compute_activations  # noqa: E402
from training.configuration import Configuration, DataSettings, EncoderSettings  # noqa: E402
from training.export_onnx import RowQuantised, export, give_pooled  # noqa: E402
from training.network import ReportNetwork  # noqa: E402

LABELS = taxonomy.load().label_ids[:2]
EMPTY = taxonomy.load().empty.id
STORIES = {
    LABELS[0]: "{}在群里做任务垫付，佣金没有返还，报警称被骗{}元。",
    LABELS[1]: "{}接到客服来电说快递丢失可以理赔，转走{}元后失联。",
    EMPTY: "{}建议在路口增设红绿灯，方便{}名学生过马路。",
}
NAMES = [f"{first}{second}某" for first in "赵钱孙李周吴郑王冯陈" for second in "甲乙丙丁戊己"]
SETTINGS = EncoderSettings(
    layers=2,
    frozen_layers=1,
    prefix="query: ",
    window_characters=40,
    max_tokens=48,
    max_windows=2,
    epochs=2,
    stop_after=2,
    further_windows=0.5,
    refit=False,
    batch_size=8,
    learning_rate=1e-4,
    head_learning_rate=1e-4,
    warmup=0.1,
    weight_decay=0.01,
    label_smoothing=0.05,
    balance=0.5,
    probe_c=3000.0,
    tags=True,
    tag_learning_rate=2e-2,
    marked_windows=1.0,
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder with a random BERT of two layers and a tokenizer of single characters."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("encoder")
    characters = sorted(
        {c for story in STORIES.values() for c in story} | set("".join(NAMES)) | set("query: 0123456789▁")
    )
    tokenizer = Tokenizer(
        models.Unigram([(p, 0.0) for p in ("<s>", "<pad>", "</s>", "<unk>")] + [(c, -3.0) for c in characters], 3)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """90 invented documents of three sorts; five are held out for evaluation."""
    rows, gold = [], []
    for number, name in enumerate(NAMES):
        for label, story in STORIES.items():
            if (number + len(label)) % 2:
                rows.append(
                    {"id": f"{label}{number}", "text": f"第{number}件。" + story.format(name, number * 37 + 11)}
                )
                kind = "unrelated" if label == EMPTY else "case"
                incidents = [{"victims": [name]}] if kind == "case" else []
                gold.append({"doc_id": f"{label}{number}", "kind": kind, "label": label, "incidents": incidents})
    (tmp_path / "data").mkdir()
    (tmp_path / "gold").mkdir()
    (tmp_path / "data" / "own.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (tmp_path / "gold" / "train.jsonl").write_text("\n".join(json.dumps(row) for row in gold), encoding="utf-8")
    (tmp_path / "gold" / "dev.jsonl").write_text("", encoding="utf-8")
    return tmp_path


def configuration(**changes: object) -> Configuration:
    own = DataSettings(("own",), ("train",), ("dev",), {}, 0.5, (), False)
    return Configuration("tiny", "1", 3, 4, 0.9, 0.9, own, encoder=replace(SETTINGS, **changes))  # type: ignore[arg-type]


def test_train_resume_export_and_load(
    encoder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The stories differ in little but a name, so containment would put each sort into one cluster: folds are by document here.
    monkeypatch.setattr("training.gather.cluster", lambda texts: {name: index for index, name in enumerate(texts)})
    runs, folder = tmp_path / "runs" / "tiny", tmp_path / "model"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    # 1. Killed after training, before the export.
    with monkeypatch.context() as patch:
        patch.setattr(train_encoder, "export", die)
        with pytest.raises(KeyboardInterrupt):
            train_encoder.train(configuration(), encoder, data, runs, folder)
    assert "第 2 轮平均损失" in capsys.readouterr().out
    assert not (folder / "manifest.json").exists()
    # 2. Started again: nothing is trained twice.
    measured = train_encoder.train(configuration(), encoder, data, runs, folder)
    assert "轮平均损失" not in capsys.readouterr().out
    assert measured["kind_accuracy"] > 0.8
    # 3. The folder is whole and tells the three sorts apart on names it never saw.
    classifier = model_folder.load(folder)
    verdicts = classifier.classify([story.format("何癸某", 4242) for story in STORIES.values()])
    assert [verdict.kind for verdict in verdicts] == ["case", "case", "unrelated"]
    assert [verdict.label for verdict in verdicts[:2]] == list(LABELS)
    # 4. The token head came along: every tag is a stretch of the text.
    text = STORIES[LABELS[0]].format("钱丁某", 77) * 3
    tags = classifier.tag(text)
    assert tags
    assert all(0 <= tag.start < tag.end <= len(text) and 0 < tag.probability <= 1 for tag in tags)


def test_a_network_goes_on_from_the_weights_of_another(
    encoder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.gather.cluster", lambda texts: {name: index for index, name in enumerate(texts)})
    train_encoder.train(configuration(), encoder, data, tmp_path / "runs" / "one", tmp_path / "one")
    (checkpoint,) = (tmp_path / "runs" / "one").glob("*/checkpoint.pt")
    first = losses(capsys.readouterr().out)
    train_encoder.train(configuration(), encoder, data, tmp_path / "runs" / "two", tmp_path / "two", begin=[checkpoint])
    assert losses(capsys.readouterr().out)[0] < first[0]


def test_the_mean_of_checkpoints(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 3.0)):
        torch.save({"network": {"head.weight": torch.full((2, 2), value)}}, tmp_path / name)
    (mean,) = train_encoder.mean_weights([tmp_path / "a", tmp_path / "b"]).values()
    assert torch.equal(mean, torch.full((2, 2), 2.0))


def test_the_token_head_learns_what_is_marked_and_nothing_where_nobody_judged(encoder: Path) -> None:
    from training.fit_encoder import tag_loss

    torch.manual_seed(2)
    network = ReportNetwork(encoder, 1, 3, tags=len(TAGS)).eval()
    hidden = torch.randn(2, 4, 64)
    known = np.zeros((4, len(TAGS)), dtype=bool)
    known[[0, 1, 2, 3], [0, TAGS.index("B-person:victim"), TAGS.index("I-person:victim"), 0]] = True
    unknown = np.ones((4, len(TAGS)), dtype=bool)
    optimiser = torch.optim.Adam(network.tagger.parameters(), lr=0.05)
    for _ in range(60):
        loss = tag_loss(network, hidden, [7, 8], {7: known, 8: unknown})
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert [TAGS[i] for i in network.tag(hidden)[0].argmax(dim=1)] == ["O", "B-person:victim", "I-person:victim", "O"]
    before = tag_loss(network, hidden, [7], {7: known}).item()
    both = tag_loss(network, hidden, [7, 8], {7: known, 8: unknown}).item()
    assert both == pytest.approx(before, abs=1e-6)
    assert tag_loss(network, hidden, [8], {7: known}) is None


def losses(printed: str) -> list[float]:
    return [float(loss) for loss in re.findall(r"轮平均损失 ([0-9.]+)", printed)]


def test_exported_logits_are_those_of_torch(encoder: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    from nlp.encoder import EncoderEngine, prepare_windows

    torch.manual_seed(5)
    network = ReportNetwork(encoder, 2, 7, tags=len(TAGS)).eval()
    reading = train_encoder.reading_of(SETTINGS)
    text = "".join(story.format(name, 77) for name, story in zip(NAMES, STORIES.values(), strict=False))
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.enable_truncation(reading.max_tokens)
    rows = []
    with torch.inference_mode():
        for window in prepare_windows(text, reading):
            ids = torch.tensor([tokenizer.encode(window).ids])
            logits, tags = network(ids, torch.ones_like(ids))
            assert tags.shape == (1, ids.shape[1], len(TAGS))
            rows.append(logits[0].numpy())
    assert len(rows) == 2
    export(network, tmp_path / "model.onnx")
    engine = EncoderEngine(tmp_path / "model.onnx", encoder / "tokenizer.json", reading, tags=TAGS)
    scores = engine.score(text)
    # The vector it gives out is the one that the logits are linear in.
    vector = engine.represent(text)
    assert vector is not None
    linear = network.head.weight.detach().numpy() @ vector + network.head.bias.detach().numpy()
    assert linear == pytest.approx(scores, abs=0.02)
    assert not give_pooled(tmp_path / "model.onnx")
    assert scores == pytest.approx(np.mean(rows, axis=0), abs=0.05)
    assert np.array_equal(engine.score(text), scores)
    # What was read before, beside or twice moves nothing: a window is run alone.
    other = EncoderEngine(tmp_path / "model.onnx", encoder / "tokenizer.json", reading, tags=TAGS)
    marks = other.tag(text)
    for story in STORIES.values():
        other.score(story.format("卫甲某", 5) * 3)
    assert np.array_equal(other.score(text), scores)
    assert engine.tag(text) == other.tag(text) == marks
    with pytest.raises(ModelError, match="标注"):
        EncoderEngine(tmp_path / "model.onnx", encoder / "tokenizer.json", reading, tags=TAGS[:3])


def test_parts_stay_as_they_are_until_the_file_holds(encoder: Path, tmp_path: Path) -> None:
    import onnx

    torch.manual_seed(5)
    network = ReportNetwork(encoder, 2, 7, tags=len(TAGS))
    quantised: list[int] = []

    def refuse(file: Path) -> bool:
        quantised.append(sum(node.op_type == "MatMulInteger" for node in onnx.load(str(file)).graph.node))
        return False

    export(network, tmp_path / "model.onnx", refuse)
    # Everything; without the heads; without the upper half of the layers either; nothing.
    assert quantised == [14, 12, 6, 0]


def test_row_quantised_vectors_are_near_the_originals() -> None:
    weight = torch.randn(50, 16) * torch.logspace(-3, 2, 50)[:, None]
    ids = torch.arange(50)[None]
    error = (RowQuantised(weight)(ids)[0] - weight).abs() / weight.abs().amax(dim=1, keepdim=True)
    assert float(error.max()) <= 0.5 / 127 + 1e-6


def test_activations_are_computed_once_and_only_for_new_windows(encoder: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    network = ReportNetwork(encoder, 2, 7).eval()
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    reading = train_encoder.reading_of(SETTINGS)
    texts = [STORIES[LABELS[0]].format(name, 1) for name in NAMES[:3]]
    first = compute_activations(texts, network, tokenizer, reading, 1, tmp_path)
    calls = []
    monitored = network.lower
    network.lower = lambda *arguments: calls.append(len(arguments[0])) or monitored(*arguments)  # type: ignore[method-assign]
    again = compute_activations([*texts, STORIES[EMPTY].format("新某", 2)], network, tokenizer, reading, 1, tmp_path)
    assert calls == [1]
    assert np.array_equal(first.states[0], again.states[0])
    hidden, mask = again.batch([0, 3])
    assert hidden.shape[:2] == mask.shape
    assert (hidden[mask == 0] == 0).all()
