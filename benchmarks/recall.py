"""Recall on spans that others annotated, and the totals of judgments.

    python -m benchmarks.recall spans ccks2021_dev.jsonl [--without train.jsonl] [--show N]
    python -m benchmarks.recall totals lawbench_crime_amount.json [--show N]

`spans`: JSON Lines with "id", "text", "entities": [{"type", "start", "end", "text"}]; documents named in --without are left out. A
span that is visibly shifted (it begins or ends with punctuation, a particle or the middle of a number) is left out, and how many were is
printed. Names and sums are compared by document, as sets; a sum by its bounds (2 %), a place by the region it resolves to. `totals`: a
JSON list of {"question", "answer"}, the answer holding the amount of the crime; right within 1 %. Reads only; --show prints ids and
values of misses, no text.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from nlp.extract.amount_total import crime_total
from nlp.extract.amounts import find_amounts, find_sums
from nlp.extract.pipeline import find_mentions
from nlp.extract.places import find_places
from nlp.persons_grouped import group_persons
from nlp.records import Amount, Mention, Person, Place

TOLERANCE, TOTAL_TOLERANCE = 0.02, 0.01
_SUM = re.compile(r"[近约上数几好小多￥¥]?[0-9一二两三四五六七八九十百千万几数]")
_INSIDE_NUMBER = re.compile(r"[0-9万千百亿]|[.,][0-9]")
_NAME = re.compile(r"[一-鿿A-Za-z0-9*×·]{2,12}")
_PARTICLES = "的了后在是被把将和与及向给从害案。，、:： 日源"


def _shifted(sort: str, text: str, start: int, end: int) -> bool:
    """Whether the span plainly is not what its type says, so that no system could be asked for it."""
    surface = text[start:end]
    if sort == "资损金额":
        cut = _INSIDE_NUMBER.match(text[end : end + 2]) or re.search(r"[0-9][.,]?\Z", text[max(0, start - 2) : start])
        return (
            not _SUM.match(surface)
            or bool(cut)
            or not find_sums(surface if re.search("[元块万千]", surface) else surface + "元")
        )
    if not _NAME.fullmatch(surface) or surface[0] in _PARTICLES or surface[-1] in _PARTICLES:
        return True
    # A name cut in two: 姓女士 of 王姓女士, 某 of 陈某某.
    return sort in ("嫌疑人", "受害人") and (surface[0] in "姓某" or text[end : end + 1] == "某")


def _bounds(mention: Mention) -> tuple[float, float]:
    assert isinstance(mention.value, Amount)
    return float(mention.value.value_min), float(mention.value.value_max)


def _same(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return all(a == b or abs(a - b) <= TOLERANCE * max(a, b) for a, b in zip(first, second, strict=True))


def _regions(mentions: Sequence[Mention]) -> set[str]:
    found = set()
    for mention in mentions:
        if isinstance(mention.value, Place):
            found |= {mention.value.region, *mention.value.candidates} - {""}
    return found


def _place_found(surface: str, regions: set[str], surfaces: set[str]) -> bool:
    """Whether a found place lies in, or is, the annotated one; an unresolved one is compared by its characters."""
    if any(surface in other or other in surface for other in surfaces if len(other) > 1):
        return True
    wanted = _regions(find_places(surface, [], published=""))
    return any(region == one or region.startswith(one + "/") for region in regions for one in wanted)


def _named(people: Sequence[Person], name: str) -> set[str]:
    return {p.role for p in people if name in (p.name, *("".join(m.surface.split()) for m in p.mentions))}


def measure_spans(path: Path, without: set[str]) -> tuple[dict[str, Counter[str]], list[tuple[str, str, str]], int]:
    """({type: counts of wanted, found, in_role, shifted}, misses as (id, type, surface), documents)."""
    counts: dict[str, Counter[str]] = {sort: Counter() for sort in ("嫌疑人", "受害人", "资损金额", "案发城市")}
    misses: list[tuple[str, str, str]] = []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if str(row["id"]) not in without]
    for row in track(rows, "读取", console=Console(stderr=True), transient=True):
        text = row["text"]
        mentions = find_mentions(text)
        people = group_persons(mentions)
        sums = [_bounds(m) for m in mentions if m.kind == "amount"]
        regions, surfaces = _regions(mentions), {m.surface for m in mentions if m.kind == "place"}
        for sort, surface in _wanted(row, counts):
            if sort in ("嫌疑人", "受害人"):
                roles = _named(people, surface)
                found, in_role = bool(roles), ("suspect" if sort == "嫌疑人" else "victim") in roles
            elif sort == "资损金额":
                gold = find_sums(surface if re.search("[元块]", surface) else surface + "元")
                found = in_role = any(_same(_bounds(one), other) for one in gold[:1] for other in sums)
            else:
                found = in_role = _place_found(surface, regions, surfaces)
            counts[sort].update({"wanted": 1, "found": found, "in_role": in_role})
            if not in_role:
                misses.append((str(row["id"]), sort, "找到而角色不同" if found else "未找到"))
    return counts, misses, len(rows)


def _wanted(row: dict[str, Any], counts: dict[str, Counter[str]]) -> Iterator[tuple[str, str]]:
    """(type, surface) of a document's spans, each once; shifted ones are counted and passed over."""
    seen = set()
    for entity in row["entities"]:
        sort, start, end = entity["type"], entity["start"], entity["end"]
        surface = row["text"][start:end]
        if sort not in counts or (sort, surface) in seen:
            continue
        if _shifted(sort, row["text"], start, end):
            counts[sort]["shifted"] += 1
            continue
        seen.add((sort, surface))
        yield sort, _whole(row["text"], start, end) if sort == "资损金额" else surface


