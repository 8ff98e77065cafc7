"""Account and identity numbers. In: an article's text. Out: `Mention`s of kind "account": bank card, ID number, wallet.

Bank cards of 16–19 digits in one run or in groups of four (6222 0212 3456 7890 123), valid = Luhn (ISO/IEC 7812-1); ID numbers of 18
characters, valid = MOD 11-2 (GB 11643) with a real date inside; wallets with their checksums (`checksums`). A run whose check fails is kept
only where the words before it say what it is (卡号, 账号, 身份证), with valid=False. Masked numbers (6222****1234) are kept, valid=None.
It does not find phones, QQ or links: `contacts`.
"""

from __future__ import annotations

import re
from bisect import insort
from datetime import date

from nlp.extract.checksums import is_bitcoin, is_ethereum, is_tron, luhn, mod_11_2
from nlp.extract.taken import overlaps
from nlp.records import Account, Mention
from nlp.spelling import fold

_RUN = re.compile(r"(?<![0-9A-Za-z.*])\d(?:[ -]?\d){14,18}[0-9xX]?(?![0-9A-Za-z*])", re.ASCII)
_SHORT_ACCOUNT = re.compile(r"(?:账号|帐号|卡号|账户|帐户)(?:为|是|[:： ]){0,3}(\d(?:[ -]?\d){9,29})(?!\d)", re.ASCII)
_MASKED = re.compile(r"(?<![0-9A-Za-z*])(\d{3,10}[*xX×●]{3,12}\d{2,6}[xX]?)(?![0-9A-Za-z*])", re.ASCII)
_WALLET = re.compile(
    r"(?<![0-9A-Za-z])(?:0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33}|[13][1-9A-HJ-NP-Za-km-z]{25,34}"
    r"|(?i:bc1)[02-9ac-hj-np-zAC-HJ-NP-Z]{11,71})(?![0-9A-Za-z])"
)
_CARD_WORDS = re.compile(r"(?:卡|账号|帐号|账户|帐户|户名|汇至|转入|尾号|银行|开户)")
_ID_WORDS = re.compile(r"(?:身份证|证件|公民身份)")
_CONTEXT = 24  # characters before a run in which 卡号 or 身份证 names it


def _is_birth_date(digits: str) -> bool:
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    return born.year >= 1880


def _account(folded: str, start: int, digits: str, grouped: bool) -> tuple[Account, float] | None:
    """What a run of 15–19 digits is, with confidence; None where nothing says so (an order number)."""
    before = folded[max(0, start - _CONTEXT) : start]
    said_id, said_card = bool(_ID_WORDS.search(before)), bool(_CARD_WORDS.search(before))
    if len(digits) == 18 and _is_birth_date(digits):
        valid = mod_11_2(digits)
        if valid or said_id:
            return Account(digits.upper(), "id_number", valid), 0.99 if valid else 0.8
    if digits[-1] in "xX":
        return None
    if 16 <= len(digits) <= 19:
        valid = luhn(digits)
        # Bank identification numbers of Chinese cards begin with 3–6 or 9 (UnionPay 62, 4 Visa, 5 Mastercard, 9 domestic).
        if valid and digits[0] in "34569" and (said_card or digits.startswith("62") or grouped):
            return Account(digits, "bank_card", True), 0.95
        if said_card:
            return Account(digits, "bank_card", valid), 0.85 if valid else 0.7
    return None


def _wallet_valid(address: str) -> bool | None:
    if address.startswith("0x"):
        return is_ethereum(address)
    if address.startswith("T"):
        return is_tron(address)
    return is_bitcoin(address)


def find_accounts(text: str) -> list[Mention]:
    """Bank cards, ID numbers, wallets and account numbers of `text`, sorted. Offsets into `text`, end exclusive."""
    folded = fold(text)
    found: dict[tuple[int, int], tuple[Account, float]] = {}
    claimed: list[tuple[int, int]] = []  # the spans of `found`, sorted; they do not overlap

    def add(start: int, end: int, account: Account, confidence: float) -> None:
        if not overlaps(start, end, claimed):
            insort(claimed, (start, end))
            found[start, end] = (account, confidence)

    # 1. Wallets first: a hexadecimal address holds long digit runs.
    for match in _WALLET.finditer(folded):
        valid = _wallet_valid(match[0])
        if valid is not False:
            add(match.start(), match.end(), Account(match[0], "wallet", valid), 0.99 if valid else 0.8)
    # 2. Digit runs.
    for match in _RUN.finditer(folded):
        digits = re.sub("[ -]", "", match[0])
        judged = _account(folded, match.start(), digits, len(digits) < len(match[0]))
        if judged:
            add(match.start(), match.end(), *judged)
    # 3. What the words before call an account, of any length: company accounts have 10–30 digits.
    for match in _SHORT_ACCOUNT.finditer(folded):
        number = re.sub("[ -]", "", match[1])
        add(match.start(1), match.end(1), Account(number, "payment", None), 0.8)
    # 4. Masked by the publisher.
    for match in _MASKED.finditer(folded):
        before = folded[max(0, match.start() - _CONTEXT) : match.start()]
        if _ID_WORDS.search(before):
            add(match.start(), match.end(), Account(match[1], "id_number"), 0.8)
        elif _CARD_WORDS.search(before):
            add(match.start(), match.end(), Account(match[1], "bank_card"), 0.8)
    return [
        Mention("account", start, end, text[start:end].replace("\n", ""), account, "", confidence, "rule:accounts")
        for (start, end), (account, confidence) in sorted(found.items())
    ]
