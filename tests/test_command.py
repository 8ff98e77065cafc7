"""The command line as people and scripts meet it: real processes, exit codes, Chinese, no trace of Python."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nlp.errors import InputError
from serving import asking, command, screen, serve_command
from tests import processes
from tests.processes import wait_for


def environment(**extra: str) -> dict[str, str]:
    """A process that finds our packages and uses the analyzer of the tests."""
    return processes.environment(**{"FANZHA_ANALYZER": "fake_analyzer:make", "PYTHONWARNINGS": "ignore"} | extra)


def fanzha(
    folder: Path, *words: str, input_: str = "", timeout: float = 280, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "serving.command", *words], cwd=folder, env=environment(**extra), text=True, encoding="utf-8",
        input=input_, capture_output=True, timeout=timeout, check=False,
    )  # fmt: skip


class Here:
    """The command in this process: as quick as a call. The ways in and out are those of a real one."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        monkeypatch.chdir(folder)
        for name in os.environ:
            if name.startswith("FANZHA_"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("FANZHA_ANALYZER", "fake_analyzer:make")

    def __call__(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["fanzha", *words])
            for name, value in extra.items():
                patch.setenv(name, value)
            try:
                command.main()
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
        out, errors = self.capsys.readouterr()
        return subprocess.CompletedProcess(words, code, out, errors)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The command in this process, in an empty folder."""
    return Here(tmp_path, monkeypatch, capsys)


def write(folder: Path, **texts: str) -> Path:
    """A folder of text files."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


CASE = "男子被骗记\n有人设下骗局，警方已介入调查，请大家注意防范。\n嫌疑人：陈大丰\n地点：河南省/南阳市/邓州市 411381\n损失：{}"


def test_ingest_incidents_undo_and_again(run: Here, tmp_path: Path) -> None:
    write(tmp_path / "in", a=CASE.format(38000), b="矿上今年产煤很多，工人们很高兴，矿长说明年要多产一些。")
    # 1. The first time everything is new; a real process, the later ones are calls.
    first = fanzha(tmp_path, "ingest", "in", "--json")
    assert first.returncode == 0, first.stderr
    told: dict[str, Any] = json.loads(first.stdout)
    assert (told["new"], told["already"], told["analysed"], told["refused"]) == (2, 0, 2, [])
    assert (tmp_path / "data" / "fanzha.db").exists()
    # 2. The second time nothing changes, and it says so.
    before = (
        sqlite3.connect(tmp_path / "data" / "fanzha.db")
        .execute("SELECT id, revision, sequence FROM incidents")
        .fetchall()
    )
    second = run("ingest", "in")
    assert "已有" in second.stdout
    assert "未改动" in second.stdout
    assert (
        before
        == sqlite3.connect(tmp_path / "data" / "fanzha.db")
        .execute("SELECT id, revision, sequence FROM incidents")
        .fetchall()
    )
    # 3. The operator sees names, a reader does not.
    assert "陈大丰" in run("incidents").stdout
    reader = run("incidents", "--role", "reader", "--json").stdout
    assert "陈某丰" in reader
    assert "陈大丰" not in reader
    # 4. Filters.
    assert len(json.loads(run("incidents", "--place", "河南", "--json").stdout)) == 1
    assert json.loads(run("incidents", "--place", "云南", "--json").stdout) == []
    # 5. Undone, nothing is listed; it can come again.
    assert "另有批次带来" in run("batches", "undo", told["batch_id"]).stdout
    others = [row["id"] for row in json.loads(run("batches", "list", "--json").stdout) if row["id"] != told["batch_id"]]
    undone = [json.loads(run("batches", "undo", other, "--json").stdout)["withdrawn"] for other in others]
    assert undone == [2]
    assert "没有符合条件" in run("incidents").stdout
    states = {row["id"]: row["state"] for row in json.loads(run("batches", "list", "--json").stdout)}
    assert states[told["batch_id"]] == "undone"


def test_bad_files_are_named_and_the_rest_goes_in(run: Here, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", good=CASE.format(1), empty="")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 not really")
    ran = run("ingest", "in")
    assert ran.returncode == 0
    assert [name in ran.stdout for name in ("empty.txt", "picture.png", "broken.zip")] == [True] * 3
    assert "Traceback" not in ran.stderr


def test_only_bad_files_is_a_failure(run: Here, tmp_path: Path) -> None:
    write(tmp_path / "in", empty="")
    assert run("ingest", "in").returncode == 1
    assert run("ingest", "nowhere").returncode == 1
    assert run("analyze", "nowhere").returncode == 1


def test_one_document_that_cannot_be_analysed_does_not_stop_the_others(run: Here, tmp_path: Path) -> None:
    write(tmp_path / "in", a=CASE.format(1), b="POISON 这是一篇会让分析器出错的文章，骗局，电话 13812345678。")
    ran = run("ingest", "in")
    assert ran.returncode == 0
    assert "分析失败" in ran.stdout
    assert "13812345678" not in ran.stdout + ran.stderr
    doctor = run("doctor")
    assert "失败 1" in doctor.stdout
    again = json.loads(run("ingest", "--retry-failed", "--json").stdout)
    assert (again["resumed"], again["failed"]) == (1, 1)


def test_analyze_writes_lines_and_stores_nothing(run: Here, tmp_path: Path) -> None:
    write(tmp_path / "in", a=CASE.format(1), b="POISON 骗", c=CASE.format(2))
    ran = run("analyze", "in", "--output", "p.jsonl")
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["doc_id"] for line in lines] == ["a.txt", "c.txt"]
    assert lines[0]["articles"][0]["cases"][0]["persons"][0]["name"] == "陈大丰"
    assert "b.txt" in ran.stderr
    assert not (tmp_path / "data").exists()
    piped = fanzha(tmp_path, "analyze", "-", input_=CASE.format(3))
    assert json.loads(piped.stdout)["articles"][0]["cases"][0]["amounts"][0]["cny_min"] == 3


