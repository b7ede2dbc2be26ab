"""Factories for what hangs on applications: consent, pushed requests, used tokens, and who is told of a logout."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tenants.application_consents import ApplicationConsent
from tenants.base import Base
from tenants.ids import digest, new_id, new_secret
from tenants.logout_reach import BACK_CHANNEL
from tenants.logouts import LogoutDelivery
from tenants.pushed_requests import PushedRequest
from tenants.used_tokens import UsedToken
from tests.factories import Home, account, application


def application_consent(home: Home, account_id: str | None = None, application_id: str | None = None) -> ApplicationConsent:
    return home.add(
        ApplicationConsent(
            id=new_id("cns"),
            account_id=account_id or account(home).id,
            application_id=application_id or application(home).id,
            scopes=["openid", home.canary],
            created_at=home.now,
            changed_at=home.now,
        )
    )


def pushed_request(home: Home) -> PushedRequest:
    return home.add(
        PushedRequest(
            id=digest(new_secret()),
            application_id=application(home).id,
            parameters=[["state", home.canary]],
            created_at=home.now,
            expires_at=home.now + timedelta(minutes=1),
        )
    )


def used_token(home: Home) -> UsedToken:
    end = home.now + timedelta(minutes=1)
    return home.add(UsedToken(id=digest(new_secret()), application_id=application(home).id, expires_at=end))


def logout_delivery(home: Home) -> LogoutDelivery:
    return home.add(
        LogoutDelivery(
            id=new_id("lgo"),
            application_id=application(home).id,
            session_id=new_id("ses"),
            account_id=new_id("acc"),
            channel=BACK_CHANNEL,
            facts={"canary": home.canary},
            created_at=home.now,
        )
    )


APPLICATION_FACTORIES: dict[type[Base], Callable[[Home], Any]] = {
    ApplicationConsent: application_consent,
    LogoutDelivery: logout_delivery,
    PushedRequest: pushed_request,
    UsedToken: used_token,
}
