"""The short form of `make trust`: every part runs, and every figure is what it must be; and the figures can be what they must not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import faults_inbox
import pytest
from dying import DoubledError, LostError, once

from benchmarks import trust, trust_items
from benchmarks.trust_items import DOUBLED, HIT, LOST, RAISED, Item, Told
from tests import attacks, bad_inputs, guided_inputs
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
    assert all(said in told for _, said, *_ in trust_items.FAULTS)
    assert "XSS" in told
    assert "合计" in told


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

    told = trust_items.survived(fault, False, 5, tmp_path)
    assert (told.tried, told.counts) == (5, {LOST: 1, DOUBLED: 1, RAISED: 0})
    assert len(told.wrong) == 2


def test_a_run_that_was_interrupted_goes_on_with_the_next_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def item(name: str, hits: int = 0) -> Item:
        def run(_scratch: Path) -> Told:
            ran.append(name)
            if name == "attacks/sql" and ran.count(name) == 1:
                raise KeyboardInterrupt
            return Told(7, {HIT: hits})

        return Item(name, name, run)

    everything = [item("attacks/xss"), item("attacks/sql"), item("roles", hits=1)]
    monkeypatch.setattr(trust, "items", lambda short: everything)
    monkeypatch.setattr(trust.logging, "disable", lambda level: None)
    words = [
        "--results",
        str(tmp_path / "results.jsonl"),
        "--markdown",
        str(tmp_path / "table.md"),
        "--only",
        "attacks",
    ]
    with pytest.raises(KeyboardInterrupt):
        trust.main(words)
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"name": "attacks/sql", "sai')  # the power went while it was being written down
    assert trust.main(words) == 0
    assert ran == ["attacks/xss", "attacks/sql", "attacks/sql"]
    assert "| 合计 |  |  | 14 |" in (tmp_path / "table.md").read_text(encoding="utf-8")
    # What other code came to is not taken for this one's, unless that is asked for; and anything but 0 is wrong.
    monkeypatch.setattr(trust, "code_now", lambda: "other")
    assert trust.main([*words, "roles", "--other-code"]) == 1
    assert ran[3:] == ["roles"]
    assert "attacks/xss *" in (tmp_path / "table.md").read_text(encoding="utf-8")
    trust.main(words)
    assert ran[4:] == ["attacks/xss", "attacks/sql"]


def test_items_are_asked_for_by_name() -> None:
    everything = trust_items.items(short=False)
    names = [item.name for item in everything]
    assert len(set(names)) == len(names)
    assert {item.name for item in trust.chosen(everything, ["faults/merge", "roles"])} == {
        "faults/merge/sqlite", "faults/merge/postgresql", "roles",
    }  # fmt: skip
    assert len(trust.chosen(everything, ["*/postgresql"])) == sum(name.endswith("/postgresql") for name in names) > 8
    assert {item.part for item in everything} == set(trust.PARTS)


def test_an_item_that_breaks_off_is_wrong(tmp_path: Path) -> None:
    def breaks(_scratch: Path) -> Told:
        raise OSError("no room")

    line = trust.run(Item("roles", "", breaks), "code", tmp_path)
    assert trust.wrong_of([line], whole=False)
    line.told = Told(3, {RAISED: 9}, ["one example"])
    assert "共 9 处" in trust.wrong_of([line], whole=False)[-1]


def test_the_numbers_of_steps_end_when_enough_have_fallen() -> None:
    """Something with ten steps: 40 runs that fell, spread over all of them, and few that did not."""
    numbers = trust_items.steps(40)
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


@pytest.mark.slow
def test_guided_inputs_are_tried_or_it_is_said_that_they_are_not() -> None:
    told = guided_inputs.tried("clean", 60)
    assert told.raised == 0, told.examples
    assert told.tried == 60 or "atheris" in told.skipped


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
