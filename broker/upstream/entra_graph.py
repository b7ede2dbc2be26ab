"""Microsoft Graph, asked with the token of the person who signs in: what an ID token has no room for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.ports import HttpReply, Ports
from broker.upstream.claims import MAX_GROUPS, is_guid
from broker.upstream.oauth_errors import clean
from broker.upstream.strict_json import read_object
from tenants.causes import Cause, UpstreamFailure

MAX_PAGES = 10
MAX_BYTES = 256_000
MAX_TIME = timedelta(seconds=6)
ONE_CALL = 3.0
MAX_FACT = 100
PROFILE = "/v1.0/me?$select=jobTitle,businessPhones,mobilePhone"


@dataclass(frozen=True, slots=True)
class Graph:
    """Graph as one person may ask it."""

    host: str
    token: str | None
    ports: Ports

    def groups_of(self, person: str) -> tuple[str, ...]:
        """Ids of all groups of a person, as the token has them where they fit. Raises UpstreamFailure: then unknown."""
        ends_at = self.ports.clock.now() + MAX_TIME
        body: Mapping[str, object] = {"securityEnabledOnly": False}
        page = self._object("POST", f"{self.host}/v1.0/users/{person}/getMemberObjects", json=body)
        found: list[str] = []
        for _ in range(MAX_PAGES):
            found += _ids(page)
            _require_bounds(found, ends_at, self.ports.clock.now())
            following = page.get("@odata.nextLink")
            if following is None:
                return tuple(dict.fromkeys(found))
            page = self._object("GET", self._own(following))
        raise _unknown("graph_pages")

    def position_and_phone(self) -> tuple[str | None, str | None]:
        """Nothing where Graph does not say: nobody stays out for that."""
        try:
            person = self._object("GET", self.host + PROFILE)
        except UpstreamFailure:
            return None, None
        phones = person.get("businessPhones")
        phone = phones[0] if isinstance(phones, list) and phones else person.get("mobilePhone")
        return clean(person.get("jobTitle"), MAX_FACT) or None, clean(phone, MAX_FACT) or None

    def _own(self, url: object) -> str:
        """The token goes nowhere but to Graph, whatever an answer names as its next page."""
        if not isinstance(url, str) or not url.startswith(f"{self.host}/v1.0/"):
            raise _unknown("graph_next")
        return url

    def _object(self, method: str, url: str, json: Mapping[str, object] | None = None) -> dict[str, Any]:
        if self.token is None:
            raise _unknown("graph_token")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        reply = self.ports.http.request(method, url, headers=headers, json=json, max_bytes=MAX_BYTES, timeout=ONE_CALL)
        return _read(reply)


def _read(reply: HttpReply) -> dict[str, Any]:
    if reply.status in (401, 403):
        raise _unknown("graph_permission")
    if reply.status != 200:
        raise _unknown("graph_status")
    try:
        return read_object(reply.body)
    except ValueError:
        raise _unknown("graph_json") from None


def _ids(page: Mapping[str, Any]) -> list[str]:
    values = page.get("value")
    if not isinstance(values, list) or not all(is_guid(value) for value in values):
        raise _unknown("graph_value")
    return list(values)


def _require_bounds(found: list[str], ends_at: datetime, now: datetime) -> None:
    if len(found) > MAX_GROUPS:
        raise _unknown("graph_many")
    if now > ends_at:
        raise _unknown("graph_time")


def _unknown(why: str) -> UpstreamFailure:
    return UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, why)
