"""Who may open the pages on which a tenant is looked after."""

from collections.abc import Collection

from flask import request

from broker.session import SignedIn, present_session
from broker.signin.transaction import begin
from tenants.causes import Cause, Refusal


def require_role(roles: Collection[str]) -> SignedIn:
    """The person who is signed in, by whatever way, the back door among them, and has one of these roles now.

    Raises Refusal: with a redirect to a sign-in that leads back here, or ROLE_MISSING.
    """
    person = present_session()
    if person is None:
        here = request.full_path.rstrip("?")
        back = f"{request.script_root}{here}" if request.method == "GET" else f"{request.script_root}/"
        raise Refusal(Cause.INTERACTION_NEEDED, "nobody is signed in", redirect=begin(back))
    if person.row.role not in roles:
        raise Refusal(Cause.ROLE_MISSING, "no such role", account_id=person.row.account_id)
    return person
