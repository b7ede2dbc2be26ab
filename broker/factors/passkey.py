"""Passkeys (Web Authentication, level 3): made, and proven with the person verified by their own device.

The relying party is the host of the tenant's canonical address, the user handle the account's id. Attestation is not
asked for: which make a device is decides nothing here. What an answer is checked against never comes from the request.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import g
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from broker.errors import record
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.passkeys import ADD_PASSKEY, PASSKEY_OF_CREDENTIAL, USE_PASSKEY
from tenants.policies import TenantPolicy

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
TIMEOUT_MILLISECONDS = 300_000
_CHALLENGE_BYTES = 32
_LONGEST_ANSWER = 40_000
_CREDENTIAL_ID = re.compile(r"[A-Za-z0-9_-]{1,1364}")
"""Base64url of at most 1023 bytes (section 5.8.3); no database takes everything that JSON can say."""
_TRANSPORTS = {one.value: one for one in AuthenticatorTransport}
_UNREADABLE = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library and its parsers raise at answers that are none."""


class _Refused(Exception):
    """An answer that proves nothing; the words are for admins."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What an authenticator made, in the columns of tenants/passkeys.py."""

    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str
    transports: list[str]
    is_synced: bool


def is_offered(policy: TenantPolicy) -> bool:
    """May people of whom this policy holds have and use passkeys? A network address is no relying party (section 5.1.2)."""
    return policy.local_enabled and policy.passkeys and not _is_address(_relying_party())


def is_offered_to_some() -> bool:
    """The same for anybody of the tenant, before it is known who it is."""
    return any(is_offered(policy) for policy in (g.tenant.policy, *g.tenant.policies.values()))


def new_challenge() -> str:
    """32 random bytes in base64url, for `login_transactions.challenge` or the like."""
    return the_broker().ports.randomness.token_urlsafe(_CHALLENGE_BYTES)


def creation_options(account: Row[Any], existing: Iterable[Row[Any]]) -> tuple[str, str]:
    """Options for `navigator.credentials.create()` as JSON, and the challenge to keep.

    `account` has `id`, `email` and `name`; `existing` are its passkeys (rows of PASSKEYS_OF_ACCOUNT): none is made twice.
    """
    challenge = new_challenge()
    options = generate_registration_options(
        rp_id=_relying_party(),
        rp_name=g.tenant.name,
        user_name=account.email,
        user_id=account.id.encode(),
        user_display_name=account.name or account.email,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MILLISECONDS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(existing),
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options), challenge


def verify_creation(answer_json: str, challenge: str) -> NewPasskey:
    """What was made, checked against `challenge`, which the caller has taken. Raises Refusal(FACTOR_INVALID)."""
    try:
        answer = _parsed(answer_json)
        made = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_relying_party(),
            expected_origin=_origin(),
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        if bytes_to_base64url(made.credential_id) != answer["id"]:
            raise _Refused("two ids in one answer")
        return NewPasskey(
            credential_id=answer["id"],
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            aaguid=made.aaguid,
            transports=[one for one in answer["response"].get("transports", []) if one in _TRANSPORTS],
            is_synced=made.credential_backed_up,
        )
    except (_Refused, *_UNREADABLE) as error:
        raise Refusal(Cause.FACTOR_INVALID, f"passkey not made: {error}") from error


def add(db: TenantSession, account_id: str, made: NewPasskey, label: str, now: datetime) -> str:
    """Write a passkey within the caller's transaction; its id. Raises Refusal(FACTOR_INVALID): it stands here already."""
    made_id = new_id("pky")
    columns = {name: getattr(made, name) for name in NewPasskey.__dataclass_fields__}
    try:
        db.run(ADD_PASSKEY, id=made_id, account_id=account_id, label=label[:100], created_at=now, **columns)
    except IntegrityError as error:
        raise Refusal(Cause.FACTOR_INVALID, "the passkey is there already", account_id=account_id) from error
    return made_id


