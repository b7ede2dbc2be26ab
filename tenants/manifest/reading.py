"""From the text of a tenants file to a `Manifest`: everything checked that can be without the database.

All mistakes are found before any is told, each with its path.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from tenants.connections import BEING_SAVED
from tenants.logos import PNG_TYPE, Logo, check_logo
from tenants.manifest.checks import cross_faults
from tenants.manifest.faults import Fault, Location, ManifestError, faults_of, not_one_of, path_of, syntax_fault
from tenants.manifest.sources import SourceError, Sources
from tenants.manifest.specs import ApplicationSpec, ConnectionSpec, FileSpec, TenantSpec
from tenants.manifest.values import FileReference, SecretReference
from tenants.passwords import PasswordError, normalise_password

MIN_CLIENT_SECRET = 32
_MIN_TOTP_BITS = 80

Table = TypeVar("Table", bound=BaseModel)
_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@dataclass(frozen=True, slots=True)
class KindForm:
    """What a kind of connection asks for: its typed options, and which of them are secrets."""

    options: type[BaseModel]
    secrets: frozenset[str]
    documents: frozenset[str] = frozenset()
    """Options whose text may stand in a file of its own."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the installation around the file knows: kinds and icons by name, and the host that no tenant can have."""

    kinds: Mapping[str, KindForm]
    icons: frozenset[str]
    main_host: str


@dataclass(frozen=True, slots=True)
class ConnectionManifest:
    """One connection: what all have, and its kind's options without and with secrecy."""

    spec: ConnectionSpec
    options: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TenantManifest:
    """One tenant of the file with everything that it refers to. Secrets are by key or address of their owner."""

    slug: str
    spec: TenantSpec
    logo: Logo | None
    mail_logo: Logo | None
    connections: Mapping[str, ConnectionManifest]
    client_secrets: Mapping[str, str] = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    totp_secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole file that is right in itself."""

    tenants: tuple[TenantManifest, ...]


def read_manifest(text: str, surroundings: Surroundings, sources: Sources) -> Manifest:
    """The file with its references followed. Raises ManifestError with every fault; writes and prints nothing."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError([syntax_fault(str(error), text.count("\n") + 1)]) from None
    try:
        whole = FileSpec.model_validate(tables)
    except ValidationError as error:
        # The connections are tables of any shape so far: look into those too, so that all faults come at once.
        faults = faults_of(error, FileSpec)
        raise ManifestError(faults + _Reader(surroundings, sources).connection_faults(tables)) from None
    reader = _Reader(surroundings, sources)
    tenants = tuple(reader.tenant(slug, spec) for slug, spec in whole.tenants.items())
    faults = reader.faults + cross_faults(whole, surroundings.main_host)
    if faults:
        raise ManifestError(faults)
    return Manifest(tenants)


def read_connection(table: Mapping[str, Any], surroundings: Surroundings, sources: Sources) -> ConnectionManifest:
    """One connection of its own, without a file around it. Raises ManifestError."""
    reader = _Reader(surroundings, sources)
    read = reader.one_connection((), table)
    if read is None:
        raise ManifestError(reader.faults)
    return read


