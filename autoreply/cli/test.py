"""``autoreply test``: conversations in files, held with the shop."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoreply.cli.common import Stop, config_option, console, count, json_option, load, put, verbose_option

if TYPE_CHECKING:
    from autoreply.app import App
    from autoreply.testing.files import Conversation, Outcome


@click.command("test")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@verbose_option(text="Show what was said in every conversation, not only in those that fail.")
@json_option
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, param, given: _schema(ctx, given),
    help="The JSON schema of such a file, for editors, and nothing else.",
)
def command(files: tuple[Path, ...], config: Path | None, verbose: bool, as_json: bool) -> None:
    """Hold the conversations of YAML or JSONL files with the shop and say what does not come out as written there.

    Exit code 1 where something does not hold. Nothing is sent or kept. docs/plugins.md lists what can be expected.

    \b
    A file:
      - name: 发票
        talk:
          - buyer: 能开票吗
            replies: invoice.available
          - buyer: 转人工
            hands_over: ""

    \b
    Examples:
      autoreply test talks.yaml
      autoreply test --config myshop/config.toml talks/*.jsonl
      autoreply test --schema > talks.schema.json
    """
    from autoreply.testing.files import read_conversations

    read = {}
    for path in files:
        try:
            read[path] = read_conversations(path)
        except (OSError, UnicodeDecodeError) as e:
            raise Stop(f"{path} cannot be read: {e}") from e
    app = load(config)
    outcomes = []
    for path, conversations in read.items():
        outcomes += [(path, _held(app, c, verbose and not as_json)) for c in conversations]
    failed = [(path, o) for path, o in outcomes if o.wrong]
    if as_json:
        put(
            [{"file": str(p), "name": o.name, "ok": not o.wrong, "turn": o.turn, "wrong": o.wrong} for p, o in outcomes]
        )
    else:
        screen = console()
        for path, outcome in failed:
            screen.print(f"{path}: {outcome.name}, turn {outcome.turn}", style="bold red", markup=False)
            screen.print(outcome.wrong, markup=False, highlight=False)
        screen.print(f"{count(len(outcomes), 'conversation')}, {len(failed)} not as written")
    sys.exit(1 if failed else 0)


def _schema(ctx: click.Context, given: bool) -> None:
    if given:
        from autoreply.testing.files import schema

        put(schema())
        ctx.exit()


def _held(app: "App", conversation: "Conversation", shown: bool) -> "Outcome":
    from autoreply.testing.files import run_conversation

    return asyncio.run(run_conversation(app, conversation, click.echo if shown else lambda text: None))
