"""One request to a host that somebody named, without being led anywhere else: the defence against forged requests from inside (SSRF).

In: an address, headers, for a POST a body. Out: the status of a POST, the whole answer of a GET. Raises OutboundError for every host
that is not public (unless the operator named it), and for what the network says.

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
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nlp.errors import FanzhaError

# A receiver has to answer at once and work later (Standard Webhooks: 15 to 30 s).
SECONDS = 15.0
# A page may come slowly, but not for ever: 10 MB in two minutes is 85 kB a second.
PAGE_SECONDS = 120.0
_ANSWER = 4096
# Addresses that carry another address: 6to4, Teredo, NAT64. Nobody's server is reached only by these.
_CARRIERS = tuple(ipaddress.ip_network(each) for each in ("2002::/16", "2001::/32", "64:ff9b::/32"))

Resolver = Callable[[str, int], Collection[str]]
Connector = Callable[[str, int, float], socket.socket]


class OutboundError(FanzhaError):
    """It was not sent, or nobody answered."""

    status = 502
    code = "outbound"


class PrivateAddressError(OutboundError):
    """The host is not on the open internet, and nobody allowed it by name."""


def is_public(address: str) -> bool:
    """Is this an address of the open internet? Loopback, private, link-local, multicast, reserved and carrier addresses are not."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.is_site_local or any(ip in carrier for carrier in _CARRIERS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address (not a name)."""
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a GET was answered: header names in small letters, the body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, private_hosts: Collection[str] = (), resolver: Resolver = resolve,
    connector: Connector = connect, seconds: float = SECONDS,
) -> int:  # fmt: skip
    """Send one POST; returns the status, whatever it is. http is for `private_hosts` only. Raises OutboundError."""
    named = (urlsplit(url).hostname or "") in private_hosts
    schemes = ("https", "http") if named else ("https",)
    with _reached(url, schemes, named, resolver, connector, seconds, 2 * seconds) as (connection, path):
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        answer.read(_ANSWER)
        return answer.status


def get(
    url: str, headers: Mapping[str, str], *, limit: int, private_hosts: Collection[str] = (), resolver: Resolver = resolve,
    connector: Connector = connect, seconds: float = SECONDS, whole_seconds: float = PAGE_SECONDS,
) -> Answer:  # fmt: skip
    """Send one GET; returns the answer, whatever its status: redirects are the caller's to follow, each through here again.

    limit: bytes of the body, as sent and unpacked. Raises OutboundError, also for a body that is larger or breaks off.
    """
    host = urlsplit(url).hostname or ""
    with _reached(url, ("https", "http"), host in private_hosts, resolver, connector, seconds, whole_seconds) as (
        connection,
        path,
    ):
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"} | dict(headers))
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in reversed(answer.getheaders())}
        body = answer.read(limit + 1)
        if len(body) > limit:
            raise OutboundError("正文过大", where=url, expected=f"不超过 {limit:,} 字节")
        if connection.is_cut or answer.length:
            raise OutboundError("没有收完就断了", where=url)
        return Answer(answer.status, told, unpacked(body, told.get("content-encoding", ""), limit, url))


def unpacked(body: bytes, coding: str, limit: int, where: str) -> bytes:
    """A body without its gzip, at most `limit` bytes of it. Raises OutboundError for more, for damage, for another coding."""
    coding = coding.strip().lower()
    if coding in ("", "identity") or not body:
        return body
    if coding not in ("gzip", "x-gzip"):
        raise OutboundError(f"压缩方式 {coding}", where=where, expected="gzip 或不压缩")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise OutboundError("压缩内容已损坏", where=where) from error
    if len(found) > limit:
        raise OutboundError("正文解压后过大", where=where, expected=f"不超过 {limit:,} 字节")
    if not unpacking.eof:
        raise OutboundError("压缩内容不完整", where=where)
    return found


@contextlib.contextmanager
def _reached(
    url: str, schemes: Sequence[str], named: bool, resolver: Resolver, connector: Connector, seconds: float, whole_seconds: float
) -> Iterator[tuple[_Pinned, str]]:  # fmt: skip
    """A connection to an address that was looked at, and the path to ask for; what goes wrong on it comes out as OutboundError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in schemes or not host or parts.username is not None:
        raise OutboundError(f"不是 {'、'.join(schemes)} 地址", where=host, expected=f"{schemes[0]}://主机/路径")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = list(resolver(host, port))
    except (OSError, ValueError, UnicodeError) as error:
        raise OutboundError("主机名解析不了", where=host) from error
    if not addresses or not (named or all(is_public(address) for address in addresses)):
        raise PrivateAddressError(
            "不是公网地址",
            where=host,
            advice="内网主机须点名放行（推送 FANZHA_PRIVATE_HOSTS，watch allow_private，导入网址 FANZHA_FETCH_HOSTS）",
        )
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection = _Pinned(host, port, addresses[0], parts.scheme == "https", connector, seconds)
    # Whoever drips his answer byte by byte is cut off: the socket's own time-out starts anew with each.
    cut = threading.Timer(whole_seconds, connection.cut)
    cut.daemon = True
    cut.start()
    try:
        yield connection, path
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
        self.is_cut = False

    def connect(self) -> None:
        """To the address that was looked at, and to no other."""
        plain = self._connector(*self._to)
        if self._secure:
            self.sock: Any = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain

    def cut(self) -> None:
        """Break off, from another thread."""
        self.is_cut = True
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
