"""Back from an identity provider in a test sign-in: what came is noted and shown, and nothing else happens (AC-09).

No session, no account, no identity, no profile: what an arrival would come to is foreseen by the same decisions that a
sign-in takes, from the values of the version that is tested.
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flask import g, redirect, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.seeing import harmless_all, harmless_claims
from broker.signin.arrive import Foreseen, foresee
from broker.signin.complete import account_facts
from broker.signin.transaction import Transaction
from broker.signin.typed_options import make_options
from broker.upstream import KINDS
from broker.upstream.claims import SaysWhatItReads
from broker.upstream.kind import Assertion, Options
from broker.wiring import the_broker
from tenants.arrivals import ArrivalAct
from tenants.assurance import Context, context_of, shows_factor
from tenants.causes import BrokerError, Cause, Refusal
from tenants.connection_results import Result, claim_lines, explain_proof, words_of
from tenants.connection_tests import note_outcome
from tenants.connection_versions import VersionState, columns_of, objection_to_test
from tenants.connections import CONNECTION_STATE
from tenants.credentials import ACCOUNT_FACTS
from tenants.group_rules import clean_groups, explain, given_by, read_rules
from tenants.policies import Admission, AdmissionFacts, SignInFacts, admit
from tenants.snapshot import ConnectionConfig
from tenants.version_keeping import find_version, place_of_secrets

Answer = Callable[[ConnectionConfig, Options], Assertion]
FAILED = "failed"
_TOLD = ("upstream_error", "upstream_code", "description")
_MAX_GROUPS = 50


def take_test(transaction: Transaction, answer: Answer) -> Response:
    """`answer`: what the provider says by the values under test. Whatever comes of it ends at the page of the result."""
    try:
        tested, options = version_under_test(transaction.row.connection_id, transaction.row.connection_version)
        cause, result = _seen(tested, options, answer(tested, options))
    except BrokerError as error:
        return show_failure(transaction, error)
    return _show(transaction, cause, result)


def show_failure(transaction: Transaction, error: BrokerError) -> Response:
    """Note and show a test that came to nothing."""
    told = {name: str(error.facts[name])[:500] for name in _TOLD if error.facts.get(name)}
    return _show(transaction, error.cause, Result(act=FAILED, detail=error.detail, more=told))


def version_under_test(connection_id: str, number: int) -> tuple[ConnectionConfig, Options]:
    """The values of a version and its typed options. Raises Refusal where another one has taken its place (SU-20)."""
    present = next((one for one in g.tenant.connections.values() if one.id == connection_id), None)
    with g.db.reading() as db:
        state = db.one(CONNECTION_STATE, connection_id=connection_id)
        version = find_version(db, connection_id, number)
    if present is None or state is None or version is None:
        raise Refusal(Cause.CONNECTION_DISABLED, "the connection was removed meanwhile")
    objection = objection_to_test(VersionState(version.state), number, state.version)
    if objection:
        raise Refusal(Cause.FLOW_EXPIRED, objection)
    place = place_of_secrets(g.tenant.id, version.id)
    tested = _configured(present, version.config, version.secrets_sealed, number)
    return tested, make_options(tested, place)


def _configured(present: ConnectionConfig, config: dict[str, Any], sealed: str | None, number: int) -> ConnectionConfig:
    """The connection as it would be with the values of a version."""
    columns = columns_of(config)
    columns |= {name: tuple(columns[name]) for name in ("networks", "group_rules", "factor_values") if name in columns}
    columns |= {"options": MappingProxyType(dict(columns.get("options", {})))}
    return replace(present, **columns, secrets_sealed=sealed, version=number, is_enabled=True)


def _seen(tested: ConnectionConfig, options: Options, assertion: Assertion) -> tuple[Cause | None, Result]:
    """What was sent, which rule took it, and what it comes to."""
    foreseen = foresee(tested, assertion)
    account, is_refused = _account(foreseen), foreseen.arrival.act is ArrivalAct.REFUSE
    admission = None if account is None or is_refused else _admission(tested, assertion, account)
    cause = foreseen.arrival.cause if is_refused or admission is None else admission.cause
    kind = KINDS[tested.kind]
    reads = kind.reads(options) if isinstance(kind, SaysWhatItReads) else {}
    rules, groups = read_rules(tested.group_rules), clean_groups(assertion.groups or ())
    given = given_by(rules, groups)
    why = explain_proof(foreseen.claims, foreseen.proof, g.tenant.domains)
    names = f"{assertion.given_name or ''} {assertion.family_name or ''}".strip()
    result = Result(
        act=ArrivalAct.REFUSE.value if cause else foreseen.arrival.act.value,
        issuer=assertion.issuer,
        subject=assertion.subject,
        email=assertion.email or "",
        name=assertion.display_name or names,
        account=account.email if account is not None else "",
        claims=claim_lines(harmless_claims(assertion.raw), reads),
        reasons=words_of((*foreseen.arrival.reasons, *(admission.reasons if admission else ()))),
        proof=foreseen.proof.value,
        proof_reason=why.sentence,
        groups=_groups_told(assertion, words_of(explain(rules, groups[:_MAX_GROUPS]))),
        given=tuple(sorted(given.groups))[:_MAX_GROUPS],
        role=given.role or "",
        factor=_factor_told(tested, assertion),
    )
    return cause, result


def _account(foreseen: Foreseen) -> Row[Any] | None:
    """The account that it is about, as admission sees it."""
    is_found = foreseen.arrival.act is not ArrivalAct.REFUSE or foreseen.arrival.cause is Cause.LINK_REQUIRED
    if foreseen.account is None or not is_found:
        return None
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(ACCOUNT_FACTS, account=foreseen.account)
    return found


def _admission(tested: ConnectionConfig, assertion: Assertion, account: Row[Any]) -> Admission:
    counted = frozenset(tested.factor_values)
    owed = context_of(tested.acr_values, assertion.acr, assertion.amr, counted) is Context.FACTOR_OWED
    shown = SignInFacts(
        way=tested.key,
        upstream_amr=assertion.amr,
        upstream_acr=assertion.acr,
        factor_values=counted,
        is_factor_owed=owed,
    )
    return admit(
        AdmissionFacts(
            policy=g.tenant.policy_for(account.organization_id),
            account=account_facts(account),
            sign_in=shown,
            now=the_broker().ports.clock.now(),
            rules=g.tenant.domains,
        )
    )


def _factor_told(tested: ConnectionConfig, assertion: Assertion) -> str:
    said = " ".join([*assertion.amr, *([assertion.acr] if assertion.acr else [])]) or "nothing"
    if shows_factor(assertion.amr, assertion.acr, tested.factor_values):
        return f"The provider says that a second factor was used ({said}); it counts."
    return f"The provider says {said}, which does not count as a second factor: where one is needed, it is asked for here."


def _groups_told(assertion: Assertion, explained: tuple[str, ...]) -> tuple[str, ...]:
    if assertion.groups is None:
        return ("The provider did not say which groups there are: groups that it gave before would stay, roles would end.",)
    return explained or ("The provider says that there are none.",)


def _show(transaction: Transaction, cause: Cause | None, result: Result) -> Response:
    """Note the outcome and go to its page, which is this browser's alone."""
    row = transaction.row
    with g.db.writing() as db:
        noted = harmless_all(replace(result, reference=row.reference).as_json())
        note_outcome(db, row.test_id, cause, noted, row.reference, the_broker().ports.clock.now())
    return redirect(url_for("signin.test_result", tx=transaction.tx), 303)
