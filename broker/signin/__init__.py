"""The flow of a sign-in: from the first page to a session.

    GET  /sign-in                 which way? e-mail first, buttons, or both      routes.py
    GET  /sign-in/choose          other ways                                     routes.py
    GET  /sign-in/go/<connection> to the identity provider                       federated.py
    ANY  /callback/<connection>   back from it: state and cookie, consumed once  federated.py, arrive.py
    GET  /sign-in/password        local: password                                local.py
    GET  /sign-in/totp            local: code of the authenticator app           local.py
    GET  /activate/<token>        an invitation: password, app, done             activate.py
    GET  /activate/door/<token>   the operator's link for the back door          backdoor_set_up.py
    ANY  /door/<secret>           the back door, with its own transaction        backdoor.py

Both set-ups share their steps (set_up.py). Everything learned stands in the transaction's row (transaction.py). No step
sends the browser to another one: each returns to the dispatcher (dispatch.py), which decides from the row; when nothing is
left to do it asks admission and opens the session (complete.py).
"""