def _whole(text: str, start: int, end: int) -> str:
    """The sum with the 近 before it and the 多万元 behind it, which the annotators often left out; they change its bounds."""
    before = re.search(r"(?:将近|接近|近|超过?|不到)\Z", text[max(0, start - 2) : start])
    behind = re.match(r"[多余来]?[万千]?(?:元|块)?(?:以上)?", text[end : end + 5])
    return (before[0] if before else "") + text[start:end] + (behind[0] if behind else "")


def measure_totals(path: Path) -> tuple[Counter[str], list[tuple[int, float, object]]]:
    """(counts: all, right, fraud, fraud_right; misses as (index, wanted, given)); fraud is a judgment that names 诈骗."""
    counts: Counter[str] = Counter()
    misses: list[tuple[int, float, object]] = []
    for index, row in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        text = row["question"].removeprefix("文书:")
        answer = re.search(r"([\d.]+)元", row["answer"])
        assert answer is not None, row["answer"]
        wanted = float(answer[1])
        given = crime_total(text, find_amounts(text))
        right = given is not None and any(abs(float(bound) - wanted) <= TOTAL_TOLERANCE * wanted for bound in given)
        fraud = "诈骗" in text
        counts.update({"all": 1, "right": right, "fraud": fraud, "fraud_right": fraud and right})
        if not right and fraud:
            misses.append((index, wanted, given))
    return counts, misses


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a benchmark and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("spans", "totals"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="这些标注文件里的文书不算")
    parser.add_argument("--show", type=int, default=0, help="列出前 N 处未中（只有编号）")
    chosen = parser.parse_args(arguments)
    console = Console()
    if chosen.what == "totals":
        totals, wrong = measure_totals(chosen.file)
        console.print(
            f"诈骗判决 {totals['fraud_right']}/{totals['fraud']} = {totals['fraud_right'] / max(totals['fraud'], 1):.3f}"
        )
        console.print(f"全部判决 {totals['right']}/{totals['all']} = {totals['right'] / max(totals['all'], 1):.3f}")
        for index, wanted, given in wrong[: chosen.show]:
            console.print(index, wanted, given)
        return
    without = {
        str(json.loads(line)["doc_id"])
        for path in chosen.without
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    }
    counts, misses, documents = measure_spans(chosen.file, without)
    table = Table(title=f"{documents} 篇；召回，按文书去重")
    for column in ("类别", "应有", "找到", "角色也对", "召回", "略去的错位标注"):
        table.add_column(column, justify="left" if column == "类别" else "right")
    for sort, counted in counts.items():
        share = counted["in_role"] / max(counted["wanted"], 1)
        table.add_row(
            sort,
            *(str(counted[key]) for key in ("wanted", "found", "in_role")),
            f"{share:.3f}",
            str(counted["shifted"]),
        )
    console.print(table)
    for doc_id, sort, why in misses[: chosen.show]:
        console.print(doc_id, sort, why)


if __name__ == "__main__":
    main()
