"""What a person can do after a failure, as the buttons of the error page."""

from collections.abc import Sequence
from enum import StrEnum

from flask import g, url_for
from flask_babel import gettext as _

from broker.flow import current_flow
from broker.pages import Button
from broker.upstream import KINDS
from broker.upstream.sharing import Consenting
from broker.wiring import the_broker
from tenants.causes import Cause
from tenants.ways import LOCAL

_HELP_OF_KIND = {"entra": "microsoft", "google": "google"}
"""Whose own pages and codes are explained here."""
_NAMES = {"microsoft": "Microsoft", "google": "Google"}


class Next(StrEnum):
    """One thing that can be done."""

    START_AGAIN = "start_again"
    TRY_AGAIN = "try_again"
    OTHER_WAYS = "other_ways"
    OTHER_ACCOUNT = "other_account"
    HOME = "home"
    CONFIRM = "confirm"
    """Whoever is signed in shows that their address is their own."""
    FINDER = "finder"
    SET_UP = "set_up"
    APPROVE = "approve"
    """Somebody who administers the directory approves it there and then."""
    LOOK_UP = "look_up"
    """What the provider's own page says, in plain words."""


_APART = frozenset({Next.FINDER, Next.HOME, Next.CONFIRM, Next.APPROVE, Next.LOOK_UP})


_AFTER_FACTS = {
    # The person is signed in: it is one application that stays closed.
    (Cause.EMAIL_UNVERIFIED, "named"): (Next.HOME,),
    (Cause.EMAIL_UNVERIFIED, "unconfirmed"): (Next.CONFIRM, Next.HOME),
}


def steps_after(cause: Cause, fact: str | None, usual: Sequence[Next]) -> Sequence[Next]:
    """What can be done after a cause, or after the fact of it that leaves something else to do."""
    return _AFTER_FACTS.get((cause, fact or ""), usual)


def are_codes_offered() -> bool:
    """Can somebody prove an address here by a mailed code, to sign in with a password then?"""
    return g.get("tenant") is not None and bool(g.tenant.policy.local_enabled) and the_broker().ports.mailer is not None


def is_mail_sent() -> bool:
    """Is there a mail server? The finder answers by mail, and an own address is confirmed by one."""
    return the_broker().ports.mailer is not None


def is_offered(step: Next) -> bool:
    """Is there such a way on, here?"""
    if step is Next.FINDER:
        return is_mail_sent()
    if step is Next.APPROVE:
        return isinstance(KINDS.get(_kind_of_way()), Consenting)
    if step is Next.LOOK_UP:
        return _kind_of_way() in _HELP_OF_KIND
    return are_codes_offered() if step is Next.SET_UP else g.get("tenant") is not None


def _kind_of_way() -> str:
    """The kind of the connection that this attempt goes by; empty where it goes by none."""
    flow, tenant = current_flow(), g.get("tenant")
    connection = tenant.connections.get(flow.method) if flow and tenant else None
    return str(connection.kind) if connection else ""


def buttons_for(steps: Sequence[Next]) -> list[Button]:
    """The first one is filled. Where there is no tenant, the finder alone has an address."""
    flow = current_flow()
    possible = [step for step in steps if is_offered(step)]
    buttons: list[Button] = []
    for step in possible:
        label, url = _button(step, flow.tx if flow and flow.is_live else None)
        if url not in {button.url for button in buttons}:
            buttons.append(Button(label, url, primary=not buttons))
    return buttons


def stuck_links() -> list[Button]:
    """Where somebody looks who did not get through at a provider of this tenant; the same for everybody (RT-04)."""
    kinds = {connection.kind for connection in g.tenant.connections.values() if connection.is_enabled}
    pages = [page for kind, page in _HELP_OF_KIND.items() if kind in kinds]
    return [Button(_("Stuck at %(provider)s?", provider=_NAMES[page]), url_for(f"help.{page}")) for page in pages]


def _button(step: Next, tx: str | None) -> tuple[str, str]:
    flow = current_flow()
    if step in _APART:
        return _apart(step)
    if step is Next.SET_UP:
        return _("Set up the app"), url_for("signin.first_login", tx=tx)
    if step is Next.START_AGAIN or tx is None:
        return _("Start again"), url_for("signin.again", tx=flow.tx if flow else None)
    provider = flow.method if flow and flow.method != LOCAL else None
    if step is Next.OTHER_ACCOUNT and provider:
        return _("Use another account"), url_for("signin.choose", tx=tx, other="1", way=provider)
    if step is Next.OTHER_ACCOUNT:
        return _("Use another address"), url_for("signin.sign_in", tx=tx, ended="1")
    if step is Next.TRY_AGAIN:
        return _("Try again"), url_for("signin.choose", tx=tx, way=provider)
    return _("Other ways to sign in"), url_for("signin.choose", tx=tx)


def _apart(step: Next) -> tuple[str, str]:
    """What goes on outside of the attempt."""
    flow = current_flow()
    if step is Next.FINDER:
        return _("Find my organization"), f"{the_broker().settings.base_url}/"
    if step is Next.CONFIRM:
        return _("Confirm my address"), url_for("account.address")
    if step is Next.APPROVE:
        key = flow.method if flow else None
        return _("I am an administrator of the directory"), url_for("signin.own_consent", connection=key)
    if step is Next.LOOK_UP:
        return _("Look up another message"), url_for(f"help.{_HELP_OF_KIND[_kind_of_way()]}")
    return _("Your applications"), url_for("home.home")
