"""``autoreply init``: a folder for one shop."""

from pathlib import Path

import click

from autoreply.cli.common import Stop, verbose_option

_TEMPLATE = Path(__file__).parent / "shop"


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@verbose_option()
def command(folder: Path, verbose: bool) -> None:
    """Make a shop's folder.

    It holds the settings and places for the shop's own intents and plugins, each with an example. Nothing that is there
    already is overwritten.

    \b
    Example:
      autoreply init myshop
    """
    files = _files()
    if there := [name for name in files if (folder / name).exists()]:
        raise Stop(f"{folder} has {', '.join(there)} already; nothing was written. Choose a new folder.")
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise Stop(f"cannot write to {folder}: {e.strerror}") from e
    for name in files:
        click.echo(f"  {folder / name}")
    click.echo(f"\nNext: fill in {folder / 'config.toml'}, then in {folder}:")
    click.echo("  autoreply check     names every mistake\n  autoreply chat      try it as a buyer")
    click.echo("  autoreply run       start it")


def _files() -> dict[str, str]:
    """Name within the folder → content."""
    from autoreply.shipped import shipped

    texts = {"config.toml": shipped("config.example.toml").read_text(encoding="utf-8")}
    for path in sorted(_TEMPLATE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            texts[path.relative_to(_TEMPLATE).as_posix()] = path.read_text(encoding="utf-8")
    return texts
