"""Back-channel logout (OpenID Connect Back-Channel Logout 1.0): a signed word to the application's server."""

from datetime import datetime, timedelta
from typing import Any

from broker.downstream.oidc import tokens
from broker.downstream.telling import DELIVERY, NotTold
from broker.wiring import Broker
from tenants.causes import UpstreamFailure
from tenants.ids import new_secret
from tenants.logout_leases import Leased
from tenants.snapshot import ApplicationConfig, TenantConfig
from tenants.subjects import subject_of

LOGOUT_TOKEN = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFE = timedelta(minutes=2)
"""Back-Channel Logout, 4: short; each try has a new one."""
_LARGEST_ANSWER = 64_000
_TRY_AGAIN = frozenset({408, 425, 429})


def tell_by_back_channel(broker: Broker, tenant: TenantConfig, application: ApplicationConfig, delivery: Leased) -> None:
    """Post the logout token. Raises NotTold unless the application says that it is done (2.8: 200)."""
    if application.backchannel_logout_uri is None or not application.is_enabled:
        raise NotTold("it has no address to be told at any more, or was switched off", is_final=True)
    claims = logout_claims(tenant, application, delivery, broker.ports.clock.now())
    token = tokens.sign(claims, LOGOUT_TOKEN, application.id_token_alg, tenant)
    try:
        reply = broker.ports.http.request(
            "POST",
            application.backchannel_logout_uri,
            form={"logout_token": token},
            max_bytes=_LARGEST_ANSWER,
            timeout=DELIVERY.total_seconds(),
        )
    except UpstreamFailure as failure:
        raise NotTold(f"not reached: {failure.detail}") from None
    if reply.status not in {200, 204}:
        is_final = 400 <= reply.status < 500 and reply.status not in _TRY_AGAIN
        raise NotTold(f"answered with status {reply.status}", is_final=is_final)


def logout_claims(tenant: TenantConfig, application: ApplicationConfig, delivery: Leased, now: datetime) -> dict[str, Any]:
    """2.4: whose session, and which. There is no `nonce`, so that it can't be taken for an ID token."""
    issued_at = int(now.timestamp())
    return {
        "iss": tenant.issuer,
        "aud": application.client_id,
        "iat": issued_at,
        "exp": issued_at + int(LIFE.total_seconds()),
        "jti": new_secret(),
        "sub": subject_of(tenant.pairwise_salt, application, delivery.account_id),
        "sid": delivery.session_id,
        "events": {EVENT: {}},
    }
