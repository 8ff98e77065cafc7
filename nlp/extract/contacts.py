"""Ways to reach somebody. In: an article's text. Out: `Mention`s of kind "contact", normalised: 薇❤ abc_123 → wechat abc_123.

Finds mobile phones (138-1234-5678, +86 138…, masked 138****5678, 一三八…), landlines, 400/800 and 95/96 service numbers, WeChat and QQ
numbers behind their many spellings, QQ groups, e-mail, URLs and domains (hxxp, 点com, [.]), Telegram. A contact is what stands there, not
whose it is: 96110 is found as a landline like any other. Bank cards and ID numbers come first (`accounts`), as `taken`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nlp.extract.numerals import DIGITS
from nlp.extract.taken import overlaps
from nlp.records import Contact, Mention
from nlp.spelling import fold

_TLD = (
    "com|cn|net|org|top|xyz|vip|cc|info|club|shop|site|online|app|io|me|tv|pro"
    "|icu|live|work|fun|biz|asia|hk|tw|link|ltd|wang|ink|tk|gov|edu|store|tech|mobi|co|us|ru|in|la|pw|ws|so"
)
_DOT = r"(?:\.|\[\.\]|\(\.\)|\[点\]|点|。)"
_URL = re.compile(
    r"(?i:h(?:tt|xx|\*\*)ps?)(?:://|：//|:\\\\)([A-Za-z0-9][^\s\u3000-\u303f\uff00-\uffef\u4e00-\u9fff<>\"'“”]{2,400})"
)
_DOMAIN = re.compile(
    rf"(?<![A-Za-z0-9@.\-])((?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}{_DOT}){{1,5}}(?i:{_TLD})(?![A-Za-z0-9@-]))("
    rf":\d{{2,5}})?(/[A-Za-z0-9/_.?=&%#~+-]{{0,300}})?",
    re.ASCII,
)
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])([A-Za-z0-9][A-Za-z0-9._%+-]{{1,63}}) ?(?:@|\(at\)|\[at\]"
    rf"|#at#) ?((?:[A-Za-z0-9-]{{1,63}}{_DOT}){{1,4}}(?i:{_TLD}))(?![A-Za-z0-9-])"
)
_PHONE = re.compile(
    r"(?<![\dA-Za-z*.])(?:(?:\+|00)?86[- ]?)?(1[3-9]\d(?:[- ]?\d{4}[- ]?\d{4}|[- ]?[*xX×●]{3,5}[- ]?\d{3,4}"
    r"|\d{1,4}[*xX×●]{3,8}\d{0,4}))(?![\d*])",
    re.ASCII,
)
_HAN_PHONE = re.compile(
    r"(?<![零〇一二三四五六七八九幺])[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}(?![零〇一二三四五六七八九幺十百千万])"
)
_LANDLINE = re.compile(
    r"(?<![\dA-Za-z.\-])(?:[(（]?0\d{2,3}[)）]?[- ]?[2-8]\d{6,7}(?:-\d{1,5})?|[48]00[- ]?\d{3,4}[- ]?\d{3,4}"
    r"|00\d{8,13}|\+(?!86)\d{1,3}[- ]?\d{6,12}|9[56]\d{3}(?:\d{1,3})?)(?![\d.%]|元|[万亿]|[年月])",
    re.ASCII,
)
_SHORT_SERVICE = re.compile(r"(?:电话|热线|拨打|致电|来电|客服|号码|专线|联系)[^\d\n]{0,8}$", re.ASCII)
_WECHAT = re.compile(
    r"(?:微信|薇[信❤♥心]?|威[信心]?|微[❤♥芯]|徽信|维信|[vV][信❤]|(?<![a-zA-Z])(?:[vV][xX]|[wW][xX]|[wW]ei[xX]in|WeChat|wechat"
    r"|V|v)|加微|卫星)"
    r"(?:账号|帐号|号码?|ID|id)?(?:[为是:：“\"‘（( ]|\u2764|\ufe0f){0,5}$"
)
_QQ = re.compile(
    r"(?:(?<![a-zA-Z])[qQ]{1,2}|[扣抠]{1,2}|企鹅)(?:群|裙|羣)?(?:账号|帐号|号码?)?(?:[为是:：“\"‘（( ]){0,5}$"
)
_TELEGRAM = re.compile(
    r"(?:(?<![a-zA-Z])(?:[tT][gG]|[tT]elegram)|电报|纸飞机|飞机号?)(?:账号|群|频道|号)?(?:[为是:：“\"‘（( ]){0,4}$"
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9_@.\-])@?[A-Za-z0-9][A-Za-z0-9_-]{4,31}(?![A-Za-z0-9_])")
_JOINED = re.compile(r"(?i:(?P<wechat>vx|wx|v)|(?P<qq>qq|q))(?P<id>\d{5,11})", re.ASCII)  # vx13812345678
_WECHAT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{5,19}|\d{6,11}", re.ASCII)
_TRAILING = ".,;:!?)]}>，。"


def _undot(host: str) -> str:
    return re.sub(_DOT, ".", host).lower()


def _address_of_url(rest: str) -> str:
    host, slash, path = rest.partition("/")
    return _undot(host) + slash + path


def _named(folded: str, token: re.Match[str]) -> tuple[Contact, float] | None:
    """WeChat, QQ or Telegram number: a token that the words before it name."""
    before = folded[max(0, token.start() - 16) : token.start()]
    address = token[0]
    if _TELEGRAM.search(before) and not address.isdigit():
        return Contact(address.lstrip("@"), "telegram"), 0.9
    if address.startswith("@"):
        return None
    if address.isdigit() and 5 <= len(address) <= 11 and address[0] != "0" and _QQ.search(before):
        return Contact(address, "qq"), 0.95
    if _WECHAT_ID.fullmatch(address) and _WECHAT.search(before):
        return Contact(address, "wechat"), 0.95
    return None


def find_contacts(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Mention]:
    """Contacts of `text`, sorted, not overlapping each other or `taken`. Offsets into `text`, end exclusive."""
    folded = fold(text)
    found: dict[tuple[int, int], tuple[Contact, float]] = {}
    claimed: list[tuple[int, int]] = []

    def add(start: int, end: int, contact: Contact, confidence: float) -> None:
        if not overlaps(start, end, taken) and not overlaps(start, end, claimed):
            found[start, end] = (contact, confidence)

    def settle() -> None:
        claimed[:] = sorted(found)

    # 1. Links and mail first: they hold digits and names.
    if "//" in folded or ":\\" in folded:
        for match in _URL.finditer(folded):
            end = match.end()
            while end > match.start(1) and folded[end - 1] in _TRAILING:
                end -= 1
            address = _address_of_url(folded[match.start(1) : end])
            secure = match[0][:5].lower().endswith("s")
            sort = "telegram" if address.startswith(("t.me/", "telegram.me/")) else "url"
            address = address.partition("/")[2] if sort == "telegram" else f"http{'s' if secure else ''}://{address}"
            add(match.start(), end, Contact(address, sort), 0.99)
        settle()
    if "@" in folded or "at" in folded:
        for match in _EMAIL.finditer(folded):
            add(match.start(), match.end(), Contact(f"{match[1]}@{_undot(match[2])}".lower(), "email"), 0.99)
        settle()
    for match in _DOMAIN.finditer(folded):
        _add_domain(match, add)
    settle()
    # 2. Numbers that the words before name.
    for match in _TOKEN.finditer(folded):
        named = _named(folded, match)
        if named:
            add(match.start(), match.end(), *named)
        elif joined := _JOINED.fullmatch(match[0]):
            start = match.start() + joined.start("id")
            add(start, match.end(), Contact(joined["id"], "wechat" if joined["wechat"] else "qq"), 0.9)
    settle()
    # 3. Phones.
    for match in _PHONE.finditer(folded):
        number = re.sub("[- ]", "", match[1])
        number = re.sub("[xX×●]", "*", number)
        if len(number) == 11 or "*" in number:
            add(match.start(), match.end(), Contact(number, "phone"), 0.97)
    for match in _HAN_PHONE.finditer(folded):
        number = "".join("1" if c == "幺" else str(DIGITS[c]) for c in match[0])
        add(match.start(), match.end(), Contact(number, "phone"), 0.9)
    settle()
    # 4. Landlines and service numbers; five or six digits only where a telephone is spoken of.
    for match in _LANDLINE.finditer(folded):
        number = re.sub("[- ()（）]", "", match[0])
        if (
            len(number) < 7
            and number != "96110"
            and not _SHORT_SERVICE.search(folded[max(0, match.start() - 12) : match.start()])
        ):
            continue
        add(match.start(), match.end(), Contact(number, "landline"), 0.9)
    return [
        Mention("contact", start, end, text[start:end].replace("\n", ""), contact, "", confidence, "rule:contacts")
        for (start, end), (contact, confidence) in sorted(found.items())
    ]


def _add_domain(match: re.Match[str], add: Callable[[int, int, Contact, float], None]) -> None:
    """A bare domain: abc点com, www.x-y.top/a; 3.cn-like version numbers are left out."""
    host = _undot(match[1])
    name = host.split(".")[-2]
    # 2.0.cc or a Han full stop between an English word and another one is no domain.
    if name.isdigit() and len(name) < 3:
        return
    sort, path = "domain", match[3] or ""
    address = host + (match[2] or "")
    if host in ("t.me", "telegram.me") and path:
        sort, address = "telegram", path.strip("/")
    elif path.strip("/"):
        sort, address = "url", address + path
    add(match.start(), match.end(), Contact(address, sort), 0.95 if "." in match[1] else 0.85)
