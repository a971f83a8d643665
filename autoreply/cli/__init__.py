"""The command line: one module for each command, imported only when it is asked for."""

from autoreply.cli.group import cli, main

__all__ = ["cli", "main"]
