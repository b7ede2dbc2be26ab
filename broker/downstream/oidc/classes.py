"""Classes of authentication (`acr`): the few that this place can vouch for, and whether a session has reached one.

A class is said only where it was asked for and reached (Core, 2 and 5.5.1.1). What an identity provider says of classes of
its own making is passed on by nobody: `amr` tells what was shown.
"""

from collections.abc import Sequence

from broker.session import Proof, SignedIn
from broker.signin.assurance import sign_in_facts
from tenants.factor_demands import ApplicationFacts, factor_demand

TWO_FACTORS = "https://refeds.org/profile/mfa"
ONE_FACTOR = "https://refeds.org/profile/sfa"
PHISHING_RESISTANT = "phr"
"""OpenID Connect Extended Authentication Profile ACR Values 1.0, 3."""
CLASSES = (PHISHING_RESISTANT, TWO_FACTORS, ONE_FACTOR)

_DEMAND = ApplicationFacts(name="the request", demands_factor=True)


def reached(person: SignedIn, asked: Sequence[str]) -> str | None:
    """The first of the classes asked for that this session has reached, or None."""
    return next((name for name in asked if name in CLASSES and _has_reached(person, name)), None)


def can_be_reached(asked: Sequence[str]) -> bool:
    """Would another factor, shown here, reach one of them?"""
    return TWO_FACTORS in asked


def _has_reached(person: SignedIn, name: str) -> bool:
    # A device that is trusted stands in for a factor; it is none that was shown.
    shown: list[Proof] = [proof for proof in person.proofs if proof.method != "dev"]
    if name == ONE_FACTOR:
        return bool(shown)
    if name == PHISHING_RESISTANT:
        return any(proof.method == "hwk" for proof in shown)
    return not factor_demand(sign_in_facts(person.row.method, shown), _DEMAND).needed
