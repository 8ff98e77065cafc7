"""The log of a server: one JSON object a line on standard error, for programs that collect logs.

In: log records. Out: lines with at, level, logger, and either the fields of an event or a message. An event is a message that is itself
a JSON object (the access log, `event`). What an exception says may quote a complaint: only its type and its frames are written.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

# The loggers of the serving process that tell what happened, not only what went wrong.
EVENTS = ("fanzha.access", "fanzha.work")


class JsonLines(logging.Formatter):
    """One record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        line |= _fields(record.getMessage()) if record.name in EVENTS else {"message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["frames"] = "".join(traceback.format_tb(record.exc_info[2])[-8:])
        return json.dumps(line, ensure_ascii=False)


def event(logger: logging.Logger, **fields: Any) -> None:
    """Something that happened: ids, states and numbers of ours."""
    logger.info("%s", json.dumps(fields, ensure_ascii=False))


def log_to_stderr() -> None:
    """Write every logger of this process as JSON lines. For the process that serves, not for imports."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers = [handler]
    for name in EVENTS:
        logging.getLogger(name).setLevel(logging.INFO)


def _fields(message: str) -> dict[str, Any]:
    try:
        found = json.loads(message)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": message}
