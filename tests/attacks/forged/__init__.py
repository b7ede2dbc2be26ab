"""Forged responses: every shape of security.md, SU-01 to SU-26, as a list of variants, and a mutator.

    wrapping.py    SU-01            a signed part is moved aside, another one takes its place
    signatures.py  SU-02 … SU-05    the signature: stripped, made by somebody else, or by weak means
    harm.py        SU-08 … SU-10    a signature that makes a library work, fetch, or look at the wrong part
    values.py      SU-06, 11 … 22   signed by the true provider, and yet not for us, not now, or not clear
    encrypted.py   SU-21            what anybody can encrypt to us
    documents.py   SU-07, SU-26     the document as bytes
    mutation.py                     any change that chance makes

`VARIANTS` has all of them. A variant makes its response from an edge of its own: a provider, and a request of ours.
"""

from tests.attacks.forged.documents import DOCUMENTS
from tests.attacks.forged.encrypted import ENCRYPTED
from tests.attacks.forged.harm import HARMFUL
from tests.attacks.forged.signatures import SIGNATURES
from tests.attacks.forged.values import VALUES
from tests.attacks.forged.wrapping import WRAPPINGS

VARIANTS = (*WRAPPINGS, *SIGNATURES, *HARMFUL, *VALUES, *ENCRYPTED, *DOCUMENTS)
