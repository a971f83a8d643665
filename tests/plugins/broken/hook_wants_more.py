"""A hook that wants what it is not given."""

from autoreply import hookimpl


@hookimpl
def register_handlers(register, config):
    register("invoice", config)
