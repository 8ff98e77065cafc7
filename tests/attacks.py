"""Attack strings of our own writing, and what each must not do here: scripts, statements, formulas, addresses of inside, ways out of a folder.

In: an application under test. Out: how many were tried, and the hits. No packet is sent: resolver and connector are handed in.
Every string carries a mark, so that a hit is seen and not guessed.
"""

from __future__ import annotations

import csv
import io
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from starlette.testclient import TestClient

from corpora.read import read_bytes
from nlp.errors import FanzhaError
from nlp.records import Document
from serving import outbound
from serving.console import html_parts
from serving.formats import flat_table
from tests.api_world import OPERATOR, ok, publish
from tests.stores import everything

MARK = "mark7391"
_CALL = f"alert('{MARK}')"

XSS = [
    *(f"<{tag} {event}={_CALL}>" for tag, event in product(
        ("img src=x", "svg", "body", "video", "details open", "input autofocus", "a", "iframe", "marquee", "object"),
        ("onerror", "onload", "onfocus", "onmouseover", "ontoggle", "onstart"),
    )),
    *(f'{cut}<script>{_CALL}</script>' for cut in ("", '"', "'", '">', "'>", "-->", "]]>", "</title>", "</textarea>", "</style>", "</mark>")),
    *(f"<a href={quoting}{scheme}{_CALL}{quoting}>x</a>" for quoting, scheme in product(
        ("", '"', "'"), ("javascript:", "JaVaScRiPt:", "java\tscript:", "data:text/html,", "vbscript:", " javascript:")
    )),
    *(f'" {event}="{_CALL}' for event in ("onclick", "onfocus autofocus", "onmouseover", "style=x:expression")),
    f"<style>@import '//x.invalid/{MARK}'</style>", f"<link rel=stylesheet href=//x.invalid/{MARK}>", f"<base href=//{MARK}.invalid/>",
    f"<meta http-equiv=refresh content='0;url=//{MARK}.invalid/'>", f"<form action=//{MARK}.invalid><button>x</button></form>",
    f"<math><mi xlink:href='javascript:{_CALL}'>", f"＜script＞{_CALL}＜/script＞", f"&lt;script&gt;{_CALL}&lt;/script&gt;",
    f"&#60;img src=x onerror={_CALL}&#62;", f"<scr<script>ipt>{_CALL}</scr</script>ipt>", f"<ScRiPt\n>{_CALL}</sCrIpT>",
    f"{{{{constructor.constructor(\"{_CALL}\")()}}}}", f"${{{_CALL}}}", f"<%= {_CALL} %>", f"[x](javascript:{_CALL})", f"![x](x\"onerror=\"{_CALL})",
]  # fmt: skip
SQL = [
    *(f"{value}{cut}{rest}" for value, cut, rest in product(
        ("", "1", "刷单"), ("'", '"', "')", "'))", "\\'", "%27", "＇"),
        (
            " OR 1=1--", " OR '1'='1", "; DROP TABLE incidents;--", " UNION SELECT text FROM documents--", "/*",
            "||(SELECT text FROM documents LIMIT 1)||'",
        ),
    )),
    "1; SELECT pg_sleep(9)", "1 AND randomblob(1000000000)", "%", "_", "%%%", "\\", "*", "* OR *", "NEAR(a b)", "text : a", '"a" OR "b"', "a* OR b*",
    "-a", "^a", "{a b} : c", "a AND NOT b", "rowid:1", "' AND (SELECT 1 FROM audit)='1", "admin'--", "0x27204f522031", "NULL", "1e309",
    "'; ATTACH 'x' AS y;--",
]  # fmt: skip
CSV = [
    f"{lead}{body}" for lead, body in product(
        ("=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠", "\n=", " =", "\u00a0=", "\ufeff="),
        (f"cmd|' /C calc'!{MARK}", f'HYPERLINK("http://x.invalid/?{MARK}","x")', f"1+1;{MARK}", f'IMPORTXML("http://x.invalid/{MARK}","//a")'),
    )
]  # fmt: skip
_INSIDE = [
    "127.0.0.1", "127.1", "127.0.0.1.", "0", "0.0.0.0", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "10.0.0.8", "172.16.4.4",
    "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]",
    "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[2001:0:7f00:1::]",
    "localhost", "LOCALHOST", "localhost.", "①②⑦.⓪.⓪.①", "127。0。0。1",
]  # fmt: skip
SSRF = [
    *(f"{scheme}://{host}{rest}" for scheme, host, rest in product(("https", "http"), _INSIDE, ("/", ":443/latest/meta-data/"))),
    *(f"{scheme}:///etc/passwd" for scheme in ("file", "ftp", "gopher", "dict", "ldap", "jar", "netdoc")),
    "https://public.example@127.0.0.1/", "https://127.0.0.1#@public.example/", "https://public.example:pw@127.0.0.1/", "//127.0.0.1/",
    "https:127.0.0.1/", "https:\\\\127.0.0.1\\", "https://127.0.0.1%2f@public.example/", "https://public.example\r\nHost: x/", "",
]  # fmt: skip
TRAVERSAL = [
    *(f"{step * depth}{name}" for step, depth, name in product(
        ("../", "..\\", "..%2f", "..%5c", "%2e%2e/", "%2e%2e%2f", "..%252f", "....//", "..;/", "．．/", "..%c0%af"),
        (1, 3, 8), ("secret.txt", "etc/passwd"),
    )),
    "/etc/passwd", "C:\\secret.txt", "file:///etc/passwd", "secret.txt%00.csv", "./././secret.txt", "~/secret.txt", "CON", "a/../../secret.txt",
]  # fmt: skip


