"""Learn which numbers without a currency are sums: the weights of `nlp.extract.bare_sums`.

    python -m training.train_bare_sums [--data ../shared] [--authored corpora/authored] [--check dev] --output nlp/extract/bare_sums.json

In: the open corpus with its marked sums, and gold/train.jsonl of a folder in the form of ../shared (its sums wherever the texts hold them: the gold
lists a sum once, so that a retelling in other words counts against precision). Out: the JSON of weights; precision and recall of model and rules
on the gold named by --check and on the voices held out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corpora.annotated import TAGS
from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_counted
from nlp.extract.bare_sums import decide, describe
from nlp.extract.contacts import find_contacts
from nlp.spelling import fold
from training.fit_roles import fit_whether, write_whether
from training.rule_weights import Texts, authored_cases, gold_cases, read_material

STRENGTH = 1.0
LEAST = 4
SMALLEST = 0.05


class Judged(NamedTuple):
    """A number without a currency: its features, whether it is a sum, what the rules and what the shipped weights say."""

    features: list[str]
    is_sum: bool
    by_rule: bool
    shipped: bool


def numbers_of(text: str, sums: Sequence[tuple[int, int]]) -> Iterator[Judged]:
    """The numbers of a text; one that touches a span of `sums` is a sum."""
    folded = fold(text)
    accounts = [(mention.start, mention.end) for mention in find_accounts(text)]
    taken = [*accounts, *((mention.start, mention.end) for mention in find_contacts(text, accounts))]
    found, told = find_counted(folded, taken)
    decided = decide(folded, found, told)
    for one, features, by_rule, now in zip(found, describe(folded, found, told), told, decided, strict=True):
        if not one.currency:
            yield Judged(features, any(a < one.end and one.start < b for a, b in sums), by_rule, now)


def read_gold(path: Path, texts: Texts) -> Iterator[Judged]:
    """Numbers of the cases of a gold file."""
    for text, incidents in gold_cases(path, texts):
        surfaces = {amount["surface"] for incident in incidents for amount in incident["amounts"]}
        yield from numbers_of(text, [m.span() for surface in surfaces for m in re.finditer(re.escape(surface), text)])


def read_authored(folder: Path, *, learned: bool) -> Iterator[Judged]:
    """Numbers of the open corpus: of the voices to learn from, or of those held out."""
    for example in authored_cases(folder, learned=learned):
        yield from numbers_of(example.text, [(s.start, s.end) for s in example.spans if TAGS[s.tag][0] == "amount"])


def measure(pairs: Sequence[tuple[bool, bool]]) -> str:
    """Precision and recall of (said, true)."""
    right = sum(said and true for said, true in pairs)
    said, true = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return f"准确 {right / max(1, said):.3f}，找到 {right / max(1, true):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    given = read_material(arguments, "训练没有写货币的数是不是金额", read_gold, read_authored)
    learned = [*given.gold, *given.authored]
    weights = fit_whether([(one.features, one.is_sum) for one in learned], STRENGTH, SMALLEST, LEAST)
    write_whether(weights, given.output)
    print(f"学了 {len(learned)} 个数，其中金额 {sum(one.is_sum for one in learned)} 个；权重 {len(weights)} 个")
    for name, numbers in given.checks.items():
        print(f"{name}：规则 {measure([(one.by_rule, one.is_sum) for one in numbers])}；"
              f"随附的权重 {measure([(one.shipped, one.is_sum) for one in numbers])}")  # fmt: skip


if __name__ == "__main__":
    main()
