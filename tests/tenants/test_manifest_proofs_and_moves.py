"""What a tenants file has to do with proofs that end by themselves, and with moves that are cut over on their date."""

from tenants.db import Database
from tenants.moving import Moving
from tenants.snapshot import load_snapshot
from tenants.tenants import DomainProof
from tests.support.manifests import CONNECTION, DOMAIN, NOW, SMALL, VAULT, Desk


def test_rt08_a_record_that_is_gone_does_not_stop_the_file(db: Database, desk: Desk) -> None:
    """The file was good while the record was there; that it is gone must not keep the other tenants from being applied."""
    desk.apply(SMALL + CONNECTION)
    base, unsaid = f"{desk.slug}.example", SMALL + CONNECTION + DOMAIN.replace("proven = true", "")
    with db.platform("a test proves a domain", NOW) as platform:
        platform.add(DomainProof(domain=base, tenant_id=desk.row.id, method="dns", proven_at=NOW))
    assert desk.apply(unsaid) == ['create tenants.$t.domains."$t.example"']
    with db.platform("a test loses a proof", NOW) as platform:
        platform.delete(platform.get_one(DomainProof, base))
    assert desk.apply(unsaid) == []
    rule = load_snapshot(desk.db, desk.row, "https://x.example").domains[0]
    assert (rule.connection, rule.is_trusted) == ("partners", False)


def test_a_move_that_was_cut_over_is_not_taken_back_by_the_file(desk: Desk) -> None:
    old = (CONNECTION + DOMAIN).replace("partners", "old")
    file = SMALL + CONNECTION + old
    desk.apply(file)
    with desk.db.tenant(desk.row.id).writing() as s:
        moving = Moving(s, VAULT, "test", NOW)
        moving.cut_over(moving.begin("old", "partners", None))
    assert desk.faults(file) == [
        "tenants.$t.connections.old.enabled: people have moved from it to partners: set enabled = false, "
        "or take that back with `broker move undo`.",
        'tenants.$t.domains."$t.example".connection: people have moved from old to partners: name that one.',
    ]
    left = CONNECTION.replace("partners", "old") + "enabled = false\n"
    assert desk.apply(SMALL + CONNECTION + left + DOMAIN) == []
