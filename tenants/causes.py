"""What can go wrong, without how it is shown: the closed list of causes and the one error family.

A cause enters the list together with its first raiser. How each is answered stands in `broker/errors.py`.
"""

from enum import StrEnum


class Cause(StrEnum):
    """Why something was refused or failed (requirements.md, section E)."""

    # who signs in, and how
    CREDENTIALS_INVALID = "credentials_invalid"
    CODE_INVALID = "code_invalid"
    CODE_EXPIRED = "code_expired"
    FACTOR_INVALID = "factor_invalid"
    FACTOR_ENROLMENT_REQUIRED = "factor_enrolment_required"
    RATE_LIMITED = "rate_limited"
    CREDENTIAL_LOCKED = "credential_locked"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    FLOW_EXPIRED = "flow_expired"
    FORM_FOREIGN = "form_foreign"

    # the account
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_EXPIRED = "account_expired"
    ACCOUNT_NOT_ACTIVATED = "account_not_activated"
    ACCOUNT_INACTIVE = "account_inactive"
    DOMAIN_NOT_ALLOWED = "domain_not_allowed"
    EMAIL_UNVERIFIED = "email_unverified"
    LINK_REQUIRED = "link_required"
    INVITATION_USED = "invitation_used"

    # the identity provider
    UPSTREAM_DENIED = "upstream_denied"
    CONSENT_MISSING = "consent_missing"
    UPSTREAM_NOT_ASSIGNED = "upstream_not_assigned"
    UPSTREAM_ACCOUNT_BLOCKED = "upstream_account_blocked"
    UPSTREAM_POLICY_BLOCKED = "upstream_policy_blocked"
    UPSTREAM_TENANT_MISMATCH = "upstream_tenant_mismatch"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_RESPONSE_INVALID = "upstream_response_invalid"
    ASSERTION_REPLAYED = "assertion_replayed"
    LOGOUT_INVALID = "logout_invalid"
    CONNECTION_MISCONFIGURED = "connection_misconfigured"
    CONNECTION_DISABLED = "connection_disabled"

    # the application's request
    APPLICATION_UNKNOWN = "application_unknown"
    APPLICATION_NOT_ASSIGNED = "application_not_assigned"
    RETURN_ADDRESS_MISMATCH = "return_address_mismatch"
    REQUEST_INVALID = "request_invalid"
    INTERACTION_NEEDED = "interaction_needed"
    CLIENT_INVALID = "client_invalid"
    GRANT_INVALID = "grant_invalid"
    TOKEN_INVALID = "token_invalid"

    # the place
    TENANT_UNKNOWN = "tenant_unknown"
    TENANT_SUSPENDED = "tenant_suspended"
    PAGE_UNKNOWN = "page_unknown"
    ROLE_MISSING = "role_missing"
    HTTP_METHOD_UNKNOWN = "http_method_unknown"
    BODY_TOO_LARGE = "body_too_large"

    # ours
    STORE_UNREACHABLE = "store_unreachable"
    BUSY = "busy"
    BROKEN = "broken"


class BrokerError(Exception):
    """Something ended; `cause` says what, `detail` why (for admins and logs only), `facts` fill the sentences.

    Raising one rolls the work at hand back; the handler in `broker/errors.py` audits and answers.
    """

    def __init__(self, cause: Cause, detail: str = "", **facts: object) -> None:
        super().__init__(f"{cause.value}: {detail}" if detail else cause.value)
        self.cause = cause
        self.detail = detail
        self.facts = facts


class Refusal(BrokerError):
    """Policy says no, or the person has to do something else."""


class UpstreamFailure(BrokerError):
    """The identity provider refused, failed or answered wrongly."""


class ProtocolFault(BrokerError):
    """An application's request is not as the specification says.

    `facts["error"]` holds the OAuth error code where the answer goes to the application.
    """


class Breakage(BrokerError):
    """Our own part failed."""
