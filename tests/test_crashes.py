"""Killed, full, down, set back, at once: nothing is lost and nothing doubled. Each fault a few times here; `tests/faults.py` runs them n times."""

from __future__ import annotations

import os
import time
from pathlib import Path

import faults
import faults_inbox
import pytest


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 5, 20, 33])
def test_killed_while_accepting(tmp_path: Path, number: int) -> None:
    assert faults_inbox.accept(tmp_path, number)


@pytest.mark.parametrize("number", [1, 4, 9, 16])
def test_killed_while_analysing(tmp_path: Path, number: int) -> None:
    assert faults_inbox.analyse(tmp_path, number)


@pytest.mark.parametrize("number", [1, 10, 25, 60])
def test_killed_while_filing_and_resolving(tmp_path: Path, number: int) -> None:
    assert faults_inbox.resolve(tmp_path, number)


def test_saved_while_others_write(tmp_path: Path) -> None:
    assert faults_inbox.backup_while_writing(tmp_path, 1)


@pytest.mark.parametrize("number", [1, 8, 20])
def test_killed_while_migrating(tmp_path: Path, number: int) -> None:
    assert faults.migrate(tmp_path, number)


@pytest.mark.parametrize("number", [3, 12, 30])
def test_killed_while_merging(tmp_path: Path, number: int) -> None:
    assert faults.merge(tmp_path, number)


@pytest.mark.parametrize("number", [1, 3, 4, 5, 8])
def test_killed_while_sending_webhooks(tmp_path: Path, number: int) -> None:
    assert faults.webhook(tmp_path, number)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_killed_while_another_model_is_made_the_default(tmp_path: Path, number: int) -> None:
    assert faults.model_use(tmp_path, number)


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    assert faults.disk_full(tmp_path, 1) > 3


def test_several_processes_on_one_store(tmp_path: Path) -> None:
    assert faults.two_processes(tmp_path, 1)


def test_an_import_and_a_correction_do_not_wait_for_each_other(tmp_path: Path) -> None:
    faults.crossed_locks(tmp_path, 1)


@pytest.mark.parametrize("hours", [1, 30])
def test_a_clock_that_jumps_back(tmp_path: Path, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    faults.clock_back(tmp_path, hours, set_clock)
    assert os.path.isdir(tmp_path)
