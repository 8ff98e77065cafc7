"""Raw pages of mp.weixin.qq.com. In: the decoded HTML. Out: a `Document` of title, newline, the text of `js_content`.

Title, account and time stand in scripts (`var msg_title`, `nickname`, `ct`), because the page is put together by them.
Deleted and blocked articles are refused with the page's own reason. Boilerplate inside the article is nlp's to take out.
"""

from __future__ import annotations

import html
import re
from typing import Any

from corpora.compose import compose, one_line, titled
from corpora.intake import Intake, Yield, refusing
from corpora.stamps import iso_seconds, iso_stamp
from nlp.errors import InputError

_CONTENT = re.compile(r"""id\s*=\s*["']js_content["']""")
_SCRIPTED = re.compile(r"var\s+msg_title\s*=|mp\.weixin\.qq\.com")
_GONE = re.compile(
    r"该内容已被发布者删除|此内容因违规无法查看|此内容被投诉且经审核涉嫌侵权|此账号已被屏蔽|该公众号已迁移|链接已过期|环境异常"
)
_QUOTED = r"""\s*(?:\w{1,20}\()?\s*(?:"((?:[^"\\\n]|\\.){0,2000})"|'((?:[^'\\\n]|\\.){0,2000})')"""
_VALUES = {
    "title": (r"var\s+msg_title\s*=", r"window\.msg_title\s*="),
    "publisher": (r"var\s+nickname\s*=", r"\bnick_name\s*[:=]", r"window\.nickname\s*="),
    "published": (
        r"var\s+ct\s*=",
        r"\bcreate_time\s*[:=]",
        r"var\s+createTime\s*=",
        r"var\s+publish_time\s*=",
        r"\bori_create_time\s*[:=]",
    ),
    "url": (r"var\s+msg_link\s*=",),
    "author": (r"var\s+author\s*=", r"\bauthor\s*:"),
}
_PATTERNS = {name: [re.compile(opening + _QUOTED) for opening in openings] for name, openings in _VALUES.items()}
_META = {
    "title": ('//meta[@property="og:title"]/@content', '//*[@id="activity-name"]//text()'),
    "publisher": ('//*[@id="js_name"]//text()', '//meta[@property="profile:nickname"]/@content'),
    "published": ('//*[@id="publish_time"]//text()',),
    "url": ('//meta[@property="og:url"]/@content',),
    "author": ('//meta[@name="author"]/@content',),
}
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "li", "ul", "ol", "table", "tr", "br", "hr", "blockquote", "pre"}
)
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "header", "footer"}
_SILENT = frozenset(
    ("script", "style", "noscript", "template", "iframe", "svg", "mpvoice", "mpvideosnap", "mp-common-profile")
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([\s\S]))")


def is_weixin(text: str) -> bool:
    """Whether an HTML text is a WeChat article page (or what is left of a deleted one)."""
    if "<" not in text[:2000]:
        return False
    return bool(_CONTENT.search(text)) or bool(_SCRIPTED.search(text[:200_000]) and _GONE.search(text))


def weixin_document(text: str, intake: Intake, *, sha256: str, encoding: str, repaired: str) -> Yield:
    """The document of a WeChat page; raises InputError for one whose article is gone."""
    from lxml import html as parser

    expected, advice = "公众号文章页的 HTML", "请重新抓取原文"
    with refusing(intake.where, found="公众号网页无法解析", expected=expected, advice=advice):
        tree = parser.document_fromstring(text.encode("utf-8", "replace"), parser=parser.HTMLParser(encoding="utf-8"))
        contents = tree.xpath('//*[@id="js_content"]')
        body = block_text(contents[0]) if contents else ""
    if not body.strip():
        gone = _GONE.search(text)
        found = f"文章不可用：{gone[0]}" if gone else "公众号网页里没有正文"
        raise InputError(found, where=intake.where, expected=expected, advice=advice)
    values = {name: _scripted(text, name) or _marked(tree, name) for name in _VALUES}
    published = iso_seconds(values["published"]) or iso_stamp(values["published"])
    return compose(
        intake,
        titled(values["title"], body),
        form="weixin_html",
        sha256=sha256,
        title=values["title"],
        encoding=encoding,
        metadata={"repaired": repaired, "author": values["author"]},
        url=values["url"] or intake.url,
        publisher=values["publisher"],
        published=published,
    )


def block_text(root: Any) -> str:
    """The text under an element: a block element or <br> ends a line, white space collapses, blank lines go.

    Walks without recursion: WeChat editors nest sections a hundred deep.
    """
    pieces: list[str] = []
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        element, leaving = stack.pop()
        tag = element.tag if isinstance(element.tag, str) else ""
        if leaving:
            if tag in _BLOCKS and tag != "br":
                pieces.append("\n")
            if element is not root and element.tail:
                pieces.append(re.sub(r"\s+", " ", element.tail))
            continue
        stack.append((element, True))
        if not tag or tag in _SILENT:  # comments have no tag
            continue
        if tag in _BLOCKS:
            pieces.append("\n")
        elif tag in ("td", "th"):
            pieces.append(" ")
        if element.text:
            pieces.append(re.sub(r"\s+", " ", element.text))
        stack.extend((child, False) for child in reversed(element))
    lines = ("".join(pieces).replace("\u200b", "").replace("\ufeff", "")).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _scripted(text: str, name: str) -> str:
    """A value from the page's scripts, unescaped; "" when none of its spellings is there."""
    for pattern in _PATTERNS[name]:
        for found in pattern.finditer(text):
            value = one_line(_unescape(found[1] or found[2] or ""))
            if value:
                return value
    return ""


def _marked(tree: Any, name: str) -> str:
    """The same value from meta tags or visible elements."""
    for path in _META[name]:
        value = one_line(" ".join(str(part) for part in tree.xpath(path)))
        if value:
            return value
    return ""


def _unescape(script: str) -> str:
    r"""A JavaScript string as text: \x26amp; → &amp; → &."""

    def plain_character(found: re.Match[str]) -> str:
        if found[3]:
            return {"n": "\n", "t": "\t", "r": "\r"}.get(found[3], found[3])
        return chr(int(found[1] or found[2], 16))

    return html.unescape(_ESCAPE.sub(plain_character, script))
