"""The notebook for researchers is executed from its first cell to its last, over the samples, against a running service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.console_world import filled
from tests.processes import ROOT, environment, server, until_it_answers

NOTEBOOK = ROOT / "docs" / "notebooks" / "losses.ipynb"


def test_it_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.slow
def test_it_runs_draws_and_cites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat (make test-all)")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient (make test-all)")
    pytest.importorskip("ipykernel", reason="needs ipykernel (make test-all)")
    pytest.importorskip("matplotlib", reason="needs matplotlib (make test-all)")
    settings = filled(tmp_path, "articles", "complaints")
    with server(tmp_path, "--store", settings.store) as (address, running):
        until_it_answers(f"{address}/readyz", running, tmp_path)
        for name, value in environment(FANZHA_FEED=address, MPLBACKEND="agg").items():
            monkeypatch.setenv(name, value)
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        nbclient.NotebookClient(
            notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = "".join(output.get("text", "") for output in outputs)
    assert "个事件" in texts
    assert texts.count("，第 ") == 3  # three incidents are cited
    assert "d-" in texts
    assert "“" in texts
    tables = [output for output in outputs if "text/html" in output.get("data", {})]
    assert len(tables) >= 2
    assert not [output for output in outputs if output.output_type == "error"]
    warnings = [output.text for output in outputs if output.get("name") == "stderr"]
    assert warnings == []  # a missing letter in a font would be told here
