"""What the browser itself remembers of a tenant: by which way its last sign-in went, and that it has just signed out.

Neither opens anything. The way is a key and counts only where it is one of the tenant's (tenants/questions.py).
"""

from flask import Response, g, request

from broker.tenancy import cookie_scope

LAST = "last"
OUT = "out"
_LAST_SECONDS = 400 * 86400
"""As long as browsers keep any cookie."""
_OUT_SECONDS = 300
"""So long after a sign-out nothing is entered by itself: applications that ask at once would go round (R4)."""


def remember_way(method: str) -> None:
    """A sign-in by this way has worked; it is offered first from now on (requirements.md, R8)."""
    g.device_cookies = {LAST: (method, _LAST_SECONDS), OUT: ("", 0)}


def last_way() -> str | None:
    """The way by which the last sign-in of this browser went, as the browser says."""
    return request.cookies.get(cookie_scope()[0] + LAST)


def note_sign_out() -> None:
    """This browser's session has just ended at the person's wish."""
    g.device_cookies = {OUT: ("1", _OUT_SECONDS)}


def has_just_signed_out() -> bool:
    """Did it end a few minutes ago at most?"""
    return cookie_scope()[0] + OUT in request.cookies


def set_device_cookies(response: Response) -> Response:
    """Write what the request changed."""
    prefix, path = cookie_scope()
    secure = request.environ["wsgi.url_scheme"] == "https"
    for name, (value, seconds) in g.get("device_cookies", {}).items():
        if value or prefix + name in request.cookies:
            response.set_cookie(prefix + name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite="Lax")
    return response
