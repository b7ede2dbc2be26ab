"""What an admin does about a test sign-in that failed: one step for each cause."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from tenants.causes import Cause

_ADVICE: dict[Cause, LazyString] = {
    Cause.ACCOUNT_UNKNOWN: _("Invite this person, or let the connection make accounts (provisioning)."),
    Cause.ACCOUNT_DISABLED: _("The values work. Test with an account that is on, or switch this one on."),
    Cause.ACCOUNT_EXPIRED: _("The values work. Test with another account, or extend this one."),
    Cause.ACCOUNT_INACTIVE: _("The values work. Test with another account, or switch this one on again."),
    Cause.ACCOUNT_NOT_ACTIVATED: _("The values work. Invite this person once more, or test with another account."),
    Cause.DOMAIN_NOT_ALLOWED: _("List the domain of the address under the tenant’s domains, or test with another account."),
    Cause.EMAIL_UNVERIFIED: _("Prove the domain of the address and bind it to this connection."),
    Cause.LINK_REQUIRED: _("An account has this address. Let the connection ask for a proof (linking)."),
    Cause.FACTOR_ENROLMENT_REQUIRED: _("The values work. A second factor has to be set up for this account first."),
    Cause.UPSTREAM_DENIED: _("Somebody stopped at the provider, or it said no. Read its words below, then test again."),
    Cause.CONSENT_MISSING: _("An admin of the directory has to consent to this application once."),
    Cause.UPSTREAM_NOT_ASSIGNED: _("Assign the person to this application at the provider."),
    Cause.UPSTREAM_ACCOUNT_BLOCKED: _("The provider has blocked this account. Test with another one."),
    Cause.UPSTREAM_POLICY_BLOCKED: _("A policy of the provider (such as Conditional Access) has to let this application in."),
    Cause.UPSTREAM_TENANT_MISMATCH: _("Use an account of the directory that the connection names, or name its directory."),
    Cause.UPSTREAM_UNREACHABLE: _("Check the address, and that this server may reach it. “broker doctor” asks too."),
    Cause.UPSTREAM_RESPONSE_INVALID: _("The detail below names what didn’t fit. Compare it with the provider’s settings."),
    Cause.CONNECTION_MISCONFIGURED: _("Compare client id, secret, addresses and certificates with the provider’s side."),
    Cause.FLOW_EXPIRED: _("Another version came into force meanwhile. Ask for a new link and test that one."),
    Cause.CONNECTION_DISABLED: _("The connection is not there any more."),
}
_ELSE = _("Read the detail below, then test again.")


def advice_on(cause: str | None) -> str:
    """The next step, for a person who may configure; empty where nothing is wrong."""
    if cause is None:
        return ""
    return str(_ADVICE.get(Cause(cause), _ELSE))
