"""The plan that modules walk."""

import pytest

from tenants.ids import new_id
from tests import factories
from tests.support.plan import Plan


@pytest.fixture(params=["path", "host"])
def plan(request, app, broker, clock):
    host = f"{new_id('h')[2:12]}.login.example" if request.param == "host" else None
    return Plan(app, factories.tenant(broker, host=host), clock)
