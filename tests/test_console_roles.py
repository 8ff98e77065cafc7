"""Every page of the console asked by everybody: who is turned away, and that a reader's page holds nothing that was planted."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from serving import queries
from serving.console.attach import POLICY
from serving.console.frame import SCREENS
from serving.people import RANKS, api_keys, roster
from serving.queries import IncidentFilter
from serving.store import open_store
from tests.processes import ROOT, server, until_it_answers
from tests.test_worker import complaint, put, unlike

VICTIM, SUSPECT, PHONE = "欧阳测试", "陈大丰", "13912345678"
STORY = f"我被骗子骗了，{unlike(7)}\n受害人：{VICTIM}\n嫌疑人：{SUSPECT}\n电话{PHONE}\n损失：5000"
TURNED_AWAY = "这里只供"


def pages() -> list[str]:
    """The addresses of every page that a module of the console registers, with what stands in place of an id."""
    found = [
        address
        for module in (ROOT / "serving" / "console").glob("*.py")
        for text in [module.read_text(encoding="utf-8")]
        for address in re.findall(r'@ui\.page\("([^"]+)"', text) + re.findall(r'^HERE = "([^"]+)"', text, re.M)
    ]
    return sorted(set(found))


def needed(address: str) -> str:
    """The lowest role of a page: that of the screen it belongs to."""
    return next((role for known, _, _, role in SCREENS if known != "/" and address.startswith(known)), RANKS[0])


def _plain(text: str) -> str:
    """A page with the JSON escapes in it undone: names may stand there as \\u6b27."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def test_what_the_console_s_policy_cannot_keep_is_written_down() -> None:
    told = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    loosened = set(re.findall(r"'unsafe-[a-z]+'|data:|blob:", POLICY))
    assert loosened
    assert {word for word in loosened if f"`{word}`" not in told} == set()


@pytest.mark.slow
def test_every_page_by_every_role(tmp_path: Path) -> None:
    pytest.importorskip("nicegui", reason="needs the extra console")
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    put(store, complaint(STORY, "TS-1"))
    with store.writing() as session:
        head = roster.add(session, "管理员", "admin")
        keys = {"nobody": {}} | {
            role: {"Authorization": f"Bearer {api_keys.add(session, head, role=role)[1]}"} for role in RANKS
        }
    with store.reading() as session:
        (incident,) = queries.list_incidents(session, IncidentFilter(), viewer="analyst").rows
        document = incident.data["sources"][0]["document_id"]
    store.close()
    assert len(pages()) >= 12
    seen, shut, opened, leaks = 0, [], [], []
    options = ("--console", "--store", f"sqlite:///{tmp_path}/s.db")
    with server(tmp_path, *options, FANZHA_ANALYZER="tests.fake_analyzer:make") as (url, running):
        until_it_answers(f"{url}/readyz", running, tmp_path)
        for address in pages():
            there = address.replace("{incident_id}", incident.id).replace("{document_id}", document)
            for role, headers in keys.items():
                answer = httpx.get(f"{url}/console{there}", headers=headers, timeout=120)
                assert answer.status_code == 200, (address, role, answer.status_code)
                text = _plain(answer.text)
                away = TURNED_AWAY in text
                may = (RANKS.index(role) if role in RANKS else 0) >= RANKS.index(needed(address))
                planted = [one for one in (VICTIM, SUSPECT, PHONE) if one in text]
                if role in ("nobody", RANKS[0]):
                    leaks += [(address, role, one) for one in planted]
                else:
                    seen += len(planted)
                if may and away:
                    shut.append((address, role))
                if not may and not away:
                    opened.append((address, role))
    assert (shut, opened, leaks) == ([], [], [])
    assert seen  # what is forbidden is there to be seen
