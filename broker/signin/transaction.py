"""Login transactions: begun, found by URL and cookie together, saved, ended."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from flask import g, redirect, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.flow import Flow
from broker.language import ask_language
from broker.session import Proof, browser_secret
from broker.signin.hints import Hints as Hints  # what an attempt consists of: asked of it by others too
from broker.tenancy import cookie_scope
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.ids import digest, new_reference, new_secret
from tenants.snapshot import ApplicationConfig
from tenants.transactions import (
    ADD_PROOF,
    BEGIN_TRANSACTION,
    COUNT_FAILURE,
    FINISH_TRANSACTION,
    REOPEN_TRANSACTION,
    RETURN_OF_ENDED,
    SAVE_TRANSACTION,
    TRANSACTION,
)
from tenants.ways import DOOR, LOCAL

SIGN_IN_LIFE = timedelta(minutes=20)
ACTIVATION_LIFE = timedelta(minutes=60)
DOOR_LIFE = timedelta(minutes=20)
CHANGE_LIFE = timedelta(minutes=20)
BY_MAIL = ("first_login", "reset")
"""The purposes that a mailed code or a reset link proves the address for."""
_SET_UPS = {"activate": "set_up", "door_set_up": "door_set_up"} | dict.fromkeys(BY_MAIL, "mailed")
"""The purposes that are no sign-in, and which words say that one of them has ended."""
MAX_FAILURES = 10
_MAX_RETURN = 8000
_NOTHING_PROVEN: dict[str, object] = {
    "account_id": None,
    "identity_id": None,
    "connection_id": None,
    "connection_version": None,
    "state_hash": None,
    "upstream_sealed": None,
    "proofs": [],
}


@dataclass(slots=True)
class Transaction:
    """One live attempt. `tx` is its id as it stands in URLs; `row` holds everything learned so far."""

    tx: str
    row: Any
    """A row of `login_transactions`, or what it will be when it is written."""

    @property
    def id_hash(self) -> str:
        return str(self.row.id)

    @property
    def proofs(self) -> list[Proof]:
        return [Proof.from_json(value) for value in self.row.proofs]

    @property
    def hints(self) -> Hints:
        values = dict(self.row.hints)
        return Hints(**values | {"prompt": tuple(values.get("prompt", ()))})

    @property
    def application(self) -> ApplicationConfig | None:
        found: ApplicationConfig | None = g.tenant.application_by_id(self.row.application_id)
        return found

    @property
    def is_by_mail(self) -> bool:
        """Is it a first login or a reset, which begins with an address that is proven and no password?"""
        return self.row.purpose in BY_MAIL

    def has_proven(self, method: str) -> bool:
        """Was this shown in this very attempt?"""
        return any(proof.method == method for proof in self.proofs)

    def demands_fresh_proof(self) -> bool:
        """Did the application ask for a sign-in now, whatever sessions there are?"""
        return "login" in self.hints.prompt or self.hints.max_age is not None


def begin(
    return_to: str,
    application: ApplicationConfig | None = None,
    hints: Hints | None = None,
    *,
    has_just_ended: bool = False,
) -> Response:
    """Begin a sign-in and send the browser to its first page. `return_to` is a path of this tenant."""
    tx = insert(return_to, application, hints or Hints(), "sign_in", SIGN_IN_LIFE, {})
    return redirect(url_for("signin.sign_in", tx=tx, ended="1" if has_just_ended else None), 303)


def begin_activation(account_id: str, invitation_id: str, email: str) -> str:
    """Begin the set-up of an account that an invitation opened. Returns the transaction's id for URLs."""
    values = {"account_id": account_id, "invitation_id": invitation_id, "email": email, "method": LOCAL}
    return insert(url_for("home.home"), None, Hints(), "activate", ACTIVATION_LIFE, values)


def begin_door_set_up(account_id: str, link_hash: str, email: str) -> str:
    """Begin the set-up of the back door's credentials that the operator's link opened. Returns the id for URLs.

    The row keeps the link that it was opened with: one that was replaced meanwhile finishes nothing.
    """
    values = {"account_id": account_id, "invitation_id": link_hash, "email": email, "method": DOOR}
    return insert(url_for("home.home"), None, Hints(), "door_set_up", ACTIVATION_LIFE, values)


def begin_change(purpose: str, account_id: str, email: str) -> Transaction:
    """Begin a change that a signed-in person makes in two steps, on pages of their own."""
    tx = insert(url_for("home.home"), None, Hints(), purpose, CHANGE_LIFE, {"account_id": account_id, "email": email})
    begun = find(tx, purpose)
    if begun is None:
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
    return begun


def begin_at_door(return_to: str | None = None) -> str:
    """Begin a try at the back door, which leads to the console and nowhere else. Returns the transaction's id."""
    return insert(return_to or url_for("console.home"), None, Hints(), "door", DOOR_LIFE, {"method": DOOR})


def require(*purposes: str) -> Transaction:
    """The transaction that URL and cookie name together; without `purposes`, of a sign-in. Raises Refusal(FLOW_EXPIRED)."""
    found = find(request.values.get("tx", ""), *purposes)
    if found is None:
        g.flow = Flow(request.values.get("tx", ""), new_reference(), is_live=False)
        _speak_as_before(request.values.get("tx", ""))
        fact = _SET_UPS.get(purposes[0]) if purposes else None
        raise Refusal(Cause.FLOW_EXPIRED, "no live transaction of this browser", fact=fact)
    return found


