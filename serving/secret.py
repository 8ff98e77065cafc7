"""The secret of this installation, from the environment and never from the store: what is signed, tokenised or encrypted hangs on it.

In: FANZHA_SECRET, and FANZHA_SECRET_OLD for those that were in use before. Out: keys derived from it for one purpose each (HKDF with
SHA-256, RFC 5869), each with a short name by which rows remember it. It keeps nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from nlp.errors import InputError

# 32 characters of a random secret are beyond trying out.
LENGTH = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A key for one purpose. `name` says which secret it comes from and tells nothing of it."""

    name: str
    value: bytes = field(repr=False)


def keys(purpose: str, environment: Mapping[str, str] | None = None, *, variable: str = "FANZHA_SECRET") -> list[Key]:
    """The keys for `purpose`, the one in use first, those of earlier secrets after it; [] where no secret is set.

    variable: which secret; those that it replaced stand in the variable of that name with _OLD. Raises InputError for a secret that
    could be guessed.
    """
    values = os.environ if environment is None else environment
    found = []
    for name in (variable, f"{variable}_OLD"):
        for secret in filter(None, (part.strip() for part in values.get(name, "").split(","))):
            if len(secret) < LENGTH or len(set(secret)) < 8:
                raise InputError(
                    "密钥太短或太简单", where=name, expected=f"至少 {LENGTH} 个随机字符",
                    advice="可用 python -c 'import secrets; print(secrets.token_urlsafe(32))' 生成",
                )  # fmt: skip
            found.append(Key(_derive(secret, "name")[:4].hex(), _derive(secret, purpose)))
    return found


def token(purpose: str, value: str, environment: Mapping[str, str] | None = None) -> str:
    """16 hex digits that are the same for the same value and say nothing of it without the secret; "" where none is set."""
    found = keys(f"token {purpose}", environment)
    return hmac.new(found[0].value, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16] if found else ""


def _derive(secret: str, purpose: str) -> bytes:
    """HKDF-SHA256, one block."""
    extracted = hmac.new(b"fanzha", secret.encode(), hashlib.sha256).digest()
    return hmac.new(extracted, purpose.encode() + b"\x01", hashlib.sha256).digest()
