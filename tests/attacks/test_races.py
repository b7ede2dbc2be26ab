"""Fifty at once on two processes want the same one-shot secret: exactly one gets it (`make races` runs more rounds)."""

import pytest

from tests import factories
from tests.support.heats import SECRETS, heats_of
from tests.support.racing import by_secret, winners

ROUNDS = 20


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_every_secret_has_exactly_one_winner_in_every_heat(broker, database_url):
    home = factories.tenant(broker)
    heats = [heat for secret in SECRETS for heat in heats_of(home, secret, ROUNDS)]
    assert by_secret(heats, winners(database_url, heats)) == {secret: [1] * ROUNDS for secret in SECRETS}
