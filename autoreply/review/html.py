"""The report of ``lint`` as one HTML page that needs nothing else: no script, no picture, no other file."""

from collections.abc import Sequence
from importlib import resources

from jinja2 import Environment, StrictUndefined

from autoreply.review.summary import Summary


def report(summary: Summary, files: Sequence[str], rulebook: str, platforms: Sequence[str]) -> str:
    """The page. ``rulebook`` is the version of the rules that the texts were judged by."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    template = environment.from_string(source)
    return template.render(summary=summary, files=files, rulebook=rulebook, platforms=platforms)
