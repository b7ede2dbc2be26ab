"""Every option of the broker, typed and documented where it is declared. Read from the environment, prefix BROKER_."""

import base64
import binascii
import ipaddress
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from broker.upstream.client_assertion import read_client_key
from broker.upstream.entra_options import PUBLIC_CLOUD, PUBLIC_GRAPH
from broker.upstream.oidc_options import origin_only

_KEY_BYTES = 32
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Settings(BaseSettings):
    """What an operator can set. A value that would be unsafe is refused at start, with the reason."""

    model_config = SettingsConfigDict(env_prefix="BROKER_", extra="forbid", frozen=True)

    base_url: str = Field(
        description="Address of the main host, such as https://login.example. Plain http is accepted for loopback only."
    )
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///var/broker.db"),
        description="SQLAlchemy address of the database: sqlite:///… or postgresql+psycopg://…",
    )
    migration_database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL: address for `broker migrate` with the role that owns the tables. "
        "The role of database_url must neither own them nor be a superuser.",
    )
    master_keys: SecretStr = Field(
        description="Keys that seal stored secrets: `id:base64 of 32 bytes`, newest first, separated by commas. "
        "Make one with `broker keys new`.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses or networks of reverse proxies whose X-Forwarded-For, -Proto and -Host are believed.",
    )
    health_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("localhost", "127.0.0.1"),
        description="Further Host names under which /healthz and /readyz answer (a load balancer's probe).",
    )
    allow_shared_origin: bool = Field(
        default=False,
        description="Let several tenants in path form (/t/<slug>) share the main host. They are then one trust domain.",
    )
    private_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Networks that are not public but may be reached, for identity providers inside."
    )
    allow_loopback_http: bool = Field(
        default=False, description="Let identity providers be reached by plain http on loopback (demo and tests)."
    )
    database_pool_size: int = Field(default=16, ge=1, le=200, description="Kept database connections per worker.")
    hash_queue: int = Field(
        default=12,
        ge=1,
        le=1000,
        description="Password checks that may wait in a worker; more are told to come back. Keep it below the threads.",
    )
    redis_url: SecretStr = Field(
        default=SecretStr(""),
        description="Redis or Valkey that counts tries of passwords and codes, such as `rediss://user:password@host:6379/0`; "
        "empty: the database counts. Without an answer of it nobody signs in with a password or code, but by emergency access.",
    )
    breach_check_url: str = Field(
        default="",
        description="Range service that new passwords are looked up in besides the list that the product has, such as "
        "https://api.pwnedpasswords.com/range/; it is sent five of a hash's forty digits. Empty: none is asked.",
    )
    smtp_host: str = Field(
        default="", description="Mail server. Without one mails wait in the outbox, and the finder is not offered."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port: mostly 587 with starttls, 465 with tls.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls`, `tls` from the first byte, or `none`. The server's certificate is checked.",
    )
    smtp_username: str = Field(default="", description="For a server that asks for a login; not with `none`, but on loopback.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="For the same login.")
    mail_from: str = Field(
        default="", description="Sender of all mails, such as `Acme sign-in <sign-in@login.example>`. Needed with smtp_host."
    )
    entra_client_id: str = Field(
        default="",
        description="The operator's own app registration at Microsoft (multi-tenant), which tenants may use: its id. "
        "Redirect URI: base_url and /callback/entra.",
    )
    entra_client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret's value; or a certificate instead.")
    entra_certificate_file: str = Field(default="", description="File with the certificate of that registration, PEM.")
    entra_key_file: str = Field(default="", description="File with the certificate's private key, PEM, RSA, no passphrase.")
    entra_authority_host: str = Field(
        default=PUBLIC_CLOUD,
        description="Origin of the sign-in service of that registration; a national cloud has another.",
    )
    entra_graph_host: str = Field(default=PUBLIC_GRAPH, description="Origin of Microsoft Graph in the same cloud.")
    google_client_id: str = Field(
        default="",
        description="The operator's own OAuth client at Google, which tenants may use. Redirect URI: base_url and "
        "/callback/google.",
    )
    google_client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")
    operator_host: str = Field(
        default="",
        description="Host name of the operator console (`/operator/`), which serves no tenant. Empty: the main host, as "
        "long as no tenant has its address there (`/t/<slug>`).",
    )
    allow_operator_beside_tenants: bool = Field(
        default=False, description="Have the operator console on the main host beside tenants (demo and tests)."
    )
    tenant_deletion_days: int = Field(
        default=30, ge=1, le=365, description="For so long a deleted tenant can be taken back, before its data is removed."
    )
    run_worker_inside: bool = Field(
        default=True,
        description="Do the work beside requests (mails, nightly jobs, refreshes) in a thread of each serving process. "
        "`false`: run `broker worker` apart.",
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least severity logged.")

    @field_validator("trusted_proxies", "health_hosts", "private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies", "private_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("give scheme and host only, such as https://login.example")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http is for loopback only; use https")
        return value.rstrip("/").lower()

    @field_validator("operator_host")
    @classmethod
    def _operator_host(cls, value: str) -> str:
        if value and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", value.lower()):
            raise ValueError("give a host name alone, such as operator.login.example")
        return value.lower()

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().partition("://")[0] not in {"", "redis", "rediss", "unix"}:
            raise ValueError("give an address such as rediss://host:6379/0")
        return value

    @field_validator("entra_authority_host", "entra_graph_host")
    @classmethod
    def _origins(cls, value: str) -> str:
        return origin_only(value)

    @field_validator("breach_check_url")
    @classmethod
    def _breach_check_url(cls, value: str) -> str:
        parts = urlsplit(value)
        is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if value and not (parts.hostname and (parts.scheme == "https" or is_local) and not (parts.query or parts.fragment)):
            raise ValueError("give an https address, such as https://ranges.example/range/")
        return f"{value.rstrip('/')}/" if value else ""

    @model_validator(mode="after")
    def _keys(self) -> Self:
        self.master_key_bytes()
        return self

    @model_validator(mode="after")
    def _mail(self) -> Self:
        sender = parseaddr(self.mail_from)[1]
        if self.mail_from and not (self.mail_from.isprintable() and sender.isascii() and sender.count("@") == 1):
            raise ValueError("mail_from: write it as Name <name@login.example>")
        if self.smtp_host and not sender:
            raise ValueError("mail_from: needed where smtp_host is set")
        if self.smtp_username and self.smtp_security == "none" and not is_loopback(self.smtp_host):
            raise ValueError("smtp_security: with `none` the password would be sent in clear; use starttls or tls")
        return self

    @model_validator(mode="after")
    def _shared_registrations(self) -> Self:
        has_secret, has_key = bool(self.entra_client_secret.get_secret_value()), bool(self.entra_key_file)
        if bool(self.entra_certificate_file) is not has_key:
            raise ValueError("entra_certificate_file: goes together with entra_key_file")
        if (has_secret and has_key) or bool(self.entra_client_id) is not (has_secret or has_key):
            raise ValueError("entra_client_id: needs entra_client_secret, or certificate and key file; not both")
        if has_key:
            _check_key_files(self.entra_key_file, self.entra_certificate_file)
        if bool(self.google_client_id) is not bool(self.google_client_secret.get_secret_value()):
            raise ValueError("google_client_id: goes together with google_client_secret")
        return self

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def main_host(self) -> str:
        """Host of the main address without its port, lower case."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def operator_origin(self) -> str:
        """Where the operator console is."""
        scheme = "https" if self.is_https else "http"
        return f"{scheme}://{self.operator_host}{self.port_suffix}" if self.operator_host else self.base_url

    @property
    def port_suffix(self) -> str:
        """`:8000` where the main address names a port, else empty."""
        port = urlsplit(self.base_url).port
        return f":{port}" if port else ""

    @property
    def sqlite_path(self) -> Path | None:
        """The file of a SQLite database, or None."""
        url = self.database_url.get_secret_value()
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    def master_key_bytes(self) -> dict[str, bytes]:
        """Key id → 32 bytes, newest first. Raises ValueError with what is wrong."""
        keys: dict[str, bytes] = {}
        for part in self.master_keys.get_secret_value().split(","):
            key_id, colon, encoded = part.strip().partition(":")
            if not colon or not key_id.isalnum():
                raise ValueError("master_keys: write each key as id:base64, the id of letters and digits")
            keys[key_id] = _key_bytes(key_id, encoded)
        return keys


def _check_key_files(key: str, certificate: str) -> None:
    try:
        read_client_key(Path(key).read_text("utf-8"), Path(certificate).read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"entra_key_file, entra_certificate_file: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"entra_key_file, entra_certificate_file: {error}") from error


def _key_bytes(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"master_keys: key {key_id} is not base64") from error
    if len(key) != _KEY_BYTES:
        raise ValueError(f"master_keys: key {key_id} has {len(key)} bytes; {_KEY_BYTES} random ones are needed")
    if len(set(key)) < _KEY_BYTES // 4:
        raise ValueError(f"master_keys: key {key_id} is not random; make one with `broker keys new`")
    return key


def is_loopback(host: str) -> bool:
    """Is this host name or literal address the machine itself?"""
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
