"""A live session that lacks a second factor: the attempt begins with what it has shown, and adds that one (R5).

The attempt stands on its session: without it, in the same browser, nothing comes of what was taken over.
"""

from dataclasses import replace

from flask import g
from werkzeug.wrappers import Response

from broker.session import SignedIn
from broker.signin.assurance import sign_in_facts
from broker.signin.complete import application_facts
from broker.signin.dispatch import go_on
from broker.signin.transaction import SIGN_IN_LIFE, Hints, find, insert
from tenants.causes import Cause, Refusal
from tenants.policies import factor_demand
from tenants.snapshot import ApplicationConfig
from tenants.ways import LOCAL

_FIRST_STEPS = frozenset({"pwd", "fed"})


def lacks_factor(person: SignedIn, application: ApplicationConfig) -> bool:
    """Does the application, or the way in, ask for a second factor that this session has not seen?"""
    method = person.row.method
    if method == LOCAL and not application.is_factor_demanded:
        return False
    return factor_demand(sign_in_facts(method, person.proofs), application_facts(application)).needed


def begin_step_up(
    person: SignedIn, return_to: str, application: ApplicationConfig | None = None, *, anew: bool = False
) -> Response:
    """To the page of the factor, and from there to `return_to`, a path of this tenant. `anew`: an older one won't do.

    Raises Refusal(FACTOR_ENROLMENT_REQUIRED) where the account has none.
    """
    row = person.row
    connection = g.tenant.connections.get(row.method)
    kept = [proof for proof in person.proofs if not anew or proof.method in _FIRST_STEPS]
    values = {
        "method": row.method,
        "account_id": row.account_id,
        "email": row.email,
        "connection_id": connection.id if connection else None,
        "proofs": [replace(proof, session=person.get_id()).as_json() for proof in kept],
    }
    hints = Hints(account=row.account_id, factor=True) if anew else Hints()
    begun = find(insert(return_to, application, hints, "sign_in", SIGN_IN_LIFE, values))
    if begun is None:
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
    return go_on(begun)
