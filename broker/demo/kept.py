"""Secrets of the demo: made at random on the first start, then kept in its folder, readable by its owner only."""

import base64
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyotp
from joserfc.jwk import RSAKey

from broker.demo.people import LOCAL_PEOPLE, OPERATOR
from broker.demo.saml.keys import KeyPair, new_key_pair
from broker.system import SystemClock, SystemRandomness
from tenants.ids import new_secret


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    """Everything secret that has to be the same after a restart."""

    master_key: str
    """32 bytes in base64, for BROKER_MASTER_KEYS."""
    entra_client: str
    entra_shared: str
    """Of the operator's registration."""
    travel_at_acme: str
    travel_at_lumen: str
    travel_at_union: str
    google_client: str
    entra_signing_key: dict[str, Any]
    """A private RSA key as JWK."""
    google_signing_key: dict[str, Any]
    works_keys: dict[str, KeyPair]
    """Key pairs of the company login: today's, the next one, an old one, a stranger's."""
    shifts_key: KeyPair
    """Of the application that speaks SAML."""
    totp_seeds: dict[str, str]
    """E-mail address of a local account → seed of its authenticator app in base32."""


def load_or_make(folder: Path) -> KeptSecrets:
    """The secrets kept in `folder`; what is missing there is made and written."""
    file = folder / "secrets.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    seeds = known.get("totp_seeds", {})
    kept = KeptSecrets(
        master_key=known.get("master_key") or base64.b64encode(SystemRandomness().token_bytes(32)).decode(),
        entra_client=known.get("entra_client") or new_secret(),
        entra_shared=known.get("entra_shared") or new_secret(),
        travel_at_acme=known.get("travel_at_acme") or new_secret(),
        travel_at_lumen=known.get("travel_at_lumen") or new_secret(),
        travel_at_union=known.get("travel_at_union") or new_secret(),
        google_client=known.get("google_client") or new_secret(),
        entra_signing_key=known.get("entra_signing_key") or _new_signing_key(),
        google_signing_key=known.get("google_signing_key") or _new_signing_key(),
        works_keys=_works_keys(known.get("works_keys", {})),
        shifts_key=_shifts_key(known.get("shifts_key")),
        totp_seeds={person.email: seeds.get(person.email) or pyotp.random_base32() for person in (*LOCAL_PEOPLE, OPERATOR)},
    )
    if asdict(kept) != known:
        write_privately(file, json.dumps(asdict(kept), indent=2))
    return kept


def _new_signing_key() -> dict[str, Any]:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
    return dict(key.as_dict(private=True))


def _works_keys(known: dict[str, dict[str, str]]) -> dict[str, KeyPair]:
    """By what they are for: today's, the one to come, one that has run out, a stranger's."""
    now = SystemClock().now()
    names = {"today": "Works login", "next": "Works login, new", "old": "Works login, old", "stranger": "Somebody"}
    return {
        name: KeyPair(**known[name]) if name in known else new_key_pair(common, now, has_ended=name == "old")
        for name, common in names.items()
    }


def _shifts_key(known: dict[str, str] | None) -> KeyPair:
    return KeyPair(**known) if known else new_key_pair("Shift Planner", SystemClock().now())


def write_privately(file: Path, text: str) -> None:
    """Replace `file` in one step, so that a kill half-way leaves the old one."""
    draft = file.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)
