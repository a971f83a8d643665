"""Raises while it registers."""

from autoreply import hookimpl

TABLE: dict[str, str] = {}


@hookimpl
def register_handlers(register):
    register("invoice", TABLE["handler"])
