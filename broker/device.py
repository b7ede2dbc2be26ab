"""What the browser itself remembers of a tenant: by which way its last sign-in went, that it has just signed out, by which
secrets accounts know it again, and which language was chosen.

None of it opens anything by itself. The way is a key and counts only where it is one of the tenant's
(tenants/questions.py); what the secrets are good for stands in broker/known_devices.py.
"""

from flask import Response, g, request

from broker.language import CHOSEN, CHOSEN_SECONDS
from broker.tenancy import cookie_scope

LAST = "last"
OUT = "out"
DEVICE = "dev"
DEVICE_SECONDS = 90 * 86400
_SECRETS = 5
"""So many people of a tenant may share a browser and be known on it."""
_LAST_SECONDS = 400 * 86400
"""As long as browsers keep any cookie."""
_OUT_SECONDS = 300
"""So long after a sign-out nothing is entered by itself: applications that ask at once would go round (R4)."""


def remember_way(method: str) -> None:
    """A sign-in by this way has worked; it is offered first from now on (requirements.md, R8)."""
    _change({LAST: (method, _LAST_SECONDS), OUT: ("", 0)})


def remember_language(tag: str) -> None:
    """What was chosen here counts before all else (broker/language.py)."""
    _change({CHOSEN: (tag, CHOSEN_SECONDS)})


def last_way() -> str | None:
    """The way by which the last sign-in of this browser went, as the browser says."""
    return request.cookies.get(cookie_scope()[0] + LAST)


def note_sign_out() -> None:
    """This browser's session has just ended at the person's wish."""
    _change({OUT: ("1", _OUT_SECONDS)})


def has_just_signed_out() -> bool:
    """Did it end a few minutes ago at most?"""
    return cookie_scope()[0] + OUT in request.cookies


def device_secrets() -> list[str]:
    """One secret for each account that knows this browser, the newest first."""
    kept = request.cookies.get(cookie_scope()[0] + DEVICE, "")
    return [secret for secret in kept.split(".") if secret][:_SECRETS]


def keep_device_secrets(secrets: list[str]) -> None:
    """Have the browser keep them for the full time from now on."""
    _change({DEVICE: (".".join(secrets[:_SECRETS]), DEVICE_SECONDS)})


def _change(cookies: dict[str, tuple[str, int]]) -> None:
    g.device_cookies = g.get("device_cookies", {}) | cookies


def set_device_cookies(response: Response) -> Response:
    """Write what the request changed."""
    changed: dict[str, tuple[str, int]] | None = g.get("device_cookies")
    if not changed:
        return response
    prefix, path = cookie_scope()
    secure = request.environ["wsgi.url_scheme"] == "https"
    for name, (value, seconds) in changed.items():
        if value or prefix + name in request.cookies:
            response.set_cookie(prefix + name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite="Lax")
    return response
