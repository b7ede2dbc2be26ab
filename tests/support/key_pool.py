"""RSA pairs for all tenants of this process: to make one takes as long as a test."""

from collections.abc import Callable
from itertools import count

from tenants import signing

Pair = tuple[signing.Jwk, signing.Jwk]
_DIFFERENT = 8
"""They come again in turn: who changes a key gets another."""


def share_rsa_pairs() -> None:
    """From now on, what the product makes is one of a few. Peers and attackers have their own."""
    signing._rsa = _in_turn(signing._rsa)


def _in_turn(make: Callable[[], Pair]) -> Callable[[], Pair]:
    made: dict[int, Pair] = {}
    turns = count()

    def give() -> Pair:
        turn = next(turns) % _DIFFERENT
        if turn not in made:
            made[turn] = make()
        public, private = made[turn]
        return dict(public), dict(private)

    return give
