"""When a second factor is asked for, after what a sign-in has shown so far. Values in, a reasoned value out."""

from dataclasses import dataclass

from tenants.assurance import MFA, shows_factor
from tenants.audiences import Audience
from tenants.reasons import Reason
from tenants.ways import LOCAL

SECOND_FACTORS = frozenset({"totp", "passkey", "recovery_code"})
"""Factors that satisfy a demand. A mailed code does not: it is of low assurance (NIST SP 800-63B-4, 3.1.3)."""


@dataclass(frozen=True, slots=True)
class SignInFacts:
    """What this sign-in, or the session that stands for it, has shown so far."""

    way: str
    """`local` or the key of a connection."""
    is_way_enabled: bool = True
    """Read for this request: a connection that was switched off must not wait for a cache."""
    factors: frozenset[str] = frozenset()
    """What was proven here: `password`, `totp`, ..."""
    upstream_amr: tuple[str, ...] = ()
    """The authentication methods that the identity provider has signed (RFC 8176)."""
    upstream_acr: str | None = None
    """The class or context of authentication that it has signed."""
    factor_values: frozenset[str] = frozenset({MFA})
    """Which of these words count as a second factor, by the connection."""
    is_factor_owed: bool = False
    """The connection or a page asks for one here, whatever the application and the provider say."""


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """An application's own rules (R5). Empty sets accept all."""

    name: str
    accepted: frozenset[str] = frozenset()
    audience: Audience | None = None
    """None: everybody of the tenant."""
    demands_factor: bool = False


@dataclass(frozen=True, slots=True)
class FactorDemand:
    """Whether a second factor must still be shown here."""

    needed: bool
    reason: Reason


def factor_demand(
    sign_in: SignInFacts, application: ApplicationFacts | None, instead: frozenset[str] = frozenset()
) -> FactorDemand:
    """Local sign-in always asks; otherwise connection and application may (R5). An upstream's word may count (SF-12).

    `instead`: what `stand_ins` allows. It never meets an application's own demand.
    """
    if sign_in.factors & SECOND_FACTORS:
        return FactorDemand(False, Reason("factor_shown", "A second factor has been shown here."))
    is_demanded = application is not None and application.demands_factor
    if sign_in.way == LOCAL:
        if sign_in.factors & instead and not is_demanded:
            return FactorDemand(False, Reason("factor_stand_in", "What the policy lets stand in for one was shown."))
        return FactorDemand(True, Reason("factor_local", "E-mail and password always needs a second factor."))
    if sign_in.is_factor_owed:
        return FactorDemand(True, Reason("factor_owed", f"One has to be shown here to go on from {sign_in.way}."))
    if application is None or not is_demanded:
        return FactorDemand(False, Reason("factor_not_asked", "Nothing asks for a second factor."))
    if shows_factor(sign_in.upstream_amr, sign_in.upstream_acr, sign_in.factor_values):
        return FactorDemand(False, Reason("factor_upstream", "The identity provider says that it asked for one."))
    return FactorDemand(True, Reason("factor_application", f"{application.name} asks for a second factor."))
