"""The only thing that can send a browser to an application."""

from collections.abc import Collection
from urllib.parse import urlencode

from flask import Response

from tenants.causes import Cause, ProtocolFault
from tenants.return_addresses import check_return_address


class VerifiedReturn:
    """An address that was registered, with the parameters that every answer to it carries.

    There is no way to make one for another address: the comparison is part of making it.
    """

    __slots__ = ("_address", "_always")

    def __init__(self, registered: Collection[str], wanted: str, **always: str | None) -> None:
        """Raises ProtocolFault(RETURN_ADDRESS_MISMATCH) unless `wanted` is registered, character by character.

        RFC 9700, 2.1. The form is checked again at use: a row may be older than the rule, or come from elsewhere.
        """
        if wanted not in registered:
            raise ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, "this return address is not registered")
        try:
            check_return_address(wanted)
        except ValueError as error:
            raise ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, f"the registered return address {error}") from error
        self._address = wanted
        self._always = {name: value for name, value in always.items() if value is not None}

    def answer(self, **parameters: str) -> Response:
        """A redirect with these parameters and the constant ones added to the address's own.

        303: what was posted to us is never posted on (RFC 9700, 4.12).
        """
        query = urlencode(parameters | self._always)
        separator = "&" if "?" in self._address else "?"
        response = Response(status=303)
        response.headers["Location"] = f"{self._address}{separator}{query}" if query else self._address
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
