"""Home, and the door once more."""

from broker.console import door_again, home
from broker.console.route import Route

HOME_ROUTES = (
    Route("GET", "/", "home", home.home_page),
    Route("GET", "/confirm", "confirm", door_again.page),
    Route("POST", "/confirm", "enter_again", door_again.enter),
)
