"""One place decides who sees what. Every response, export, log and screen passes its values through here.

In: a value, what it is, and the role of the person who will see it. Out: the value as that role may see it.
Rule (DESIGN §6): a reader sees victims, contacts, accounts and unconvicted suspects masked; officials, experts and what is
masked already stay as published. Analysts, editors and administrators see everything. It decides nothing about whole incidents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import quote as percent_encoded
from urllib.parse import unquote, unquote_plus, urlsplit, urlunsplit

from nlp.mask_names import Names
from nlp.spelling import fold

Viewer = Literal["reader", "analyst", "editor", "admin"]
Sort = Literal[
    "victim",
    "suspect",
    "convicted",
    "official",
    "other",
    "perhaps",
    "phone",
    "account",
    "contact",
    "locality",
    "text",
    "quote",
    "url",
]

DEFAULT_VIEWER: Viewer = "reader"
_FULL: frozenset[str] = frozenset(("analyst", "editor", "admin"))
_HIDDEN = ("victim", "suspect", "perhaps", "phone", "account", "contact", "locality")
# What a village or street keeps of its name: 应举镇 → 某镇.
_LOCALITY = re.compile(r"街道|社区|小区|开发区|[镇乡村屯寨庄苏嘎路街巷弄号]$")
# What may be a name gives way to whatever is known of it.
_STRICTNESS = {"victim": 2, "suspect": 1, "perhaps": -1}
_COMPOUND = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "司徒",
    "夏侯",
    "端木",
    "独孤",
    "南宫",
    "长孙",
)
# Struck out as published: 李某, 李*, 李XX. An X that begins a foreign name strikes nothing out.
_STRUCK = re.compile(r"[某*×Ｘ]|(?<=[一-鿿])X")
# One character and a title is a surname; two are a whole name (王芳女士) unless they are a compound surname.
_TITLED = re.compile(
    rf"(?:[老小阿][一-鿿]|(?:[一-鿿]|{'|'.join(_COMPOUND)})"
    r"(?:女士|先生|小姐|太太|阿姨|大爷|大妈|婆婆|奶奶|爷爷|大姐|大哥|师傅|老师|同学|老板|总|姐|哥|叔|婶|老汉|老人|老太))"
)
# As many digits as a quote can hold: cards and phones set in columns run together when spaces are taken out.
_DIGITS = re.compile(r"(?<![0-9])(?<![0-9]\.)[0-9](?:[- ]?[0-9*]){6,118}[0-9Xx]?(?![0-9])")
# A number that no person's identity hangs on: up to ten digits with a unit of money or of counting behind them are left alone.
# 户 and 张 are no units here: 6222… 户名, 138… 张三.
_UNIT = re.compile(
    r"(?:\.[0-9]{1,4})?(?:\s{0,2}[多余]?[万亿]?(?:[美欧日港澳加韩泰]?元|块|USDT)"
    r"|[多余]?[万亿]?(?:人(?![名员])|名(?![下为叫字称])|个(?!人)|条|部|台|起|件))"
)
_COUNTED_DIGITS = 10
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,12}")
_HANDLE = re.compile(
    r"(?i:(微信号?|微信|weixin|wechat|vx|wx|v信|威信|薇信|qq群?号?|q群|扣扣|企鹅号|telegram|电报|飞机号|支付宝账?号?)"
    r"\s{0,3}(?:号码?|账号|帐号)?(?:是|为|叫)?\s{0,3}[:： ]?\s{0,3})([A-Za-z0-9_@.*-]{5,40})"
)
_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{20,60})(?![A-Za-z0-9])"
)
_DATE = re.compile(r"^(?:19|20)[0-9]{2}[- ](?:0?[1-9]|1[0-2])[- ](?:0?[1-9]|[12][0-9]|3[01])(?: [0-9]{1,2})?$")
# In an address most numbers are ids of pages, without which the link leads nowhere: only what has the build of a mobile number, of an
# identity number (a birth date in its middle) or of a card of the Chinese scheme goes.
_NUMBER_IN_URL = re.compile(
    r"(?<![0-9])(?:(?:86)?1[3-9][0-9]{9}|[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"|62[0-9]{14,17})(?![0-9])"
)
_URL_MARKS = re.compile(r"([/&=;?#+,:]+)")
_HOTLINE = re.compile(r"^(?:400|800|95|96|010|110|123)")


def sees_all(viewer: str) -> bool:
    """Does this role see unmasked values?"""
    return viewer in _FULL


def mask_name(name: str, sort: str) -> str:
    """A person's name with its given part struck out: 陈大丰 → 陈某丰, 欧阳锋 → 欧阳某; victims keep the surname only.

    A name that is masked as published (陈某丰, 李*) or is a surname with a title (王女士) stays.
    """
    bare = name.replace(" ", "")
    if not bare or _STRUCK.search(bare) or _TITLED.fullmatch(bare):
        return name
    if not re.fullmatch(r"[一-鿿]{2,4}", bare):
        return bare[0] + "*" * min(len(bare) - 1, 4)  # foreign, alias: 阿卜杜·卡 → 阿****
    surname = bare[:2] if bare[:2] in _COMPOUND and len(bare) > 2 else bare[0]
    given = bare[len(surname) :]
    return f"{surname}某{given[-1]}" if sort == "suspect" and len(given) == 2 else f"{surname}某"


def mask_number(number: str) -> str:
    """A phone, card or identity number with its middle struck out: 13812345678 → 138****5678. Short ones keep their ends only."""
    bare = re.sub(r"[- ]", "", number)
    if len(bare) < 8:
        return bare[:1] + "*" * max(len(bare) - 1, 1)
    return f"{bare[:3]}{'*' * (len(bare) - 7)}{bare[-4:]}"


def mask_handle(address: str) -> str:
    """A WeChat or QQ number, e-mail or address: first two characters, then stars."""
    name, at, host = address.partition("@")
    return f"{name[:2]}***{at}{host}" if at else f"{address[:2]}***"


def mask_locality(name: str) -> str:
    """A village, town or street without its name: 应举镇 → 某镇, 人民路 → 某路; what has no such ending → 某地."""
    found = _LOCALITY.search(name)
    return f"某{found.group()}" if found else "某地"


def mask_text(text: str, names: Mapping[str, str], *, cut: bool = False) -> str:
    """Running text for a reader: `names` (name, address or number → sort) masked, and every phone, card, identity number,
    handle and wallet, in full-width or odd digits too.

    Names are replaced longest first, so that 陈大丰 is not cut into 陈大. Sums and counts stay.
    cut: the text is a piece of a longer one, so a piece of a name at either end is masked as well.
    """
    known = names if isinstance(names, Names) else Names(names)
    for name in sorted(known.standing_in("".join(text.split())), key=len, reverse=True):
        if known[name] in _HIDDEN:
            masked = render(name, known[name])
            if masked != name:
                # A name set with spaces (王 鹏) is the same name.
                pattern = r"\s{0,2}".join(map(re.escape, "".join(name.split())))
                text = re.sub(pattern, masked.replace("\\", r"\\"), text)
    text = _without_pieces(text, known, cut)
    text = _replaced(_EMAIL, text)
    text = _replaced(_WALLET, text)
    text = _replaced(_HANDLE, text)
    return _replaced(_DIGITS, text)


def mask_url(url: str, names: Mapping[str, str]) -> str:
    """An address for a reader: no user name in it, no known name, number or handle, however it is encoded; "" unless it is http(s).

    What says nothing about anybody stays letter for letter, so that the link still leads to the source.
    """
    try:
        scheme, place, path, query, fragment = urlsplit(url)
    except ValueError:
        return ""
    if scheme.lower() not in ("http", "https"):
        return ""
    known = names if isinstance(names, Names) else Names(names)
    pieces = ("".join(_url_piece(piece, known) for piece in _URL_MARKS.split(part)) for part in (path, query, fragment))
    return urlunsplit((scheme, place.rsplit("@", 1)[-1], *pieces))


def _url_piece(piece: str, names: Names) -> str:
    """One word of an address; decoded twice, as UTF-8 and as GB18030, which Chinese sites used for long."""
    for encoding in ("utf-8", "gb18030"):
        plain = unquote(unquote_plus(piece, encoding, "replace"), encoding, "replace")
        packed = "".join(plain.split())
        known = any(names[name] in _HIDDEN for name in names.standing_in(packed))
        if known or _EMAIL.search(plain) or _WALLET.search(plain):
            masked = mask_text(plain, names)
            if masked != plain:
                return percent_encoded(masked, safe="*")
        if _NUMBER_IN_URL.search(plain):
            return percent_encoded(_NUMBER_IN_URL.sub(lambda found: mask_number(found.group()), plain), safe="*")
    return piece


def _without_pieces(text: str, names: Names, cut: bool) -> str:
    """`text` without what is left of a name or number that was cut through: …嫌疑人陈大| → …嫌疑人陈某.

    A text that ends with … was shortened by us, whatever `cut` says.
    """
    bare_text, dots = (text[:-1], "…") if text.endswith("…") else (text, "")
    if not (cut or dots):
        return text
    for name in names.cut_at(bare_text, front=cut):
        sort = names[name]
        if sort not in _HIDDEN or len(name) < 2:
            continue
        masked = render(name, sort)
        if masked == name:
            continue
        # A surname alone, or the digits that a masked number shows, are no leak: 陈|, |5678.
        for size in range(len(name) - 1, 1, -1):
            if bare_text.endswith(name[:size]) and not masked.startswith(name[:size]):
                bare_text = bare_text[:-size] + _piece(name[:size], masked[:1])
                break
        for size in range(len(name) - 1, 0, -1) if cut else ():
            if bare_text.startswith(name[-size:]) and not masked.endswith(name[-size:]):
                bare_text = _piece(name[-size:], "") + bare_text[size:]
                break
    return bare_text + dots


def _piece(piece: str, head: str) -> str:
    """What stands for a piece of a name (陈大 → 陈某) or of a number (12345 → *****)."""
    return "*" * len(piece) if piece.isascii() else f"{head}某"


def _replaced(pattern: re.Pattern[str], text: str) -> str:
    """`text` with what `pattern` finds in its folded form (same length) masked."""
    folded, pieces, at = fold(text), [], 0
    for match in pattern.finditer(folded):
        start, end = match.span()
        found = match.group()
        if pattern is _HANDLE:  # 微信 stays, the number behind it does not
            start, found = match.end(1), match.group(2)
        if pattern is not _DIGITS:
            pieces += [text[at:start], mask_handle(found)]
        elif _is_number_of_nobody(found, folded, end):
            continue
        else:
            pieces += [text[at:start], mask_number(found)]
        at = end
    return "".join([*pieces, text[at:]])


def _is_number_of_nobody(number: str, text: str, end: int) -> bool:
    """A date, or a sum or count as its unit at `end` of `text` shows."""
    return bool(_DATE.match(number)) or (
        sum(character.isdigit() for character in number) <= _COUNTED_DIGITS and _UNIT.match(text, end) is not None
    )


def render(value: str, sort: str, viewer: str = DEFAULT_VIEWER, names: Mapping[str, str] | None = None) -> str:
    """`value` of this sort as `viewer` may see it. Unknown roles see what a reader sees.

    sort: victim | suspect | convicted | official | other (a person's name), perhaps (what may be one), phone | account | contact, locality (a
    village or street), text (with `names`), quote (text that was cut out of a longer one), url (with `names`).
    """
    if sees_all(viewer) or not value:
        return value
    if sort in ("victim", "suspect", "perhaps"):
        return mask_name(value, sort)
    if sort == "account":
        return mask_number(value) if re.fullmatch(r"[0-9Xx* -]+", value) else mask_handle(value)
    if sort == "phone":
        return value if _HOTLINE.match(value) and len(value) <= 10 else mask_number(value)
    if sort == "contact":
        return mask_handle(value)
    if sort == "locality":
        return mask_locality(value)
    if sort in ("text", "quote"):
        return mask_text(value, names or {}, cut=sort == "quote")
    if sort == "url":
        return mask_url(value, names or {})
    return value


def names_of(persons: Iterable[tuple[str, str, Iterable[str]]], convicted: bool) -> Names:
    """(name, role, aliases) of an incident's people as `mask_text` wants them; convicted suspects keep their names.

    A name told in two roles is treated as the stricter one: who is a victim anywhere is masked everywhere.
    """
    found: dict[str, str] = {}
    for name, role, aliases in persons:
        sort = "convicted" if role == "suspect" and convicted else role
        for form in (name, *aliases):
            if form not in found or _STRICTNESS.get(sort, 0) > _STRICTNESS.get(found[form], 0):
                found[form] = sort
    return Names(found)
