"""Draws shown documents as one HTML page: no script, nothing fetched, readable in light and dark, printable.

In: `ShownDocument`s, already masked. Out: the page in pieces, so that many documents need no memory, or a file. Every piece
of text is escaped, and the page's own policy forbids scripts and requests, should anything slip through.
Kinds of mentions can be switched off with the boxes of the legend: that is style sheet only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from nlp.errors import InputError
from serving.showing import ShownArticle, ShownCase, ShownDocument, ShownTable
from serving.showing_spans import Event, reads_as
from serving.showing_words import KINDS

# Hues lie so that kinds which stand side by side in a report (who, where, how much, when) are told apart; the words tell too.
HUES = {
    "person": 350, "place": 135, "amount": 45, "time": 210, "organisation": 265, "platform": 180, "account": 20, "contact": 305,
    "count": 75, "outcome": 235,
}  # fmt: skip

_STYLE = """
:root{color-scheme:light dark;--page:#fbfaf7;--card:#fff;--ink:#1d1d1f;--soft:#63636b;--line:#dfddd6;--alarm:#b3261e;--alarmback:#fdecea;
 --fill-s:75%;--fill-l:88%;--edge-l:42%;--tag-l:27%}
@media (prefers-color-scheme:dark){:root{--page:#16171a;--card:#1f2125;--ink:#e8e6e1;--soft:#a5a5ad;--line:#383b42;--alarm:#ffb4ab;
 --alarmback:#43211f;--fill-s:38%;--fill-l:25%;--edge-l:58%;--tag-l:80%}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);line-height:1.6;
 font-family:"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",system-ui,sans-serif}
header,main,footer{max-width:1240px;margin:0 auto;padding:0 20px}
header{padding-top:18px}
h1{font-size:1.15rem;margin:0}
header p,footer{color:var(--soft);font-size:.85rem;margin:.2rem 0}
footer{padding-top:10px;padding-bottom:24px}
.legend{position:sticky;top:0;z-index:1;background:var(--page);border-bottom:1px solid var(--line)}
.legend div{max-width:1240px;margin:0 auto;padding:8px 20px;display:flex;flex-wrap:wrap;gap:4px 14px;font-size:.85rem;align-items:center}
.legend label{display:inline-flex;gap:4px;align-items:center;cursor:pointer}
.legend input{margin:0;accent-color:var(--soft)}
.legend i{font-style:normal;padding:0 6px;border-radius:3px;background:hsl(var(--hue) var(--fill-s) var(--fill-l));
 border-bottom:2px solid hsl(var(--hue) 55% var(--edge-l))}
nav{font-size:.85rem;margin-top:8px}
nav a{color:inherit;margin-right:1em;display:inline-block}
.document>h2{font-size:.95rem;color:var(--soft);font-weight:600;margin:22px 0 8px;overflow-wrap:anywhere}
.problem{color:var(--alarm)}
article{scroll-margin-top:60px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:18px 22px;margin:0 0 18px}
dl{display:flex;flex-wrap:wrap;gap:2px 26px;margin:0 0 14px;font-size:.9rem}
dl div{display:flex;gap:8px}
dt{color:var(--soft);white-space:nowrap}
dd{margin:0;overflow-wrap:anywhere}
.review{margin:0 0 14px;padding:6px 10px;border-left:4px solid var(--alarm);background:var(--alarmback);color:var(--alarm);font-size:.9rem}
.both{display:grid;grid-template-columns:minmax(0,11fr) minmax(0,9fr);gap:30px}
.both.alone{grid-template-columns:minmax(0,46rem)}
@media (max-width:900px){.both{grid-template-columns:minmax(0,1fr)}}
.text{overflow-wrap:anywhere}
.text h3{font-size:1.25rem;line-height:1.7;margin:0 0 .6rem}
.text p{margin:0 0 .75rem;line-height:2.05}
mark{color:inherit;background:hsl(var(--hue) var(--fill-s) var(--fill-l));border-bottom:2px solid hsl(var(--hue) 55% var(--edge-l));
 border-radius:3px;padding:1px 2px;-webkit-box-decoration-break:clone;box-decoration-break:clone}
mark:has(mark){padding:5px 3px}
mark mark{padding:0 1px;border-bottom-style:dotted;box-shadow:0 0 0 1px hsl(var(--hue) 55% var(--edge-l))}
mark[data-tag]::after{content:attr(data-tag);font-size:.66rem;font-weight:400;margin-left:3px;color:hsl(var(--hue) 60% var(--tag-l));
 white-space:nowrap;user-select:none}
section.case{border-top:1px solid var(--line);padding-top:10px;margin-bottom:16px}
section.case:first-child{border-top:0;padding-top:0}
.case h4{margin:0;font-size:.95rem}
.case p{margin:.3rem 0;font-size:.88rem}
.soft{color:var(--soft)}
table{border-collapse:collapse;font-size:.82rem;margin:10px 0 0;width:100%}
th,td{text-align:left;vertical-align:top;padding:2px 12px 2px 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere;
 font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:400;white-space:nowrap}
th:first-child{color:var(--ink);font-weight:700}
td:nth-child(2),td.code{white-space:nowrap}
table.rest td:nth-child(2){white-space:normal}
table.rest td:first-child{white-space:nowrap}
@media print{.legend{position:static}article{break-inside:auto}.legend input{display:none}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write(path: Path, documents: Iterable[ShownDocument]) -> tuple[int, int]:
    """Write the page beside its name and move it there at the end; (shown, not shown). Raises InputError where it cannot be."""
    seen = missed = 0

    def counted() -> Iterator[ShownDocument]:
        nonlocal seen, missed
        for document in documents:
            seen, missed = seen + (not document.problem), missed + bool(document.problem)
            yield document

    part = path.with_name(path.name + ".part")
    try:
        stream = part.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"不能写入：{error.strerror}", where=str(path), advice="检查文件夹与权限") from error
    try:
        with stream:
            stream.writelines(page(counted()))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return seen, missed


def page(documents: Iterable[ShownDocument]) -> Iterator[str]:
    """The whole page, piece by piece."""
    hues = "".join(f".k-{kind}{{--hue:{hue}}}" for kind, hue in HUES.items())
    # A kind that is switched off: its spans become plain text.
    off = "".join(
        f"body:has(#k-{kind}:not(:checked)) mark.k-{kind}{{all:unset}}"
        f"body:has(#k-{kind}:not(:checked)) mark.k-{kind}::after{{content:none}}"
        for kind in KINDS
    )
    yield (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>反诈 · 读出了什么</title>\n<style>{_STYLE}{hues}\n{off}</style>\n</head>\n<body>\n"
        "<header><h1>反诈 · 读出了什么</h1><p>着色的字是读出的值，小字是它的作用；鼠标停在上面看规范值、把握和来由。</p></header>\n"
    )
    yield _legend()
    yield "<main>\n"
    for number, document in enumerate(documents, 1):
        yield from _document(number, document)
    yield "</main>\n<footer>由 fanzha show 生成；机器读出的，不等于认定的事实。</footer>\n</body>\n</html>\n"


def _legend() -> str:
    boxes = "".join(
        f'<label><input type="checkbox" id="k-{kind}" checked><i class="k-{kind}">{escape(name)}</i></label>'
        for kind, name in KINDS.items()
    )
    return f'<div class="legend"><div><span>图例（点选显示或隐藏）</span>{boxes}</div></div>\n'


def _document(number: int, document: ShownDocument) -> Iterator[str]:
    yield f'<div class="document" id="d{number}"><h2>{escape(document.name)}</h2>\n'
    if document.problem:
        yield f'<p class="problem">未显示：{escape(document.problem)}</p>\n'
    if len(document.articles) > 1:
        links = (f'<a href="#d{number}-{a.number}">{a.number}. {escape(a.title)}</a>' for a in document.articles)
        yield f"<nav>{''.join(links)}</nav>\n"
    for article in document.articles:
        yield _article(f"d{number}-{article.number}", article)
    yield "</div>\n"


def _article(anchor: str, article: ShownArticle) -> str:
    rows = list(article.lines)
    title = _line(rows.pop(0)) if article.titled and rows else escape(article.title)
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in article.facts)
    review = f'<p class="review">⚠ {escape(article.review)}</p>' if article.review else ""
    paragraphs = "".join(f"<p>{_line(row)}</p>\n" for row in rows if reads_as(row).strip())
    cases = "".join(map(_case, article.cases))
    return (
        f'<article id="{anchor}">\n<dl>{facts}</dl>\n{review}<div class="both{"" if cases else " alone"}">\n'
        f'<div class="text"><h3>{title}</h3>\n{paragraphs}</div>\n'
        + (f"<div>{cases}</div>\n" if cases else "")
        + "</div>\n</article>\n"
    )


