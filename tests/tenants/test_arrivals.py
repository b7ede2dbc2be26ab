"""Who arrives from a connection: found by subject, never by e-mail; and what an upstream e-mail proves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.addresses import Address
from tenants.arrivals import (
    ArrivalAct,
    ArrivalFacts,
    EmailClaims,
    EmailProof,
    Holder,
    decide_arrival,
    downstream_email_verified,
    email_proof,
)
from tenants.causes import Cause
from tenants.connections import Linking, Provisioning
from tenants.routing_domains import DomainRule

JANE = Address("jane", "acme.example")
RULES = (DomainRule("acme.example", connection="entra", proven=True), DomainRule("partner.example"))
STRANGER = ArrivalFacts(None, JANE, EmailProof.DOMAIN_OWNER, rules=RULES)
NEWCOMER = replace(STRANGER, provisioning=Provisioning.JUST_IN_TIME)
HOLDER = Holder("acc_jane")
NAMESAKE = replace(NEWCOMER, holder=HOLDER)
ASKED = replace(NAMESAKE, linking=Linking.ASK)
PROVEN = replace(NAMESAKE, linking=Linking.PROVEN)
INVITED = replace(STRANGER, provisioning=Provisioning.INVITED)
PARTNER = Address("kim", "partner.example")


@pytest.mark.parametrize(
    ("facts", "act", "cause"),
    [
        pytest.param(replace(STRANGER, identity_account="acc_1"), ArrivalAct.SIGN_IN, None, id="a known subject signs in"),
        pytest.param(
            replace(NAMESAKE, identity_account="acc_1"),
            ArrivalAct.SIGN_IN,
            None,
            id="as itself, whoever has the address",
        ),
        pytest.param(
            ArrivalFacts("acc_1", None, EmailProof.NONE),
            ArrivalAct.SIGN_IN,
            None,
            id="a known subject without an address",
        ),
        pytest.param(STRANGER, ArrivalAct.REFUSE, Cause.ACCOUNT_UNKNOWN, id="a stranger where only accounts enter"),
        pytest.param(NEWCOMER, ArrivalAct.CREATE, None, id="a newcomer of a listed, proven domain"),
        pytest.param(
            replace(NEWCOMER, address=None, proof=EmailProof.NONE),
            ArrivalAct.REFUSE,
            Cause.ACCOUNT_UNKNOWN,
            id="no address",
        ),
        pytest.param(
            replace(NEWCOMER, address=Address("jane", "sub.acme.example")),
            ArrivalAct.REFUSE,
            Cause.DOMAIN_NOT_ALLOWED,
            id="RT-06: a sub-domain is not listed",
        ),
        pytest.param(replace(NEWCOMER, rules=()), ArrivalAct.REFUSE, Cause.DOMAIN_NOT_ALLOWED, id="nothing is listed"),
        pytest.param(
            replace(NEWCOMER, address=PARTNER, proof=EmailProof.ASSERTED),
            ArrivalAct.REFUSE,
            Cause.EMAIL_UNVERIFIED,
            id="OU-11: a listed domain grants nothing to an address that is only asserted",
        ),
        pytest.param(
            replace(NEWCOMER, address=PARTNER, proof=EmailProof.NONE),
            ArrivalAct.REFUSE,
            Cause.EMAIL_UNVERIFIED,
            id="OU-11: nor to one that the provider disowns",
        ),
        pytest.param(NAMESAKE, ArrivalAct.REFUSE, Cause.LINK_REQUIRED, id="OU-21: an account has the address, just in time"),
        pytest.param(
            replace(NAMESAKE, provisioning=Provisioning.EXISTING),
            ArrivalAct.REFUSE,
            Cause.LINK_REQUIRED,
            id="OU-21: an account has the address",
        ),
        pytest.param(
            replace(NAMESAKE, proof=EmailProof.ASSERTED),
            ArrivalAct.REFUSE,
            Cause.LINK_REQUIRED,
            id="OU-10: asserted only",
        ),
    ],
)
def test_ou21_who_arrives_is_found_by_subject_only(facts: ArrivalFacts, act: ArrivalAct, cause: Cause | None) -> None:
    arrival = decide_arrival(facts)
    assert (arrival.act, arrival.cause) == (act, cause)
    assert arrival.account == facts.identity_account
    assert arrival.reasons
    assert all(reason.sentence for reason in arrival.reasons)


VERIFIED, WAITING = replace(HOLDER, is_verified=True), replace(HOLDER, was_activated=False, is_invited=True)
BARE, OWNER_HERE = replace(HOLDER, is_bare=True), replace(VERIFIED, is_admin=True)
LINK, ASK, REFUSE = ArrivalAct.LINK, ArrivalAct.ASK, ArrivalAct.REFUSE
ASSERTED_ONLY = EmailProof.ASSERTED
SHUT = Cause.ACCOUNT_DISABLED


@pytest.mark.parametrize(
    ("facts", "holder", "act", "cause"),
    [
        pytest.param(ASKED, HOLDER, ASK, Cause.LINK_REQUIRED, id="ask"),
        pytest.param(ASKED, VERIFIED, ASK, Cause.LINK_REQUIRED, id="ask, whatever the account"),
        pytest.param(replace(ASKED, proof=ASSERTED_ONLY), VERIFIED, ASK, Cause.LINK_REQUIRED, id="OU-10: ask of an assertion"),
        pytest.param(PROVEN, VERIFIED, LINK, None, id="proven, both sides"),
        pytest.param(PROVEN, WAITING, LINK, None, id="proven, and nobody was there before"),
        pytest.param(PROVEN, HOLDER, ASK, Cause.LINK_REQUIRED, id="LC-09: proven, of an account in use that never was"),
        pytest.param(PROVEN, OWNER_HERE, ASK, Cause.LINK_REQUIRED, id="OU-21: proven, of somebody who configures"),
        pytest.param(
            PROVEN, replace(WAITING, is_admin=True), ASK, Cause.LINK_REQUIRED, id="OU-21: of an admin who was never there"
        ),
        pytest.param(replace(PROVEN, proof=ASSERTED_ONLY), VERIFIED, ASK, Cause.LINK_REQUIRED, id="OU-10: an assertion"),
        pytest.param(PROVEN, replace(VERIFIED, shut=SHUT), REFUSE, SHUT, id="proven, of one that is switched off"),
        pytest.param(replace(PROVEN, rules=()), VERIFIED, REFUSE, Cause.DOMAIN_NOT_ALLOWED, id="proven, not listed"),
        pytest.param(replace(PROVEN, rules=()), replace(VERIFIED, is_local_enabled=True), LINK, None, id="but exempt"),
        pytest.param(INVITED, WAITING, LINK, None, id="invited"),
        pytest.param(INVITED, replace(WAITING, is_admin=True), LINK, None, id="invited as an admin"),
        pytest.param(INVITED, BARE, LINK, None, id="active, and nobody could ever enter"),
        pytest.param(INVITED, replace(BARE, is_admin=True), REFUSE, Cause.LINK_REQUIRED, id="OU-21: but an admin"),
        pytest.param(INVITED, HOLDER, REFUSE, Cause.LINK_REQUIRED, id="OU-21: invited only"),
        pytest.param(replace(INVITED, proof=ASSERTED_ONLY), WAITING, REFUSE, Cause.LINK_REQUIRED, id="OU-10: says anybody"),
        pytest.param(
            INVITED,
            replace(WAITING, shut=Cause.ACCOUNT_NOT_ACTIVATED),
            REFUSE,
            Cause.ACCOUNT_NOT_ACTIVATED,
            id="invited too long ago",
        ),
        pytest.param(INVITED, None, REFUSE, Cause.ACCOUNT_UNKNOWN, id="not invited"),
    ],
)
def test_ou21_account_of_the_address_is_linked_asked_for_or_refused(
    facts: ArrivalFacts, holder: Holder | None, act: ArrivalAct, cause: Cause | None
) -> None:
    arrival = decide_arrival(replace(facts, holder=holder))
    assert (arrival.act, arrival.cause) == (act, cause)
    assert arrival.account == (holder.id if holder and act is LINK else None)
    assert all(reason.sentence for reason in arrival.reasons)


@pytest.mark.parametrize("provisioning", Provisioning)
@pytest.mark.parametrize("linking", Linking)
def test_ou11_a_disowned_address_does_not_tell_whether_it_has_an_account(provisioning, linking) -> None:
    disowned = replace(STRANGER, proof=EmailProof.NONE, provisioning=provisioning, linking=linking)
    for holder in (HOLDER, VERIFIED, WAITING, BARE):
        assert decide_arrival(disowned) == decide_arrival(replace(disowned, holder=holder))


def test_ou13_a_second_subject_of_one_connection_with_the_same_address_is_a_conflict() -> None:
    for facts in (NAMESAKE, ASKED, PROVEN, INVITED):
        resold = decide_arrival(replace(facts, holder=replace(VERIFIED, is_linked=True)))
        assert (resold.act, resold.cause, resold.is_conflict, resold.account) == (REFUSE, Cause.LINK_REQUIRED, True, None)
        assert [reason.code for reason in resold.reasons] == ["address_taken", "identity_conflict"]
    assert not decide_arrival(NAMESAKE).is_conflict


@given(
    st.builds(
        ArrivalFacts,
        identity_account=st.none(),
        address=st.sampled_from([None, JANE, PARTNER, Address("x", "evil.example")]),
        proof=st.sampled_from(EmailProof),
        holder=st.none() | st.builds(Holder, id=st.just("acc_jane")),
        provisioning=st.sampled_from(Provisioning),
        linking=st.sampled_from(Linking),
        rules=st.sampled_from([(), RULES]),
    )
)
def test_ou10_no_unknown_subject_enters_an_account_unless_the_domains_owner_vouches(facts: ArrivalFacts) -> None:
    arrival = decide_arrival(facts)
    assert arrival.act is not ArrivalAct.SIGN_IN
    assert (arrival.cause is None) == (arrival.act in {ArrivalAct.CREATE, LINK})
    assert (arrival.account is not None) == (arrival.act is LINK)
    if arrival.act in {ArrivalAct.CREATE, LINK}:
        assert facts.proof is EmailProof.DOMAIN_OWNER
    if arrival.act is ArrivalAct.CREATE:
        assert facts.provisioning is Provisioning.JUST_IN_TIME
        assert facts.holder is None
    if arrival.act is LINK:
        assert facts.holder is not None
        assert not facts.holder.is_linked
        assert facts.holder.shut is None
        assert facts.holder.is_invited or not facts.holder.is_admin


OIDC = EmailClaims(JANE, "corp", "oidc")
ENTRA = EmailClaims(JANE, "entra", "entra", is_directory_pinned=True)
ANY_ENTRA = replace(ENTRA, is_directory_pinned=False)
GOOGLE = EmailClaims(JANE, "google", "google", email_verified=True, hd="acme.example")
BOUND = (DomainRule("acme.example", connection="corp", proven=True),)
UNPROVEN = (DomainRule("acme.example", connection="corp"),)
OWNER, ASSERTED, NONE = EmailProof.DOMAIN_OWNER, EmailProof.ASSERTED, EmailProof.NONE


@pytest.mark.parametrize(
    ("claims", "rules", "proof"),
    [
        pytest.param(replace(OIDC, address=None), BOUND, NONE, id="no address"),
        pytest.param(OIDC, BOUND, OWNER, id="proven and bound to this connection"),
        pytest.param(replace(OIDC, email_verified=True), BOUND, OWNER, id="and verified"),
        pytest.param(OIDC, UNPROVEN, ASSERTED, id="bound but not proven"),
        pytest.param(replace(OIDC, connection="other"), BOUND, ASSERTED, id="bound to another connection"),
        pytest.param(replace(OIDC, address=Address("j", "sub.acme.example")), BOUND, ASSERTED, id="RT-06: a sub-domain"),
        pytest.param(OIDC, (), ASSERTED, id="OU-11: no rule, email_verified absent"),
        pytest.param(replace(OIDC, email_verified=True), (), ASSERTED, id="a provider's word alone is no proof"),
        pytest.param(replace(OIDC, email_verified=False), BOUND, NONE, id="OU-11: email_verified false"),
        pytest.param(replace(OIDC, email_verified="true"), BOUND, NONE, id='OU-11: email_verified "true"'),
        pytest.param(replace(OIDC, email_verified=1), BOUND, NONE, id="OU-11: email_verified 1"),
        pytest.param(replace(OIDC, email_verified={}), BOUND, NONE, id="OU-11: email_verified an object"),
        pytest.param(replace(OIDC, xms_edov=True), (), ASSERTED, id="xms_edov means nothing outside Entra"),
        pytest.param(replace(OIDC, hd="acme.example", email_verified=True), (), ASSERTED, id="hd nothing outside Google"),
        pytest.param(
            replace(OIDC, address=Address("j", "gmail.com")),
            (DomainRule("gmail.com", connection="corp", proven=True),),
            ASSERTED,
            id="RT-05: a public domain is nobody's, whatever the row says",
        ),
        pytest.param(ENTRA, RULES, OWNER, id="Entra: proven, bound, directory pinned"),
        pytest.param(ANY_ENTRA, RULES, ASSERTED, id="OU-10: Entra: proven, bound, any directory"),
        pytest.param(ENTRA, (), ASSERTED, id="OU-11: Entra: xms_edov absent"),
        pytest.param(replace(ANY_ENTRA, xms_edov=True), (), OWNER, id="Entra: xms_edov true"),
        pytest.param(replace(ANY_ENTRA, xms_edov=1), (), OWNER, id="Entra: xms_edov 1"),
        pytest.param(replace(ANY_ENTRA, xms_edov="1"), (), OWNER, id='Entra: xms_edov "1"'),
        pytest.param(replace(ENTRA, xms_edov=False), RULES, NONE, id="OU-11: Entra: xms_edov false"),
        pytest.param(replace(ENTRA, xms_edov="0"), RULES, NONE, id='Entra: xms_edov "0"'),
        pytest.param(replace(ENTRA, xms_edov="yes"), RULES, NONE, id="Entra: xms_edov of an unknown spelling"),
        pytest.param(replace(ENTRA, xms_edov=[1]), RULES, NONE, id="Entra: xms_edov a list"),
        pytest.param(replace(ANY_ENTRA, email_verified=True), (), ASSERTED, id="OU-10: Entra says nothing by email_verified"),
        pytest.param(GOOGLE, (), OWNER, id="Google: verified, hd is the domain"),
        pytest.param(replace(GOOGLE, hd="ACME.example."), (), OWNER, id="Google: hd in another spelling"),
        pytest.param(
            replace(GOOGLE, hd="main.example", hosted_domains=frozenset({"main.example"})),
            (),
            OWNER,
            id="Google: a secondary domain of a Workspace that is named",
        ),
        pytest.param(replace(GOOGLE, hd="evil.example"), (), ASSERTED, id="OU-13: Google: another Workspace"),
        pytest.param(replace(GOOGLE, hd=None), (), ASSERTED, id="OU-13: Google: personal account with a company address"),
        pytest.param(replace(GOOGLE, hd=["acme.example"]), (), ASSERTED, id="Google: hd a list"),
        pytest.param(replace(GOOGLE, hd="*"), (), ASSERTED, id="Google: hd no domain"),
        pytest.param(replace(GOOGLE, email_verified=None), (), ASSERTED, id="Google: email_verified absent"),
        pytest.param(replace(GOOGLE, email_verified=False), (), NONE, id="Google: email_verified false"),
    ],
)
def test_ou11_what_an_upstream_address_proves(claims: EmailClaims, rules: tuple[DomainRule, ...], proof: EmailProof) -> None:
    assert email_proof(claims, rules) is proof


@pytest.mark.parametrize(
    ("proof", "has_answered_mail", "verified"),
    [
        pytest.param(OWNER, False, True, id="the domain's owner vouches"),
        pytest.param(ASSERTED, False, False, id="only asserted"),
        pytest.param(NONE, False, False, id="not even that"),
        pytest.param(ASSERTED, True, True, id="a mailed code came back"),
    ],
)
def test_applications_are_told_honestly(proof: EmailProof, has_answered_mail: bool, verified: bool) -> None:
    assert downstream_email_verified(proof, has_answered_mail) is verified
