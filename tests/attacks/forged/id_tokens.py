"""Forged ID tokens, as many as wanted: claim x algorithm x key x header x shape, each with at least one thing wrong.

    for outcome in Forger(seed=7).run(1000):
        assert outcome.wrong is None

Each is a good token with one to three things of `FAULTS` done to it, picked by the seed. Everything that can be signed is
really signed, often with the provider's own key, so that a check is never spared by another one before it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from broker.upstream.id_token import Expected, verify
from tenants.causes import Cause, UpstreamFailure
from tests.attacks.forged.token_draft import ACCESS_TOKEN, ISSUER, NONCE, US, good, published
from tests.attacks.forged.token_faults import FAULTS, order_of
from tests.support.clock import START


@dataclass(frozen=True)
class Outcome:
    faults: tuple[str, ...]
    word: str | None
    token: str
    wrong: str | None


class Forger:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # the same forgeries each time, no secret

    def run(self, count: int) -> Iterator[Outcome]:
        """Every single fault comes before the first that is picked at random."""
        names = list(FAULTS)
        for number in range(count):
            single = number < len(names)
            picked = [names[number]] if single else self._random.sample(names, self._random.choice((1, 2, 2, 3)))
            yield self._tried(tuple(picked))

    def _tried(self, names: tuple[str, ...]) -> Outcome:
        draft = good(self._random.choice(("RS256", "RS256", "ES256", "EdDSA")))
        for name in sorted(names, key=order_of):
            FAULTS[name](draft, self._random)
        token = draft.token()
        word, wrong = judged(token)
        return Outcome(names, word, token, wrong)


def judged(token: str) -> tuple[str | None, str | None]:
    """The word of the check that refused, and what is wrong with that."""
    try:
        verify(token, EXPECTED, _find_key)
    except UpstreamFailure as failure:
        is_refusal = failure.cause is Cause.UPSTREAM_RESPONSE_INVALID
        return failure.detail, None if is_refusal else f"ended as {failure.cause}"
    except Exception as error:
        return None, f"ended in {type(error).__name__}: {error}"
    return None, "was accepted"


EXPECTED = Expected(
    issuer=ISSUER,
    client_id=US,
    nonce=NONCE,
    now=START,
    access_token=ACCESS_TOKEN,
    oldest=START - timedelta(minutes=5),
)


def _find_key(kid: str | None, algorithm: str) -> Any:
    key = published().find(kid, algorithm)
    if key is None:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "kid")
    return key
