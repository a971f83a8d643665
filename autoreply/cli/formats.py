"""The formats in which findings are told to other programs; what they hold is made in ``autoreply.review``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from autoreply.cli.common import put

if TYPE_CHECKING:
    from autoreply.compliance import Rulebook
    from autoreply.review.alerts import Alert

F = TypeVar("F", bound=Callable[..., Any])


def format_option(function: F) -> F:
    """``--format``, as the argument ``form``."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(("table", "json", "sarif", "github")),
        default="table",
        show_default=True,
        help="For people; one JSON document; SARIF 2.1.0 for code scanning; annotations in a GitHub workflow.",
    )(function)


def put_alerts(form: str, alerts: "Sequence[Alert]", rulebook: "Rulebook | None") -> None:
    """Write findings to stdout as ``sarif`` or ``github``."""
    from importlib.metadata import version

    from autoreply.review.alerts import github, sarif

    if form == "sarif":
        put(sarif(alerts, rulebook, version("autoreply")))
        return
    for line in github(alerts):
        click.echo(line)
