"""Microsoft's messages in plain words, by the topics of `broker/upstream/entra_errors.py`."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _

from broker.help.explanation import Explanation, Helper

_SEND = _("Send them the whole message; the ids in it lead to your attempt under “Sign-in logs”.")
_AGAIN = _("Start again from the application, or from the page of your organization.")

EXPLANATIONS: Mapping[str, Explanation] = {
    "consent_missing": Explanation(
        _("Your organization has not approved this sign-in yet"),
        _("An administrator of your directory at Microsoft has to approve it once, for everybody."),
        (_("Ask your IT department to approve it. You may start it yourself if you are an administrator."), _SEND),
        Helper.DIRECTORY,
    ),
    "consent_spreading": Explanation(
        _("The approval is on its way"),
        _("It was given a moment ago, and Microsoft has not passed it on everywhere."),
        (_("Wait five minutes and try again."),),
        Helper.NOBODY,
    ),
    "consent_declined": Explanation(
        _("The question was declined"),
        _("Microsoft asked whether you agree that your name and address are passed on, and somebody pressed Cancel."),
        (_("Try again and accept, if you agree."),),
        Helper.SELF,
    ),
    "app_unknown": Explanation(
        _("Sign-in isn’t set up in your directory"),
        _("Microsoft does not find this service in the directory that you signed in to."),
        (_("If you have several accounts, try again with the one of your organization."), _SEND),
        Helper.ORGANIZATION,
    ),
    "account_type": Explanation(
        _("Use your work account"),
        _("This sign-in is for accounts of an organization, and yours is a personal one or of another kind."),
        (_("Try again and choose “Use another account”."), _("Open the page in a private window if it is chosen for you.")),
        Helper.SELF,
    ),
    "wrong_account": Explanation(
        _("That account belongs somewhere else"),
        _("The Microsoft account that you used is not in the directory that is asked."),
        (
            _("Try again and choose “Use another account”, or open the page in a private window."),
            _("If it was the right one, give your IT department the message."),
        ),
        Helper.DIRECTORY,
    ),
    "tenant_restriction": Explanation(
        _("Your network or your organization blocks this"),
        _("A rule says which organizations may be reached with your account, or from this network."),
        (_("Try from another network, if you may."), _SEND),
        Helper.DIRECTORY,
    ),
    "not_assigned": Explanation(
        _("You aren’t on the list for this application"),
        _("Your directory lets only assigned people and groups in, and you are not among them."),
        (_("Ask your IT department to assign you under “Enterprise applications”, “Users and groups”."), _SEND),
        Helper.DIRECTORY,
    ),
    "account": Explanation(
        _("Microsoft refuses the account or its password"),
        _("The password was wrong or has run out, or the account is locked or switched off."),
        (_("Check at office.com whether you can sign in there; a new password is set there too."), _SEND),
        Helper.DIRECTORY,
    ),
    "second_factor": Explanation(
        _("Microsoft wants a second factor"),
        _("It asks for one more proof that it is you, which was not completed or is not set up."),
        (_("Try again and finish what Microsoft asks. It is set up at aka.ms/mfasetup."), _SEND),
        Helper.DIRECTORY,
    ),
    "policy": Explanation(
        _("A rule of your organization blocks this device or place"),
        _("Conditional Access lets you in only from certain devices, places or apps."),
        (_("Try from a company device, or inside the company network."), _SEND),
        Helper.DIRECTORY,
    ),
    "session_ended": Explanation(
        _("Your sign-in at Microsoft has ended"),
        _("It was open for too long, or your password was changed since."),
        (_AGAIN,),
        Helper.SELF,
    ),
    "our_request": Explanation(
        _("Signing in is set up wrongly"),
        _("What Microsoft knows of this service and what the service sends do not agree. It isn’t your fault."),
        (_("The addresses and permissions of the app registration have to be corrected."), _SEND),
        Helper.ORGANIZATION,
    ),
    "client_secret": Explanation(
        _("This service’s key at Microsoft has run out"),
        _("The secret or certificate by which Microsoft knows the service is wrong or too old. It isn’t your fault."),
        (_("It has to be renewed."), _SEND),
        Helper.ORGANIZATION,
    ),
    "directory_unknown": Explanation(
        _("Microsoft does not know that directory"),
        _("The directory’s id is wrong, or it is in another of Microsoft’s clouds. It isn’t your fault."),
        (_("The id in the settings of this sign-in has to be corrected."), _SEND),
        Helper.ORGANIZATION,
    ),
    "code_used": Explanation(
        _("The page was used twice, or was open for too long"),
        _("Each answer of Microsoft works once and for a short time."),
        (_AGAIN,),
        Helper.SELF,
    ),
    "federated": Explanation(
        _("Your organization’s own sign-in failed"),
        _("Microsoft hands you on to a sign-in of your organization, and that one said no or did not answer."),
        (_("Try again later."), _SEND),
        Helper.DIRECTORY,
    ),
    "saml_request": Explanation(
        _("Signing in is set up wrongly"),
        _("Microsoft can’t use the SAML request that it was sent: an id, an address, a signature or a clock is wrong."),
        (_("The values on both sides have to be compared."), _SEND),
        Helper.ORGANIZATION,
    ),
    "saml_authentication": Explanation(
        _("Microsoft was asked for another way of signing in"),
        _("You signed in with Windows Hello or a key, and a password was asked for."),
        (_("The request for that way has to be switched off."), _SEND),
        Helper.ORGANIZATION,
    ),
    "unavailable": Explanation(
        _("Microsoft has a fault"),
        _("Something at Microsoft doesn’t answer right now."),
        (_("Wait a few minutes and try again."),),
        Helper.NOBODY,
    ),
}
PHRASES: Mapping[str, str] = {
    "need admin approval": "consent_missing",
    "approval required": "consent_missing",
    "you can't get there from here": "policy",
    "you don't have access to this": "policy",
    "you cannot access this right now": "policy",
    "more information required": "second_factor",
    "does not exist in tenant": "wrong_account",
    "personal account": "account_type",
    "your account has been locked": "account",
    "your account or password is incorrect": "account",
    "access is blocked by your organization": "tenant_restriction",
}
"""What stands on Microsoft's page where it shows no number; English, as it is told apart from nothing else."""
