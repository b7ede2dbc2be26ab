"""Who is signed in: the session's cookie and row, under flask-login; and what CSRF tokens are bound to.

Two cookies. `sid` holds the session's secret (Lax). `tx` is the browser's half of its login transactions (design.md,
section 2) and may be sent cross-site, because identity providers POST back. Both are opaque; the database has hashes.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import Flask, Response, g, request
from flask.sessions import SessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy import Row

from broker.came_by import CameBy
from broker.device import note_sign_out, remember_way
from broker.last_seen import note_seen
from broker.proof import Proof as Proof  # what a session consists of: asked of it by others too
from broker.tenancy import client_address, cookie_scope, session_cookie_name
from broker.whom_to_ask import know_reader
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import AccountState
from tenants.audit import Event
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_secret
from tenants.logouts import pass_on
from tenants.organization_policies import is_current
from tenants.sessions import END_SESSION, LEAVE_SESSION, OPEN_SESSION, RENEW_SESSION, SESSION_BY_COOKIE
from tenants.tenants import TenantStatus
from tenants.ways import DOOR

_SEEN_EVERY = timedelta(minutes=1)
_TX_SECONDS = 3600
_TRANSACTION_PATHS = ("/sign-in", "/first-login", "/reset", "/activate", "/door/", "/language")
CSRF_FIELD = "csrf_token"


class SignedIn(UserMixin):
    """The live session of this browser and whose it is. flask-login's id is the session's: revocation is immediate."""

    def __init__(self, row: Row[Any]) -> None:
        self.row = row

    def get_id(self) -> str:
        return str(self.row.id)

    @property
    def proofs(self) -> list[Proof]:
        """What was proven, in the order in which it was."""
        return [Proof.from_json(value) for value in self.row.proofs]

    @property
    def is_by_door(self) -> bool:
        """Did it begin at the back door?"""
        return bool(self.row.method == DOOR)


def init_session(app: Flask) -> None:
    """Give the app its session interface and flask-login."""
    app.session_interface = BoundSessions(the_secret=app.extensions["broker"].vault.derive("csrf"))
    login = LoginManager(app)
    login.session_protection = None
    app.after_request_funcs[None].remove(login._update_remember_cookie)  # there is none, and to look for it costs each answer
    login.request_loader(load_session)


def signed_in() -> SignedIn | None:
    """The live session of this browser, or None. One of the back door is none here: it opens the console only (T7)."""
    person = present_session()
    return None if person is None or person.is_by_door else person


def present_session() -> SignedIn | None:
    """The live session of this browser, however it began: for the console, for signing out and for replacing it."""
    return person if isinstance(person := current_user._get_current_object(), SignedIn) else None  # not the proxy: it is slow


def load_session(_: object = None) -> SignedIn | None:
    """Read the session that the cookie names; None for any that is not alive now. One statement."""
    if g.get("tenant") is None:
        return None
    cookie = request.cookies.get(cookie_scope()[0] + "sid")
    if not cookie:
        return None
    with g.db.reading() as db:
        row = db.one(SESSION_BY_COOKIE, cookie_hash=digest(cookie))
    now = the_broker().ports.clock.now()
    if row is None or not is_alive(row, now):
        return None
    g.tenant = the_broker().snapshots.at_least(g.tenant, row.config_version)
    know_reader(row)
    if now - row.last_seen_at >= _SEEN_EVERY:
        note_seen(row.id, now)
    return SignedIn(row)


def is_alive(row: Row[Any], now: datetime) -> bool:
    """Is this session good at `now`: not ended, not too old or idle, its account and tenant still welcome?"""
    policy = g.tenant.policy_for(row.organization_id)
    return is_current(row, policy, now, is_own=policy is not g.tenant.policy) and is_account_live(row, now)


def is_account_live(row: Row[Any], now: datetime) -> bool:
    """May this account still act? Reads `state`, `account_expires_at` and `tenant_status` of a joined row."""
    has_expired = row.account_expires_at is not None and row.account_expires_at <= now
    is_welcome: bool = row.state == AccountState.ACTIVE and row.tenant_status == TenantStatus.ACTIVE
    return is_welcome and not has_expired


def open_session(
    db: TenantSession,
    account_id: str,
    method: str,
    proofs: list[dict[str, Any]],
    auth_time: datetime,
    before: SignedIn | None,
    life: timedelta | None = None,
    came_by: CameBy | None = None,
    organization_id: str = "",
) -> str:
    """Write a new session within the caller's transaction and set its cookie on the answer to come.

    `before`, what `present_session()` said ahead of that transaction (it may have to write), is renewed where it is the
    same person's, and else ends in the same step. Its cookie is dead in any case (no fixation). `life` None: as long as
    policy says for people of `organization_id`. Who goes on by the way of before, without a new sign-in there, came by
    the same identity. Returns the session's id.
    """
    now = the_broker().ports.clock.now()
    came_by = _came_by(came_by or CameBy(), account_id, method, before)
    secret = new_secret()
    g.new_session_cookie = secret
    if method != DOOR:
        remember_way(method)
    values = {
        "cookie_hash": digest(secret),
        "method": method,
        "proofs": proofs,
        "auth_time": auth_time,
        "last_seen_at": now,
        "expires_at": _end_of(came_by, now, life, organization_id),
        "address": client_address()[:45],
        "user_agent": audit.printable(request.user_agent.string)[:300],
    }
    if before is not None and _is_renewed(db, before, account_id, values | came_by.columns(before.get_id())):
        return before.get_id()
    session_id = new_id("ses")
    db.run(OPEN_SESSION, id=session_id, account_id=account_id, created_at=now, **values, **came_by.columns(session_id))
    return session_id


def _is_renewed(db: TenantSession, before: SignedIn, account_id: str, values: dict[str, Any]) -> bool:
    """Whether the session of before goes on with new values; otherwise it has ended."""
    may_go_on = DOOR not in {values["method"], before.row.method}
    if may_go_on and db.run(RENEW_SESSION, session_id=before.get_id(), account=account_id, **values):
        return True
    db.run(END_SESSION, session_id=before.get_id(), now=values["last_seen_at"])
    return False


def _end_of(came_by: CameBy, now: datetime, life: timedelta | None, organization_id: str) -> datetime:
    """The session's absolute end: the provider's own, where that comes first (SE-11)."""
    policy = g.tenant.policy_for(organization_id)
    until = now + (life or timedelta(minutes=policy.session_absolute_minutes))
    return min(until, came_by.not_after or until)


def _came_by(came_by: CameBy, account_id: str, method: str, before: SignedIn | None) -> CameBy:
    if came_by.identity_id is not None or before is None:
        return came_by
    is_same_way = (before.row.account_id, before.row.method) == (account_id, method)
    return CameBy.of_session(before.row) if is_same_way else came_by


def end_session(session_id: str, account_id: str) -> int:
    """Its person signs out. What applications were granted in it ends with it, unless for `offline_access`, and they are
    told (tenants/logouts.py). Returns how many there were."""
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        db.run(LEAVE_SESSION, session_id=session_id, now=now)
        reached = pass_on(db, session_id, now, has_browser=True)
        audit.append(db, Event.SIGNED_OUT, at=now, account_id=account_id, address=client_address())
    g.new_session_cookie = ""
    note_sign_out()
    return reached


def browser_secret() -> str:
    """The browser's half of its login transactions; made now if it has none yet."""
    known = g.get("browser_secret") or request.cookies.get(cookie_scope()[0] + "tx")
    g.browser_secret = known or new_secret()
    g.renew_browser_cookie = True
    return str(g.browser_secret)


