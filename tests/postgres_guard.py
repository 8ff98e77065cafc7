"""Stops a PostgreSQL server and removes its folder once whoever started it is gone, however he went: kill -9 closes pipes too.

Run as a program of its own (`tests.postgres_server` does): its standard input is a pipe that nobody writes to and that its starter alone
holds. argv: pg_ctl, the server's folder, the user it runs as ("" for ours).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

# Whoever was killed may have left an initdb or a start behind that is still at work.
TRIES, PAUSE = 40, 0.25


def main() -> None:
    """Wait for the end of the pipe, then stop and remove until nothing is there any more."""
    pg_ctl, folder, user = sys.argv[1], Path(sys.argv[2]), sys.argv[3] or None
    sys.stdin.buffer.read()
    for _ in range(TRIES):
        if (folder / "data" / "postmaster.pid").exists():
            words = [pg_ctl, "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
            subprocess.run(words, user=user, cwd="/", check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
