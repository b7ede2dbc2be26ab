"""What an ID token of Microsoft Entra has to pass. All directories share their keys: `tid` tells them apart."""

import re

from broker.upstream import claims as read
from broker.upstream.entra_options import PERSONAL_DIRECTORY, EntraOptions
from broker.upstream.id_token import CLAIM_CHECKS, Check, Claims, Expected, check_issuer
from tenants.causes import Cause, UpstreamFailure

_LOWER_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_directory(value: object) -> bool:
    """A directory's id in the one spelling that tokens have; personal accounts have no directory."""
    return isinstance(value, str) and value != PERSONAL_DIRECTORY and _LOWER_GUID.fullmatch(value) is not None


def check_not_personal(claims: Claims, expected: Expected) -> None:
    if claims.get("tid") == PERSONAL_DIRECTORY:
        raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "personal", fact="personal")


def check_directory(options: EntraOptions) -> Check:
    """One that the connection accepts (OU-09)."""

    def check(claims: Claims, expected: Expected) -> None:
        tid = claims.get("tid")
        if not is_directory(tid) or not (options.any_work_account or tid in options.named):
            raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "tid", fact="directory")

    return check


def check_issuer_of_directory(options: EntraOptions) -> Check:
    """The issuer of the very directory that `tid` names: one of the two alone proves nothing (OU-09)."""

    def check(claims: Claims, expected: Expected) -> None:
        tid = claims.get("tid")
        if not is_directory(tid) or claims.get("iss") != f"{options.authority_host}/{tid}/v2.0":
            raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "iss")

    return check


def check_version(claims: Claims, expected: Expected) -> None:
    """The claims of version 1 mean other things."""
    if claims.get("ver") != "2.0":
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "ver")


def check_not_guest(claims: Claims, expected: Expected) -> None:
    """A guest is at home elsewhere: `idp` names where, and `acct` (optional claim) is 1."""
    home = claims.get("idp", claims["iss"])
    if home not in (claims["iss"], f"https://sts.windows.net/{claims['tid']}/") or claims.get("acct") in (1, "1"):
        raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "guest", fact="guest")


def check_object_id(claims: Claims, expected: Expected) -> None:
    if not read.is_guid(claims.get("oid")):
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "oid")


def of_a_person(options: EntraOptions) -> tuple[Check, ...]:
    """Whose account it is comes first, so that somebody with the wrong one is told so."""
    return (check_not_personal, check_directory(options), *_of_a_token(options), check_not_guest, check_object_id)


def of_any_directory(options: EntraOptions) -> tuple[Check, ...]:
    """For the proof after a consent: whichever directory it is, the token has to be whole, and of somebody at home there."""
    return (check_not_personal, *_of_a_token(options), check_not_guest, check_object_id)


def _of_a_token(options: EntraOptions) -> tuple[Check, ...]:
    others = (check for check in CLAIM_CHECKS if check is not check_issuer)
    return (check_issuer_of_directory(options), *others, check_version)
