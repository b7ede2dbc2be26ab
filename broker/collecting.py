"""Python's garbage collector while the product is imported: off, since what imports make stays.

It would go through all of it again and again: a fifth of a start. Afterwards it never has to, so a full collection does
not hold a request up for a tenth of a second.
"""

import gc

_WAS_ON = gc.isenabled()
gc.disable()


def resume() -> None:
    """From now on as usual, for what is made from now on."""
    gc.freeze()
    if _WAS_ON:
        gc.enable()
