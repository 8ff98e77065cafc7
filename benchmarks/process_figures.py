"""What running processes use, as Linux tells it in /proc: processor time, resident memory, and who was started by whom.

In: the number of a process. Out: seconds, bytes. A process that is gone, or a system that does not tell, has none of either.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def family(process: int) -> Iterator[int]:
    """A process and all that it, whichever thread of it, started and that still run."""
    yield process
    try:
        started = [file.read_text().split() for file in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:  # ended meanwhile
        return
    for child in (child for children in started for child in children):
        yield from family(int(child))


def cpu_seconds(process: int) -> float:
    """Processor time that a process has used so far; nan where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> int:
    """Resident bytes of a process and its children, 0 once it is gone."""
    return sum(map(_resident_alone, family(process)))


def _resident_alone(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def own(process: int) -> int:
    """Bytes that a process shares with nobody."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
