"""For any WSGI server: `application`, configured by the environment."""

from broker.served import make_served_app

application = make_served_app()
