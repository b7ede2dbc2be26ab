"""The addresses of a person's own pages. What is posted has a page at the same address wherever a fresh proof is asked."""

from flask import Blueprint

from broker.account import address, app, applications, codes, overview, passkeys, password, reset, sessions

account = Blueprint("account", __name__, subdomain="tenant")

account.get("/account", endpoint="overview")(overview.overview_page)
account.get("/account/activity", endpoint="activity")(overview.activity_page)
account.post("/account/sessions/end", endpoint="end_session")(sessions.end_one)
account.post("/account/sessions/end-others", endpoint="end_others")(sessions.end_others)
account.post("/account/applications/withdraw", endpoint="withdraw")(applications.withdraw)
account.get("/account/password", endpoint="password")(password.password_page)
account.post("/account/password", endpoint="change_password")(password.change_password)
account.post("/account/password/mail", endpoint="mail_link")(password.mail_link)
account.get("/account/address", endpoint="address")(address.address_page)
account.post("/account/address", endpoint="confirm_address")(address.confirm_address)
account.get("/account/app", endpoint="app")(app.app_page)
account.post("/account/app", endpoint="prove_app")(app.prove_app)
account.get("/account/app/remove", endpoint="app_removal")(app.removal_page)
account.post("/account/app/remove", endpoint="remove_app")(app.remove)
account.get("/account/recovery-codes", endpoint="codes")(codes.codes_page)
account.post("/account/recovery-codes", endpoint="renew_codes")(codes.renew)
account.get("/account/passkeys/add", endpoint="passkey")(passkeys.creation_page)
account.post("/account/passkeys/add", endpoint="add_passkey")(passkeys.add)
account.get("/account/passkeys/rename", endpoint="passkey_name")(passkeys.name_page)
account.post("/account/passkeys/rename", endpoint="rename_passkey")(passkeys.rename)
account.get("/account/passkeys/remove", endpoint="passkey_removal")(passkeys.removal_page)
account.post("/account/passkeys/remove", endpoint="remove_passkey")(passkeys.remove)
account.get("/account/factors/reset", endpoint="reset")(reset.reset_page)
account.post("/account/factors/reset", endpoint="reset_factors")(reset.reset)
