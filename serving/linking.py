"""A keyed token for a card or a handle: whoever may not see it can still tell that it is the same one in two incidents.

In: the normalised value of an account or a contact. Out: "k-" and 20 hexadecimal digits, "" where there is none. HMAC-SHA256 under the
data key (`FANZHA_DATA_KEY`, never in the store), with a purpose of its own: a token shown to readers finds nothing in a stolen database,
whose own tokens are made otherwise. Same value, same token; another key, another token; without a key none, for a plain hash of a phone
number is undone in minutes.

Not given: identity numbers (they lead to one person and are nobody's tool), what a source has masked already (many numbers would share a
token), and what is said to be the victim's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from nlp.incident import Fact
from nlp.records import Account, Contact
from serving import data_key

SORTS = frozenset(("bank_card", "payment", "wallet", "phone", "landline", "wechat", "qq", "telegram", "email"))
PREFIX = "k-"
# 80 bits: among 10^9 values a chance of 10^-6 that two share a token.
DIGITS = 20
_WHOLE = re.compile(r"[0-9A-Za-z_.@+-]{5,}")
_PURPOSE = b"shown\x1f"


def token(value: object, role: str = "") -> str:
    """The token of an account or contact; "" for every other value, and where no key is set."""
    if isinstance(value, Account):
        sort, text = value.sort, value.number
    elif isinstance(value, Contact):
        sort, text = value.sort, value.address
    else:
        return ""
    keys = data_key.keys()
    if not keys or sort not in SORTS or role.startswith("victim") or not _WHOLE.fullmatch(text):
        return ""
    said = _PURPOSE + sort.encode() + b"\x1f" + text.lower().encode()
    return PREFIX + hmac.new(keys[0].value, said, hashlib.sha256).hexdigest()[:DIGITS]


def tokens(facts: Iterable[Fact]) -> list[dict[str, str]]:
    """Sort and token of every value that has one, each once, in the order of the facts: what lists and tables show."""
    found = {(getattr(fact.value, "sort", ""), token(fact.value, fact.role)): None for fact in facts}
    return [{"sort": sort, "token": said} for sort, said in found if said]
