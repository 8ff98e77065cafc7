"""Which column holds what. In: the headings of a table (or keys of a JSON object). Out: field → heading.
The headings themselves are data: `headings.toml` beside this file.

Fields: text, title, id, published, fetched, occurred, place, amount, person, phone, url, publisher, licence. A caller's own map
comes first, then exact headings, then headings that contain a telling word. It does not look at cells.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nlp.errors import InputError

# A heading that is not in the lists but contains one of these is the text, unless it ends like an attribute of it.
_TELLING = re.compile(r"内容|案情|正文|经过|诉求|描述|详情|警情")
_ATTRIBUTE = re.compile(
    r"(?:类型|类别|分类|时间|日期|编号|单号|号|人|人员|电话|状态|结果|情况|单位|部门|长度|字数|回复|答复|意见|性质|级别|等级"
    r"|来源|方式|渠道|链接|标题|主题|地点|地址|区域|图片|附件)$"
)
_COMPLAINT = re.compile(
    r"投诉|诉求|报案|报警|警情|接警|举报|信访|反映|来电|工单|受害|被害|被骗|留言|complain|victim|reporter|ticket"
)
_BRACKETS = re.compile(r"[(\[【<〈].{0,30}?[)\]】>〉]|[*\s_\-:：#\"'`]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """The recognised columns: field → heading as written, and whether the table looks like complaints."""

    fields: Mapping[str, str]
    complaint: bool


@cache
def headings() -> Mapping[str, tuple[str, ...]]:
    """Field → the headings it is known by, best first, from `headings.toml` beside this file."""
    table = tomllib.loads(resources.files(__package__).joinpath("headings.toml").read_text(encoding="utf-8"))
    return {field: tuple(entry["headings"]) for field, entry in table.items()}


@cache
def field_names() -> Mapping[str, str]:
    """Field → its Chinese name for screens and messages."""
    table = tomllib.loads(resources.files(__package__).joinpath("headings.toml").read_text(encoding="utf-8"))
    return {field: entry["name"] for field, entry in table.items()}


def fold_heading(heading: str) -> str:
    """A heading for comparison: half-width, small letters, without spaces, marks and what stands in brackets.

    "＊投诉内容（必填）" → "投诉内容", "External_ID" → "externalid".
    """
    narrow = unicodedata.normalize("NFKC", heading).lower().strip("\ufeff")
    return _BRACKETS.sub("", narrow) or narrow.strip()


def recognise(names: Sequence[str], wished: Mapping[str, str] | None = None, *, where: str = "") -> Columns | None:
    """The columns of a table with these headings; None when no column of text is among them.

    `wished` maps fields to headings and overrides the lists. Raises InputError for a field that is not known or a wished heading that is
    not there.
    """
    folded: dict[str, str] = {}
    for heading in names:
        folded.setdefault(fold_heading(heading), heading)
    fields: dict[str, str] = {}
    # 1. What the caller says.
    for field, heading in (wished or {}).items():
        if field not in headings():
            raise InputError(
                f"列映射中有未知字段 {field!r}", where=where, expected=f"其中之一：{'、'.join(headings())}"
            )
        if fold_heading(heading) not in folded:
            seen = "、".join(names[:20]) or "无"
            raise InputError(
                f"没有名为“{heading}”的列", where=where, expected=f"现有列名之一：{seen}", advice="请改正列映射"
            )
        fields[field] = folded[fold_heading(heading)]
    # 2. Exact headings, in the order of the lists. A heading serves one field.
    taken = set(fields.values())
    for field, known in headings().items():
        for name in known:
            present = folded.get(fold_heading(name))
            if field not in fields and present is not None and present not in taken:
                fields[field] = present
                taken.add(present)
    # 3. A heading that contains a telling word, if it alone does (two would be a guess).
    if "text" not in fields:
        telling = [h for f, h in folded.items() if h not in taken and _is_telling(f)]
        if len(telling) != 1 or len(names) < 2:  # a single cell is the title above a table
            return None
        fields["text"] = telling[0]
    return Columns(fields, _looks_like_complaints(fields, folded))


def _is_telling(folded: str) -> bool:
    """案件经过说明, but not 内容类型 and no sentence (headings of hotline exports have up to 16 characters)."""
    return len(folded) <= 20 and bool(_TELLING.search(folded)) and not _ATTRIBUTE.search(folded)


def _looks_like_complaints(fields: Mapping[str, str], folded: Mapping[str, str]) -> bool:
    """Whether rows come from citizens: a heading says so, or people's names and phones stand beside the text."""
    if "url" in fields or "fetched" in fields:  # it was on the web
        return False
    return any(_COMPLAINT.search(name) for name in folded) or bool(fields.keys() & {"person", "phone"})
