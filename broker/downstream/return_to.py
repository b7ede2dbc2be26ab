"""The only thing that can send a browser to an application."""

from collections.abc import Collection
from typing import Literal
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from broker.signin.dispatch import post_over
from tenants.causes import Cause, ProtocolFault
from tenants.return_addresses import check_return_address

Mode = Literal["query", "form_post"]


class VerifiedReturn:
    """An address that was registered, with the parameters that every answer to it carries.

    There is no way to make one for another address: the comparison is part of making it.
    """

    __slots__ = ("_address", "_always", "_mode", "_name")

    def __init__(
        self, registered: Collection[str], wanted: str, *, mode: Mode = "query", name: str = "", **always: str | None
    ) -> None:
        """Raises ProtocolFault(RETURN_ADDRESS_MISMATCH) unless `wanted` is registered, character by character.

        RFC 9700, 2.1. The form is checked again at use: a row may be older than the rule, or come from elsewhere.
        `name`: what people know the application by, for the page of `form_post`.
        """
        if wanted not in registered:
            raise ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, "this return address is not registered")
        try:
            check_return_address(wanted)
        except ValueError as error:
            raise ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, f"the registered return address {error}") from error
        self._address = wanted
        self._mode = mode
        self._name = name
        self._always = {name: value for name, value in always.items() if value is not None}

    @property
    def address(self) -> str:
        """Where it leads, for a page whose form goes there."""
        return self._address

    def answer(self, **parameters: str) -> Response:
        """These parameters and the constant ones: in a redirect, or posted (OAuth 2.0 Form Post Response Mode).

        303: what was posted to us is never posted on (RFC 9700, 4.12).
        """
        if self._mode == "form_post":
            return post_over(self._address, self._name, parameters | self._always)
        query = urlencode(parameters | self._always)
        separator = "&" if "?" in self._address else "?"
        response = Response(status=303)
        response.headers["Location"] = f"{self._address}{separator}{query}" if query else self._address
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
