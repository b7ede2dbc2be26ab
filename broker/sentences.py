"""What a person is told about each cause: heading and sentences. The only place where these texts stand.

`%(organization)s` is the tenant's name, `%(provider)s` the label of the connection; a cause's own facts may fill more.
Wording: look/README, "How it speaks". Nothing here may say more than the cause's `shown_as` allows.
"""

from flask_babel import lazy_gettext as _

from broker.variants import VARIANTS as VARIANTS  # part of this table, in a file of its own
from broker.variants import Texts
from tenants.causes import Cause

_SETUP = _("It isn’t your fault, and trying again won’t help. Your admins see the cause under the reference below.")
_ASK_ADMIN = _("An admin of your organization can switch it on again.")

SENTENCES: dict[Cause, Texts] = {
    Cause.CREDENTIALS_INVALID: (
        _("That didn’t match"),
        (_("The e-mail address or the password is not right."),),
    ),
    Cause.CODE_INVALID: (
        _("That code didn’t match"),
        (_("This code is not right. Check the newest mail from us."),),
    ),
    Cause.CODE_EXPIRED: (
        _("That code is too old"),
        (_("This code is older than 5 minutes, or was used already. Send a new one."),),
    ),
    Cause.FACTOR_INVALID: (
        _("That code didn’t match"),
        (_("This code is not right. Apps show a new one every 30 seconds; use the one on the screen now."),),
    ),
    Cause.FACTOR_ENROLMENT_REQUIRED: (
        _("One more step to protect your account"),
        (
            _("Your organization asks for a code from an app on your phone, and none is set up yet."),
            _("Ask for a new invitation; its link takes you through the set-up in about two minutes."),
        ),
    ),
    Cause.RATE_LIMITED: (
        _("Too many tries"),
        (_("Signing in is paused until %(until)s. You don’t need to do anything until then."),),
    ),
    Cause.CREDENTIAL_LOCKED: (
        _("Too many tries"),
        (_("Codes for this account are paused until %(until)s. You don’t need to do anything until then."),),
    ),
    Cause.METHOD_NOT_ALLOWED: (
        _("Use another way to sign in"),
        (_("This way to sign in isn’t switched on for you."),),
    ),
    Cause.FLOW_EXPIRED: (
        _("This sign-in took too long"),
        (_("For your safety it has ended. Nothing was lost."),),
    ),
    Cause.FORM_FOREIGN: (
        _("This page is no longer current"),
        (_("For your safety nothing was done. Open the page again and repeat the last step."),),
    ),
    Cause.ACCOUNT_UNKNOWN: (
        _("You have no account here yet"),
        (_("You signed in to %(provider)s as %(email)s, but nobody has given this address access."),),
    ),
    Cause.ACCOUNT_DISABLED: (
        _("Your account is switched off"),
        (_("An admin of your organization has switched it off. They can switch it on again."),),
    ),
    Cause.ACCOUNT_EXPIRED: (
        _("Your access has ended"),
        (_("If you still work with %(organization)s, ask your contact there to extend it."),),
    ),
    Cause.ACCOUNT_NOT_ACTIVATED: (
        _("Your invitation has run out"),
        (_("Ask for a new one; it takes an admin one click."),),
    ),
    Cause.ACCOUNT_INACTIVE: (
        _("Your account is switched off"),
        (_("Nobody has signed in with it for a long time. Your sign-in stays as it was."), _ASK_ADMIN),
    ),
    Cause.DOMAIN_NOT_ALLOWED: (
        _("This e-mail domain isn’t on the list"),
        (_("%(organization)s does not accept addresses at %(domain)s."),),
    ),
    Cause.LINK_REQUIRED: (
        _("You already have an account"),
        (
            _("An account with the address %(email)s exists, and it was not made with %(provider)s."),
            _("Sign in the way you did before."),
        ),
    ),
    Cause.EMAIL_UNVERIFIED: (
        _("Your address isn’t confirmed"),
        (
            _("%(provider)s gave us the address %(email)s, but doesn’t vouch for it."),
            _("Your admins see the cause under the reference below."),
        ),
    ),
    Cause.INVITATION_USED: (
        _("This link no longer works"),
        (_("It was used before, replaced by a newer one, or has run out. If you still need it, ask for a new one."),),
    ),
    Cause.UPSTREAM_DENIED: (
        _("%(provider)s didn’t let you in"),
        (_("You or %(provider)s stopped the sign-in. You can simply try again."),),
    ),
    Cause.CONSENT_MISSING: (
        _("%(provider)s needs an approval first"),
        (_("An admin of your directory has to approve this service once. Send them the reference below."),),
    ),
    Cause.UPSTREAM_NOT_ASSIGNED: (
        _("%(provider)s says you aren’t on the list"),
        (_("Your directory lets only assigned people in. Your IT department can add you."),),
    ),
    Cause.UPSTREAM_ACCOUNT_BLOCKED: (
        _("%(provider)s has blocked this account"),
        (_("Only your directory’s admins can lift that. Give them the reference below."),),
    ),
    Cause.UPSTREAM_POLICY_BLOCKED: (
        _("A rule of your directory stopped this sign-in"),
        (
            _("%(provider)s asks for something this device or place doesn’t meet."),
            _("Try from a company device, or ask your IT department."),
        ),
    ),
    Cause.UPSTREAM_TENANT_MISMATCH: (
        _("That account belongs to another organization"),
        (_("%(organization)s accepts its own accounts at %(provider)s only."),),
    ),
    Cause.UPSTREAM_UNREACHABLE: (
        _("%(provider)s doesn’t answer"),
        (_("Nothing is wrong with your account. Wait a few minutes, or use another way."),),
    ),
    Cause.UPSTREAM_RESPONSE_INVALID: (
        _("The answer of %(provider)s can’t be trusted"),
        (_("For your safety this sign-in has ended. Your admins see the cause under the reference below."),),
    ),
    Cause.ASSERTION_REPLAYED: (
        _("This answer of %(provider)s was used before"),
        (_("Each answer lets somebody in once, so for your safety this sign-in has ended. You can simply try again."),),
    ),
    Cause.LOGOUT_INVALID: (
        _("This sign-out of %(provider)s can’t be trusted"),
        (_("Nobody was signed out by it. To sign out here, open your page and choose Sign out."),),
    ),
    Cause.CONNECTION_MISCONFIGURED: (_("This way to sign in isn’t set up correctly"), (_SETUP,)),
    Cause.CONNECTION_DISABLED: (
        _("This way to sign in is switched off"),
        (_("An admin of your organization has switched it off."),),
    ),
    Cause.APPLICATION_UNKNOWN: (
        _("We don’t know this application"),
        (_("The link that brought you here names an application that isn’t set up at %(organization)s."),),
    ),
    Cause.APPLICATION_NOT_ASSIGNED: (
        _("You’re signed in, but not for %(application)s"),
        (_("Ask the owner of the application for access."),),
    ),
    Cause.RETURN_ADDRESS_MISMATCH: (
        _("This application asks to return to a place we don’t know"),
        (_("For your safety you were not sent there. The owner of the application has to correct it."),),
    ),
    Cause.REQUEST_INVALID: (
        _("This request can’t be understood"),
        (_("Something in the address or the form is missing or written differently. Go back and try again."),),
    ),
    Cause.INTERACTION_NEEDED: (
        _("You have to sign in first"),
        (_("Open the application again and sign in."),),
    ),
    Cause.CLIENT_INVALID: (_("The application didn’t prove who it is"), (_SETUP,)),
    Cause.GRANT_INVALID: (_("The application’s permission has ended"), (_("Open the application again."),)),
    Cause.TOKEN_INVALID: (_("The application’s permission has ended"), (_("Open the application again."),)),
    Cause.TENANT_UNKNOWN: (
        _("We don’t know this organization"),
        (_("No organization signs in at this address. Check the link, or ask your organization for it."),),
    ),
    Cause.TENANT_SUSPENDED: (
        _("Signing in is switched off here"),
        (_("The sign-in of %(organization)s is switched off for now. Nothing is wrong with your account."),),
    ),
    Cause.PAGE_UNKNOWN: (_("There is nothing here"), (_("Check the link, or start again."),)),
    Cause.ROLE_MISSING: (
        _("This page is for admins"),
        (_("You’re signed in, but your account has no such role. An owner of %(organization)s can give it one."),),
    ),
    Cause.HTTP_METHOD_UNKNOWN: (_("This can’t be done here"), (_("Check the link, or start again."),)),
    Cause.BODY_TOO_LARGE: (_("That was too much"), (_("What was sent is larger than this page takes."),)),
    Cause.STORE_UNREACHABLE: (
        _("Signing in doesn’t work right now"),
        (_("A part of this service doesn’t answer. Nothing was lost; wait a few minutes and try again."),),
    ),
    Cause.BUSY: (
        _("Many people are signing in right now"),
        (_("Nothing was lost; wait a few seconds and try again."),),
    ),
    Cause.BROKEN: (
        _("Something went wrong here"),
        (_("It isn’t your fault. The cause was noted under the reference below."),),
    ),
}


def texts_of(cause: Cause, fact: str | None) -> Texts:
    """Heading and sentences of a cause, or of the variant that its fact names."""
    return VARIANTS.get((cause, fact or ""), SENTENCES[cause])
