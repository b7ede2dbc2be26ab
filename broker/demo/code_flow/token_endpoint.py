"""The token endpoint of a simulated provider (RFC 6749, 4.1.3)."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from flask import Response, jsonify, request

from broker.demo.code_flow.authorization import Registration, Words
from broker.demo.code_flow.codes import TOKEN_LIFE, Codes, Pick
from broker.ports import Clock
from tenants.ids import is_same, new_secret


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    registration: Registration
    words: Words
    codes: Codes
    sign: Callable[[Pick, datetime], str]
    """Makes the ID token of a pick."""
    clock: Clock
    note: Callable[[str, Pick], None] = lambda token, pick: None
    """Is told of each access token, and whose it is."""

    def answer(self) -> Response:
        """One request: client, grant type, code, return address and verifier in this order."""
        if not self._is_client():
            return _refuse(401, "invalid_client", self.words.secret)
        if request.form.get("grant_type") != "authorization_code":
            return _refuse(400, "unsupported_grant_type", self.words.grant_type)
        pick = self.codes.redeem(request.form.get("code", ""), self.clock.now())
        if not pick:
            return _refuse(400, "invalid_grant", self.words.code)
        if request.form.get("redirect_uri") != pick.request.redirect_uri:
            return _refuse(400, "invalid_grant", self.words.return_address)
        if not pick.is_verifier(request.form.get("code_verifier", "")):
            return _refuse(400, "invalid_grant", self.words.verifier)
        return _hang_up() if pick.switch.is_silent else self._tokens(pick)

    def _is_client(self) -> bool:
        """The secret may come as Basic (form-encoded parts, RFC 6749, 2.3.1) or in the body."""
        basic = request.authorization
        if basic and basic.type == "basic":
            given = (unquote_plus(basic.username or ""), unquote_plus(basic.password or ""))
        else:
            given = (request.form.get("client_id", ""), request.form.get("client_secret", ""))
        known = (self.registration.client_id, self.registration.client_secret)
        return all(is_same(one, other) for one, other in zip(given, known, strict=True))

    def _tokens(self, pick: Pick) -> Response:
        access_token = new_secret()
        self.note(access_token, pick)
        return jsonify(
            token_type="Bearer",
            scope=pick.request.scope,
            expires_in=int(TOKEN_LIFE.total_seconds()),
            access_token=access_token,
            id_token=self.sign(pick, self.clock.now()),
        )


def _refuse(status: int, error: str, description: str) -> Response:
    response = jsonify(error=error, error_description=description)
    response.status_code = status
    return response


def _hang_up() -> Response:
    """Close the connection under the answer: to the caller nothing ever comes."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=503)
