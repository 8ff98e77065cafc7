"""The one place where spaCy is imported, so that torch stays out of a process that only reads and serves.

thinc (under spaCy) imports torch, cupy, tensorflow and mxnet eagerly wherever they are installed: 6 s and 220 MB for nothing here.
While spaCy loads, these names look absent; afterwards they import as usual, so a process that trains may still use torch.
"""

from __future__ import annotations

import sys
from types import ModuleType

_HEAVY = ("torch", "cupy", "cupyx", "tensorflow", "mxnet", "pandas")


def load_spacy() -> ModuleType:
    """spaCy, imported without the frameworks it would pull in by itself."""
    if "spacy" not in sys.modules:
        hidden = [name for name in _HEAVY if name not in sys.modules]
        for name in hidden:
            sys.modules[name] = None  # type: ignore[assignment]  # import then raises ModuleNotFoundError, which thinc expects
        try:
            import spacy  # noqa: F401
        finally:
            for name in hidden:
                del sys.modules[name]
    return sys.modules["spacy"]
