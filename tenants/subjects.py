"""Whom an application knows a person as: by the account's id, or by a pairwise subject of its own (Core, 8.1)."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlsplit

from tenants.application_config import ApplicationConfig
from tenants.applications import SubjectType


def pairwise_subject(salt: str, sector: str, account_id: str) -> str:
    """The same for the same sector and account, and telling nothing of either. `salt` is the tenant's own."""
    made = hmac.new(salt.encode(), f"{sector}\n{account_id}".encode(), sha256).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def subject_of(salt: str, application: ApplicationConfig, account_id: str) -> str:
    """What `sub` is in everything that this application is told."""
    if application.subject_type != SubjectType.PAIRWISE.value:
        return account_id
    return pairwise_subject(salt, sector_of(application), account_id)


def sector_of(application: ApplicationConfig) -> str:
    """Core, 8.1: what was set, or the host of its return addresses."""
    first = next(iter(application.redirect_uris), "")
    return application.sector or urlsplit(first).hostname or application.client_id
