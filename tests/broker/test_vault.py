"""The vault: what is sealed opens with its key and in its place, and with nothing else."""

import os

import pytest

from tenants.vault import Place, Vault, VaultError

PLACE = Place("ten_a", "credentials", "secret_sealed", "cre_1")
OLD, NEW = os.urandom(32), os.urandom(32)


def test_sealed_text_opens_again_and_shows_nothing():
    vault = Vault({"k1": OLD})
    sealed = vault.seal("ü secret", PLACE)
    assert vault.open(sealed, PLACE) == "ü secret"
    assert "secret" not in sealed
    assert vault.seal("ü secret", PLACE) != sealed


def test_older_keys_open_and_the_newest_seals():
    sealed = Vault({"k1": OLD}).seal("text", PLACE)
    rotated = Vault({"k2": NEW, "k1": OLD})
    assert rotated.open(sealed, PLACE) == "text"
    assert not rotated.is_current(sealed)
    assert rotated.is_current(rotated.seal("text", PLACE))
    with pytest.raises(VaultError):
        Vault({"k2": NEW}).open(sealed, PLACE)


def test_another_key_of_the_same_name_does_not_open():
    sealed = Vault({"k1": OLD}).seal("text", PLACE)
    with pytest.raises(VaultError):
        Vault({"k1": NEW}).open(sealed, PLACE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:],
        lambda text: text.replace("v1.", "v2."),
        lambda text: text.replace("k1", "k9"),
        lambda text: "v1.k1.",
        lambda text: "",
        lambda text: "v1.k1.ü",
        lambda text: text + ".more",
    ],
    ids=["changed", "version", "key id", "emptied", "nothing", "no base64", "longer"],
)
def test_spoilt_values_do_not_open(spoil):
    vault = Vault({"k1": OLD})
    with pytest.raises(VaultError):
        vault.open(spoil(vault.seal("text", PLACE)), PLACE)


def test_places_are_told_apart_whatever_their_parts_hold():
    parts = [("a", "bc", "d", "e"), ("ab", "c", "d", "e"), ("a", "b", "cd", "e"), ("a", "bcd", "", "e"), ("a", "bc", "de", "")]
    assert len({Place(*part).encoded() for part in parts}) == len(parts)


@pytest.mark.parametrize("keys", [{}, {"k1": b"short"}], ids=["none", "short"])
def test_vault_without_proper_keys_is_not_made(keys):
    with pytest.raises(ValueError, match="key"):
        Vault(keys)


def test_derived_bytes_differ_by_purpose_and_key():
    assert Vault({"k1": OLD}).derive("a") == Vault({"k1": OLD}).derive("a")
    assert len({Vault({"k1": key}).derive(what) for key in (OLD, NEW) for what in ("a", "b")}) == 4
