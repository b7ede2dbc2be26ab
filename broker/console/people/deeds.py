"""What is done to one person: asked with its effect, then done, then said. Nobody learns or sets a password here (AC-08)."""

from dataclasses import dataclass
from enum import StrEnum

from flask import g, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import Work, changing
from broker.console.frame import go, show
from broker.console.people import words
from broker.console.people.reach import account_within, person_within, setting_within
from broker.mail.letters import post
from broker.wiring import the_broker
from tenants.accounts import ADMIN_ROLES, Account, AccountState
from tenants.admins import ENTERING
from tenants.audit import Event
from tenants.bulk import Action, Person, Setting, out_of_reach, plan_bulk
from tenants.bulk_jobs import carry_out
from tenants.causes import Cause, Refusal
from tenants.console_roles import Permission
from tenants.lifecycle import LifecycleError, reset_factors
from tenants.local_off import count_credentials
from tenants.reasons import Reason
from tenants.sessions import END_SESSIONS_OF_ACCOUNT


class Deed(StrEnum):
    """Everything that has a page which asks; the bulk actions are among them."""

    LOCAL_ON = "local_on"
    LOCAL_OFF = "local_off"
    SEND_LINK = "send_link"
    DISABLE = "disable"
    REACTIVATE = "reactivate"
    DELETE = "delete"
    RESET_FACTORS = "reset_factors"
    END_SESSIONS = "end_sessions"


@dataclass(frozen=True, slots=True)
class _Words:
    question: LazyString
    effect: LazyString
    label: LazyString


_WORDS: dict[Deed, _Words] = {
    Deed.LOCAL_ON: _Words(
        _l("Enable e-mail login?"),
        _l("Signing in with e-mail and password is then possible. Nothing is mailed: send a link afterwards."),
        _l("Enable e-mail login"),
    ),
    Deed.LOCAL_OFF: _Words(
        _l("Disable e-mail login?"),
        _l("This deletes the password and second factors, ends every session, and a mail tells of it."),
        _l("Disable e-mail login"),
    ),
    Deed.SEND_LINK: _Words(
        _l("Send a mail with a link?"),
        _l(
            "A new invitation where the account is not set up yet, else a link for a new password, valid for 30 minutes. "
            "Older links end."
        ),
        _l("Send the mail"),
    ),
    Deed.DISABLE: _Words(
        _l("Disable this account?"),
        _l("Nobody enters with it any more, and every session ends. What belongs to it waits."),
        _l("Disable the account"),
    ),
    Deed.REACTIVATE: _Words(
        _l("Reactivate this account?"),
        _l("It works again, with what its owner signed in with before."),
        _l("Reactivate the account"),
    ),
    Deed.DELETE: _Words(
        _l("Delete this person for good?"),
        _l("Name, address, credentials, links to identity providers, groups and sessions go. It can’t be undone."),
        _l("Delete for good"),
    ),
    Deed.RESET_FACTORS: _Words(
        _l("Reset the second factors?"),
        _l(
            "Authenticator app, passkeys and recovery codes are deleted, and every session ends. At the next sign-in a code "
            "by mail comes before new factors. The password stays."
        ),
        _l("Reset the second factors"),
    ),
    Deed.END_SESSIONS: _Words(
        _l("Sign this person out everywhere?"),
        _l(
            "Every browser is signed out of this service, and applications are told. Those that can’t be told are named in "
            "the person’s activity: they end their own sessions when they ask again."
        ),
        _l("Sign out everywhere"),
    ),
}
_ENDING = frozenset({Deed.DELETE, Deed.DISABLE, Deed.LOCAL_OFF, Deed.RESET_FACTORS})
_OF_HELPDESK = frozenset({Deed.SEND_LINK, Deed.RESET_FACTORS, Deed.END_SESSIONS})


def offered(admin: Admin, person: Person, *, has_factors: bool, has_sessions: bool) -> frozenset[str]:
    """What the page offers; what is done is asked again."""
    if person.id == admin.id or not admin.may(Permission.USE_HELPDESK):
        return frozenset()
    is_open = person.state.value in ENTERING
    fitting = {
        Deed.LOCAL_ON: not person.is_local_enabled,
        Deed.LOCAL_OFF: person.is_local_enabled,
        Deed.SEND_LINK: person.is_local_enabled and (is_open or person.state is AccountState.DEACTIVATED),
        Deed.DISABLE: person.state is not AccountState.DISABLED,
        Deed.REACTIVATE: not is_open,
        Deed.DELETE: not person.is_file_managed,
        Deed.RESET_FACTORS: has_factors,
        Deed.END_SESSIONS: has_sessions,
    }
    return frozenset(deed.value for deed, fits in fitting.items() if fits and _may(admin, deed))


