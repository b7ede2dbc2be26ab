"""`make bench`: how much one core serves, measured against a Flask "hello" on the same server in the same run.

    wire.py       a request, a reply, as bytes
    load.py       the load generator: keep-alive connections, each walking through one path again and again
    scenarios.py  the paths: what is asked, and what has to come back (checks.py)
    site.py       the tenants that are asked: applied from a file; sessions, people and attempts are real rows
    filling.py    further tenants by the thousand
    inside.py     one path walked inside this process: statements counted, every answer seen
    stage.py      the database and the servers, prepared as an operator would
    servers.py    processes on their cores: started, watched, ended
    rounds.py     the measuring itself
    report.py     the table, and the same as JSON
    hello.py, peer.py   what runs in the other processes

`make bench QUICK=1` takes under a minute; `TENANTS=10000` fills the database with that many tenants (a minute) and goes round
them too; `ONLY=upstream` measures the paths with that word in their names; `DB=postgresql` takes
the development wheel's PostgreSQL instead of SQLite. What the columns mean stands under the table. Cores that others use at
the same time spoil the latencies first; the ratios least.
"""