class _Reader:
    """Follows references and reads the options of kinds, collecting what is wrong."""

    def __init__(self, surroundings: Surroundings, sources: Sources) -> None:
        self._surroundings = surroundings
        self._sources = sources
        self.faults: list[Fault] = []

    def tenant(self, slug: str, spec: TenantSpec) -> TenantManifest:
        place: Location = ("tenants", slug)
        connections = {
            key: read
            for key, table in spec.connections.items()
            if (read := self.one_connection((*place, "connections", key), table)) is not None
        }
        return TenantManifest(
            slug=slug,
            spec=spec,
            logo=self._logo((*place, "branding", "logo"), spec.branding.logo),
            mail_logo=self._mail_logo((*place, "branding", "mail_logo"), spec.branding.mail_logo),
            connections=connections,
            client_secrets={
                key: self._client_secret((*place, "applications", key, "client_secret"), application)
                for key, application in spec.applications.items()
                if application.client_secret
            },
            passwords={
                email: self._password((*place, "accounts", email, "password"), account.password)
                for email, account in spec.accounts.items()
                if account.password
            },
            totp_secrets={
                email: self._totp((*place, "accounts", email, "totp_secret"), account.totp_secret)
                for email, account in spec.accounts.items()
                if account.totp_secret
            },
        )

    def connection_faults(self, tables: Mapping[str, Any]) -> list[Fault]:
        """Faults of the connections in a file that is wrong elsewhere too."""
        for slug, tenant in _tables(tables.get("tenants")):
            for key, table in _tables(tenant.get("connections")):
                self.one_connection(("tenants", slug, "connections", key), table)
        return self.faults

    def one_connection(self, place: Location, table: Mapping[str, Any]) -> ConnectionManifest | None:
        """One connection; None where something in it is wrong."""
        known = len(self.faults)
        form = self._surroundings.kinds.get(str(table.get("kind")))
        if form is None and isinstance(table.get("kind"), str):
            self._add((*place, "kind"), not_one_of(table["kind"], sorted(self._surroundings.kinds)))
        common = {name: value for name, value in table.items() if name in ConnectionSpec.model_fields}
        spec = self._validated(ConnectionSpec, common, place)
        if spec and spec.icon and spec.icon not in self._surroundings.icons:
            self._add((*place, "icon"), not_one_of(spec.icon, sorted(self._surroundings.icons)))
        own = {name: value for name, value in table.items() if name not in ConnectionSpec.model_fields}
        options, secrets = self._options(place, own, form) if form else ({}, {})
        if spec is None or len(self.faults) > known:
            return None
        return ConnectionManifest(spec, options, secrets)

    def _options(self, place: Location, table: dict[str, Any], form: KindForm) -> tuple[dict[str, Any], dict[str, str]]:
        """The kind's own options, once with their secrets filled in, so that the kind can judge them together."""
        secrets = {name: self._reference((*place, name), table[name]) for name in form.secrets if name in table}
        known = len(self.faults)
        filled = table | {name: SecretStr(value or "x") for name, value in secrets.items()}
        filled |= {name: self._document((*place, name), table[name]) for name in form.documents if name in table}
        if len(self.faults) > known:
            return {}, {}
        options = self._validated(form.options, filled, place, extra=tuple(ConnectionSpec.model_fields))
        if options is None:
            return {}, {}
        return options.model_dump(mode="json", exclude=set(form.secrets), exclude_unset=True), secrets

    def _validated(
        self, model: type[Table], table: Mapping[str, Any], place: Location, extra: tuple[str, ...] = ()
    ) -> Table | None:
        try:
            return model.model_validate(table, context={BEING_SAVED: True})
        except ValidationError as error:
            self.faults += faults_of(error, model, place, extra)
            return None

    def _reference(self, place: Location, value: object) -> str:
        reference = self._validated(SecretReference, value, place)  # type: ignore[arg-type]  # it says so if it is no table
        return self._secret(place, reference) if reference else ""

    def _secret(self, place: Location, reference: SecretReference) -> str:
        try:
            return self._sources.secret(reference)
        except SourceError as error:
            self._add(place, str(error))
            return ""

    def _document(self, place: Location, value: object) -> object:
        """The text itself, or what the named file holds."""
        if not isinstance(value, dict):
            return value
        reference = self._validated(FileReference, value, place)
        if reference is None:
            return value
        try:
            return self._sources.document(reference)
        except SourceError as error:
            self._add(place, str(error))
            return value

    def _client_secret(self, place: Location, application: ApplicationSpec) -> str:
        secret = self._secret(place, application.client_secret) if application.client_secret else ""
        if secret and len(secret) < MIN_CLIENT_SECRET:
            self._add(place, f"must have at least {MIN_CLIENT_SECRET} random characters.")
        return secret

    def _password(self, place: Location, reference: SecretReference) -> str:
        try:
            return normalise_password(self._secret(place, reference))
        except PasswordError:
            self._add(place, "can't be a password: it is too long.")
            return ""

    def _totp(self, place: Location, reference: SecretReference) -> str:
        secret = self._secret(place, reference).replace(" ", "").rstrip("=").upper()
        if secret and (not set(secret) <= _BASE32 or len(secret) * 5 < _MIN_TOTP_BITS):
            self._add(place, "must be a base32 seed of 16 characters or more.")
        return secret

    def _logo(self, place: Location, name: str | None) -> Logo | None:
        if name is None:
            return None
        try:
            return check_logo(self._sources.file(name))
        except ValueError as error:
            self._add(place, str(error))
            return None

    def _mail_logo(self, place: Location, name: str | None) -> Logo | None:
        logo = self._logo(place, name)
        if logo and logo.media_type != PNG_TYPE:
            self._add(place, "must be a PNG picture: mail programs show no other.")
        return logo

    def _add(self, place: Location, sentence: str) -> None:
        self.faults.append(Fault(path_of(place), sentence))


def _tables(value: object) -> list[tuple[str, dict[str, Any]]]:
    """The sub-tables of what may be a table."""
    if not isinstance(value, dict):
        return []
    return [(name, table) for name, table in value.items() if isinstance(table, dict)]
