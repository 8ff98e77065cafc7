"""Columns that are sealed at rest when FANZHA_DATA_KEY is set, and clear when it is not: the models name them, nobody else needs to know.

In: values of rows. Out: what the database stores, and the values again. Which columns, which not, and why: docs/security.md.
A sealed text is "fz1:", the name of the key, ":", and base64 of nonce, ciphertext and tag; a sealed JSON value is that as a JSON string; sealed
bytes are the same without base64. Each opens in its own column only. What was stored before there was a key is clear and read as it is;
a clear text that begins like a sealed one is stored behind "fz0:". A value whose key is not here raises DataKeyError.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from serving import data_key

SEALED, CLEAR = "fz1:", "fz0:"
# Before a token of what is looked up by equality; 80 bits: among 10^9 keys a chance of 10^-6 that two fall together.
TOKEN = "kz"
TOKEN_DIGITS = 20


class SealedText(TypeDecorator[str]):
    """A text. `context`: table.column."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, context: str, length: int | None = None) -> None:
        super().__init__()
        self.impl = sa.String(length) if length else sa.Text()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Sealed under the key in use."""
        if value is None:
            return None
        if key := _current():
            return _sealed(key, value.encode(), self.context)
        return CLEAR + value if value.startswith((SEALED, CLEAR)) else value

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """The text again."""
        if value is None or not value.startswith((SEALED, CLEAR)):
            return value
        return value[len(CLEAR) :] if value.startswith(CLEAR) else _unsealed(value, self.context).decode()


class SealedJson(TypeDecorator[Any]):
    """JSON values: objects and lists (a string by itself would be taken for a sealed one)."""

    impl = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def load_dialect_impl(self, dialect: Any) -> Any:
        """JSONB on PostgreSQL; None is NULL on both."""
        return dialect.type_descriptor(
            JSONB(none_as_null=True) if dialect.name == "postgresql" else sa.JSON(none_as_null=True)
        )

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """Sealed under the key in use."""
        if value is None or not (key := _current()):
            return value
        return _sealed(key, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), self.context)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """The value again."""
        if isinstance(value, str) and value.startswith(SEALED):
            return json.loads(_unsealed(value, self.context))
        return value


class SealedBytes(TypeDecorator[bytes]):
    """Bytes, of which clear ones never begin with "fz1:" (zlib's do not)."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: bytes | None, dialect: Any) -> bytes | None:
        """Sealed under the key in use."""
        if value is None or not (key := _current()):
            return value
        return f"{SEALED}{key.name}:".encode() + data_key.seal(key, value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        """The bytes again."""
        if value is None or not value.startswith(SEALED.encode()):
            return value
        _, name, sealed = bytes(value).split(b":", 2)
        return data_key.unseal(data_key.named(name.decode()), sealed, self.context)


def key_of(stored: Any) -> str:
    """The name of the key that a stored value (as the database gives it) is sealed with, "" for a clear one."""
    text = bytes(stored[:40]).decode("latin-1") if isinstance(stored, (bytes, memoryview)) else stored
    text = text.lstrip('"') if isinstance(text, str) else ""
    return text.split(":", 2)[1] if text.startswith(SEALED) else ""


def token(value: str) -> str:
    """What stands in the store for a value that is looked up by equality: keyed, so that it says nothing; the value without a key."""
    keys = data_key.keys()
    return _token(keys[0].value, value) if keys else value


def tokens(value: str) -> list[str]:
    """All forms under which a value may stand: under the key in use, under those being replaced, and clear from before."""
    return [*(_token(key.value, value) for key in data_key.keys()), value]  # noqa: SIM118 (a function)


def in_use(values: Iterable[str]) -> list[str]:
    """`token` of each."""
    keys = data_key.keys()
    return [_token(keys[0].value, value) for value in values] if keys else list(values)


def forms(values: Iterable[str]) -> set[str]:
    """`tokens` of all of them together."""
    values, keys = set(values), data_key.keys()
    return values | {_token(key.value, value) for key in keys for value in values}


def blind(words: Iterable[str]) -> list[str]:
    """Words as tokens, each once and in an order that says nothing of the text's."""
    return sorted({token(word) for word in words})


def _token(key: bytes, value: str) -> str:
    found = hmac.new(key, b"token\x1f" + value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    return TOKEN + found[:TOKEN_DIGITS]


def _current() -> data_key.Key | None:
    keys = data_key.keys()
    return keys[0] if keys else None


def _sealed(key: data_key.Key, plain: bytes, context: str) -> str:
    return f"{SEALED}{key.name}:{base64.b64encode(data_key.seal(key, plain, context)).decode()}"


def _unsealed(value: str, context: str) -> bytes:
    _, name, sealed = value.split(":", 2)
    try:
        content = base64.b64decode(sealed, validate=True)
    except ValueError as error:
        raise data_key.DataKeyError("密文打不开：被改动", where=context, advice="从备份恢复这一处") from error
    return data_key.unseal(data_key.named(name), content, context)
