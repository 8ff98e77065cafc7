"""Pieces of HTML with everything escaped: the console draws its tables and texts itself, so that they are plain, dense and reachable.

In: values. Out: HTML text. Nothing here is masked; what comes in may be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def tag(name: str, /, *inside: Any, **attributes: Any) -> Html:
    """`<name …>inside</name>`. Attributes: `class_` → class, `data_x` → data-x; None and False are left out, True stands alone."""
    return Html(f"<{name}{_attributes(attributes)}>{join(*inside)}</{name}>")


def void(name: str, /, **attributes: Any) -> Html:
    """`<name …>`, for input and br."""
    return Html(f"<{name}{_attributes(attributes)}>")


def join(*inside: Any) -> Html:
    """Pieces one after the other: Html as it is, lists and tuples flattened, None and "" left out, the rest escaped."""
    parts: list[str] = []
    for piece in inside:
        if piece is None or piece is False:
            continue
        if isinstance(piece, Html):
            parts.append(str(piece))
        elif isinstance(piece, list | tuple):
            parts.append(join(*piece))
        else:
            parts.append(escape(str(piece)))
    return Html("".join(parts))


def options(choices: Mapping[str, str], chosen: str) -> Html:
    """The options of a select: value → words."""
    return join([tag("option", words, value=value, selected=value == chosen) for value, words in choices.items()])


def empty(heading: str, advice: Any, *actions: Any) -> Html:
    """What stands where there is nothing: what is missing, and what to do."""
    return tag(
        "div",
        tag("p", heading, class_="empty-head"),
        tag("p", advice),
        tag("p", *actions) if actions else None,
        class_="empty",
    )


def problem(text: str) -> Html:
    """A failure where the content would stand."""
    return tag("div", tag("strong", "没有成功　"), text, class_="problem", role="alert")


def _attributes(attributes: Mapping[str, Any]) -> str:
    told = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        told.append(f" {name}" if value is True else f' {name}="{escape(str(value))}"')
    return "".join(told)