def ask(account: str, deed: str) -> Response:
    """GET: what it does, before it is done."""
    admin, wanted = _require(deed)
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        row = account_within(db, admin, account)
        reason = _objection(wanted, person_within(db, row, now), setting_within(db, admin, row, now))
        count = count_credentials(db, row.id)
    return _page(admin, row, wanted, count, reason)


def do(account: str, deed: str) -> Response:
    """POST: it."""
    admin, wanted = _require(deed)
    try:
        with changing(admin) as work:
            row = account_within(work.db, admin, account)
            person = person_within(work.db, row, work.now)
            reason = _objection(wanted, person, setting_within(work.db, admin, row, work.now))
            if reason is None:
                _carry_out(work, wanted, person)
    except LifecycleError as error:
        reason = Reason("", str(error))
    if reason is not None:
        return _page(admin, row, wanted, 0, reason, status=409)
    if wanted is Deed.DELETE:
        return go("console.users", "deleted")
    return go("console.user", wanted.value, account=row.id)


def _require(deed: str) -> tuple[Admin, Deed]:
    """Who may do that, with a proof of the last minutes. What is no deed is no page."""
    if deed not in list(Deed):
        require(Permission.VIEW)
        raise Refusal(Cause.PAGE_UNKNOWN, "no such action")
    wanted = Deed(deed)
    return require(Permission.USE_HELPDESK if wanted in _OF_HELPDESK else Permission.MANAGE_USERS, fresh=True), wanted


def _may(admin: Admin, deed: Deed) -> bool:
    return admin.may(Permission.USE_HELPDESK if deed in _OF_HELPDESK else Permission.MANAGE_USERS)


def _objection(deed: Deed, person: Person, setting: Setting) -> Reason | None:
    if deed.value in list(Action):
        planned = plan_bulk(Action(deed.value), [person], setting)[0]
        return Reason("same", "") if planned.is_same else planned.refusal
    is_theirs = setting.actor_role in ADMIN_ROLES or setting.actor_role == "helpdesk"
    if not is_theirs:
        return Reason("not_yours", "")
    return out_of_reach(person.id, person.role, setting.actor_id, setting.actor_role, setting.reachable)


def _carry_out(work: Work, deed: Deed, person: Person) -> None:
    db, now, by = work.db, work.now, work.admin.id
    if deed is Deed.RESET_FACTORS:
        post(db, person.email, "credential_changed", now, what="factors_reset", at=now.isoformat(), address="", by="admin")
        reset_factors(db, person.id, now, by)
    elif deed is Deed.END_SESSIONS:
        count = db.run(END_SESSIONS_OF_ACCOUNT, account=person.id, now=now)
        before, after = {"sessions": count}, {"sessions": 0}
        path = f"people.{person.id}"
        work.note(path, before, after, event=Event.SIGNED_OUT, is_configuration=False, account_id=person.id)
    else:
        carry_out(db, the_broker().vault, Action(deed.value), person, by, now)


def _page(admin: Admin, row: Account, deed: Deed, count: int, reason: Reason | None, status: int = 200) -> Response:
    said = _WORDS[deed]
    name = row.name or row.email
    sentences = [f"{name} ({row.email})" if row.name else name]
    if reason is None:
        sentences.append(str(said.effect))
        if deed in _ENDING and deed is not Deed.DISABLE and count:
            sentences.append(str(_("Credentials that go: %(count)s.", count=count)))
    elif reason.code == "same":
        sentences.append(str(_("There is nothing to do: it is so already.")))
    else:
        sentences.append(f"{words.refusal_words(reason.code, reason.sentence)}.".replace("..", "."))
    url = url_for("console.user", account=row.id)
    return show(
        "console/confirm.html",
        admin,
        here="users",
        title=str(said.question),
        status=status,
        sentences=sentences,
        label=str(said.label),
        cancel_url=url,
        back=(url, name),
        may_go_on=reason is None,
        is_danger=deed in _ENDING,
    )
