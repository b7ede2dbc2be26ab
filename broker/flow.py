"""What the request at hand knows of its login transaction: for the error page, the audit log and the logs."""

from dataclasses import dataclass
from typing import cast

from flask import g


@dataclass(slots=True)
class Flow:
    """Filled in as the request learns more. `tx` is the id as it stands in the URL."""

    tx: str
    reference: str
    is_live: bool = True
    method: str | None = None
    connection_id: str | None = None
    connection_label: str | None = None
    application_id: str | None = None
    application_name: str | None = None


def current_flow() -> Flow | None:
    """The login transaction that this request is about, if it has one."""
    return cast(Flow | None, g.get("flow"))
