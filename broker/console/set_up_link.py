"""What a set-up link opens: the page of one connection's product, its drafts and tests. Nothing is switched on (C6)."""

from typing import Any

from flask import Blueprint, g, make_response, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.console.connections.add import sheet_of
from broker.console.connections.assistants import ASSISTANTS, Assistant
from broker.console.connections.fields import FormError, draft_from, typed_of
from broker.console.connections.trying import link_for_test, result_words
from broker.console.connections.work import Standing, catch_up, findings_of, keeping, stand
from broker.signin.connection_test import start
from broker.upstream.kind import Finding
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.connection_tests import list_tests
from tenants.connection_versions import Values
from tenants.ids import digest
from tenants.setup_links import LINK_BY_TOKEN, note_opened, take_save
from tenants.version_keeping import Keeping, VersionError

set_up_pages = Blueprint("set_up", __name__, subdomain="tenant")


@set_up_pages.get("/set-up/<token>", endpoint="page")
def page(token: str) -> Response:
    """GET: what to copy, what to paste, and what the last test has shown."""
    link = _link(token)
    with g.db.writing() as db:
        note_opened(db, link.connection_id, link.id, _now())
    return _show(link, {})


@set_up_pages.post("/set-up/<token>", endpoint="save")
def save(token: str) -> Response:
    """POST: a draft by this link, and then its test. An admin of the tenant switches the connection on."""
    link = _link(token)
    product = _product(link)
    try:
        values = _typed(link, product)
        with keeping(link.id) as work:
            if not take_save(work.session, link.id, work.now):
                raise _no_link()
            row = work.locked(link.connection_key)
            if row.is_file_managed:
                raise _no_link()
            work.save_draft(row, values, str(_("By a set-up link")))
    except FormError as error:
        return _show(link, error.errors, 400)
    except VersionError as error:
        return _show(link, {"": str(error)}, 409)
    catch_up()
    if "later" in request.form:
        return _show(link, {}, notice=_("Saved as a draft. You can go on at this link."))
    found = findings_of(link.connection_id, product.kind, values)
    if any(one.severity == "bad" for one in found):
        return _show(link, {}, 409, found=found)
    return start(link_for_test(link.id, link.connection_key))


def _typed(link: Row[Any], product: Assistant) -> Values:
    """What was sent, over what is there. Raises FormError."""
    with g.db.reading() as db:
        base = _base(stand(db, link.connection_key), _keeping(db, link))
    sheet = sheet_of(product, link.connection_key, {}, {})
    typed = typed_of(product.kind, [*sheet.fields, *_dates(sheet.more)], request.form, request.files)
    return draft_from(product.kind, typed, base, dict(product.given))


def _show(
    link: Row[Any], errors: dict[str, str], status: int = 200, *, notice: str = "", found: list[Finding] | None = None
) -> Response:
    product = _product(link)
    with g.db.reading() as db:
        standing = stand(db, link.connection_key)
        base = _base(standing, _keeping(db, link))
        tests = [one for one in list_tests(db, standing.row, 1) if one.finished_at is not None]
    texts = {**base.config.get("options", {}), **(request.form.to_dict() if errors else {})}
    sheet = sheet_of(product, link.connection_key, texts, errors, tuple(base.secrets))
    page = render_template(
        "set_up/page.html",
        title=_("Set up %(name)s", name=standing.row.label),
        sheet=sheet,
        dates=_dates(sheet.more),
        key=link.connection_key,
        form_error=errors.get("", ""),
        errors={name: text for name, text in errors.items() if name},
        notice=notice,
        found=found or (),
        until=link.expires_at,
        tested=result_words(tests[0], standing.row.label) if tests else None,
    )
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _dates(more: list[Any]) -> list[Any]:
    """Of what stands beside the options, the end of the secret: who may enter is for the tenant to say."""
    return [one for one in more if one.name == "secret_expires"]


def _base(standing: Standing, work: Keeping) -> Values:
    return work.values(standing.waiting) if standing.waiting is not None else work.present_values(standing.row)


def _keeping(db: Any, link: Row[Any]) -> Keeping:
    return Keeping(db, the_broker().vault, link.id, _now())


def _product(link: Row[Any]) -> Assistant:
    found = ASSISTANTS.get(link.product)
    if found is None:
        raise _no_link()
    return found


def _link(token: str) -> Row[Any]:
    """Raises Refusal for one that is unknown, revoked or over."""
    with g.db.reading() as db:
        row: Row[Any] | None = db.one(LINK_BY_TOKEN, token=digest(token), now=_now())
    if row is None or row.is_file_managed:
        raise _no_link()
    return row


def _no_link() -> Refusal:
    return Refusal(Cause.INVITATION_USED, "unknown, revoked or run out", fact="set_up")


def _now() -> Any:
    return the_broker().ports.clock.now()
