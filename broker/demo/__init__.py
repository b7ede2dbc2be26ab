"""The demo: the broker as an operator runs it, among simulated identity providers and sample applications.

    python -m broker.demo          what `make demo` runs; PORT and RESET come from the environment

    launch.py       the parent: ports, folder, children, the table of what to open
    run_broker.py   a child: `broker apply`, then `broker serve`
    run_peers.py    a child: every peer on its port, made in peers.py
    ending.py       how children end, also when the parent is killed
    places.py       who listens where          people.py        who is who
    kept.py         secrets kept between runs  tenants.toml     what is applied, filled in by tenants_file.py
    entra/ google/  simulated OpenID Providers, over code_flow/
    saml/           a simulated company login  application.py   sample applications, over relying_party.py
    saml_application.py   one that speaks SAML, over saml_party.py
    switches.py     what providers can be told to do, and the page that each leads to
    mailbox.py      takes the broker's mails and shows them
    helper.py       start page, current codes  templates/, static/   the peers' own plain look

Nothing of the product imports this package and no installation contains it: it knows its own passwords.
"""
