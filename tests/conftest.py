"""Shared by all tests: where the texts outside the project lie, and the rule that a full run skips nothing it does not list."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
ALLOWED_SKIPS = ROOT / "tests" / "allowed_skips.txt"

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

_unlisted: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """A run that another run started (test_postgres.py), and a worker of xdist in the middle of a test, goes with it, also when that one

    is killed; Linux tells.
    """
    owner = os.environ.pop("FANZHA_TEST_OF", "")
    if owner or hasattr(config, "workerinput"):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if owner and os.getppid() != int(owner):  # it was quicker
                os._exit(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test whose part is missing is skipped and says what is missing: texts, torch, or the time of a full run."""
    missing = {
        "shared": None if SHARED.is_dir() else "needs ../shared, which is not part of the project",
        "torch": None if find_spec("torch") else "needs the extra train (make test-all)",
        "slow": None if os.environ.get("FANZHA_TEST_ALL") == "1" else "slow: runs in make test-all",
    }
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In a full run (FANZHA_TEST_ALL=1) a skip must be listed in allowed_skips.txt, by a part of its reason."""
    if os.environ.get("FANZHA_TEST_ALL") != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[-1]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
    allowed = [
        line for line in ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    if not any(part in reason for part in allowed):
        _unlisted.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for unlisted skips. Under xdist only the controller decides: it sees every report."""
    if _unlisted and not hasattr(session.config, "workerinput"):
        print("\n未列入 allowed_skips.txt 的跳过：", *_unlisted, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
