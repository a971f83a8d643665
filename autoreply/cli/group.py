"""The command ``autoreply``: finds its subcommands lazily and turns what goes wrong into words and an exit code."""

import sys
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from autoreply.cli.common import Stop, by_line, count, use_utf8

COMMANDS = (
    "run",
    "chat",
    "explain",
    "check",
    "replay",
    "eval",
    "mine",
    "train",
    "test",
    "init",
    "plugins",
    "plugin",
    "handoff",
    "drafts",
    "mode",
    "stats",
    "journal",
    "buyer",
    "understand",
    "gate",
    "lint",
    "calc",
    "audit",
)
"""In the order of the help text. Each is the ``command`` of the module of the same name."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for, so that no command pays for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *(sorted(_of_plugins()) if _may_have_own() else ())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return _of_plugins().get(cmd_name)
        command: click.Command = import_module(f"autoreply.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and args[0] not in _of_plugins():
            from autoreply.tomlfile import did_you_mean

            ctx.fail(f"no such command {args[0]!r}{did_you_mean(args[0], [*COMMANDS, *_of_plugins()])}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as e:
            if (lines := _told(e)) is None:
                if ctx.meta.get("autoreply.verbose"):
                    raise
                lines = [f"internal error: {type(e).__name__}: {e}; --verbose shows where"]
            for line in lines:
                click.echo(line, err=True)
            sys.exit(1)


def _may_have_own() -> bool:
    """There may be plugins besides the shipped ones, which have no commands: worth loading them for the help text."""
    return bool(entry_points(group="autoreply")) or Path("config.toml").exists()


@lru_cache
def _of_plugins() -> dict[str, click.Command]:
    """Commands of plugins: looked for only when a command is none of ours. What cannot be loaded has none."""
    from autoreply.app import config_path, plugins_of
    from autoreply.tomlfile import ProblemsFound

    try:
        plugins, _ = plugins_of(config_path(None))
    except ProblemsFound:
        return {}
    return {name: entry.target for name, entry in plugins.commands.items()}


def _told(error: Exception) -> list[str] | None:
    """What the user is told of an error that the program foresees; None for others."""
    if isinstance(error, Stop):
        return [str(error)]
    if _is(error, "autoreply.tomlfile", "ProblemsFound"):
        problems = by_line(error.problems)  # type: ignore[attr-defined]
        return [*map(str, problems), count(len(problems), "problem")]
    return [str(error)] if any(_is(error, *name) for name in _FORESEEN) else None


_FORESEEN = (
    ("autoreply.app", "StartError"),
    ("autoreply.journal.records", "JournalError"),
    ("autoreply.server", "ServerError"),
)


def _is(error: Exception, module: str, name: str) -> bool:
    """``error`` is of this class. A module that is not loaded has raised nothing and is not loaded for the question."""
    return isinstance(error, getattr(sys.modules.get(module), name, ()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="autoreply")
def cli() -> None:
    """Answers buyers of a Chinese online shop: within platform rules, and a person takes over when unsure.

    \b
    Example:
      autoreply init myshop && cd myshop && autoreply check && autoreply run
    """


def main() -> None:
    """Entry point of the console script."""
    use_utf8()
    cli(prog_name="autoreply")
