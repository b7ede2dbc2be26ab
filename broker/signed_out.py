"""Where the browser ends after signing out, with what became of the applications.

The address names the session that is over, with a mark of ours: nobody else can ask which applications it had reached.
"""

import hmac
from hashlib import sha256

from flask import g, request, url_for

from broker.wiring import the_broker
from tenants.ids import is_same
from tenants.logouts import Told, next_by_browser, told_of


def signed_out_url(session_id: str, reached: int) -> str:
    """The page, for the session that has just ended and had reached so many applications; by way of those that only the
    browser can tell."""
    if not reached:
        return url_for("home.signed_out")
    report = url_for("home.signed_out", of=f"{session_id}.{_mark(session_id)}")
    return telling_url(session_id, report) or report


def telling_url(session_id: str, then: str) -> str | None:
    """Where the browser tells applications of this session's end, one after the other, and goes on to `then`, a path of
    this tenant. None: there is none of that sort."""
    with g.db.reading() as db:
        if next_by_browser(db, (session_id,)) is None:
            return None
    return url_for("saml_idp.begin_telling", of=session_id, then=then, mark=_mark(f"{session_id}\n{then}"))


def told_to_begin() -> tuple[str, str] | None:
    """Session and `then` of such an address; None where the mark is not ours."""
    session_id, then = request.args.get("of", ""), request.args.get("then", "")
    is_ours = is_same(request.args.get("mark", ""), _mark(f"{session_id}\n{then}"))
    return (session_id, then) if session_id and is_ours else None


def told_by_address() -> list[Told]:
    """What the address of this request names; nothing where the mark is not ours, or it names none."""
    session_id, _, mark = request.args.get("of", "").rpartition(".")
    if not session_id or not is_same(mark, _mark(session_id)):
        return []
    with g.db.reading() as db:
        return told_of(db, session_id, the_broker().ports.clock.now())


def _mark(session_id: str) -> str:
    key = the_broker().vault.derive("signed-out")
    return hmac.new(key, f"{g.tenant.id}\n{session_id}".encode("utf-8", "surrogatepass"), sha256).hexdigest()[:32]
