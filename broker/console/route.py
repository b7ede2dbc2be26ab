"""One line of the console's lists of addresses."""

from collections.abc import Callable
from typing import NamedTuple

from werkzeug.wrappers import Response


class Route(NamedTuple):
    """`path` under `{T}/console`; what is posted has a page at the same address wherever a fresh proof is asked."""

    method: str
    path: str
    endpoint: str
    view: Callable[..., Response]
