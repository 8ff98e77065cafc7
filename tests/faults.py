"""Faults put in on purpose, and what must be true after each: functions that can be run as often as one likes, on either database.

Each takes a folder of its own and a number, which says where the fault falls; it returns what it did, or fails an assertion. Nothing here
knows how many runs are enough.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import kept_world
import sqlalchemy as sa
from dying import killed, once
from fake_analyzer import FakeAnalyzer
from stores import copied, empty_address, everything, fresh_address
from test_worker import complaint, told, unlike

from nlp.records import Document
from serving import hooks, inbox, queries, reports
from serving.delivery import Sender
from serving.migrations import HEAD
from serving.migrations.run import upgrade
from serving.queries import IncidentFilter
from serving.store import Store, locks, open_store, schema_version
from serving.store.session import connected
from serving.store.tables import DocumentRow
from serving.worker import Worker


def migrate(folder: Path, number: int) -> bool:
    """Killed while a store of an earlier version is brought up: it is the old one or the new one, and opens as the new one."""
    address = copied(_old(os.environ.get("FANZHA_TEST_POSTGRES", "")), folder)
    old = connected(address)
    was_killed = killed(f"from serving.store import open_store\nopen_store({address!r})", number)
    with old.engine.connect() as connection:
        assert schema_version(connection) in ({"0033"} if was_killed else {HEAD}) | {HEAD}
    old.close()
    store = open_store(address)
    with store.reading() as session:
        once([("d-1", "正文")], session.execute(sa.text("SELECT id, text FROM documents")))
    store.close()
    return was_killed


@cache
def _old(_server: str) -> str:
    """The address of a store of an earlier version with a document in it."""
    folder = Path(tempfile.mkdtemp(prefix="fanzha-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    old = connected(address := fresh_address(folder))
    with old.writing() as session:
        upgrade(session.connection(), "0033")
        row = "INSERT INTO documents (id, sha256, doc_id, title, text, form, nature, origin, url, publisher, published, fetched, "
        row += "licence, encoding, metadata, names, stored_at, withdrawn) VALUES ('d-1', 'x', 'a', '', '正文', 'text', 'published', "
        row += "'', '', '', '', '', '', '', '{}', '{}', '2026-01-01T00:00:00.000Z', false)"
        session.execute(sa.text(row))
    old.close()
    return address


def merge(folder: Path, number: int) -> bool:
    """Killed while a person merges two incidents: both are there, or one; the log has no gap; it can be done then."""
    address = kept_world.filled(folder)
    store = open_store(address)
    with store.reading() as session:
        rows = queries.list_incidents(session, IncidentFilter(), viewer="analyst").rows
    first, second = sorted(row.id for row in rows)[:2]
    before = everything(store)
    store.close()
    code = (
        "from serving import rulings\nfrom serving.store import open_store\n"
        f"with open_store({address!r}).writing() as session:\n    rulings.merge(session, {second!r}, into={first!r}, by='x')\n"
    )
    was_killed = killed(code, number)
    store = open_store(address)
    after = everything(store)
    assert not was_killed or after == before or len(after["decisions"]) == len(before["decisions"]) + 1
    whole(store)
    store.close()
    return was_killed


def webhook(folder: Path, number: int) -> bool:
    """Killed between lining up, sending and noting: every change arrives, a second time under its first name at most."""
    address = kept_world.filled(folder)
    arrived = folder / "arrived.jsonl"
    code = (
        "import json\nfrom pathlib import Path\nfrom serving.delivery import Sender\nfrom serving.store import open_store\n"
        "def post(url, body, headers, **_):\n    step()\n"
        f"    with open({str(arrived)!r}, 'a') as file:\n        file.write(json.dumps(headers['webhook-id']) + chr(10))\n"
        "    step()\n    return 200\n"
        f"Sender(open_store({address!r}), post=post).step()\n"
    )
    was_killed = killed(code, number, events=("commit",))
    store = open_store(address)

    def post(_url: str, _body: bytes, headers: dict[str, str], **_: Any) -> int:
        with arrived.open("a") as file:
            file.write(json.dumps(headers["webhook-id"]) + "\n")
        return 200

    with store.writing() as session:  # the lease of a sender that died has run out
        session.execute(sa.update(hooks.DeliveryRow).where(hooks.DeliveryRow.state == "sending").values(due=0.0))
    sender = Sender(store, post=post)
    while sender.step():
        pass
    names = [json.loads(line) for line in arrived.read_text().splitlines()]
    with store.reading() as session:
        ((hook, counts),) = hooks.listed(session)
        numbers = [row.sequence for row in queries.list_changes(session, viewer="analyst", limit=500).rows]
    # The one that was on its way may come a second time, under the same name: that is what the name is for.
    again = [name for at, name in enumerate(names) if name in names[:at]]
    once([f"msg_{hook.id}_{sequence}" for sequence in numbers] + again[:1], names)
    assert set(counts) == {"delivered"}
    store.close()
    return was_killed


def model_use(folder: Path, number: int) -> bool:
    """Killed while another model is made the default: the old one or the new one is named, never half a name."""
    models = folder / "models"
    for name in ("one", "two"):
        (models / name).mkdir(parents=True, exist_ok=True)
    (models / "default.txt").write_text("one\n")
    steps = ("os.fsync", "os.replace")
    hooked = "".join(
        f"real{at} = {name}\ndef hooked{at}(*a, **k):\n    step()\n    out = real{at}(*a, **k)\n    step()\n    return out\n{name} = hooked{at}\n"
        for at, name in enumerate(steps)
    )
    code = (
        f"import os\n{hooked}\nfrom pathlib import Path\nimport nlp.model_folder as folders\nfolders.MODELS = Path({str(models)!r})\n"
        f"folders.load = lambda folder: None\nfrom serving.model_command import use_model\nuse_model({str(models / 'two')!r})\n"
    )
    was_killed = killed(code, number, events=())
    named = (models / "default.txt").read_text()
    assert named in ("one\n", "two\n")
    assert was_killed or named == "two\n"
    assert not killed(code, 0, events=())
    assert (models / "default.txt").read_text() == "two\n"
    return was_killed


def disk_full(folder: Path, number: int) -> int:
    """The file may not grow any more (SQLite): what was accepted before is there, nothing half, and it goes on when there is room."""
    address = empty_address(folder)
    assert address.startswith("sqlite"), "a limit of the size of files is not one of a server's"
    answered = folder / "answered.txt"
    code = (
        "import resource, signal\nfrom sqlalchemy.exc import OperationalError\nfrom nlp.records import Document\n"
        "from serving import inbox\nfrom serving.store import open_store\n"
        f"store = open_store({address!r})\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({400_000 + 4096 * number},) * 2)\n"
        f"with open({str(answered)!r}, 'w') as file:\n  try:\n    for at in range(200):\n        with store.writing() as session:\n"
        "            inbox.accept(session, Document(f'd{at}', f'{at}' + '骗局' * 2000))\n"
        "        print(at, file=file, flush=True)\n"
        "  except OperationalError:\n    pass\n  else:\n    raise AssertionError('the disk was never full')\n"
    )
    killed(code, 0, events=())
    said = len(answered.read_text().splitlines())
    store = open_store(address)
    with store.reading() as session:
        once((f"d{at}" for at in range(said)), session.scalars(sa.select(DocumentRow.doc_id)))
        assert inbox.counts(session)["accepted"] == said
        assert session.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
    with store.writing() as session:
        inbox.accept(session, Document("again", "又有地方了"))
    assert Worker(store, FakeAnalyzer()).drain().done == said + 1
    store.close()
    return said


def two_processes(folder: Path, number: int, processes: int = 3, each: int = 30) -> int:
    """Several processes write into one store at once: nobody is turned away, everything is there once."""
    address = empty_address(folder)
    code = (
        "from nlp.records import Document\nfrom serving import inbox\nfrom serving.store import open_store\n"
        f"store = open_store({address!r})\nfor at in range({each}):\n    with store.writing() as session:\n"
        f"        inbox.accept(session, Document(f'{{who}}-{{at}}', f'{number} {{who}} {{at}}'))\n"
    )
    with ThreadPoolExecutor(
        processes
    ) as threads:  # a thread waits for each process; `killed` raises what a process raised
        list(threads.map(lambda who: killed(f"who = {who}\n{code}", 0, events=()), range(processes)))
    store = open_store(address)
    with store.reading() as session:
        sent = (f"{one}-{at}" for one in range(processes) for at in range(each))
        once(sent, session.scalars(sa.select(DocumentRow.doc_id)))
        assert inbox.counts(session)["accepted"] == processes * each
    store.close()
    return processes * each


def crossed_locks(folder: Path, number: int) -> None:
    """An import brings an article's text as a complaint while a person corrects the text of another: neither stops the other."""
    store = open_store(empty_address(folder))
    with store.writing() as session:
        inbox.accept(session, told("文", more=unlike(number)))
        report = reports.receive(session, Document("T", "我被骗了"), external_id="T-1").report_id
    Worker(store, FakeAnalyzer()).drain()
    held, failures = threading.Event(), []

    def bring_in() -> None:
        try:
            with store.writing() as session:
                locks.whole_inbox(session)
                held.set()
                stuck.wait(3)  # until the other one stands at a lock
                text = told("文", more=unlike(number)).text
                taken = inbox.accept(session, complaint(text, "T-2"))
                assert taken.restricted
        except BaseException as error:
            failures.append(error)

    stuck = threading.Event()
    thread = threading.Thread(target=bring_in)
    thread.start()
    assert held.wait(30)
    threading.Timer(0.5, stuck.set).start()
    try:
        with store.writing() as session:
            reports.correct(session, report, by="x", document=Document("T", f"我被骗了{number}元"))
    except BaseException as error:
        failures.append(error)
    thread.join()
    assert failures == []
    whole(store)
    store.close()


