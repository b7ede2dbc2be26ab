"""Where a person goes to sign in, and why: (tenant, application, address, network, hints) to a way in.

`discover` answers for a page, `check_way` for one way that somebody pressed or posted to. Neither is told whether an
account exists, so neither can tell it. A decision is a list of steps read from top to bottom; the first that knows the
way wins:

    typed address -> connection hint -> login hint -> domain hint -> the only way there is -> the person chooses

Only a typed address counts after a failure or a sign-out: whatever enters by itself would go round in a loop (R4).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv6Address

from tenants.addresses import Address, AddressError, normalise_address, normalise_domain
from tenants.causes import Cause
from tenants.reasons import Reason, Verdict
from tenants.routing_domains import DomainRule, find_rule
from tenants.ways import LOCAL, Hints, IPAddress, SignInPage, Way


@dataclass(frozen=True)
class Question:
    """Everything that a decision may depend on."""

    ways: tuple[Way, ...]
    rules: tuple[DomainRule, ...] = ()
    local_enabled: bool = False
    page: SignInPage = "both"
    address: Address | None = None
    """What the person typed at this step, not an address remembered from an earlier one."""
    accepted: frozenset[str] = frozenset()
    """Keys of the ways that the application accepts, `local` among them; empty: all."""
    network: IPAddress | None = None
    hints: Hints = field(default_factory=Hints)
    last_method: str | None = None
    has_just_ended: bool = False
    """A try has just failed, or the person has just signed out."""

    @cached_property
    def usable(self) -> dict[str, Way]:
        """The connections that may be entered now, by key."""
        return {way.key: way for way in self.ways if not _obstacle(self, way)}

    @cached_property
    def plain_network(self) -> IPAddress | None:
        """The network address; an IPv4 address that came in IPv6 clothes (::ffff:10.0.0.1) is IPv4."""
        mapped = self.network.ipv4_mapped if isinstance(self.network, IPv6Address) else None
        return mapped or self.network


@dataclass(frozen=True, slots=True)
class Decision:
    """Go to one way at once, or offer these; a cause where nothing is possible."""

    go: str | None
    ways: tuple[str, ...]
    """Keys to offer, best first; with `go` they are the *other ways to sign in* (and `go` itself)."""
    first: str | None
    """The one of them to set apart: the last one that worked here, or the one of this network."""
    asks_address: bool
    """Whether a page that offers the ways has the e-mail field as well."""
    address: Address | None
    """What to hand on as login hint: the typed address, else the application's."""
    cause: Cause | None
    reasons: tuple[Reason, ...]


Step = tuple[str | None, tuple[Reason, ...]]
"""The way found, if any, and what to say about it."""


def discover(question: Question) -> Decision:
    """Decide where a person goes (R1 to R4, R8, T4 to T6)."""
    reasons = [*_explain_ways(question)]
    go: str | None = None
    for step in _STEPS:
        go, said = step(question)
        reasons += said
        if go:
            break
    offered = _offered(question)
    cause = None if go else _cause(question, offered)
    if not go:
        reasons.append(_open_end(question, offered, cause))
    return Decision(
        go=go,
        ways=offered,
        first=offered[0] if offered and _is_set_apart(question, offered[0]) else None,
        asks_address=question.address is None and (question.page != "buttons" or LOCAL in offered or not offered),
        address=question.address or _hinted_address(question),
        cause=cause,
        reasons=tuple(reasons),
    )


def check_way(question: Question, key: str) -> Verdict:
    """Whether one way may be used: behind every button, and behind every page of local sign-in (RT-07, LC-10)."""
    if key == LOCAL:
        refusal = _local_refusal(question, question.address)
        allowed = Reason("local_allowed", "E-mail and password may be used here.")
        return Verdict(Cause.METHOD_NOT_ALLOWED if refusal else None, (refusal or allowed,))
    way = next((way for way in question.ways if way.key == key), None)
    if way is None:
        return Verdict(Cause.METHOD_NOT_ALLOWED, (Reason("way_unknown", f"There is no connection {key!r}."),))
    obstacle = _obstacle(question, way)
    if obstacle is None:
        return Verdict(None, (Reason("way_allowed", f"{way.label} may be used here."),))
    cause = Cause.METHOD_NOT_ALLOWED if way.enabled else Cause.CONNECTION_DISABLED
    return Verdict(cause, (obstacle,))


def _obstacle(question: Question, way: Way) -> Reason | None:
    """Why a connection can't be used now."""
    if not way.enabled:
        return Reason("connection_disabled", f"{way.label} is switched off.")
    if question.accepted and way.key not in question.accepted:
        return Reason("application_refuses", f"The application does not accept {way.label}.")
    if way.networks and not way.first_in_network and not way.is_near(question.plain_network):
        return Reason("network_outside", f"{way.label} can be used only from its own networks, and this is none.")
    return None


def _local_refusal(question: Question, address: Address | None) -> Reason | None:
    """Why e-mail and password can't be used, as far as tenant, application and domain say."""
    if not question.local_enabled:
        return Reason("local_off", "E-mail and password is switched off for the organization.")
    if question.accepted and LOCAL not in question.accepted:
        return Reason("local_application_refuses", "The application does not accept e-mail and password.")
    rule = find_rule(address.domain, question.rules) if address else None
    if rule and rule.refuses_local:
        return Reason("local_enforced_away", f"{rule.name} enforces its connection, so e-mail and password is refused.")
    return None


def _explain_ways(question: Question) -> list[Reason]:
    obstacles = [_obstacle(question, way) for way in question.ways]
    return [reason for reason in (*obstacles, _local_refusal(question, question.address)) if reason]


def _by_typed_address(question: Question) -> Step:
    return _by_address(question, question.address) if question.address else (None, ())


