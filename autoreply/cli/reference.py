"""Makes the pages of ``docs/`` that are made from code: ``python -m autoreply.cli.reference PAGE > docs/PAGE.md``.

``PAGE`` is ``cli`` (the default), ``hooks`` or ``settings``.
"""

import sys
from collections.abc import Iterator

import click

from autoreply.cli.common import use_utf8
from autoreply.cli.group import cli

_HEAD = """# The command line

Made from the help texts by `python -m autoreply.cli.reference > docs/cli.md`; do not edit.

Results go to stdout, everything else to stderr. Exit codes: 0 all went well, 1 something is wrong and was told,
2 the command line itself was wrong. All input and output is UTF-8.
"""
_WIDTH = 100


def reference() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_sections(cli, "autoreply", None))


def _sections(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    ctx = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        **command.context_settings,
    )
    path = ctx.command_path
    level = "#" * (path.count(" ") + 2)
    yield f"\n{level} {path}\n\n```text\n{command.get_help(ctx)}\n```\n"
    if isinstance(command, click.Group):
        for sub in command.list_commands(ctx):
            if (found := command.get_command(ctx, sub)) is not None:
                yield from _sections(found, sub, ctx)


def page(name: str) -> str:
    """One of the pages.

    Raises:
        KeyError: there is no such page.
    """
    from autoreply.cli.reference_hooks import hooks_page
    from autoreply.cli.reference_settings import settings_page

    return {"cli": reference, "hooks": hooks_page, "settings": settings_page}[name]()


if __name__ == "__main__":
    use_utf8()
    click.echo(page((sys.argv[1:] or ["cli"])[0]), nl=False)