def clock_back(folder: Path, number: int, set_clock: Any) -> None:
    """The clock jumps back by `number` hours: the feed's moments still grow, claims come back, messages go out."""
    address = kept_world.filled(folder)
    store = open_store(address)
    hook_lease = sa.update(hooks.DeliveryRow).values(state="sending", due=hooks.time.time() + hooks.LEASE_SECONDS)
    with store.writing() as session:
        session.execute(hook_lease)
        inbox.accept(session, told("后", suspect="郑某河", more=unlike(20)))
        inbox.claim(session, "elsewhere:1:x")
    set_clock(-3600 * number)
    assert Worker(store, FakeAnalyzer()).drain().done == 1
    sent: list[str] = []
    sender = Sender(store, post=lambda _url, _body, headers, **_: sent.append(headers["webhook-id"]) or 200)
    while sender.step():
        pass
    with store.reading() as session:
        rows = queries.list_changes(session, viewer="analyst", limit=500).rows
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    once((row.sequence for row in rows), (int(name.rpartition("_")[2]) for name in sent))
    whole(store)
    store.close()


def whole(store: Store) -> None:
    """The feed has no gap, and every incident's last change is in it."""
    rows = everything(store)
    sequence = [row[0] for row in rows["changes"]]
    once(range(1, dict(rows["counters"])["sequence"] + 1), sequence)
    assert sequence == sorted(sequence)


__all__ = ["clock_back", "crossed_locks", "disk_full", "merge", "migrate", "model_use", "two_processes", "webhook"]
