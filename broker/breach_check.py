"""Asks a range service whether a password is known from a leak, without telling it the password.

What leaves is the first five hexadecimal digits of the password's SHA-1, which some thousand leaked passwords share; the
answer holds the rest of each of theirs, and padding, so that its length says nothing either. Only where the operator has
named a service (`breach_check_url`); never inside a database transaction.
"""

import hashlib
import re

from broker.ports import Http
from tenants.causes import Cause, UpstreamFailure

SECONDS = 0.8
MAX_BYTES = 400_000
_DIGITS = 5
_LINE = re.compile(r"([0-9A-F]{35}):([0-9]{1,12})", re.IGNORECASE)


def is_known_to_service(http: Http, url: str, password: str) -> bool:
    """Is it in a leak, as the service at `url` says? `password` is normalised.

    Raises UpstreamFailure unless the service has answered as one, and in time.
    """
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    reply = http.request(
        "GET",
        url + digest[:_DIGITS],
        headers={"Add-Padding": "true", "Accept": "text/plain"},
        max_bytes=MAX_BYTES,
        timeout=SECONDS,
    )
    if reply.status != 200:
        raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, f"status {reply.status}")
    return digest[_DIGITS:] in _suffixes(reply.body)


def _suffixes(body: bytes) -> set[str]:
    """Those of leaked passwords; padding has the count 0. What is no answer of a range service is no verdict."""
    lines = [_LINE.fullmatch(line.strip()) for line in body.decode("ascii", "replace").splitlines() if line.strip()]
    if not lines or None in lines:
        raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "not the answer of a range service")
    return {line[1].upper() for line in lines if line and int(line[2])}
