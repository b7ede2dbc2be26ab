"""Sign-outs on their way to an identity provider and back: rows of login_transactions that begin finished.

Nothing can be signed in by one. What is kept is where the browser was going, taken once by the state that comes back.
"""

from sqlalchemy import bindparam, update

from tenants.statements import scoped
from tenants.transactions import LoginTransaction

SIGN_OUT = "sign_out"

TAKE_SIGN_OUT = scoped(
    update(LoginTransaction)
    .where(
        LoginTransaction.state_hash == bindparam("state_digest"),
        LoginTransaction.purpose == SIGN_OUT,
        LoginTransaction.expires_at > bindparam("now"),
    )
    .values(state_hash=None)
    .returning(
        LoginTransaction.id,
        LoginTransaction.return_to,
        LoginTransaction.connection_id,
        LoginTransaction.upstream_sealed,
        LoginTransaction.reference,
    )
)
"""By the state alone: a form that a provider's page posts brings no cookie on plain http, and a sign-out opens nothing."""