@dataclass
class Hits:
    """How many strings, how often put somewhere, and where one did what it was meant to do."""

    strings: int = 0
    tried: int = 0
    hits: list[str] = field(default_factory=list)


class _Scripts(HTMLParser):
    """Tags and attributes of a page that come from an attack, not from us."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            bad = name.startswith("on") or name in ("srcdoc", "formaction", "style", "http-equiv")
            led = name in ("href", "src", "action", "xlink:href", "content") and MARK in (value or "")
            if (bad and MARK in (value or "")) or led:
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and MARK in data:
            self.found.append(f"<{self._inside}>{data[:80]}")


def scripts_in(page: str) -> list[str]:
    """What of an attack became markup in `page`."""
    parser = _Scripts()
    parser.feed(page)
    parser.close()
    return parser.found


def xss(api: TestClient) -> Hits:
    """In every field of an article, drawn by every page that the program draws: the home page, `show --html`, the console's pieces."""
    from nlp.mask import render
    from serving import showing, showing_html
    from serving.console.source_text import draw_article
    from tests.fake_analyzer import FakeAnalyzer

    told = Hits(len(XSS))
    for number, attack in enumerate(XSS):
        document = Document(
            f"{attack}{number}", f"被骗 {attack} 嫌疑人：{attack.replace(' ', '')}甲 损失：{number}", title=attack, publisher=attack,
            url=attack,
        )  # fmt: skip
        (reading,) = FakeAnalyzer().analyze([document])
        pages: dict[str, str] = {}
        for viewer in ("reader", "analyst"):
            shown = showing.shown(document, reading, viewer)
            pages[f"show --html {viewer}"] = "".join(showing_html.page([shown]))
            pages |= {f"console {viewer}": str(draw_article(article, "d-1")) for article in shown.articles}
        pages["console pieces"] = html_parts.tag("p", attack, title=attack, data_x=attack) + html_parts.problem(attack)
        pages["rendered"] = html_parts.tag("a", render(attack, "text"), title=render(attack, "text"))
        told.tried += len(pages)
        told.hits += [f"{where}: {found}" for where, page in pages.items() for found in scripts_in(page)]
    for number, attack in enumerate(XSS):
        publish(api, f"被骗 {attack} 损失：{100 + number}", title=attack, publisher=attack)
    for headers in ({}, OPERATOR):
        for address in ("/?limit=100", "/docs", "/"):
            answered = api.get(address, headers=headers)
            told.tried += 1
            told.hits += [f"{address}: {found}" for found in scripts_in(answered.text)]
            if (
                "script-src" not in (policy := answered.headers["content-security-policy"])
                and "default-src 'none'" not in policy
            ):
                told.hits.append(f"{address}: no policy")
    return told


def sql(api: TestClient, store: Any) -> Hits:
    """In every parameter and part of every address that a GET takes: no 5xx, no row changed, no row found that was not asked for."""
    told = Hits(len(SQL))
    before = _rows(store)
    slots = list(_slots(api))
    for at, attack in enumerate(SQL):
        words = ok(api.get("/v1/incidents", params={"q": f"没有这样的话{attack}"}, headers=OPERATOR), 200, 422)
        if words.get("incidents"):
            told.hits.append(f"q={attack}: {len(words['incidents'])} found")
        for path, name in slots[at % 3 :: 3]:  # each string in every third place, each place with every third string
            told.tried += 1
            address = path.replace(f"{{{name}}}", quote(attack, safe="")) if f"{{{name}}}" in path else path
            params = {} if f"{{{name}}}" in path else {name: attack}
            answered = api.get(address.replace("{", "").replace("}", ""), params=params, headers=OPERATOR)
            if answered.status_code >= 500:
                told.hits.append(f"{path} {name}={attack}: {answered.status_code}")
    if _rows(store) != before:
        told.hits.append("rows were changed")
    return told


def _rows(store: Any) -> Any:
    return {name: rows for name, rows in everything(store).items() if name not in ("audit", "counters")}


