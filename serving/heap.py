"""Memory that nobody uses: given back to the machine, not kept in one heap a thread, and what stays for ever not looked through again.

In: nothing. Out: nothing; where the C library is another than glibc (macOS, musl) nothing happens. It decides nothing about what is used.
Forty threads that each answer requests have a heap each by default, and what one of them freed the others cannot use.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
# One for the desk, one for all others: they wait for the interpreter's lock anyway.
ARENAS = 2


def few_heaps() -> None:
    """At most `ARENAS` heaps in this process; to be called before threads begin."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS)


def settle() -> None:
    """Everything is loaded: what is there stays. It is looked through for garbage no more (180,000 objects, 0.09 s each time, while somebody waits
    for his answer), and what loading needed for a moment is given back.
    """
    gc.collect()
    gc.freeze()
    give_back()


def give_back() -> None:
    """Free pages to the machine: after the model was loaded, whose file was held twice for a moment."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
