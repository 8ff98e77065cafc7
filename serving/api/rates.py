"""How many requests one key, one person or one address may send: token buckets in this process.

In: whose bucket, the limits. Out: what is left, or TooManyError (429) with the seconds until the next request passes. A bucket holds as
much as a minute's allowance and fills evenly; who was quiet may send a minute's worth at once. Buckets are kept for the most recent
`KEPT` senders; a bucket that is forgotten was full or its sender one of very many. Several processes count each for themselves.

Answers say what is left in the fields `RateLimit-Policy` and `RateLimit` of the IETF draft "RateLimit header fields for HTTP" (-10):
q is the quota, w its window in seconds, r what is left, t the seconds until the quota is whole again.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from serving.people import Who
from serving.people.attempts import TooManyError

WINDOW_SECONDS = 60
# Some 200 bytes each.
KEPT = 20_000
# A demo is one person in front of one machine, and its pages ask for much at once.
DEMO_FACTOR = 10


@dataclass(frozen=True, slots=True)
class Left:
    """What a bucket said. policy: its name; quota: a minute's allowance; remaining: whole requests; seconds: until it is full."""

    policy: str
    quota: int
    remaining: int
    seconds: int

    @property
    def fields(self) -> dict[str, str]:
        """The header fields."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.seconds}',
        }


class Rates:
    """Buckets of one process. keyed, anonymous: requests a minute for a key or person, and for an address without; 0 = no limit."""

    def __init__(self, keyed: int, anonymous: int) -> None:
        self.keyed, self.anonymous = keyed, anonymous
        self.refused = 0  # since the start
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name → (tokens, when they were counted)
        self._lock = threading.Lock()

    def take(self, who: Who, address: str) -> Left | None:
        """One request of `who` from `address`; None where there is no limit. Raises RateError."""
        if who.by == "demo":
            return self._take("demo", network_of(address), self.anonymous * DEMO_FACTOR)
        if who.by == "nobody":
            return self._take("address", network_of(address), self.anonymous)
        return self._take("key", who.key_id or who.person_id or who.by, self.keyed)

    def _take(self, policy: str, owner: str, quota: int) -> Left | None:
        if not quota:
            return None
        name, at, rate = f"{policy} {owner}", time.monotonic(), quota / WINDOW_SECONDS
        with self._lock:
            tokens, since = self._buckets.pop(name, (float(quota), at))
            tokens = min(float(quota), tokens + (at - since) * rate)
            passes = tokens >= 1.0
            tokens -= passes
            self._buckets[name] = (tokens, at)
            while len(self._buckets) > KEPT:
                self._buckets.popitem(last=False)
            self.refused += not passes
        left = Left(policy, quota, int(tokens), math.ceil((quota - tokens) / rate))
        if passes:
            return left
        wait = max(1, math.ceil((1.0 - tokens) / rate))
        raise RateError(left, wait)


class RateError(TooManyError):
    """More requests than one sender may send; `left` goes into the answer's header fields."""

    code = "rate_limited"

    def __init__(self, left: Left, wait: int) -> None:
        whose = "这个密钥" if left.policy == "key" else "这个地址"
        super().__init__(
            f"{whose}的请求太多", retry_after=wait, where="请求频率",
            advice=f"{wait} 秒后再试" + ("" if left.policy == "key" else "；带密钥的请求限额更高"),
        )  # fmt: skip
        self.expected = f"每分钟不超过 {left.quota} 次"
        self.left = left


def network_of(address: str) -> str:
    """Whom an address stands for: IPv6 gives every house a whole /64, so that is counted as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
