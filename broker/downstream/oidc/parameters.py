"""The parameters of a request, read once and strictly: by name, with what came more than once."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request

from broker.forms import bounded_fields
from tenants.causes import Cause, ProtocolFault

_MOST_FIELDS = 100
_LARGEST_BODY = 32_768
_FORM = "application/x-www-form-urlencoded"


class Parameters:
    """Names and values in the order in which they came. Empty values count as absent (RFC 6749, 3.1)."""

    __slots__ = ("_items", "_values")

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._items = tuple((name, value) for name, value in items if value)
        self._values = dict(reversed(self._items))

    @classmethod
    def of_query(cls) -> "Parameters":
        """Of the address. Raises ProtocolFault(REQUEST_INVALID) where it is no text in UTF-8."""
        try:
            text = request.query_string.decode("ascii")
            return cls(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
        except ValueError as error:
            raise ProtocolFault(Cause.REQUEST_INVALID, "the address cannot be read") from error

    @classmethod
    def of_form(cls) -> "Parameters":
        """Of a form in the body. Raises ProtocolFault(REQUEST_INVALID) for another type of content."""
        request.max_content_length = _LARGEST_BODY
        if request.mimetype != _FORM:
            raise ProtocolFault(Cause.REQUEST_INVALID, f"the body has to be {_FORM}")
        # A page's own form was read already, for its token: then nothing is left of the body.
        read: Any = request.__dict__.get("form")
        return cls(bounded_fields(request.get_data()) if read is None else read.items(multi=True))

    @classmethod
    def of_text(cls, text: str) -> "Parameters":
        """Of a query that a page of ours has carried along. Raises ProtocolFault(REQUEST_INVALID)."""
        try:
            return cls(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
        except ValueError as error:
            raise ProtocolFault(Cause.REQUEST_INVALID, "the request cannot be read") from error

    def get(self, name: str) -> str | None:
        """The first value of this name, or None."""
        return self._values.get(name)

    def repeated(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that came more than once."""
        counts = Counter(name for name, _ in self._items)
        return [name for name in names if counts[name] > 1]

    def without(self, *names: str) -> "Parameters":
        """The others, in the same order."""
        return Parameters((name, value) for name, value in self._items if name not in names)

    def only(self, names: Collection[str]) -> "Parameters":
        """Those of `names`, in the same order."""
        return Parameters((name, value) for name, value in self._items if name in names)

    def with_these(self, more: Iterable[tuple[str, str]]) -> "Parameters":
        """All of them, and more at the end."""
        return Parameters((*self._items, *more))

    def pairs(self) -> list[list[str]]:
        """As a row keeps them."""
        return [[name, value] for name, value in self._items]

    def encoded(self) -> str:
        """As a query string."""
        return urlencode(self._items)
