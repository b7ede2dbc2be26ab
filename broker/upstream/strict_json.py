"""JSON of strangers: one reading only, bounded, and never anything but an object."""

import json
from typing import Any, NoReturn


def read_object(text: str | bytes) -> dict[str, Any]:
    """Raises ValueError for anything but one JSON object with distinct names, in UTF-8, without NaN or Infinity."""
    decoded = text if isinstance(text, str) else text.decode("utf-8")
    try:
        value = json.loads(decoded, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
        if "\\u" in decoded:
            # Half a surrogate pair is no character: it would fail later, wherever the text is stored or shown.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name is repeated")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
