"""How the tests take the line breaks out of a page, without any help from the code they test.

`join_wrapped` is what a careful copyist does: a break goes unless the line before it ends a sentence or stands alone as a headline.
`join_all` is what a careless one does: every break goes.
"""

from __future__ import annotations

from itertools import pairwise

_ENDS = ("。", "！", "？", "!", "?", "”", "）", ")", "：", ":", "作", "…")


def join_all(text: str) -> str:
    """Every line break deleted, nothing put in its place."""
    return text.replace("\r", "").replace("\n", "")


def join_wrapped(text: str) -> str:
    """Breaks inside paragraphs deleted, with the empty lines that follow them.

    Line by line: a break stays (1) after a line that ends with 。！？”）：, (2) around a line of at most 25 characters without 。 or ，
    that has an empty line on both sides or is the page's first or last (a headline), (3) between two lines of such a headline,
    (4) before a line that begins with white space, —— or Markdown (#, >, *, !, -). All other breaks go.
    """
    lines = text.replace("\r", "").split("\n")
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if 2 * sum(lines[index].rstrip().endswith(_ENDS) for index in filled) > len(filled) or "](" in text:
        return text  # the lines are the writer's own: no page cut by a column
    spread = sum(1 for a, b in pairwise(filled) if b - a > 1) >= 0.7 * max(1, len(filled) - 1)

    def short(index: int) -> bool:
        line = lines[index].strip()
        return bool(line) and len(line.replace(" ", "")) <= 25 and not set("。，；、") & set(line)

    def group(index: int) -> tuple[int, int]:
        first = last = index
        while first > 0 and lines[first - 1].strip():
            first -= 1
        while last + 1 < len(lines) and lines[last + 1].strip():
            last += 1
        return first, last

    def headline(index: int) -> bool:
        first, last = group(index)
        if last - first > 2 or not all(short(at) for at in range(first, last + 1)):
            return False
        if not spread:
            return True
        before = next((lines[at].strip() for at in range(first - 1, -1, -1) if lines[at].strip()), "。")
        return before.endswith(_ENDS) and len(lines[index].strip()) < 15

    out: list[str] = []
    for index in filled:
        line = lines[index]
        if not out:
            out.append(line)
            continue
        before = filled[filled.index(index) - 1]
        stays = (
            out[-1].rstrip().endswith(_ENDS)
            or headline(index)
            or headline(before)
            or line[0] in " \u3000\t#>*!-"
            or line.startswith("——")
        )
        if stays:
            out.append(line)
        else:
            out[-1] += line
    return "\n".join(out)
