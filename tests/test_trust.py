"""The short form of `make trust`: every part runs, and every figure is what it must be; and the figures can be what they must not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import faults_inbox
import pytest
from dying import DoubledError, LostError, once

from benchmarks import trust
from tests import attacks, bad_inputs
from tests.processes import ROOT, environment


@pytest.mark.slow
@pytest.mark.timeout(
    1200
)  # half a minute of two idle cores; a machine with eight times more to do than it can is no hang
def test_the_short_form_is_all_as_it_must_be(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.trust", "--short", "--markdown", str(tmp_path / "trust.md")]
    ran = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-3000:]
    told = (tmp_path / "trust.md").read_text(encoding="utf-8")
    for _, _, _, databases in trust.FAULTS:
        assert "sqlite" in databases
    assert all(name in told for name, *_ in trust.FAULTS)
    assert "XSS" in told


def test_what_is_lost_doubled_or_nobodys_is_told_apart() -> None:
    once("abc", "cab")
    for found, wrong in (("ab", LostError), ("abcc", DoubledError), ("abcd", AssertionError)):
        with pytest.raises(wrong):
            once("abc", found)


def test_a_fault_that_loses_something_is_counted_and_the_others_run(tmp_path: Path) -> None:
    def fault(_folder: Path, number: int) -> bool:
        if number == 2:
            raise LostError("one lost")
        if number == 3:
            raise DoubledError("one doubled")
        return True

    part = trust.Part("", ())
    trust._survive(part, "放进的", fault, False, "sqlite", 5, tmp_path)
    assert part.rows == [("放进的", "sqlite", 5, 1, 1, 0)]
    assert len(part.wrong) == 2


def test_the_numbers_of_steps_end_when_enough_have_fallen() -> None:
    """Something with ten steps: 40 runs that fell, spread over all of them, and few that did not."""
    numbers = trust.steps(40)
    number, fell, missed = next(numbers), [], 0
    try:
        while True:
            happened = number <= 10
            fell += [number] * happened
            missed += not happened
            number = numbers.send(happened)
    except StopIteration:
        pass
    assert len(fell) == 40
    assert set(fell) >= {1, 2, 4, 8}
    assert len(set(fell)) >= 7
    assert missed <= 6


def test_inputs_that_raise_are_counted_and_the_rest_is_tried() -> None:
    def check(made: str) -> None:
        assert "1" not in made

    told = bad_inputs.tried(bad_inputs.texts(bad_inputs.PIECES), check, 200)
    assert told.tried >= 200
    assert 0 < told.raised < told.tried
    assert told.examples


@pytest.mark.parametrize(
    "page",
    [
        f"<p><img src=x onerror=alert('{attacks.MARK}')></p>",
        f"<script>alert('{attacks.MARK}')</script>",
        f"<a href=\"javascript:alert('{attacks.MARK}')\">x</a>",
    ],
)
def test_a_page_in_which_an_attack_became_markup_is_a_hit(page: str) -> None:
    assert attacks.scripts_in(page)
    assert not attacks.scripts_in(page.replace("<", "&lt;"))


def test_no_address_of_inside_is_connected_to() -> None:
    assert attacks.inside().hits == []


def test_what_is_sent_is_what_an_undisturbed_store_holds() -> None:
    assert len(faults_inbox.undisturbed()["documents"]) == len(faults_inbox.sent())
