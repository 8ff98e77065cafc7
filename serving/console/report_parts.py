"""An evaluation's report as the screen shows it: report.md of `fanzha evaluate`, its tables, lists and pictures, nothing of the network.

In: the folder of a report. Out: HTML, everything in it escaped; a picture stands inside the page as data. It measures nothing.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from serving.console.html_parts import Html, join, tag, void

FILE = "report.md"
# Pictures larger than this are named, not shown: a page is no place for them.
LARGEST_PICTURE = 2_000_000


@dataclass(frozen=True, slots=True)
class Report:
    """A report that lies there: its folder's name, the heading of its file, when it was written (seconds since 1970)."""

    name: str
    heading: str
    at: float


def reports(place: Path) -> list[Report]:
    """The reports under a folder, the newest first; the folder itself may be one."""
    found = []
    for file in (place / FILE, *place.glob(f"*/{FILE}")):
        if file.is_file():
            lines = file.read_text(encoding="utf-8", errors="replace").split("\n", 1)
            found.append(Report(file.parent.name, lines[0].lstrip("# "), file.stat().st_mtime))
    return sorted(found, key=lambda report: -report.at)


def draw_report(folder: Path) -> Html:
    """The whole report. Raises OSError where it is gone."""
    blocks = (folder / FILE).read_text(encoding="utf-8").split("\n\n")
    return join([_block(block.strip("\n"), folder) for block in blocks if block.strip()])


def _block(block: str, folder: Path) -> Html:
    """One block of the Markdown that training.evaluation_report writes: heading, table, picture, list, else a paragraph."""
    lines = block.split("\n")
    if block.startswith("#"):
        level = min(len(block) - len(block.lstrip("#")) + 2, 6)  # below the screen's own headings
        return tag(f"h{level}", block.lstrip("# "))
    if block.startswith("|"):
        head, _, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        body = [
            tag("tr", [tag("td", cell, class_=None if not place else "number") for place, cell in enumerate(row)])
            for row in rows
        ]
        heading = tag(
            "tr",
            [tag("th", cell, scope="col", class_=None if not place else "number") for place, cell in enumerate(head)],
        )
        return tag("div", tag("table", tag("thead", heading), tag("tbody", body), class_="report"), class_="scroll")
    if block.startswith("!["):
        words, _, source = block[2:].rstrip(")").partition("](")
        return _picture(folder / Path(source).name, words)
    if block.startswith("- "):
        return tag("ul", [tag("li", line.removeprefix("- ")) for line in lines])
    return tag("p", block)


def _picture(path: Path, words: str) -> Html:
    if path.suffix != ".png" or not path.is_file() or path.stat().st_size > LARGEST_PICTURE:
        return tag("p", f"（没有图：{words}）", class_="soft")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return tag("figure", void("img", src=f"data:image/png;base64,{data}", alt=words), class_="picture")
