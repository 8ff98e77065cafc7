"""PDFs that are small on disk and large for whoever reads them: each is one clear refusal, in bounded memory and time, and the rest goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pdf_bombs import BOMBS
from tests.processes import ROOT, environment
from tests.test_read import make_pdf

# Python, pypdf and 2 million operators of a page take 300 MB; what the bombs would take has no end, or is 16 GB of operators.
MOST_MEMORY = 1_500_000_000
# Ten times what it took; without the bounds the forms alone take a day.
MOST_SECONDS = 60


@pytest.mark.slow
def test_every_bomb_is_one_refusal_in_bounded_memory_and_time_and_its_neighbours_are_read(tmp_path: Path) -> None:
    """All of them in one batch, a good file after each, in a process whose address space is bounded."""
    for name, (make, _) in BOMBS.items():
        (tmp_path / f"{name}.pdf").write_bytes(make())
        (tmp_path / f"{name}~good.pdf").write_bytes(make_pdf(f"read beside {name}"))
    limits = {"pdf_seconds": 0.5, "pdf_stream_words": 400_000}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.pdf_bombs", tmp_path, str(MOST_MEMORY), json.dumps(limits)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    for name, (_, words) in BOMBS.items():
        good = [one for one in told["found"] if one == [f"{name}~good.pdf", f"read beside {name}"]]
        (said,) = (one for one in told["found"] if f"{name}.pdf" in (one[0] if isinstance(one, list) else one))
        assert len(good) == 1, name
        if words:
            assert words in said
            assert "请" in said
        else:
            assert said == [f"{name}.pdf", "Notice of a scam"]
    assert len(told["found"]) == 2 * len(BOMBS)
    assert told["megabytes"] < 700, told["megabytes"]
    assert told["seconds"] < MOST_SECONDS, told["seconds"]
