"""A model put in use and back, tried beside another one, and a training as a process that is followed and cancelled."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from test_model_command import CALM, LURE, make_folder

from nlp import model_folder
from nlp.errors import ConflictError, ModelError
from nlp.records import Document
from serving import inbox, model_choice, reports, shadow, training_run
from serving.training_run import Trainer, TrainingRun
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import everything, fresh_store


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models as if installed, the first the default; they call the same story by two labels."""
    for number, name in enumerate(("one", "two")):
        make_folder(tmp_path / "installed" / name, number)
    (tmp_path / "installed" / "default.txt").write_text("one\n")
    monkeypatch.setattr(model_folder, "MODELS", tmp_path / "installed")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "installed"


def test_a_choice_is_written_down_and_can_be_taken_back(installed: Path) -> None:
    assert model_choice.history() == []
    assert model_choice.put_in_use(installed / "two", "赵管理") == "two"
    assert (installed / "default.txt").read_text() == "two\n"
    [choice] = model_choice.history()
    assert (choice.model, choice.before, choice.by) == ("two", "one", "赵管理")
    model_choice.put_in_use(installed / choice.before, "赵管理")
    assert model_choice.in_use() == "one"
    with (installed / "history.jsonl").open("a") as stream:
        stream.write('{"model": "thr')  # the power went
    assert [choice.model for choice in model_choice.history()] == ["one", "two"]


def test_whoever_chooses_second_is_told_who_chose_meanwhile(installed: Path) -> None:
    seen = model_choice.in_use()
    model_choice.put_in_use(installed / "two", "赵管理", seen=seen)
    with pytest.raises(ConflictError, match="已换成 two（赵管理）"):
        model_choice.put_in_use(installed / "one", "钱管理", seen=seen)
    assert model_choice.in_use() == "two"


def test_another_process_of_the_installation_reads_with_the_model_that_was_put_in_use(
    installed: Path, tmp_path: Path
) -> None:
    """An engine as every replica has one; who puts the model in use is nobody that it knows. One that is not whole changes nothing."""
    from serving.api.engine import Engine
    from serving.settings import Settings
    from tests.processes import wait_for

    engine = Engine(Settings(store=f"sqlite:///{tmp_path}/replica.db"))
    engine.start()
    try:
        label = engine.worker(60).analyzer.classifier.classify([LURE])[0].label

        def reads_otherwise() -> bool:
            return engine.worker().analyzer.classifier.classify([LURE])[0].label != label

        assert not reads_otherwise()
        model_choice.put_in_use(installed / "two", "赵管理")
        wait_for(reads_otherwise)
        (installed / "one" / "lexical.npz").write_bytes(b"")
        (installed / "default.txt").write_text("one\n")
        wait_for(lambda: engine._chosen[0] == "one")
        assert reads_otherwise()
    finally:
        engine.close()


def test_a_model_that_is_not_whole_is_not_put_in_use(installed: Path) -> None:
    (installed / "two" / "lexical.npz").write_bytes(b"")
    with pytest.raises(ModelError):
        model_choice.put_in_use(installed / "two", "赵管理")
    assert model_choice.in_use() == "one"
    assert model_choice.history() == []


def test_killed_between_the_two_writings_the_old_one_is_in_use(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", lambda *_paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        model_choice.put_in_use(installed / "two", "赵管理")
    assert model_choice.in_use() == "one"


def test_a_trial_tells_what_would_change_and_writes_nothing(installed: Path, tmp_path: Path) -> None:
    store = fresh_store(tmp_path)
    try:
        with store.writing() as session:
            for number, text in enumerate((LURE, LURE + "又", CALM)):
                reports.receive(session, Document(f"c{number}", text, origin="test"))
            inbox.accept(session, Document("a", CALM + "文章", origin="test"))
        Worker(store, make()).drain()
        before = everything(store)
        found = shadow.compare(store, installed / "one", installed / "two", "reports", 50)
        assert (found.documents, found.articles, found.kinds, found.labels) == (3, 3, 0, 2)
        assert {one.first[1] for one in found.differences}.isdisjoint({one.second[1] for one in found.differences})
        assert shadow.compare(store, installed / "one", installed / "one", "documents", 50).differences == ()
        assert shadow.compare(store, installed / "one", installed / "one", "documents", 2).documents == 2
        assert everything(store) == before
    finally:
        store.close()


def test_a_run_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = []
    run = TrainingRun([str(tmp_path / "none.toml")], "试", lambda: gone.append(1))
    assert run.wait(120) == "failed"
    assert any("没有这个配置文件" in line for line in run.lines)
    assert gone == [1]


def test_what_a_training_prints_becomes_a_curve_and_a_remaining_time(monkeypatch: pytest.MonkeyPatch) -> None:
    run = TrainingRun.__new__(TrainingRun)
    run.lines, run.losses, run.made = training_run.deque(), training_run.deque(), None
    for line in (
        "第 1 轮，损失 0.812，标注 0.400：20/400，已用 1.0 分，约剩 19.0 分", "第 1 轮平均损失 0.7001",
        "写好 runs/models/own。换用：fanzha model use runs/models/own", "",
    ):  # fmt: skip
        run._read(line)
    assert list(run.losses) == [0.812, 0.7001]
    assert (run.done, run.total, run.minutes_left, run.made) == (20, 400, 19.0, Path("runs/models/own"))
    assert len(run.lines) == 3


def test_only_one_runs_and_a_cancelled_one_leaves_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A shell that sleeps stands in for a long training.
    monkeypatch.setattr(training_run.sys, "executable", str(_sleeper(tmp_path)))
    trainer = Trainer()
    run = trainer.start([], "长的", None)
    with pytest.raises(ConflictError, match="正在进行"):
        trainer.start([], "又一个", None)
    child = run._child.pid
    run.cancel()
    assert run.wait(30) == "cancelled"
    assert [line for line in _alive() if line[2] == str(child)] == []


def _alive() -> list[list[str]]:
    """State, parent, group … of every process that is not dead and waiting to be asked after."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state = path.read_text().rpartition(") ")[2].split()
            found += [state] * (state[0] != "Z")
    return found


def _sleeper(folder: Path) -> Path:
    path = folder / "sleeper"
    path.write_text("#!/bin/sh\nsleep 300 &\nwait\n")
    path.chmod(0o700)
    return path