def _by_address(question: Question, address: Address) -> Step:
    """R3: the domain's connection, else the password page, else the only connection."""
    rule = find_rule(address.domain, question.rules)
    key, said = _route(question, address.domain, rule)
    if key:
        return key, (said,)
    if not _local_refusal(question, address):
        return LOCAL, (said, Reason("password_page", "So the address goes on to the password page."))
    # A domain that belongs to one connection isn't sent to another without being asked.
    shown = [way for way in question.usable.values() if way.shown]
    if len(shown) == 1 and said.code != "route_closed":
        return shown[0].key, (said, Reason("only_way", f"{shown[0].label} is the only way in."))
    return None, (said,)


def _route(question: Question, domain: str, rule: DomainRule | None) -> tuple[str | None, Reason]:
    """The connection that a domain belongs to. A sub-domain belongs to nobody unless a wildcard says so."""
    if rule is None or rule.connection is None:
        return None, Reason("route_none", f"{domain} belongs to no connection.")
    if not rule.is_trusted:
        return None, Reason("route_unproven", f"{rule.name} is not proven, so it leads nowhere.")
    way = question.usable.get(rule.connection)
    if way is None:
        return None, Reason(
            "route_closed", f"{rule.name} belongs to {_label(question, rule.connection)}, which can't be used now."
        )
    manner = "enforces" if rule.enforce else "prefers"
    return way.key, Reason("route", f"{rule.name} {manner} {way.label}, so the person goes straight there.")


def _stay_after_an_end(question: Question) -> Step:
    if question.address or not question.has_just_ended:
        return None, ()
    return None, (Reason("no_loop", "A try or a session has just ended, so nothing is entered by itself."),)


def _by_connection_hint(question: Question) -> Step:
    key = question.hints.connection
    if not _may_enter_by_itself(question) or not key:
        return None, ()
    is_local = key == LOCAL and not _local_refusal(question, _hinted_address(question))
    if key in question.usable or is_local:
        return key, (Reason("hint_connection", f"The application asks for {_label(question, key)}."),)
    return None, (Reason("hint_connection_ignored", "The application asks for a connection that can't be used now."),)


def _by_login_hint(question: Question) -> Step:
    if not _may_enter_by_itself(question) or not question.hints.login:
        return None, ()
    address = _hinted_address(question)
    if address is None:
        return None, (Reason("hint_login_ignored", "The application's login hint is no e-mail address."),)
    key, said = _by_address(question, address)
    return key, (Reason("hint_login", f"The application says that {address.text} wants to sign in."), *said)


def _by_domain_hint(question: Question) -> Step:
    if not _may_enter_by_itself(question) or not question.hints.domain:
        return None, ()
    try:
        domain = normalise_domain(question.hints.domain)
    except AddressError:
        return None, (Reason("hint_domain_ignored", "The application's domain hint is no domain name."),)
    key, said = _route(question, domain, find_rule(domain, question.rules))
    return key, (Reason("hint_domain", f"The application asks for the people of {domain}."), said)


def _by_only_way(question: Question) -> Step:
    """R4. A page that asks for the address first is the tenant's wish, also where all addresses lead to one place."""
    offered = _offered(question)
    is_only = len(offered) == 1 and offered != (LOCAL,)
    if not _may_enter_by_itself(question) or question.page == "email_first" or not is_only:
        return None, ()
    return offered[0], (Reason("only_way", f"{question.usable[offered[0]].label} is the only way in."),)


_STEPS: tuple[Callable[[Question], Step], ...] = (
    _by_typed_address,
    _stay_after_an_end,
    _by_connection_hint,
    _by_login_hint,
    _by_domain_hint,
    _by_only_way,
)


def _may_enter_by_itself(question: Question) -> bool:
    return question.address is None and not question.has_just_ended


def _hinted_address(question: Question) -> Address | None:
    try:
        return normalise_address(question.hints.login)
    except AddressError:
        return None


def _is_set_apart(question: Question, key: str) -> bool:
    way = question.usable.get(key)
    is_near = way is not None and way.first_in_network and way.is_near(question.plain_network)
    return key == question.last_method or is_near


def _offered(question: Question) -> tuple[str, ...]:
    """What the person may choose from: last used, first in this network, the tenant's order; the password last."""
    shown = sorted((way for way in question.usable.values() if way.shown), key=lambda way: (way.position, way.key))
    keys = [way.key for way in shown]
    if not _local_refusal(question, question.address):
        keys.append(LOCAL)
    return tuple(sorted(keys, key=lambda key: (key != question.last_method, not _is_set_apart(question, key))))


def _cause(question: Question, offered: tuple[str, ...]) -> Cause | None:
    """A person who has typed no address may still type one that leads to a connection without a button."""
    if offered or (question.address is None and question.usable):
        return None
    rule = find_rule(question.address.domain, question.rules) if question.address else None
    meant = [way for way in question.ways if rule is None or rule.connection in (None, way.key)]
    would_help = any(not way.enabled and not _obstacle(question, replace(way, enabled=True)) for way in meant)
    return Cause.CONNECTION_DISABLED if would_help else Cause.METHOD_NOT_ALLOWED


def _open_end(question: Question, offered: tuple[str, ...], cause: Cause | None) -> Reason:
    if cause:
        return Reason("no_way", f"No way to sign in is left ({cause.value}).")
    if offered:
        return Reason("choice", f"The person chooses: {', '.join(_label(question, key) for key in offered)}.")
    return Reason("address_needed", "No way has a button; an address that belongs to a connection leads further.")


def _label(question: Question, key: str) -> str:
    """What people call a way; a connection that is no more has its key alone."""
    if key == LOCAL:
        return "e-mail and password"
    return next((way.label for way in question.ways if way.key == key), key)