def find(tx: str, *purposes: str) -> Transaction | None:
    """The live transaction of this browser with this id, if there is one."""
    with g.db.reading() as db:
        row = db.one(TRANSACTION, id_hash=digest(tx), browser=browser_hash(), now=the_broker().ports.clock.now())
    if row is None or row.purpose not in (purposes or ("sign_in",)):
        return None
    found = Transaction(tx, row)
    note_flow(found)
    return found


def _speak_as_before(tx: str) -> None:
    """The page that says that an attempt of this browser is over is in the language of its others."""
    with g.db.reading() as db:
        row = db.one(RETURN_OF_ENDED, id_hash=digest(tx))
    if row is not None and row.browser_hash == browser_hash():
        ask_language(row.hints.get("language", ""))


def start_url(transaction: Transaction) -> str:
    """The page on which another address can be typed."""
    return url_for(f"signin.{transaction.row.purpose}" if transaction.is_by_mail else "signin.sign_in", tx=transaction.tx)


def note_flow(transaction: Transaction) -> None:
    """Tell the error page and the audit log what this request is about, and where its forms may lead."""
    application = transaction.application
    connection = g.tenant.connections.get(transaction.row.method or "")
    g.flow = Flow(
        tx=transaction.tx,
        reference=transaction.row.reference,
        method=transaction.row.method,
        connection_id=connection.id if connection else None,
        connection_label=connection.label if connection else None,
        application_id=application.id if application else None,
        application_name=application.name if application else None,
    )
    if asked := transaction.row.hints.get("language"):
        ask_language(asked)
    if application:
        g.form_targets = application.redirect_uris


def take_way(transaction: Transaction, method: str | None, **values: object) -> None:
    """Write the way that is taken from here, and `values`. What another way has proven, or awaits, ends with that."""
    with g.db.writing(is_durable=False) as db:
        is_taken = write_way(db, transaction, method, **values)
    require_live(is_taken)


def write_way(db: TenantSession, transaction: Transaction, method: str | None, **values: object) -> bool:
    """The same within the caller's transaction. False: the attempt ended meanwhile."""
    return _write(db, transaction, _NOTHING_PROVEN | {"method": method} | values)


def add_proof(transaction: Transaction, proof: Proof) -> None:
    """Append a further proof of the account that was named first. Raises Refusal(FLOW_EXPIRED)."""
    with g.db.writing() as db:
        is_added = write_proof(db, transaction, proof)
    require_live(is_added)


def write_proof(db: TenantSession, transaction: Transaction, proof: Proof) -> bool:
    """The same within the caller's transaction. False: the attempt ended, or went on with another account."""
    row, now = transaction.row, the_broker().ports.clock.now()
    proofs = [*row.proofs, proof.as_json()]
    ours = {"id_hash": row.id, "browser": browser_hash(), "now": now}
    return _took(transaction, db.one(ADD_PROOF, of_account=row.account_id, all_proofs=proofs, **ours))


def save(transaction: Transaction, **values: object) -> None:
    """Write what was learned. Raises Refusal(FLOW_EXPIRED) where the attempt ended meanwhile."""
    with g.db.writing(is_durable=False) as db:
        is_saved = _write(db, transaction, values)
    require_live(is_saved)


def require_live(is_written: bool) -> None:
    """Raises Refusal(FLOW_EXPIRED), after what belongs to the attempt has been committed."""
    if not is_written:
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile, or went on with another account")


def _write(db: TenantSession, transaction: Transaction, values: Mapping[str, object]) -> bool:
    now = the_broker().ports.clock.now()
    changed = db.one(SAVE_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now, **values)
    return _took(transaction, changed)


def _took(transaction: Transaction, row: Row[Any] | None) -> bool:
    """Go on with the row as it is now, if there still is one."""
    if row is not None:
        transaction.row = row
        note_flow(transaction)
    return row is not None


def reopen(transaction: Transaction) -> None:
    """Let an attempt go on that a return from a provider has ended: it was refused, or has a further step."""
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        db.run(REOPEN_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now)


def count_failure(transaction: Transaction) -> None:
    """Count a wrong try of this attempt; after ten the attempt itself ends (SF-02), and can be started again."""
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        row = db.one(COUNT_FAILURE, id_hash=transaction.id_hash)
        is_over = row is None or row.failures >= MAX_FAILURES
        if is_over:
            db.run(FINISH_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now)
    if is_over:
        g.flow.is_live = False
        fact = _SET_UPS.get(transaction.row.purpose)
        raise Refusal(Cause.FLOW_EXPIRED, "too many wrong tries in one attempt", fact=fact)


def browser_hash() -> str:
    """SHA-256 of the browser's half; of nothing where it sent none, which no row has."""
    cookie = g.get("browser_secret") or request.cookies.get(cookie_scope()[0] + "tx")
    return digest(cookie) if cookie else ""


def insert(
    return_to: str,
    application: ApplicationConfig | None,
    hints: Hints,
    purpose: str,
    life: timedelta,
    values: Mapping[str, object],
) -> str:
    """Write a new attempt; its id as it stands in URLs. `return_to` is a path of this tenant."""
    if len(return_to) > _MAX_RETURN:
        raise Refusal(Cause.REQUEST_INVALID, "the request is too long to be kept")
    tx, now = new_secret(), the_broker().ports.clock.now()
    with g.db.writing(is_durable=False) as db:
        db.run(
            BEGIN_TRANSACTION,
            id=digest(tx),
            browser_hash=digest(browser_secret()),
            reference=new_reference(),
            purpose=purpose,
            return_to=return_to,
            application_id=application.id if application else None,
            hints={name: value for name, value in asdict(hints).items() if value not in ("", (), None) and value is not False},
            created_at=now,
            expires_at=now + life,
            **values,
        )
    return tx
