"""Who may open the pages of a person's own and those on which a tenant is looked after, and what has to be proven anew."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NoReturn

from flask import redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.session import Proof, SignedIn, present_session
from broker.signin.dispatch import hand_over
from broker.signin.second_factor import EMAIL_CODE, ways_of
from broker.signin.step_up import begin_step_up
from broker.signin.transaction import Hints, begin, begin_at_door
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.ways import LOCAL

FRESH_FOR = timedelta(minutes=10)
"""So old a proof may be for a change of how somebody signs in (security.md, SF-10)."""
_FULL_FACTORS = frozenset({"otp", "hwk", "rec"})
"""Not a mailed code, which is weaker than what it would replace (SF-05), nor a device that is trusted."""


def require_role(roles: Collection[str]) -> SignedIn:
    """The person who is signed in, by whatever way, the back door among them, and has one of these roles now.

    Raises Refusal: with a redirect to a sign-in that leads back here, or ROLE_MISSING.
    """
    person = _require_session()
    if person.row.role not in roles:
        raise Refusal(Cause.ROLE_MISSING, "no such role", account_id=person.row.account_id)
    return person


def require_person() -> SignedIn:
    """The person who is signed in, for pages of their own; emergency access opens none of them (T7).

    Raises Refusal: with a redirect to a sign-in that leads back here, or to the console.
    """
    person = _require_session()
    if person.is_by_door:
        raise Refusal(Cause.INTERACTION_NEEDED, "emergency access", redirect=redirect(url_for("console.home"), 303))
    return person


def require_fresh(person: SignedIn) -> None:
    """Raise Refusal where the last full proof is older than ten minutes (SF-10, LC-11).

    It redirects to a sign-in of this very account, and from there back to the page that was asked for: what is posted
    has a page at the same address.
    """
    now = the_broker().ports.clock.now()
    if person.is_by_door:
        _require_fresh_door(person, now)
        return
    if person.row.method != LOCAL:
        _require_fresh_answer(person, now)
        return
    if now - person.row.auth_time >= FRESH_FOR:
        _ask_again(person)
    if _has_full_factor(person.proofs, now):
        return
    if any(proof.method == "mail" for proof in person.proofs):
        raise Refusal(Cause.METHOD_NOT_ALLOWED, "a mailed code", fact="weak_proof", account_id=person.row.account_id)
    _ask_again(person)


def _require_fresh_door(person: SignedIn, now: datetime) -> None:
    """The same for emergency access: password and code of the door once more, as nothing else may be needed for it (T7)."""
    if not _has_full_factor(person.proofs, now):
        _lead_on(redirect(url_for("console.confirm", tx=begin_at_door(_here())), 303))


def _require_fresh_answer(person: SignedIn, now: datetime) -> None:
    """The same for who came from a provider. One that doesn't say when it asked has not shown that it did just now."""
    is_dated = all(proof.is_dated for proof in person.proofs if proof.method == "fed")
    if _has_full_factor(person.proofs, now) or (is_dated and now - person.row.auth_time < FRESH_FOR):
        return
    account_id = person.row.account_id
    if not is_dated and set(ways_of(account_id)) - {EMAIL_CODE}:
        _lead_on(begin_step_up(person, _here(), anew=True))
    if not is_dated and any(proof.was_asked for proof in person.proofs):
        raise Refusal(Cause.METHOD_NOT_ALLOWED, "the provider gives no auth_time", fact="undated", account_id=account_id)
    _ask_again(person)


def _has_full_factor(proofs: Collection[Proof], now: datetime) -> bool:
    return any(proof.method in _FULL_FACTORS and now - proof.at < FRESH_FOR for proof in proofs)


def _ask_again(person: SignedIn) -> NoReturn:
    # The age makes a provider say when it asked (OpenID Connect Core, 2), so that its answer can be held to that.
    hints = Hints(
        login_hint=person.row.email,
        connection=person.row.method if person.row.method != LOCAL else "",
        prompt=("login",),
        max_age=int(FRESH_FOR.total_seconds()),
        account=person.row.account_id,
    )
    _lead_on(begin(_here(), hints=hints))


def _lead_on(answer: Response) -> NoReturn:
    if request.method != "GET":
        # The sign-in may lead on to a provider, which the policy of the form that was sent does not allow.
        answer = hand_over(answer.location or "", _("your sign-in"))
    raise Refusal(Cause.INTERACTION_NEEDED, "no fresh proof", redirect=answer)


def _require_session() -> SignedIn:
    person = present_session()
    if person is None:
        back = _here() if request.method == "GET" else f"{request.script_root}/"
        raise Refusal(Cause.INTERACTION_NEEDED, "nobody is signed in", redirect=begin(back))
    return person


def _here() -> str:
    return f"{request.script_root}{request.full_path.rstrip('?')}"
