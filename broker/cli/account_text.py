"""How `broker account` prints accounts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from broker.cli.asking import counted, time_text
from tenants.account_list import AccountView, Held
from tenants.accounts import AccountState

LIST_STATES = [state.value for state in AccountState if state is not AccountState.DELETED]
_NAMES = {"totp": "authenticator app", "recovery_code": "recovery code"}


def line(row: Any, state: AccountState) -> str:
    """An account in a list."""
    parts = [f"{row.email}: {state.value}"]
    if row.role:
        parts.append(str(row.role))
    if row.is_local_enabled:
        parts.append("e-mail login")
    if row.expires_at:
        parts.append(f"ends with {row.expires_at - timedelta(microseconds=1):%Y-%m-%d}")
    parts.append(f"last sign-in {time_text(row.last_login_at)}")
    return ", ".join(parts)


def card(seen: AccountView) -> Iterator[str]:
    """Everything about one account."""
    account = seen.account
    yield line(account, seen.state)
    for name, value in (
        ("id", account.id),
        ("name", account.name),
        ("groups", ", ".join(seen.groups)),
        ("managed by", "a tenants file" if account.is_file_managed else ""),
        ("emergency access", "set up" if seen.has_door else ""),
    ):
        if value:
            yield f"  {name}: {value}"
    for name, moment in (
        ("created", account.created_at),
        ("invited", account.invited_at),
        ("activated", account.activated_at),
        ("state since", account.state_changed_at),
        ("second factors reset", account.factors_reset_at),
        (f"warned of {account.warned_of}", account.warned_at),
    ):
        if moment:
            yield f"  {name}: {time_text(moment)}"
    yield from _held(seen.held)


def _held(held: tuple[Held, ...]) -> Iterator[str]:
    codes = [one for one in held if one.what == "recovery_code"]
    for one in held:
        if one.what != "recovery_code":
            what = _NAMES.get(one.what, one.what)
            said = "".join(f", {name} {value}" for name, value in one.said)
            yield f"  {what}: since {time_text(one.created_at)}, last used {time_text(one.last_used_at)}{said}"
    if codes:
        left = sum(1 for one in codes if one.last_used_at is None)
        yield f"  {counted(left, 'recovery code')} left: since {time_text(codes[0].created_at)}"
