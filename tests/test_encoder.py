"""nlp.encoder: how a text becomes windows for the tokenizer; no model is needed for that."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from nlp import encoder, model_folder
from nlp.blend import BlendEngine
from nlp.encoder import HEAD, TAIL, EncoderEngine, Reading, prepare_windows
from nlp.errors import ModelError

READING = Reading(prefix="query: ", window_characters=20, max_tokens=16, max_windows=2)


def test_every_window_has_the_prefix_and_holds_to_the_limit() -> None:
    windows = prepare_windows("甲某报警说被骗。" * 10, READING)
    assert len(windows) == 2
    assert all(window.startswith("query: 甲某") and len(window) <= 7 + 20 for window in windows)


def test_the_first_window_is_the_beginning_and_the_last_the_end() -> None:
    windows = prepare_windows("开头在此。" + "中间的话很长。" * 50 + "结尾在此。", READING)
    assert "开头在此。" in windows[0]
    assert windows[-1].endswith("结尾在此。")


def test_spellings_are_folded() -> None:
    assert prepare_windows("詐騙１２元", READING) == ["query: 诈骗12元"]


def test_an_empty_text_is_one_empty_window() -> None:
    assert prepare_windows(" \n", READING) == ["query: "]


def test_half_an_emoji_does_not_break_the_tokenizer() -> None:
    assert prepare_windows("坏\ud83d字", READING)[0].encode("utf-8")


def test_a_text_of_a_megabyte_is_read_at_both_ends() -> None:
    windows = prepare_windows("头" * HEAD + "中" * 1_000_000 + "尾" * TAIL, READING)
    assert windows[0] == "query: " + "头" * 20
    assert windows[1] == "query: " + "尾" * 20


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="分词器"):
        EncoderEngine(tmp_path / "model.onnx", tmp_path / "tokenizer.json", READING)


TEXTS = [
    f"市民王女士称{number}月在网上刷单被骗{number}360元，对方已无法联系。" * (1 + number % 3) for number in range(1, 20)
]


@pytest.fixture(scope="module")
def shipped() -> EncoderEngine:
    engine = model_folder.load().engine
    assert isinstance(engine, BlendEngine)
    return engine.encoder


def test_what_is_read_ahead_is_the_same_and_is_read_once(
    shipped: EncoderEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [shipped.score(text) for text in TEXTS]
    shipped._kept.clear()
    read: list[str] = []
    network = EncoderEngine._read

    def counted(self: EncoderEngine, window: str, begun: threading.Event | None = None) -> encoder._Run:
        read.append(window)
        return network(self, window, begun)

    monkeypatch.setattr(EncoderEngine, "_read", counted)
    shipped.expect(TEXTS)
    shipped.expect(TEXTS[:3])
    assert all(np.array_equal(shipped.score(text), before) for text, before in zip(TEXTS, alone, strict=True))
    assert sorted(read) == sorted(window for text in TEXTS for window in prepare_windows(text, shipped.reading))
    assert shipped._ahead is not None
    shipped._ahead.submit(int).result()  # behind all others: a window is kept a moment before it is no longer coming
    assert not shipped._coming


def test_a_window_that_fails_ahead_fails_for_who_asks_for_it_and_no_other(
    shipped: EncoderEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, told = EncoderEngine._read, threading.Event()

    def broken(self: EncoderEngine, window: str, begun: threading.Event | None = None) -> encoder._Run:
        told.wait(60)  # until somebody has asked
        if "坏" in window:
            raise RuntimeError("no memory")
        return network(self, window, begun)

    monkeypatch.setattr(EncoderEngine, "_read", broken)
    monkeypatch.setattr(encoder, "BEGIN_SECONDS", 0.0)
    shipped.expect(["坏的一篇被骗一万元", "好的一篇被骗两万元"])
    threading.Timer(0.05, told.set).start()
    with pytest.raises(RuntimeError, match="no memory"):
        shipped.score("坏的一篇被骗一万元")
    assert shipped.score("好的一篇被骗两万元").shape == shipped.score("另一篇").shape


def test_a_thread_that_reads_while_the_program_ends_still_gets_its_verdict() -> None:
    # `concurrent.futures` takes no work from the end of the main thread on, and a document must not fail for that.
    script = """
import sys, threading
from nlp import model_folder
classifier = model_folder.load()
def late():
    threading.main_thread().join()
    print(len(classifier.classify(["市民王女士称在网上刷单被骗三千元。"])), flush=True)
threading.Thread(target=late).start()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.stdout.strip(), ended.stderr) == ("1", "")
