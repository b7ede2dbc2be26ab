"""OP-04: a process that is killed while it writes loses nothing that it has acknowledged, and revives nothing.

A child spends invitations, one in each transaction with an audit row, and says so after each commit; it is killed at
some moment. `KILLS=1000 pytest tests/attacks/test_op_kills.py` for the whole of it.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from tenants.audit import AuditEvent
from tenants.ids import new_secret
from tenants.transactions import SPEND_INVITATION, Invitation
from tests import factories
from tests.support import steps

KILLS = int(os.environ.get("KILLS", "4"))
LINKS = 60
CHILD = """
import sys
from datetime import datetime
from tenants.audit import Event, append
from tenants.db import Database
from tenants.transactions import SPEND_INVITATION
url, tenant_id, now, *ids = sys.argv[1:]
home, at = Database(url).tenant(tenant_id), datetime.fromisoformat(now)
for one in ids:
    with home.writing() as db:
        assert db.run(SPEND_INVITATION, invitation_id=one, now=at) == 1
        append(db, Event.ACCOUNT_ACTIVATED, at=at, detail={"invitation": one})
    print(one, flush=True)
"""


def killed_at_work(database_url, home, ids, after):
    """The ids that the child acknowledged before it was killed."""
    command = [sys.executable, "-c", CHILD, database_url, home.id, home.now.isoformat(), *ids]
    root = Path(factories.__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        acknowledged = [child.stdout.readline().strip() for _ in range(after)]
        child.kill()
        acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    return acknowledged


def test_op04_killed_process_loses_no_acknowledged_write(broker, database_url):
    chance = random.Random(4)  # noqa: S311 - repeatable on purpose
    home = factories.tenant(broker)
    owner = factories.account(home, with_password=False, with_totp=False).id
    for _ in range(KILLS):
        ids = [factories.invitation(home, new_secret(), owner).id for _ in range(LINKS)]
        acknowledged = killed_at_work(database_url, home, ids, chance.randint(1, LINKS // 2))
        assert acknowledged
        with home.db.reading() as db:
            spent = set(db.scalars(select(Invitation.id).where(Invitation.id.in_(ids), Invitation.used_at.is_not(None))))
            audited = {event.detail.get("invitation") for event in db.scalars(select(AuditEvent))}
        assert set(acknowledged) <= spent
        assert spent == audited & set(ids)  # both or neither: a transaction is whole
        with home.db.writing() as db:
            again = [one for one in spent if db.run(SPEND_INVITATION, invitation_id=one, now=home.now)]
        assert again == []
        assert len(spent) - len(acknowledged) <= 1
    assert steps.events(home)
