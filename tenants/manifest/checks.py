"""What must hold between the tables of a tenants file: names that point to something, things that are there once."""

from collections.abc import Iterable, Iterator, Mapping

from tenants.addresses import normalise_address
from tenants.manifest.faults import Fault, Location, path_of
from tenants.manifest.specs import ROOT, FileSpec, OrganizationSpec, TenantSpec
from tenants.routing_domains import is_public
from tenants.ways import LOCAL


def cross_faults(whole: FileSpec, main_host: str) -> list[Fault]:
    """Everything in the file that contradicts something else in it."""
    faults = list(_host_faults(whole, main_host))
    for slug, tenant in whole.tenants.items():
        for check in _CHECKS:
            faults += check(("tenants", slug), tenant)
    return faults


def hosts_of(spec: TenantSpec) -> tuple[str, ...]:
    """Every host name that leads to a tenant, its canonical one first."""
    own = () if spec.address == "path" else (spec.address,)
    return tuple(dict.fromkeys((*own, *spec.hosts)))


def _host_faults(whole: FileSpec, main_host: str) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for slug, tenant in whole.tenants.items():
        for host in hosts_of(tenant):
            place: Location = ("tenants", slug, "address" if host == tenant.address else "hosts")
            if host == main_host:
                yield _fault(place, "is the main host of this installation; a tenant needs another one.")
            elif host in seen:
                yield _fault(place, f"leads to {seen[host]} already.")
            seen.setdefault(host, slug)


def _organizations(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    for key, organization in tenant.organizations.items():
        here = (*place, "organizations", key, "parent")
        if organization.parent != ROOT and organization.parent not in tenant.organizations:
            yield _fault(here, _no_such("organization", [ROOT, *tenant.organizations]))
        elif _is_in_a_circle(key, tenant.organizations):
            yield _fault(here, "leads back to itself.")


def _is_in_a_circle(key: str, organizations: Mapping[str, OrganizationSpec]) -> bool:
    above, steps = organizations[key].parent, 0
    while above in organizations and above != key and steps < len(organizations):
        above, steps = organizations[above].parent, steps + 1
    return above == key


def _belonging(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    known = [ROOT, *tenant.organizations]
    places: list[tuple[Location, str]] = [
        *(((*place, "contacts", index), one.organization) for index, one in enumerate(tenant.contacts)),
        *(((*place, "applications", key), one.organization) for key, one in tenant.applications.items()),
        *(((*place, "saml_applications", key), one.organization) for key, one in tenant.saml_applications.items()),
        *(((*place, "accounts", email), one.organization) for email, one in tenant.accounts.items()),
    ]
    for here, organization in places:
        if organization not in known:
            yield _fault((*here, "organization"), _no_such("organization", known))
    opened = [
        *((("applications", key), one.open_to_organizations) for key, one in tenant.applications.items()),
        *((("saml_applications", key), one.open_to_organizations) for key, one in tenant.saml_applications.items()),
    ]
    for there, organizations in opened:
        for index, organization in enumerate(organizations):
            if organization not in known:
                yield _fault((*place, *there, "open_to_organizations", index), _no_such("organization", known))


def _domains(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    for name, domain in tenant.domains.items():
        here = (*place, "domains", name)
        if domain.connection is None and domain.routing == "enforce":
            yield _fault((*here, "routing"), "needs a connection to enforce.")
        if domain.connection is not None and domain.connection not in tenant.connections:
            yield _fault((*here, "connection"), _no_such("connection", tenant.connections))
        if is_public(name) and domain.connection is not None:
            yield _fault((*here, "connection"), "a public mail domain belongs to nobody and can't be routed.")
        if is_public(name) and domain.proven:
            yield _fault((*here, "proven"), "a public mail domain belongs to nobody and can't be proven.")


def _ways(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    known = [LOCAL, *tenant.connections]
    asked = [
        *((("applications", key), one.connections) for key, one in tenant.applications.items()),
        *((("saml_applications", key), one.connections) for key, one in tenant.saml_applications.items()),
    ]
    for here, connections in asked:
        for index, connection in enumerate(connections):
            if connection not in known:
                yield _fault((*place, *here, "connections", index), _no_such("way in", known))


def _client_ids(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for key, application in tenant.applications.items():
        client_id = application.client_id or key
        if client_id in seen:
            yield _fault((*place, "applications", key, "client_id"), f"is that of {seen[client_id]} already.")
        seen.setdefault(client_id, key)


def _entity_ids(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for key, application in tenant.saml_applications.items():
        if application.entity_id in seen:
            yield _fault((*place, "saml_applications", key, "entity_id"), f"is that of {seen[application.entity_id]} already.")
        if key in tenant.applications:
            yield _fault((*place, "saml_applications", key), "is the key of an OpenID Connect application already.")
        seen.setdefault(application.entity_id, key)


def _addresses(place: Location, tenant: TenantSpec) -> Iterator[Fault]:
    seen: set[str] = set()
    for email, account in tenant.accounts.items():
        key = normalise_address(email).key
        if key in seen:
            yield _fault((*place, "accounts", email), "stands here twice, in two spellings.")
        seen.add(key)
        if not tenant.policy.local_enabled and (account.password or account.totp_secret):
            yield _fault(
                (*place, "accounts", email),
                "has a password or totp_secret, but the tenant's policy.local_enabled is not true.",
            )


_CHECKS = (_organizations, _belonging, _domains, _ways, _client_ids, _entity_ids, _addresses)


def _fault(place: Location, sentence: str) -> Fault:
    return Fault(path_of(place), sentence)


def _no_such(noun: str, known: Iterable[str]) -> str:
    names = ", ".join(known) or "none"
    return f"there is no such {noun} in this tenant. There are: {names}."