def _line(events: Iterable[Event]) -> str:
    parts = []
    for event in events:
        if event.what == "text":
            parts.append(escape(event.text))
        elif event.what == "close":
            parts.append("</mark>")
        elif event.span:
            tag = f' data-tag="{escape(event.span.tag)}"' if event.span.tag else ""
            parts.append(f'<mark class="k-{event.span.kind}" title="{escape(event.span.detail)}"{tag}>')
    return "".join(parts)


def _case(case: ShownCase) -> str:
    summary = f"<p>{escape(case.summary)}</p>" if case.summary else ""
    tactics = f'<p class="soft">手法：{escape(case.tactics)}</p>' if case.tactics else ""
    return f'<section class="case"><h4>{escape(case.heading)}</h4>{summary}{tactics}{"".join(map(_table, case.tables))}</section>\n'


def _table(table: ShownTable) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in table.headings)
    # A division's code broken over two lines cannot be read or searched.
    opened = ['<td class="code">' if heading == "代码" else "<td>" for heading in table.headings]
    rows = "".join(
        f"<tr>{''.join(f'{td}{escape(cell)}</td>' for td, cell in zip(opened, row, strict=True))}</tr>\n"
        for row in table.rows
    )
    # The table of all other kinds has values, which may be long, where the rest have a role.
    rest = ' class="rest"' if len(table.headings) == 3 else ""
    return f"<table{rest}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>\n"
