"""One POST to a host that somebody named, without being led anywhere else: the defence against forged requests from inside (SSRF).

In: an address, a body, headers. Out: the status of the answer. Raises OutboundError for every host that is not public (unless the
operator named it), and for what the network says.

The name is resolved once, every address it has must be public, and the connection goes to the address that was looked at: a name
that answers otherwise the second time (DNS rebinding) changes nothing. Redirects are never followed; proxies of the environment are
not used. Resolver and connector can be handed in, so that tests send no packet.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from nlp.errors import FanzhaError

# A receiver has to answer at once and work later (Standard Webhooks: 15 to 30 s).
SECONDS = 15.0
_ANSWER = 4096
# Addresses that carry another address: 6to4, Teredo, NAT64. Nobody's server is reached only by these.
_CARRIERS = tuple(ipaddress.ip_network(each) for each in ("2002::/16", "2001::/32", "64:ff9b::/32"))

Resolver = Callable[[str, int], Collection[str]]
Connector = Callable[[str, int, float], socket.socket]


class OutboundError(FanzhaError):
    """It was not sent, or nobody answered."""

    status = 502
    code = "outbound"


def is_public(address: str) -> bool:
    """Is this an address of the open internet? Loopback, private, link-local, multicast, reserved and carrier addresses are not."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in carrier for carrier in _CARRIERS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address (not a name)."""
    return socket.create_connection((address, port), timeout=seconds)


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, private_hosts: Collection[str] = (), resolver: Resolver = resolve,
    connector: Connector = connect, seconds: float = SECONDS,
) -> int:  # fmt: skip
    """Send one POST; returns the status, whatever it is. http is for `private_hosts` only. Raises OutboundError."""
    parts = urlsplit(url)
    host, named = parts.hostname or "", (parts.hostname or "") in private_hosts
    if parts.scheme not in (("https", "http") if named else ("https",)) or not host or parts.username is not None:
        raise OutboundError("只能推送到 https 地址", where=host, expected="https://主机/路径")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = list(resolver(host, port))
    except (OSError, ValueError, UnicodeError) as error:
        raise OutboundError("主机名解析不了", where=host) from error
    if not addresses or not (named or all(is_public(address) for address in addresses)):
        raise OutboundError("不是公网地址", where=host, advice="内网主机须由管理员写进 FANZHA_PRIVATE_HOSTS")
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection = _Pinned(host, port, addresses[0], parts.scheme == "https", connector, seconds)
    # A receiver that drips its answer byte by byte is cut off: the socket's own time-out starts anew with each.
    cut = threading.Timer(2 * seconds, connection.cut)
    cut.start()
    try:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        answer.read(_ANSWER)
        return answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OutboundError(f"没有应答：{type(error).__name__}", where=host) from error
    finally:
        cut.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """HTTP to one address; the name is for the Host header and for the certificate."""

    def __init__(self, host: str, port: int, address: str, secure: bool, connector: Connector, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = 443 if secure else 80  # the Host header leaves it out
        self._to = (address, port, seconds)
        self._secure = secure
        self._connector = connector

    def connect(self) -> None:
        """To the address that was looked at, and to no other."""
        plain = self._connector(*self._to)
        if self._secure:
            self.sock: Any = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain

    def cut(self) -> None:
        """Break off, from another thread."""
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
