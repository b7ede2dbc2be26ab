"""Forged ID tokens, as many as wanted: `make fuzz N=100000 SEED=7`.

Ends with 1 where one is taken, or ends in anything but a refusal; that one is kept.
"""

import sys
from collections.abc import Iterator

from tests.attacks.forged.id_tokens import Forger
from tests.attacks.forged.token_faults import FAULTS
from tools.fuzzing import Tried, try_all


def main(arguments: list[str]) -> int:
    count, seed = int(arguments[0]), int(arguments[1])
    rate = try_all(_tried(count, seed), seed, "jwt")
    if rate is None:
        return 1
    print(f"{count} ID tokens of seed {seed} with {len(FAULTS)} faults, {rate:.0f} a second. None was taken.")
    return 0


def _tried(count: int, seed: int) -> Iterator[Tried]:
    for outcome in Forger(seed).run(count):
        wrong = f"{outcome.wrong}: {', '.join(outcome.faults)}" if outcome.wrong else ""
        yield Tried(outcome.word or "", wrong, outcome.token.encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
