"""The authorization request, as a simulated provider checks it before anybody sees a page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Registration:
    """The one application that a provider knows."""

    client_id: str
    client_secret: str
    name: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a provider says when something is not as it should be. `{}` stands for what was sent."""

    client: str
    redirect_uri: str
    response_type: str
    response_mode: str
    scope: str
    challenge: str
    nobody: str
    secret: str
    grant_type: str
    code: str
    return_address: str
    verifier: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The parameters that matter (OpenID Connect Core, 3.1.2.1; RFC 7636, 4.3; `hd` is Google's)."""

    client_id: str = ""
    redirect_uri: str = ""
    response_type: str = ""
    response_mode: str = ""
    scope: str = ""
    state: str = ""
    nonce: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    login_hint: str = ""
    prompt: str = ""
    hd: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "AuthorizationRequest":
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})

    def as_fields(self) -> dict[str, str]:
        """For the hidden fields of the page that asks who you are."""
        return {name: value for name, value in asdict(self).items() if value}

    def return_url(self, **answer: str) -> str:
        """Where the browser goes with the answer."""
        joint = "&" if "?" in self.redirect_uri else "?"
        return self.redirect_uri + joint + urlencode({**answer, **({"state": self.state} if self.state else {})})


def fault_of_application(request: AuthorizationRequest, registration: Registration, words: Words) -> str | None:
    """Why the person can't even be sent back: shown on a page of the provider."""
    if request.client_id != registration.client_id:
        return words.client.format(request.client_id)
    if request.redirect_uri not in registration.redirect_uris:
        return words.redirect_uri.format(request.redirect_uri)
    return None


def fault_of_request(request: AuthorizationRequest, words: Words) -> tuple[str, str] | None:
    """Error and description for the application, where its request is not as it should be."""
    if request.response_type != "code":
        return "unsupported_response_type", words.response_type
    if request.response_mode not in {"", "query"}:
        return "invalid_request", words.response_mode
    if "openid" not in request.scope.split():
        return "invalid_scope", words.scope
    if request.code_challenge_method != "S256" or len(request.code_challenge) != 43:
        return "invalid_request", words.challenge
    if request.prompt == "none":
        return "login_required", words.nobody
    return None