def set_cookies(response: Response) -> Response:
    """Write what the request changed: a new or forgotten session, and the transaction half."""
    new_session, renews = g.get("new_session_cookie"), g.get("renew_browser_cookie")
    if new_session is None and not renews:
        return response
    (prefix, path), secure = cookie_scope(), request.is_secure
    ours: Any = {"path": path, "secure": secure, "httponly": True}
    if new_session:
        response.set_cookie(prefix + "sid", new_session, samesite="Lax", **ours)
    elif new_session == "":
        response.delete_cookie(prefix + "sid", samesite="Lax", **ours)
    if renews:
        # Without https there is no SameSite=None; loopback only.
        response.set_cookie(prefix + "tx", g.browser_secret, _TX_SECONDS, samesite="None" if secure else "Lax", **ours)
    return response


class BoundSession(dict[str, Any], SessionMixin):
    """Flask's `session`: holds nothing but what CSRF tokens are bound to, derived from the cookies of the request."""

    def __init__(self, secret: bytes) -> None:
        super().__init__()
        self._secret = secret

    def __contains__(self, key: object) -> bool:
        return key == CSRF_FIELD

    def __getitem__(self, key: str) -> Any:
        if key != CSRF_FIELD:
            raise KeyError(key)
        return hmac.new(self._secret, _bound_to().encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def get(self, key: str, default: Any = None) -> Any:
        if key in self:
            return self[key]
        return default

    def __iter__(self) -> Iterator[str]:
        return iter((CSRF_FIELD,))


class BoundSessions(SessionInterface):
    """Keeps nothing at the client and nothing in the database: the session row has its own cookie (see above)."""

    def __init__(self, the_secret: bytes) -> None:
        self._secret = the_secret

    def open_session(self, app: Flask, request: Any) -> BoundSession:
        return BoundSession(self._secret)

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        """Nothing to save: the cookies are written by `set_cookies`."""


def _bound_to() -> str:
    """The secret that forms of this page are bound to: the transaction half while signing in, else the session."""
    if not request.path.startswith(_TRANSACTION_PATHS):
        session_cookie = request.cookies.get(session_cookie_name())
        if session_cookie:
            return session_cookie
    return browser_secret()
