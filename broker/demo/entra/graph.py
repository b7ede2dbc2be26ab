"""The part of Microsoft Graph that the broker asks: groups beyond the token, position and telephone."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, cast

from flask import Response, jsonify, request

from broker.demo.code_flow.codes import Pick
from broker.demo.people import DirectoryPerson

PAGE = 100
_KEPT = 500


@dataclass(slots=True)
class Graph:
    """Knows whose each access token is, as long as it remembers."""

    _people: OrderedDict[str, DirectoryPerson] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def note(self, access_token: str, pick: Pick) -> None:
        """A token was given out."""
        with self._lock:
            self._people[access_token] = cast(DirectoryPerson, pick.person)
            if len(self._people) > _KEPT:
                self._people.popitem(last=False)

    def groups(self, person: str) -> Response:
        """Their ids, page by page."""
        known = self._asked()
        if known is None or known.id != person:
            return _refused()
        start = int(request.args.get("from", "0"))
        answer: dict[str, Any] = {"value": list(known.groups[start : start + PAGE])}
        if start + PAGE < len(known.groups):
            answer["@odata.nextLink"] = f"{request.base_url}?from={start + PAGE}"
        return jsonify(answer)

    def me(self) -> Response:
        """Position and telephone."""
        known = self._asked()
        if known is None:
            return _refused()
        return jsonify(jobTitle=known.position or None, businessPhones=[known.phone] if known.phone else [], mobilePhone=None)

    def _asked(self) -> DirectoryPerson | None:
        return self._people.get(request.headers.get("Authorization", "").removeprefix("Bearer "))


def _refused() -> Response:
    response = jsonify(error={"code": "InvalidAuthenticationToken"})
    response.status_code = 401
    return response