def request_options(challenge: str, allow: Iterable[Row[Any]] = ()) -> str:
    """Options for `navigator.credentials.get()` as JSON. Without `allow` (passkey rows) the browser offers what it has."""
    options = generate_authentication_options(
        rp_id=_relying_party(),
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MILLISECONDS,
        allow_credentials=_descriptors(allow),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def verify_request(answer_json: str, challenge: str, account_id: str | None) -> str | None:
    """Whose passkey has signed `challenge`, which the caller has taken; None, and an audited refusal, for anything else.

    `account_id`: only that account's will do. A counter that does not go up is refused, and audited as a copy (SF-08).
    """
    try:
        answer = _parsed(answer_json)
        passkey = _passkey_of(answer, account_id)
        _use(passkey, _proven(answer, challenge, passkey))
    except (_Refused, *_UNREADABLE) as error:
        record(Refusal(Cause.FACTOR_INVALID, f"passkey: {error}", account_id=account_id))
        return None
    return str(passkey.account_id)


def _parsed(answer_json: str) -> dict[str, Any]:
    """The answer as it is named by the specification (5.1), as far as we read it ourselves."""
    if len(answer_json) > _LONGEST_ANSWER:
        raise _Refused("the answer is too long")
    answer = json.loads(answer_json)
    if not isinstance(answer, dict) or not isinstance(answer.get("response"), dict) or not isinstance(answer.get("id"), str):
        raise _Refused("the answer has another form")
    if not _CREDENTIAL_ID.fullmatch(answer["id"]):
        raise _Refused("its id is none")
    client_data = parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"]))
    if client_data.cross_origin:
        # Section 7.2, step 12: from a frame in somebody else's page.
        raise _Refused("asked for in a frame of another site")
    return answer


def _passkey_of(answer: dict[str, Any], account_id: str | None) -> Row[Any]:
    """The stored passkey, if the answer says whose it is and says so rightly (section 7.2, step 6)."""
    with g.db.reading() as db:
        passkey: Row[Any] | None = db.one(PASSKEY_OF_CREDENTIAL, credential=answer["id"])
    if passkey is None:
        raise _Refused("unknown here")
    handle = answer["response"].get("userHandle")
    if account_id is None and not handle:
        raise _Refused("no user handle")
    if handle and base64url_to_bytes(handle) != passkey.account_id.encode():
        raise _Refused("another user handle")
    if account_id is not None and passkey.account_id != account_id:
        raise _Refused("of another account")
    return passkey


def _proven(answer: dict[str, Any], challenge: str, passkey: Row[Any]) -> VerifiedAuthentication:
    return verify_authentication_response(
        credential=answer,
        expected_challenge=base64url_to_bytes(challenge),
        expected_rp_id=_relying_party(),
        expected_origin=_origin(),
        credential_public_key=base64url_to_bytes(passkey.public_key),
        # The counter is judged by the statement that moves it, so that two answers at once cannot both be ahead.
        credential_current_sign_count=0,
        require_user_verification=True,
    )


def _use(passkey: Row[Any], proven: VerifiedAuthentication) -> None:
    now, address = the_broker().ports.clock.now(), client_address()[:45]
    with g.db.writing() as db:
        is_ahead = db.run(
            USE_PASSKEY,
            passkey_id=passkey.id,
            count=proven.new_sign_count,
            synced=proven.credential_backed_up,
            at=now,
            address=address,
        )
        if not is_ahead:
            audit.append(
                db,
                Event.PASSKEY_CLONE,
                at=now,
                account_id=passkey.account_id,
                address=address,
                detail={"passkey": passkey.id, "counter": proven.new_sign_count},
            )
    if not is_ahead:
        raise _Refused("its counter did not go up, which speaks of a copy")


def _descriptors(rows: Iterable[Row[Any]]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(row.credential_id),
            transports=[_TRANSPORTS[one] for one in row.transports if one in _TRANSPORTS] or None,
        )
        for row in rows
    ]


def _relying_party() -> str:
    return urlsplit(g.tenant.base_url).hostname or ""


def _origin() -> str:
    parts = urlsplit(g.tenant.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
