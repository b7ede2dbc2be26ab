"""What an admin fills in for a connection to Microsoft Entra, and what follows from it."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from broker.upstream.claims import GUID
from broker.upstream.client_assertion import MAX_PEM, read_client_key
from broker.upstream.code_flow import ClientSigner, Registration
from broker.upstream.entra_errors import read_entra_error
from broker.upstream.kind import Document, Options, Secret
from broker.upstream.oidc_options import origin_only

PERSONAL_DIRECTORY = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""All personal Microsoft accounts live in this one."""
GUID_PATTERN = f"^{GUID}$"
PUBLIC_CLOUD = "https://login.microsoftonline.com"
PUBLIC_GRAPH = "https://graph.microsoft.com"
ALGORITHM = "PS256"

Guid = Annotated[str, Field(pattern=GUID_PATTERN)]


class EntraOptions(Options):
    registration: Literal["own", "shared"] = Field(
        default="own",
        title="App registration",
        description="`own`: in a directory of the tenant's. `shared`: the operator's, which needs no id and no secret here.",
    )
    directory: Guid | None = Field(
        default=None,
        title="Directory id",
        description="The directory's (tenant's) id, as the overview page of Microsoft Entra shows it.",
    )
    directories: tuple[Guid, ...] = Field(
        default=(), title="Directory ids", description="Several of them, in place of `directory`.", max_length=50
    )
    any_work_account: bool = Field(
        default=False,
        title="Any work account",
        description="People of every directory, in place of `directory`; personal accounts never.",
    )
    client_id: Guid | None = Field(
        default=None, title="Application id", description="The application (client) id of the app registration."
    )
    client_secret: Annotated[SecretStr | None, Secret()] = Field(
        default=None, title="Client secret", description="The secret's value, not its id.", min_length=1, max_length=1024
    )
    client_certificate: Annotated[str | None, Document()] = Field(
        default=None,
        title="Certificate",
        description="In place of a secret: the one that was uploaded to the registration, as PEM.",
        max_length=MAX_PEM,
    )
    client_key: Annotated[SecretStr | None, Secret()] = Field(
        default=None,
        title="Key of the certificate",
        description="RSA of 2048 bits or more, as PEM without a passphrase.",
        min_length=1,
        max_length=MAX_PEM,
    )
    authority_host: str = Field(
        default=PUBLIC_CLOUD,
        title="Authority",
        description="Origin of the sign-in service. Another one for national clouds only, and not with `shared`.",
        max_length=300,
    )
    graph_host: str = Field(
        default=PUBLIC_GRAPH,
        title="Microsoft Graph",
        description="Origin of Graph. Another one for national clouds only, and not with `shared`.",
        max_length=300,
    )
    scopes: tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")], ...] = Field(
        default=("openid", "profile", "email"),
        title="Scopes",
        description="What to ask for, but not with `shared`. openid and profile are always among them.",
        max_length=20,
    )
    read_groups: bool = Field(
        default=False,
        title="Read many groups",
        description="Ask Graph for the groups of people who have more than fit into a token. Needs Directory.Read.All.",
    )
    read_profile: bool = Field(
        default=False, title="Read position and phone", description="Ask Graph for them at each sign-in. Needs User.Read."
    )

    sign_out_there: bool = Field(
        default=False,
        title="Sign out there too",
        description="Who signs out here is signed out at Microsoft as well. Register the address after a sign-out for it.",
    )

    @field_validator("directory", "client_id")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.lower() if value else value

    @field_validator("directories")
    @classmethod
    def _lower_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.lower() for one in value))

    @field_validator("directory", "directories")
    @classmethod
    def _are_organizations(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if value == PERSONAL_DIRECTORY or (isinstance(value, tuple) and PERSONAL_DIRECTORY in value):
            raise ValueError("this is the directory of personal accounts, which belongs to everybody")
        return value

    @field_validator("authority_host", "graph_host")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        return origin_only(value)

    @field_validator("scopes")
    @classmethod
    def _with_profile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # `oid` comes with the scope profile only.
        return tuple(dict.fromkeys(("openid", "profile", *value)))

    @model_validator(mode="after")
    def _knows_whom_it_accepts(self) -> Self:
        named = (self.directory is not None, bool(self.directories), self.any_work_account)
        if sum(named) > 1:
            raise ValueError("takes one of directory, directories and any_work_account.")
        if self.registration == "own" and not any(named):
            raise ValueError("needs directory, directories or any_work_account.")
        return self

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        given = (self.client_id, self.client_secret, self.client_certificate, self.client_key)
        if self.registration == "shared":
            if any(given):
                raise ValueError('registration = "shared" goes without client_id, secret and certificate.')
            return self
        if self.client_id is None:
            raise ValueError("needs client_id.")
        if bool(self.client_certificate) is not bool(self.client_key):
            raise ValueError("client_certificate and client_key go together.")
        if bool(self.client_secret) is bool(self.client_key):
            raise ValueError("needs client_secret, or client_certificate and client_key, and not both.")
        if self.client_key and not read_client_key(self.client_key.get_secret_value(), self.client_certificate).fits(ALGORITHM):
            raise ValueError("client_key: Microsoft takes RSA keys only.")
        return self

    @model_validator(mode="after")
    def _leaves_the_operators_own(self) -> Self:
        if self.registration == "shared" and any(getattr(self, name) != value for name, value in operators_own().items()):
            raise ValueError('registration = "shared" goes without authority_host, graph_host and scopes.')
        if self.registration == "shared" and self.sign_out_there:
            raise ValueError("sign_out_there: the operator's registration has no address to come back to; use one of your own.")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """The directories that are accepted by name."""
        return (self.directory,) if self.directory else self.directories

    @property
    def authority(self) -> str:
        """Where people sign in: at their one directory where there is one, so that Microsoft turns others away first."""
        return f"{self.authority_host}/{self.named[0] if len(self.named) == 1 else 'organizations'}/v2.0"

    @property
    def many(self) -> str:
        """How the authority of all organizations names itself; each directory has its id in that place."""
        return f"{self.authority_host}/{{tenantid}}/v2.0"

    @property
    def names_itself(self) -> str:
        return self.authority if len(self.named) == 1 else self.many

    @property
    def asked_scopes(self) -> tuple[str, ...]:
        more = (("User.Read", self.read_profile), ("Directory.Read.All", self.read_groups))
        return (*self.scopes, *(f"{self.graph_host}/{scope}" for scope, is_wanted in more if is_wanted))

    @property
    def at_microsoft(self) -> Registration:
        """Who we are there."""
        return Registration(
            client_id=self.client_id or "",
            client_secret=self.client_secret.get_secret_value() if self.client_secret else "",
            auth_method="private_key_jwt" if self.client_key else "client_secret_post",
            scopes=self.asked_scopes,
            read_error=read_entra_error,
            signer=self._signer(),
        )

    def _signer(self) -> ClientSigner | None:
        if self.client_key is None:
            return None
        return ClientSigner(self.client_key.get_secret_value(), ALGORITHM, self.client_certificate)


def operators_own() -> dict[str, object]:
    """What is not a tenant's to say with the operator's registration: where its secret goes, and what it asks for."""
    return {name: EntraOptions.model_fields[name].default for name in ("authority_host", "graph_host", "scopes")}
