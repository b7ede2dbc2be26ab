"""Factories around SAML service providers: the applications, their requests, what they were told, their metadata."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tenants.applications import Application
from tenants.base import Base
from tenants.ids import digest, new_id, new_secret
from tenants.saml_applications import AcsAddress, SamlApplicationConfig
from tenants.saml_logins import SamlLogin, SamlRequest
from tenants.sp_metadata import SpMetadata
from tests.factories import Home, session


def saml_application(home: Home, config: SamlApplicationConfig | None = None, **values: Any) -> Application:
    """A service provider with one address, which tells nothing and signs nothing, or with `config`."""
    made = new_id("app")
    known = config or SamlApplicationConfig(
        entity_id=f"https://{made}.{home.domain}/saml", acs=(AcsAddress(f"https://{made}.{home.domain}/acs", 0),)
    )
    columns = {"id": made, "client_id": f"saml:{made}", "secret_hash": None, "redirect_uris": []}
    columns |= {"kind": "saml", "entity_id": known.entity_id, "saml": known.as_json(), "post_logout_redirect_uris": []}
    return home.add(Application(**_common(home, made) | columns | values))


def _common(home: Home, made: str) -> dict[str, Any]:
    name = f"SAML {home.canary}"
    return {"organization_id": home.root, "key": f"s-{made[4:14]}", "name": name, "created_at": home.now}


def saml_request(home: Home, **values: Any) -> SamlRequest:
    columns = {"application_id": saml_application(home).id, "asked": {"relay_state": home.canary}}
    columns |= {"received_at": home.now, "expires_at": home.now + timedelta(hours=1)}
    return home.add(SamlRequest(id=digest(new_secret()), **(columns | values)))


def saml_login(home: Home, **values: Any) -> SamlLogin:
    opened = session(home)
    columns = {"session_id": opened.row.id, "account_id": opened.row.account_id, "name_id": {"value": home.canary}}
    columns |= {"application_id": saml_application(home).id, "name_hash": digest(new_secret())}
    columns |= {"created_at": home.now, "expires_at": home.now + timedelta(hours=1)}
    return home.add(SamlLogin(id=new_id("sml"), **(columns | values)))


def sp_metadata(home: Home, **values: Any) -> SpMetadata:
    columns = {"id": saml_application(home).id, "url": f"https://{home.canary}.example/metadata", "document": home.canary}
    columns |= {"fetched_at": home.now, "checked_at": home.now, "due_at": home.now}
    return home.add(SpMetadata(**(columns | values)))


SAML_FACTORIES: dict[type[Base], Callable[[Home], Any]] = {
    SamlLogin: saml_login,
    SamlRequest: saml_request,
    SpMetadata: sp_metadata,
}
