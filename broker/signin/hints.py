"""What an attempt was told when it began."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """What an application asked of the sign-in (OpenID Connect Core, 3.1.2.1). `max_age` in seconds."""

    login_hint: str = ""
    domain_hint: str = ""
    connection: str = ""
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: str = ""
    account: str = ""
    """Whose proof is asked for, by a page of their own: nobody else finishes this attempt. No application can say it."""
    factor: bool = False  # asked for here by a page of their own, whatever a provider says
    link: str = ""
    """Id of the link that waits for a proof of its account (tenants/pending_links.py). No application can say it."""
    language: str = ""
    """In which the application asks its people to be spoken to: one that was offered when the attempt began."""
