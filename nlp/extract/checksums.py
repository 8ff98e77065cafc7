"""Check digits of cards, identity numbers and wallets. In: an address as text. Out: whether its check holds (None: it carries none).

Sources: ISO/IEC 7812-1 (Luhn), GB 11643-1999 (MOD 11-2), BIP 13/173/350 (Bitcoin), EIP-55 (Ethereum), TRON base58check (prefix 0x41).
"""

from __future__ import annotations

import hashlib

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_BASE58 = {c: i for i, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {c: i for i, c in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_LANE = (1 << 64) - 1


def luhn(digits: str) -> bool:
    """Luhn over ASCII digits: every second from the right doubled, sum divisible by ten."""
    total = 0
    for index, c in enumerate(reversed(digits)):
        value = int(c) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mod_11_2(number: str) -> bool:
    """Check character of an 18-character identity number; x counts as X."""
    total = sum(int(c) * weight for c, weight in zip(number[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _base58_payload(address: str) -> bytes | None:
    """25 bytes less the four of a correct checksum, else None."""
    value = 0
    for c in address:
        if c not in _BASE58:
            return None
        value = value * 58 + _BASE58[c]
    if value.bit_length() > 200:
        return None
    raw = value.to_bytes(25, "big")
    checksum = hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4]
    return raw[:21] if checksum == raw[21:] else None


def is_tron(address: str) -> bool:
    """base58check with version byte 0x41 (T…)."""
    payload = _base58_payload(address)
    return payload is not None and payload[0] == 0x41


def is_bitcoin(address: str) -> bool:
    """base58check with version 0 or 5 (1…, 3…), or bech32/bech32m of the main network (bc1…)."""
    if address[:3].lower() == "bc1":
        return _is_bech32(address)
    payload = _base58_payload(address)
    return payload is not None and payload[0] in (0x00, 0x05)


def _is_bech32(address: str) -> bool:
    if address not in (address.lower(), address.upper()):
        return False
    data = [_BECH32.get(c, -1) for c in address.lower()[3:]]
    if -1 in data or len(data) < 8:
        return False
    check = 1
    # Human-readable part "bc" expanded: high bits, zero, low bits (BIP 173).
    for value in [3, 3, 0, 2, 3, *data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for index, generator in enumerate(_BECH32_GENERATOR):
            check ^= generator if top >> index & 1 else 0
    return check == (1 if data[0] == 0 else 0x2BC830A3)


def is_ethereum(address: str) -> bool | None:
    """EIP-55: letter case carries the check; all one case carries none (None)."""
    body = address[2:]
    letters = [c for c in body if c.isalpha()]
    if not letters or all(c.islower() for c in letters) or all(c.isupper() for c in letters):
        return None
    digest = keccak_256(body.lower().encode("ascii")).hex()
    return all(not c.isalpha() or c.isupper() == (int(digest[i], 16) >= 8) for i, c in enumerate(body))


def keccak_256(message: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it: SHA-3's permutation with the padding byte 0x01 that came before FIPS 202 (hashlib has only the later)."""
    rate = 136
    padded = bytearray(message) + b"\x01" + b"\x00" * (rate - 1 - len(message) % rate)
    padded[-1] |= 0x80
    state = [0] * 25
    for offset in range(0, len(padded), rate):
        for lane in range(rate // 8):
            state[lane] ^= int.from_bytes(padded[offset + 8 * lane : offset + 8 * lane + 8], "little")
        state = _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permute(state: list[int]) -> list[int]:
    """Keccak-f[1600], 24 rounds; lanes at x + 5y. Round constants come from the LFSR of the specification."""
    register = 1
    for _ in range(24):
        # theta
        column = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        for x in range(5):
            parity = column[(x + 4) % 5] ^ _rotate(column[(x + 1) % 5], 1)
            for y in range(0, 25, 5):
                state[x + y] ^= parity
        # rho and pi
        x, y, current = 1, 0, state[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            state[x + 5 * y], current = _rotate(current, (step + 1) * (step + 2) // 2), state[x + 5 * y]
        # chi
        for y in range(0, 25, 5):
            row = state[y : y + 5]
            for x in range(5):
                state[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        # iota
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                state[0] ^= 1 << ((1 << bit) - 1)
    return state


def _rotate(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & _LANE
