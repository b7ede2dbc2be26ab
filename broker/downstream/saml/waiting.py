"""A request between its coming and its one answer (security.md, SD-06): not written yet, in its row, or nobody's."""

from dataclasses import replace
from typing import Protocol

from flask import g, url_for
from sqlalchemy.exc import IntegrityError

from broker.downstream.saml.asked import Asked
from broker.downstream.saml.judging import Waiting
from broker.session import SignedIn
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.ids import digest, new_secret
from tenants.saml_logins import ANSWER_REQUEST, CHANGE_REQUEST, KEEP_REQUEST, REQUEST_BY_HANDLE, REQUEST_LIFE


class Kept(Protocol):
    """What the flow needs of it, wherever it is."""

    waiting: Waiting

    def keep(self, asked: Asked) -> str:
        """Let it wait as `asked`. Returns where the browser comes back to, a path of this tenant."""
        ...

    def take(self, db: TenantSession) -> None:
        """Within the transaction of the answer. Raises where there was one before."""
        ...


class Fresh:
    """It came just now, and stands in no row."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting

    def keep(self, asked: Asked) -> str:
        handle = new_secret()
        try:
            with g.db.writing() as db:
                self._write(db, asked, digest(handle), is_answered=False)
        except IntegrityError:
            raise replayed() from None
        return url_for("saml_idp.go_on", request=handle)

    def take(self, db: TenantSession) -> None:
        self._write(db, self.waiting.asked, None, is_answered=True)

    def _write(self, db: TenantSession, asked: Asked, handle_hash: str | None, *, is_answered: bool) -> None:
        application, now = self.waiting.application, the_broker().ports.clock.now()
        db.run(
            KEEP_REQUEST,
            id=digest(f"{application.id} {asked.request_id}"),
            application_id=application.id,
            handle_hash=handle_hash,
            asked=asked.as_json(),
            received_at=self.waiting.since,
            answered_at=now if is_answered else None,
            expires_at=now + REQUEST_LIFE,
        )


class InRow:
    """It waits under a handle that the browser brought."""

    def __init__(self, waiting: Waiting, row_id: str, handle: str) -> None:
        self.waiting = waiting
        self._row_id = row_id
        self._handle = handle

    def keep(self, asked: Asked) -> str:
        if asked != self.waiting.asked:
            with g.db.writing() as db:
                db.run(CHANGE_REQUEST, request_id=self._row_id, asked=asked.as_json())
        return url_for("saml_idp.go_on", request=self._handle)

    def take(self, db: TenantSession) -> None:
        if not db.run(ANSWER_REQUEST, request_id=self._row_id, now=the_broker().ports.clock.now()):
            raise replayed()


class Unasked:
    """The person goes there from our portal: there is nothing to answer twice."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting

    def keep(self, asked: Asked) -> str:
        return url_for("saml_idp.single_sign_on", sp=self.waiting.application.key)

    def take(self, db: TenantSession) -> None:
        """Nothing waits."""


def find(handle: str) -> InRow:
    """The request that waits under this handle. Raises Refusal(FLOW_EXPIRED)."""
    with g.db.reading() as db:
        row = db.one(REQUEST_BY_HANDLE, handle=digest(handle), now=the_broker().ports.clock.now())
    application = g.tenant.application_by_id(row.application_id) if row is not None else None
    if row is None or application is None or not application.is_enabled:
        raise Refusal(Cause.FLOW_EXPIRED, "no request waits at this address")
    return InRow(Waiting(application, Asked.from_json(row.asked), row.received_at), row.id, handle)


def begun(asked: Asked, person: SignedIn | None) -> Asked:
    """The same, once somebody was asked for it. `person`: who is signed in until then."""
    return replace(asked, was_begun=True, before=person.row.cookie_hash if person is not None else "")


def replayed() -> Refusal:
    """To be raised."""
    return Refusal(Cause.FLOW_EXPIRED, "this request was here before")
