"""Mutants of good SAML responses, as many as wanted: `make fuzz N=100000 SEED=7`.

Ends with 1 where one is taken for what the provider did not say, or ends in anything but a refusal; that one is kept.
"""

import sys
from collections.abc import Iterator

from tests.attacks.forged.mutation import Mutator
from tools.fuzzing import Tried, try_all


def main(arguments: list[str]) -> int:
    count, seed = int(arguments[0]), int(arguments[1])
    slowest = 0.0

    def tried() -> Iterator[Tried]:
        nonlocal slowest
        for outcome in Mutator(seed).run(count):
            slowest = max(slowest, outcome.seconds)
            yield Tried(outcome.word or "taken for what it was", outcome.wrong, outcome.mutant)

    rate = try_all(tried(), seed, "xml")
    if rate is None:
        return 1
    print(f"{count} mutants of seed {seed}, {rate:.0f} a second; the slowest took {slowest * 1000:.0f} ms of CPU. None got in.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
