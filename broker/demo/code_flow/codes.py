"""Authorization codes. They live in memory: after a restart everybody starts again."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from broker.demo.code_flow.authorization import AuthorizationRequest
from broker.demo.people import Person
from broker.demo.switches import TokenSwitch
from tenants.ids import is_same, new_secret

CODE_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pick:
    """What a code stands for: who was picked, for which request, with which switch on."""

    person: Person
    switch: TokenSwitch
    request: AuthorizationRequest
    at: datetime

    def is_verifier(self, verifier: str) -> bool:
        """Does the PKCE verifier belong to the challenge of the request (RFC 7636, 4.6)?"""
        hashed = hashlib.sha256(verifier.encode()).digest()
        return is_same(base64.urlsafe_b64encode(hashed).decode().rstrip("="), self.request.code_challenge)


class Codes:
    """Authorization codes, each good for one use."""

    def __init__(self) -> None:
        self._picks: dict[str, Pick] = {}
        self._lock = Lock()

    def issue(self, pick: Pick) -> str:
        code = new_secret()
        with self._lock:
            self._picks = {key: old for key, old in self._picks.items() if pick.at - old.at < CODE_LIFE}
            self._picks[code] = pick
        return code

    def redeem(self, code: str, now: datetime) -> Pick | None:
        with self._lock:
            pick = self._picks.pop(code, None)
        return pick if pick and now - pick.at < CODE_LIFE else None
