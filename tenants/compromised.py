"""Passwords known from leaks, offline: a sorted file of hash prefixes, mapped into memory that all processes share.

A record is the first six bytes of the SHA-1 of a password in lower case, of eight characters or more: every policy
refuses shorter ones. Of 10⁹ other passwords, two are taken for one of them. tools/compromised.py makes the file.
Passwords are given here as `normalise_password` leaves them.
"""

import hashlib
import mmap
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "compromised.bin"
WIDTH = 6
SHORTEST = 8


def is_compromised(password: str) -> bool:
    """Is this password in the list, upper and lower case being the same? Takes microseconds; nothing is loaded for it."""
    return _holds(_shipped(), _record(password))


def table_of(passwords: Iterable[str]) -> bytes:
    """The contents of the file that holds these passwords, as far as they are long enough."""
    return b"".join(sorted({_record(password) for password in passwords if len(password) >= SHORTEST}))


def _record(password: str) -> bytes:
    return hashlib.sha1(password.lower().encode(), usedforsecurity=False).digest()[:WIDTH]


@cache
def _shipped() -> mmap.mmap:
    """The file as memory: its pages come from the disk when they are first touched, and once for all processes."""
    with FILE.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _holds(table: mmap.mmap | bytes, record: bytes) -> bool:
    low, high = 0, len(table) // WIDTH
    while low < high:
        middle = (low + high) // 2
        if table[middle * WIDTH : (middle + 1) * WIDTH] < record:
            low = middle + 1
        else:
            high = middle
    return table[low * WIDTH : (low + 1) * WIDTH] == record
