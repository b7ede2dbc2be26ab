"""The parts of the SAML 2.0 service provider; `broker/upstream/saml.py` puts them together. What the
identity provider of our own shares with them, the one parser among it, is in `broker/saml_xml`.

    provider.py     the identity provider as an admin described it: metadata, or three values
    request.py      our signed AuthnRequest, by Redirect or by POST
    metadata.py     what we say about ourselves, one document for each connection
    gate.py         the shape of a response, before any signature is looked at      security.md 1.2
    decryption.py   opening an encrypted assertion; the gate looks at what comes out
    signatures.py   python3-saml and xmlsec: which elements are signed with a known key
    status.py       what a provider that says no means by it
    checks.py       what a signed response has to say, one check after the other    security.md 1.1
    values.py       subject, address, names and groups

A response that anything of this is wrong with raises `Fault`, whose word goes to the audit log. Decision 4 says why
python3-saml does the signatures and nothing else.
"""
