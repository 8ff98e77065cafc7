"""Learn which numbers without a currency are sums: the weights of `nlp.extract.bare_sums`.

    python -m training.train_bare_sums [--data ../shared] [--authored corpora/authored] [--check dev] --output nlp/extract/bare_sums.json

In: the open corpus with its marked sums, and gold/train.jsonl of a folder in the form of ../shared (its sums wherever the texts hold them: the gold
lists a sum once, so that a retelling in other words counts against precision). Out: the JSON of weights; precision and recall of model and rules
on the gold named by --check and on the voices held out.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from corpora.annotated import TAGS, read_annotated
from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_counted
from nlp.extract.bare_sums import decide, describe
from nlp.extract.contacts import find_contacts
from nlp.spelling import fold
from training.evaluate import TEXTS
from training.fit_roles import fit_whether, write_whether
from training.gather import read_rows, read_texts

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


def read_gold(gold: Path, texts: Mapping[str, tuple[str, str]]) -> Iterator[Judged]:
    """Numbers of the cases of a gold file."""
    for row in read_rows(gold):
        if row["kind"] == "case":
            text = texts[str(row["doc_id"])][0]
            incidents: Any = row["incidents"]
            surfaces = {amount["surface"] for incident in incidents for amount in incident["amounts"]}
            yield from numbers_of(
                text, [m.span() for surface in surfaces for m in re.finditer(re.escape(surface), text)]
            )


def read_authored(folder: Path, *, learned: bool) -> Iterator[Judged]:
    """Numbers of the open corpus: of the voices to learn from, or of those held out."""
    for example in read_annotated(folder):
        if example.kind == "case" and (example.split == "train") == learned:
            yield from numbers_of(example.text, [(s.start, s.end) for s in example.spans if TAGS[s.tag][0] == "amount"])


def measure(pairs: Sequence[tuple[bool, bool]]) -> str:
    """Precision and recall of (said, true)."""
    right = sum(said and true for said, true in pairs)
    said, true = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return f"准确 {right / max(1, said):.3f}，找到 {right / max(1, true):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    parser = argparse.ArgumentParser(description="训练没有写货币的数是不是金额")
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--authored", type=Path, default=Path("corpora/authored"), help="自撰语料的文件夹")
    parser.add_argument("--check", default="dev", help="只用来检验的标注，gold 里的名字")
    parser.add_argument("--output", type=Path, required=True, help="写到哪里（nlp/extract/bare_sums.json）")
    options = parser.parse_args(arguments)
    texts, gold = read_texts(options.data, TEXTS), options.data / "gold"
    learned = [*read_gold(gold / "train.jsonl", texts), *read_authored(options.authored, learned=True)]
    weights = fit_whether([(one.features, one.is_sum) for one in learned], STRENGTH, SMALLEST, LEAST)
    write_whether(weights, options.output)
    print(f"学了 {len(learned)} 个数，其中金额 {sum(one.is_sum for one in learned)} 个；权重 {len(weights)} 个")
    checks = {
        options.check: list(read_gold(gold / f"{options.check}.jsonl", texts)),
        "留出的执笔口吻": list(read_authored(options.authored, learned=False)),
    }
    for name, numbers in checks.items():
        print(f"{name}：规则 {measure([(one.by_rule, one.is_sum) for one in numbers])}；"
              f"随附的权重 {measure([(one.shipped, one.is_sum) for one in numbers])}")  # fmt: skip


if __name__ == "__main__":
    main()
