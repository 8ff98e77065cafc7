"""The server as a real process: that it answers, what it has imported, what its logs say, how it stops.

How soon it does is measured by `benchmarks.start_speed` and judged nowhere: a loaded machine is no failure.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nlp import model_folder
from tests.api_world import FAKE, KEY, OPERATOR
from tests.processes import ROOT, environment, server, until_it_answers

HEAVY = ("torch", "sklearn", "pandas", "transformers", "tensorflow")
TEXT = "3月5日，李某在网上看到兼职刷单的广告，垫付后先后转账五笔，共被骗32800元，提现时被对方拉黑，遂报警。"


def has_model() -> bool:
    return (model_folder.MODELS / "default.txt").is_file()


@contextlib.contextmanager
def serving(folder: Path, path: str, *options: str, **more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`fanzha serve` over a store in `folder`, once `path` answers: its address and the process."""
    words = (*options, "--store", str(folder / "f.db"))
    with server(folder, *words, **{"FANZHA_OPERATOR_KEY": KEY} | more) as (address, running):
        until_it_answers(address + path, running, folder)
        yield address, running


def test_the_server_answers_is_ready_and_logs_no_text(tmp_path):
    fake = {} if has_model() else {"FANZHA_ANALYZER": FAKE}
    with serving(tmp_path, "/healthz", **fake) as (address, running):
        until_it_answers(f"{address}/readyz", running, tmp_path)
        answer = httpx.post(f"{address}/v1/reports", json={"text": TEXT}, headers=OPERATOR, timeout=60)
        assert answer.status_code in (201, 202)
        assert httpx.get(f"{address}/v1/incidents?q=王大锤", timeout=60).json()["incidents"] == []
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) is not None
    said = (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert '"route": "/v1/reports", "status": 20' in said  # the access log is one JSON object a line
    assert "王大锤" not in said  # neither as typed
    assert "%E7%8E%8B" not in said  # nor as sent
    assert TEXT[:8] not in said


def test_a_server_holds_no_training_library_and_loads_late():
    """In a fresh process: import, build, serve one analysis and one complaint, then look at what came in."""
    model = "" if has_model() else FAKE
    child = f"""
import json, sys, tempfile, warnings
warnings.simplefilter("ignore")
import serving.api.app as module
early = [name for name in ("jieba", "spacy", "onnxruntime", "numpy", "alembic", "lxml", "rich", "nicegui") if name in sys.modules]
from starlette.testclient import TestClient
from serving.settings import Settings
with tempfile.TemporaryDirectory() as folder:
    app = module.create_app(Settings(store=f"sqlite:///{{folder}}/f.db", analyzer={model!r}), demo=True)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as api:
        analysed = api.post("/v1/analyze", json={{"documents": [{{"text": {TEXT!r}}}]}})
        for _ in range(3):
            reported = api.post("/v1/reports", json={{"text": {TEXT!r}}})
        listed = api.get("/v1/incidents", params={{"q": "刷单"}})
        imports = api.post("/v1/batches", files={{"file": ("a.csv", "投诉内容\\n被骗了三百元\\n".encode())}})
held = [name for name in {HEAVY!r} if sys.modules.get(name) is not None]
print(json.dumps([early, [analysed.status_code, reported.status_code, listed.status_code, imports.status_code], held]))
"""
    done = subprocess.run(
        [sys.executable, "-c", child],
        env=environment(FANZHA_OPERATOR_KEY=KEY),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    early, statuses, held = json.loads(done.stdout.splitlines()[-1])
    assert held == []
    assert early == []
    assert statuses[0] == 200
    assert statuses[1] in (200, 202)
    assert statuses[2:] == [200, 201]


def test_the_demo_refuses_to_listen_beyond_loopback(tmp_path):
    command = [
        sys.executable,
        "-m",
        "serving.command",
        "serve",
        "--demo",
        "--host",
        "0.0.0.0",
        "--store",
        str(tmp_path / "f.db"),
    ]
    done = subprocess.run(
        command,
        env=environment(FANZHA_OPERATOR_KEY=KEY),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "演示" in done.stdout + done.stderr
    assert not (tmp_path / "f.db").exists()


@pytest.mark.skipif(not has_model(), reason="needs the default model under nlp/models")
def test_the_default_model_answers_a_complaint_with_a_sum_and_a_place(tmp_path):
    text = (
        "我叫李小梅，2026年3月5日在昆明市被人以兼职刷单为名骗走32800元，对方微信号abc_88127，卡号6222021234567890123。"
    )
    with serving(tmp_path, "/readyz", "--demo", FANZHA_OPERATOR_KEY="") as (address, _running):
        answer = httpx.post(f"{address}/v1/analyze", json={"documents": [{"text": text}]}, timeout=60)
        assert answer.status_code == 200, answer.text
        (article,) = answer.json()["documents"][0]["articles"]
        for mention in article["mentions"]:
            assert text[mention["start"] : mention["end"]] == mention["surface"]
        assert article["model"]
        if article["kind"] == "case":  # what the shipped model says is its own business, how it is told is ours
            assert {"amount", "place"} <= {mention["kind"] for mention in article["mentions"]}


@pytest.mark.skipif(not has_model(), reason="needs the default model under nlp/models")
def test_requests_that_come_at_once_before_anything_is_loaded_all_get_their_answer(tmp_path):
    """The worker, the warm-up and four requests meet a cold spaCy: each must read the same."""
    from concurrent.futures import ThreadPoolExecutor

    body = {"documents": [{"text": TEXT}]}
    with (
        serving(tmp_path, "/healthz", "--demo", FANZHA_OPERATOR_KEY="") as (address, _running),
        ThreadPoolExecutor(4) as pool,
    ):
        answers = list(pool.map(lambda _: httpx.post(f"{address}/v1/analyze", json=body, timeout=90), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.text for answer in answers}) == 1
    assert not answers[0].json()["documents"][0].get("error")
