"""Tenants as a file: read, checked, compared with the database and applied (docs/tenants-file.md).

    text --reading.py--> Manifest --plan.py, against state.py--> Plan --applying.py--> rows

`specs.py` is the format; `faults.py` says what is wrong in it, and where. Nothing is written before everything holds.
"""
