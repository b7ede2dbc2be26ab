"""`broker release`: a tenant leaves its file."""

from sqlalchemy import select

from tenants.accounts import Account
from tenants.connections import Connection
from tenants.tenants import TENANT_BY_SLUG
from tests.support.commands import environment, run
from tests.support.manifests import SMALL, Desk, new_slug


def test_what_the_file_managed_is_the_admins_until_it_is_applied_again(broker, database_url, tmp_path):
    desk = Desk(broker.db, tmp_path, new_slug())
    desk.apply(SMALL)

    def managed() -> list[bool]:
        tenant = broker.db.look_up(TENANT_BY_SLUG, slug=desk.slug)[0]
        with desk.session() as s:
            rows = [*s.scalars(select(Account)), *s.scalars(select(Connection))]
            return [tenant.is_file_managed, *(row.is_file_managed for row in rows)]

    assert all(managed())
    told = run("release", desk.slug, answer="y\n", **environment(database_url))
    assert told.exit_code == 0, told.output
    assert "Handed over:" in told.stdout
    assert not any(managed())
    desk.apply(SMALL)
    assert managed()[0]


def test_a_tenant_that_is_not_there(database_url):
    told = run("release", "nobody-here", "--yes", **environment(database_url))
    assert (told.exit_code, "There is no such tenant." in told.output) == (1, True)
