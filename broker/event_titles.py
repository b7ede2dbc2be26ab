"""How an event is headed in the lists of a log."""


def title_of(event: str) -> str:
    """`door.set_up` as `Door: set up`."""
    subject, _dot, rest = event.replace("_", " ").partition(".")
    return f"{subject.capitalize()}: {rest.replace('.', ' ')}" if rest else subject.capitalize()
