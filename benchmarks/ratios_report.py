"""The regression set as a page and a picture: what was measured, on which machine, with which versions, beside what is recorded.

In: names, words, ratios. Out: speed-ratios.md and speed-ratios.svg in a folder. The picture is text: the viewer's own font shows the Chinese
words (Noto Sans CJK, PingFang, 微软雅黑), none has to be installed where it is made.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("onnxruntime", "numpy", "sqlalchemy", "pydantic", "jieba")
ROW, LEFT, WIDTH = 26, 300, 360


def write_report(folder: Path, told: Mapping[str, str], measured: Mapping[str, float], recorded: Mapping[str, float]) -> None:  # fmt: skip
    """Write both files; told: name → what the step does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed-ratios.md").write_text(page(told, measured, recorded), encoding="utf-8")
    (folder / "speed-ratios.svg").write_text(picture(told, measured, recorded), encoding="utf-8")


def page(told: Mapping[str, str], measured: Mapping[str, float], recorded: Mapping[str, float]) -> str:
    """Markdown."""
    versions = "，".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# 快慢的比值",
        "",
        "处理器时间，对同一次运行里的标尺；`make bench` 写出，`make test-all` 核对，比记录慢四分之一以上即失败。",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}，{processor()}，{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}；"
        f"Python {platform.python_version()}，{versions}。",
        "",
        "| 步骤 | 这次 | 记录 |",
        "|---|---|---|",
        *(
            f"| {words} | {measured[name]:.3f} | {f'{recorded[name]:.3f}' if name in recorded else '—'} |"
            for name, words in told.items()
        ),
        "",
        "![快慢的比值](speed-ratios.svg)",
        "",
    ]
    return "\n".join(lines)


def picture(told: Mapping[str, str], measured: Mapping[str, float], recorded: Mapping[str, float]) -> str:
    """SVG: a bar a step, as a share of the limit (recorded + 25 %); the line is what is recorded."""
    rows = []
    for number, (name, words) in enumerate(told.items()):
        top = 20 + number * ROW
        share = min(1.3, measured[name] / (recorded.get(name) or measured[name]))
        rows.append(
            f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(words)}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{share / 1.3 * WIDTH:.1f}" height="18" fill="{"#b3261e" if share > 1.25 else "#33658a"}"/>'
            f'<text x="{LEFT + share / 1.3 * WIDTH + 6:.1f}" y="{top + 13}">{measured[name]:.3f}</text>'
        )
    height = 40 + len(told) * ROW
    marks = "".join(
        f'<line x1="{LEFT + at / 1.3 * WIDTH:.1f}" x2="{LEFT + at / 1.3 * WIDTH:.1f}" y1="14" y2="{height - 18}" stroke="{color}"/>'
        f'<text x="{LEFT + at / 1.3 * WIDTH:.1f}" y="{height - 4}" text-anchor="middle" fill="{color}">{said}</text>'
        for at, color, said in ((1.0, "#555", "记录"), (1.25, "#b3261e", "＋25%"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" height="{height}" role="img" aria-label="快慢的比值" '
        f'font-family="Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(rows)}{marks}</svg>\n'
    )


def processor() -> str:
    """The processor's name where the system tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
