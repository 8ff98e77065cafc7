"""Passwords and secrets: made, hashed with Argon2id, checked. Nothing here stores or prints one.

In: a password or a key. Out: an Argon2 string, or whether it fits one. The parameters of passwords are argon2-cffi's defaults (RFC 9106,
low memory: 64 MiB, 3 passes); a key of ours has 192 random bits that nobody can try out, so its hash is a light one (8 MiB, 1 pass).
"""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from nlp.errors import InputError

# NIST SP 800-63B: length counts, composition does not; 12 where there is no second factor.
PASSWORD_LENGTH = 12
PASSWORD_MOST = 200
# A hash takes 64 MiB: a flood of log-ins must not take the memory of the machine.
_ROOM = threading.BoundedSemaphore(4)
_passwords = PasswordHasher()
_keys = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)
_nobody: list[str] = []


def hash_password(password: str) -> str:
    """An Argon2 string; raises InputError for a password that is too short or holds control characters."""
    if not PASSWORD_LENGTH <= len(password) <= PASSWORD_MOST or not password.isprintable():
        raise InputError(
            "密码不合要求", where="password", expected=f"{PASSWORD_LENGTH} 到 {PASSWORD_MOST} 个可见字符",
            advice="用一句自己记得住的话，不要用过的密码",
        )  # fmt: skip
    with _ROOM:
        return _passwords.hash(password)


def fits_password(hashed: str, password: str) -> bool:
    """Is it this password? With "" as `hashed` (nobody of that name) the same work is done and the answer is no."""
    if not hashed:
        if not _nobody:
            _nobody.append(_passwords.hash(secrets.token_hex(16)))
        fits_password(_nobody[0], password[:PASSWORD_MOST])
        return False
    with _ROOM:
        return _fits(_passwords, hashed, password[:PASSWORD_MOST])


def hash_key(secret: str) -> str:
    """An Argon2 string of a key's secret part."""
    return _keys.hash(secret)


def fits_key(hashed: str, secret: str) -> bool:
    """Is it the secret part of this key?"""
    return _fits(_keys, hashed, secret)


def new_password() -> str:
    """20 random letters and digits in groups of five, easily read out: 119 bits without the look-alikes."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def _fits(hasher: PasswordHasher, hashed: str, secret: str) -> bool:
    try:
        return hasher.verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return False
