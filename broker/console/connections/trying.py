"""Test sign-ins from the console: the kind's own checks first, then to the provider and back to the page of the result."""

from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.connections.work import catch_up, find_row, findings_of, keeping, unknown
from broker.console.frame import show
from broker.signin.advice import advice_on
from broker.signin.connection_test import name_of_fact, outcome_of, start, why_failed
from broker.upstream import KINDS
from broker.upstream.kind import Finding
from broker.upstream.sharing import Consenting
from tenants.causes import Cause
from tenants.connection_results import Result
from tenants.connection_tests import ConnectionTest, begin_test, version_to_test
from tenants.connection_versions import ConnectionVersion, VersionState, objection_to_test
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.version_keeping import VersionError, find_version

HERE = "connections"


def test(connection: str) -> Response:
    """POST: to the provider, by the newest version unless another is named."""
    admin = require(Permission.CONFIGURE)
    return save_and_test(admin, connection, _number(request.form.get("number", "")))


def save_and_test(admin: Admin, key: str, number: int | None = None) -> Response:
    """What the kind finds wrong by itself is shown first; nobody has to go to the provider for that."""
    try:
        found = _examined(admin.id, key, number)
        if any(one.severity == "bad" for one in found):
            return _findings_page(admin, key, found)
        return start(link_for_test(admin.id, key, number))
    except VersionError as error:
        return _findings_page(admin, key, [Finding("bad", "version", str(error))])


def link_for_test(by: str, key: str, number: int | None = None) -> str:
    """The token of a test by this person. Raises VersionError."""
    with keeping(by) as work:
        row = work.locked(key)
        chosen = number or version_to_test(row, work.versions(row))
        objection = objection_to_test(VersionState(work.version(row, chosen).state), chosen, row.version)
        if objection:
            raise VersionError(objection)
        token, _ends = begin_test(work.session, row, chosen, by, work.now)
    catch_up()
    return token


def result_page(connection: str, test: str) -> Response:
    """GET: what a test has shown, claim by claim, and what to do now."""
    admin = require(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        row = find_row(db, connection)
        found = db.scalars(
            select(ConnectionTest).where(ConnectionTest.connection_id == row.id, ConnectionTest.id == test)
        ).first()
        if found is None or found.finished_at is None:
            raise unknown()
        version = find_version(db, row.id, found.number)
    return show(
        "console/connections/result.html",
        admin,
        here=HERE,
        title=_("The test sign-in failed") if found.cause else _("The test sign-in worked"),
        back=(url_for("console.connection", connection=connection), row.label),
        may_switch=may_change(admin, row.is_file_managed) and found.cause is None and _can_come_in(version, row.is_enabled),
        may_test=may_change(admin, False),
        remedy=_remedy(row, found.cause),
        connection=row,
        **result_words(found, row.label),
    )


def _remedy(row: Connection, cause: str | None) -> tuple[str, str] | None:
    """The page on which what failed is set right, where that is another one than the connection's own."""
    if cause in (Cause.DOMAIN_NOT_ALLOWED, Cause.EMAIL_UNVERIFIED):
        return url_for("console.domains"), str(_("Domains"))
    if cause == Cause.CONSENT_MISSING and isinstance(KINDS[row.kind], Consenting):
        return url_for("console.connection_approval", connection=row.key), str(_("Approval by a directory"))
    return None


def result_words(found: ConnectionTest, label: str) -> dict[str, Any]:
    """What the pages of a result show, whoever sees them."""
    result = Result.from_json(found.result)
    return {
        "number": found.number,
        "at": found.finished_at,
        "result": result,
        "outcome": outcome_of(result),
        "cause": found.cause,
        "why": why_failed(found.cause, label),
        "advice": advice_on(found.cause),
        "more": [(name_of_fact(name), value) for name, value in result.more.items()],
    }


def may_change(admin: Admin, is_file_managed: bool) -> bool:
    """Does a page offer changes to this admin?"""
    return admin.may(Permission.CONFIGURE) and not is_file_managed


def _can_come_in(version: ConnectionVersion | None, is_on: bool) -> bool:
    """Is switching on what comes next?"""
    if version is None:
        return False
    return version.state == VersionState.TESTED or (version.state == VersionState.ACTIVE and not is_on)


def _examined(by: str, key: str, number: int | None) -> list[Finding]:
    with keeping(by) as work:
        row = work.locked(key)
        chosen = number or version_to_test(row, work.versions(row))
        values, row_id, kind = work.values(work.version(row, chosen)), row.id, row.kind
    return findings_of(row_id, kind, values)


def _findings_page(admin: Admin, key: str, found: list[Finding]) -> Response:
    with g.db.reading() as db:
        row = find_row(db, key)
    return show(
        "console/connections/findings.html",
        admin,
        here=HERE,
        title=_("This can’t work yet"),
        status=409,
        found=found,
        connection=row,
        may_change=may_change(admin, row.is_file_managed),
        back=(url_for("console.connection", connection=key), row.label),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 9 else None
