"""The key of the data, from the environment and never from the store: seals bytes so that they are read with it alone.

In: FANZHA_DATA_KEY, and FANZHA_DATA_KEY_OLD while a key is being replaced. Out: sealed bytes (AES-256-GCM, nonce of 96 random bits, NIST
SP 800-38D: under one key not more than 2^32 of them) and the bytes again. It knows no table and no file. The key itself comes from the
secret by HKDF (`serving.secret`); another secret than FANZHA_SECRET, because losing that one costs signatures and losing this one the data.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from nlp.errors import FanzhaError
from serving import secret
from serving.secret import Key

VARIABLE = "FANZHA_DATA_KEY"
NONCE = 12


class DataKeyError(FanzhaError):
    """Something sealed cannot be opened: the key is not there, or it is another one, or the bytes were changed."""

    status = 503
    code = "data_key"


def keys() -> tuple[Key, ...]:
    """The key in use first, those being replaced after it; () where none is set. Raises InputError for one that could be guessed."""
    return _keys(os.environ.get(VARIABLE, ""), os.environ.get(f"{VARIABLE}_OLD", ""))


def named(name: str) -> Key:
    """The key with this name. Raises DataKeyError."""
    for key in keys():
        if key.name == name:
            return key
    raise DataKeyError(
        f"数据密钥 {name} 不在环境变量中", where=VARIABLE, expected="加密时所用的密钥",
        advice=f"把原来的密钥放回 {VARIABLE}（换过的放 {VARIABLE}_OLD）；什么也没有改动",
    )  # fmt: skip


def seal(key: Key, plain: bytes, context: str) -> bytes:
    """Nonce, ciphertext and tag; opens only under the same key and the same `context` (what and where the bytes are)."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher(key.value).encrypt(nonce, plain, context.encode())


def unseal(key: Key, sealed: bytes, context: str) -> bytes:
    """What was sealed. Raises DataKeyError where key, context or bytes are not those."""
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(key.value).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())  # type: ignore[no-any-return]
    except (InvalidTag, ValueError) as error:  # ValueError: shorter than a nonce
        raise DataKeyError("密文打不开：被改动，或不属于这里", where=context, advice="从备份恢复这一处") from error


@lru_cache(maxsize=4)
def _keys(current: str, old: str) -> tuple[Key, ...]:
    return tuple(secret.keys("data", {VARIABLE: current, f"{VARIABLE}_OLD": old}, variable=VARIABLE))


@lru_cache(maxsize=8)
def _cipher(value: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 0.1 s, and most processes seal nothing

    return AESGCM(value)
