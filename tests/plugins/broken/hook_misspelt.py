"""A hook that does not exist."""

from autoreply import hookimpl


@hookimpl
def register_handler(register):
    register("invoice", None)
