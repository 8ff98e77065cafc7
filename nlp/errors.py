"""The one error shape of the house: what was found, where, what was expected, what to do.

Every error that a person may meet derives from `FanzhaError`. The web edge reads `status` from the class when it answers
(RFC 9457); the command line prints `str(error)` on one line. Texts are Chinese: people read them.
"""

from __future__ import annotations


class FanzhaError(Exception):
    """An error a person can act on.

    found: what was found, "文件为空"; where: file, line, row, document id, or offset; expected: what would have been right;
    advice: what to do now. `status` is the HTTP status that the web edge answers with; `code` the stable machine name.
    """

    status: int = 500
    code: str = "error"

    def __init__(self, found: str, *, where: str = "", expected: str = "", advice: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.where = where
        self.expected = expected
        self.advice = advice

    def __str__(self) -> str:
        parts = [f"{self.where}：{self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"应为{self.expected}")
        if self.advice:
            parts.append(self.advice)
        return "；".join(parts)


class InputError(FanzhaError):
    """A file, row or request body that cannot be read as a document."""

    status = 422
    code = "unreadable_input"


class TooLargeError(InputError):
    """An input over a stated limit."""

    status = 413
    code = "too_large"


class NotFoundError(FanzhaError):
    """Something asked for by name that is not there."""

    status = 404
    code = "not_found"


class ConflictError(FanzhaError):
    """A change that contradicts the present state, such as one key used for two different bodies."""

    status = 409
    code = "conflict"


class TaxonomyError(FanzhaError):
    """A taxonomy file that breaks its own rules, or a label it does not know."""

    status = 422
    code = "taxonomy"


class ModelError(FanzhaError):
    """A model folder that is missing, incomplete, altered, or speaks another taxonomy."""

    status = 503
    code = "model"