@pytest.mark.slow
def test_analyze_in_two_processes_writes_the_same_in_the_same_order(tmp_path: Path) -> None:
    cases = {f"d{n:02}": CASE.format(n) for n in range(20)} | {"d07": "POISON 骗"}
    write(tmp_path / "in", **cases)
    ran = [
        fanzha(tmp_path, "analyze", "in", "-o", f"{workers}.jsonl", "--workers", str(workers), FANZHA_BATCH="3")
        for workers in (1, 2)
    ]
    assert [each.returncode for each in ran] == [0, 0], ran[1].stderr
    assert all("d07.txt" in each.stderr for each in ran)
    one, two = ((tmp_path / f"{workers}.jsonl").read_text(encoding="utf-8") for workers in (1, 2))
    assert one.count("\n") == 19
    assert one == two


def test_an_output_that_cannot_be_written_is_one_line(run: Here, tmp_path: Path) -> None:
    write(tmp_path / "in", a=CASE.format(1))
    ran = run("analyze", "in", "-o", "no/such/folder/p.jsonl")
    assert ran.returncode == 1
    assert "不能写入" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_ctrl_c_is_clean_and_the_next_run_finishes(tmp_path: Path) -> None:
    write(tmp_path / "in", **{f"d{n}": CASE.format(n) + f"\n第{n}件" for n in range(60)})
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.command", "ingest", "in"], cwd=tmp_path,
        env=environment(FAKE_PAUSE="0.05", FANZHA_BATCH="5"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8",
        # A job that a shell starts in the background inherits an ignored SIGINT; one at a terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (no thread of ours runs here)
    )  # fmt: skip
    wait_for(lambda: done(tmp_path / "data" / "fanzha.db") >= 5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "没有丢失" in errors
    assert "Traceback" not in errors
    assert 0 < done(tmp_path / "data" / "fanzha.db") < 60
    again = json.loads(fanzha(tmp_path, "ingest", "--json").stdout)
    assert again["resumed"] == again["analysed"]
    assert done(tmp_path / "data" / "fanzha.db") == 60


@pytest.mark.slow
def test_two_imports_of_one_folder_at_once_bring_everything_once(tmp_path: Path) -> None:
    write(tmp_path / "in", **{f"d{n}": CASE.format(n) + f"\n第{n}件" for n in range(40)})
    words = [sys.executable, "-m", "serving.command", "ingest", "in", "--json"]
    running = [
        subprocess.Popen(
            words, cwd=tmp_path, env=environment(FANZHA_BATCH="4"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], [errors for _, errors in told]
    summaries = [json.loads(output) for output, _ in told]
    assert sum(summary["new"] for summary in summaries) == 40
    assert sum(summary["analysed"] for summary in summaries) == 40
    assert done(tmp_path / "data" / "fanzha.db") == 40


def done(file: Path) -> int:
    """Documents done in a store that another process has open; 0 while it is being made."""
    if not file.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM inbox WHERE state = 'done'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serve", "--demo", "--host", "0.0.0.0"), "演示模式"),
        (("serve", "--demo", "--host", "example.org"), "演示模式"),
        (("incidents", "--role", "chief"), "未知角色"),
        (("incidents", "--label", "没有这类"), "不存在"),
        (("incidents", "--place", "不存在市"), "没有行政区划"),
        (("incidents", "--since", "去年"), "日期"),
        (("ingest", ".", "--map", "text"), "字段=列名"),
        (("ingest", ".", "--nature", "novel"), "complaint"),
        (("batches", "undo", "b-0"), "没有这次导入"),
        (("incidents", "--store", "/dev/null/x.db"), "建不了文件夹"),
        (("incidents", "--store", "nosuchdb://x"), "无法使用"),
    ],
)
def test_wrong_use_is_one_line_that_helps(run: Here, words: tuple[str, ...], said: str) -> None:
    ran = run(*words)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_no_model_is_said_plainly_and_nothing_is_lost(run: Here, tmp_path: Path) -> None:
    write(tmp_path / "in", a=CASE.format(1))
    ran = run("ingest", "in", FANZHA_ANALYZER="", FANZHA_MODEL=str(tmp_path / "nothing"))
    assert ran.returncode == 1
    assert "没有这个模型文件夹" in ran.stderr
    doctor = run("doctor", FANZHA_ANALYZER="", FANZHA_MODEL=str(tmp_path / "nothing"))
    assert doctor.returncode == 1
    assert "待处理 1" in doctor.stdout
    assert json.loads(run("ingest", "--json").stdout)["analysed"] == 1


def test_doctor_before_anything_makes_nothing(run: Here, tmp_path: Path) -> None:
    ran = run("doctor", "--json")
    names = {row["name"]: row["state"] for row in json.loads(ran.stdout)}
    assert names["事件库"] == "note"
    assert list(tmp_path.iterdir()) == []


def test_help_is_chinese_and_loads_nothing_heavy(tmp_path: Path) -> None:
    ran = fanzha(tmp_path, "--help")
    assert "收下文档" in ran.stdout
    look = (
        "import sys; from serving import command; from typer.testing import CliRunner; "
        "CliRunner().invoke(command.app, ['--help']); "
        "print(sorted({'jieba', 'spacy', 'onnxruntime', 'numpy', 'fastapi', 'trafilatura', 'torch'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", look], env=environment(), capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words", [["ingest"], ["analyze"], ["incidents"], ["serve"], ["doctor"], ["batches"], ["batches", "undo"]]
)
def test_every_command_has_help_in_chinese(words: list[str]) -> None:
    from typer.testing import CliRunner

    shown = CliRunner().invoke(command.app, [*words, "--help"]).stdout
    assert any("一" <= letter <= "鿿" for letter in shown)


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.0.1", True), ("0.0.0.0", False), ("::", False),
        ("10.0.0.1", False), ("evil.example", False),
    ],
)  # fmt: skip
def test_which_hosts_are_this_machine(host: str, is_local: bool) -> None:
    assert serve_command.is_loopback(host) is is_local


@pytest.mark.parametrize(
    ("sums", "shown"),
    [
        ((3460, 3460), "3460"), ((3_800_000, 3_900_000), "380万–390万"), ((10_000_000, 10_000_000), "1000万"), ((0.5, 0.5), "0.5"),
        ((2.5e8, 2.5e8), "2.5亿"),
    ],
)  # fmt: skip
def test_sums_as_people_write_them(sums: tuple[float, float], shown: str) -> None:
    assert screen.yuan(*sums) == shown


def test_types_and_places_by_name() -> None:
    from nlp import taxonomy

    for label in taxonomy.load().labels:
        assert asking.label_id(label.name) == asking.label_id(label.id) == label.id
    assert asking.place_code("邓州") == asking.place_code("411381") == "411381"
    with pytest.raises(InputError):
        asking.label_id("")
