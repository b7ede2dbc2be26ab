"""A thousand forged ID tokens, none of which is taken (security.md, OU-04 to OU-08); `make fuzz` tries any number."""

from tests.attacks.forged.id_tokens import Forger, judged
from tests.attacks.forged.token_draft import good, ours
from tests.attacks.forged.token_faults import FAULTS

COUNT = 1000


def test_ou06_ou07_none_of_a_thousand_forged_tokens_is_taken():
    assert {algorithm: judged(good(algorithm).token()) for algorithm in ours()} == dict.fromkeys(ours(), (None, "was accepted"))
    assert len(FAULTS) < COUNT, "every single fault is tried alone"
    outcomes = list(Forger(seed=1).run(COUNT))
    assert [(outcome.faults, outcome.wrong) for outcome in outcomes if outcome.wrong] == []
    assert len({outcome.word for outcome in outcomes}) > 15, "the checks are all met, and not the first one alone"
