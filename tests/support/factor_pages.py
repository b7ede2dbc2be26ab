"""Samples of the second factor's pages."""

from broker.pages import FactorWay
from tests.support.samples import EMAIL, Sample

STEP = {"tx": "txn_1", "email": EMAIL, "restart_url": "/sign-in", "other_url": "/sign-in/factor?tx=txn_1", "errors": {}}
WAYS = (
    FactorWay("Passkey", "Fingerprint, face or PIN of your device", "fingerprint", "/sign-in/passkey?tx=txn_1", True),
    FactorWay("Authenticator app", "The six-digit code it shows", "phone", "/sign-in/totp?tx=txn_1"),
    FactorWay("Recovery code", "One of the long codes you saved at set-up", "key", "/sign-in/recovery-code?tx=txn_1"),
    FactorWay("Code by e-mail", "To j•••@acme.example", "envelope", "/sign-in/email-code?tx=txn_1"),
)
CODES = ["7KQF-29XM-WD4P-H3TN", "B6ZU-YQ5R-CV8S-J2LA"] * 5
CODE_WRONG = {"code": "This code is not right. Apps show a new one every 30 seconds; use the one on the screen now."}
PASSKEY = {name: value for name, value in STEP.items() if name != "errors"} | {
    "has_failed": False,
    "options": '{"challenge": "AAAA", "rpId": "localhost", "allowCredentials": []}',
    "trust_days": 0,
}
KEPT = {"codes": CODES, "email": EMAIL, "file_name": "recovery-codes-acme.txt"}

FACTOR_SAMPLES: dict[str, Sample] = {
    "code": Sample("factors/totp.html", STEP | {"other_url": None}),
    "code-not-right": Sample("factors/totp.html", STEP | {"errors": CODE_WRONG}),
    "code-with-trust": Sample("factors/totp.html", STEP | {"trust_days": 30}),
    "factor": Sample("factors/choose.html", {"email": EMAIL, "restart_url": "/sign-in", "ways": WAYS}),
    "recovery-code": Sample("factors/recovery_code.html", STEP),
    "recovery-code-not-right": Sample(
        "factors/recovery_code.html", STEP | {"errors": {"code": "This recovery code is not right, or was used before."}}
    ),
    "email-code": Sample("factors/email_code.html", STEP | {"address": "j•••@acme.example", "is_sent": False}),
    "email-code-sent": Sample("factors/email_code.html", STEP | {"address": "j•••@acme.example", "is_sent": True}),
    "email-code-not-right": Sample(
        "factors/email_code.html",
        STEP
        | {
            "address": "j•••@acme.example",
            "is_sent": True,
            "errors": {"code": "This code is not right. Check the newest mail from us."},
        },
    ),
    "passkey": Sample("factors/passkey.html", PASSKEY | {"email": None, "restart_url": None}),
    "passkey-second": Sample("factors/passkey.html", PASSKEY | {"trust_days": 30}),
    "passkey-not-right": Sample("factors/passkey.html", PASSKEY | {"has_failed": True}),
    "recovery-codes": Sample("factors/recovery_codes.html", KEPT | {"continue_url": "/activate/done?tx=txn_1"}),
}