def _slots(api: TestClient) -> Iterator[tuple[str, str]]:
    for path, methods in ok(api.get("/openapi.json"))["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] in ("path", "query"):
                yield path, parameter["name"]


def formulas(api: TestClient) -> Hits:
    """As titles and publishers in every table that a reader or an analyst takes: no cell begins as a formula does."""
    told = Hits(len(CSV))
    for number, attack in enumerate(CSV):
        told.tried += 1
        if str(flat_table.cell(attack)).lstrip(" \u00a0\ufeff\n").startswith(_LEADS):
            told.hits.append(repr(attack))
        publish(api, f"被骗 {attack} 损失：{500 + number}", title=attack, publisher=attack)
    for headers in ({}, OPERATOR):
        text = api.get("/v1/incidents.csv", params={"limit": 500}, headers=headers).content.decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text, newline="")):
            for name, value in row.items():
                told.tried += 1
                if (value or "").lstrip(" \u00a0\ufeff\n").startswith(_LEADS):
                    told.hits.append(f"{name}: {value!r}")
    return told


_LEADS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def inside(told: Hits | None = None) -> Hits:
    """Asked for by a webhook and by `watch`: nothing but an address of the open internet is ever connected to."""
    told = told or Hits(len(SSRF))
    connected: list[str] = []

    def connector(address: str, _port: int, _seconds: float) -> socket.socket:
        connected.append(address)
        raise OSError("no packet leaves")

    def resolver(host: str, _port: int) -> Iterable[str]:
        """As a system's resolver reads odd spellings of an address; names of the open internet are found outside."""
        if host == "public.example":
            return ["93.184.216.34"]
        with_dots = host.rstrip(".").translate(str.maketrans("。①②⑦⓪", ".1270"))
        try:
            return [socket.inet_ntoa(socket.inet_aton(with_dots))]
        except OSError:
            return [host] if ":" in host else ["127.0.0.1"]

    for attack in SSRF:
        for ask in (
            lambda url: outbound.post(url, b"{}", {}, resolver=resolver, connector=connector),
            lambda url: outbound.get(url, {}, limit=1000, resolver=resolver, connector=connector),
        ):
            told.tried += 1
            connected.clear()
            try:
                ask(attack)
            except FanzhaError:
                pass
            except Exception as error:
                told.hits.append(f"{attack}: {type(error).__name__}")
            told.hits += [f"{attack}: {address}" for address in connected if not outbound.is_public(address)]
    return told


def _as_written(api: TestClient, address: str) -> tuple[int, str]:
    """Status and body of a GET whose address goes to the application as it is: clients take ../ and // away before they send."""
    said: list[Any] = []

    async def ask() -> None:
        raw = address.encode("utf-8")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "root_path": "",
            "path": unquote(address), "raw_path": raw, "query_string": b"", "client": ("127.0.0.1", 5000), "server": ("testserver", 80),
            "headers": [(name.lower().encode(), value.encode()) for name, value in {**OPERATOR, "Host": "testserver"}.items()],
            "state": dict(api.app_state),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await api.app(scope, receive, send)

    assert api.portal, "the application is not started"
    api.portal.call(ask)
    body = b"".join(message.get("body", b"") for message in said)
    return said[0]["status"], body.decode("utf-8", "replace")


def traversal(api: TestClient, folder: Path) -> Hits:
    """In addresses, names of uploads and members of archives: no word of a file outside, no file that was not there before."""
    import zipfile

    told = Hits(len(TRAVERSAL))
    (folder / "secret.txt").write_text(MARK)
    before = {str(path) for path in folder.rglob("*")}
    prefixes = [
        "/",
        "/v1/incidents/",
        "/v1/incidents.",
        "/v1/documents/",
        "/v1/batches/",
        "/docs/",
        "/taxii2/",
        "/v1/stix/",
    ]
    for attack in TRAVERSAL:
        for prefix in prefixes:
            told.tried += 1
            status, body = _as_written(api, f"{prefix}{attack.replace(' ', '')}")
            if status >= 500 or MARK in body or "root:x:" in body:
                told.hits.append(f"{prefix}{attack}: {status}")
        # As the name of an upload, and as a member of an archive.
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(attack.replace("\x00", ""), "被骗")
        for result in read_bytes(packed.getvalue(), "a.zip"):
            told.tried += 1
            if MARK in str(getattr(result, "text", "")):
                told.hits.append(f"zip {attack}")
        told.tried += 1
        answered = api.post("/v1/batches", files={"file": (attack, b"\xe8\xa2\xab\xe9\xaa\x97")}, headers=OPERATOR)
        if answered.status_code >= 500 or MARK in answered.text:
            told.hits.append(f"upload {attack}: {answered.status_code}")
    after = {str(path) for path in folder.rglob("*")}
    told.hits += [f"made: {path}" for path in after - before if not path.endswith(("-wal", "-shm", "-journal"))]
    return told
