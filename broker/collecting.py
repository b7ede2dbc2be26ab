"""Python's garbage collector while the product is imported: off, since what imports make stays.

It would go through all of it again and again: a fifth of a start. Afterwards it never has to, so a full collection does
not hold a request up for a tenth of a second.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Import inside. From then on it goes as before, for what is made from then on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
