"""Shops with handlers and texts of a test's own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from talks import catalogue, make_brain

from autoreply.app import texts_of
from autoreply.canned import canned
from autoreply.handlers import Bound
from autoreply.pipeline import Brain
from autoreply.texts import Texts
from autoreply.understanding import Intent

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
"""Plugins for tests, good ones and broken ones."""

LEAKS = ("Error", "Exception", "Traceback", "password", "secret", "object", "None", "nan", "1234")
"""What no buyer may read."""


def intent(slug: str, *answers: str, **policy: Any) -> Intent:
    return Intent(slug, name=slug, answers={"default": answers} if answers else {}, **policy)


def with_handler(slug: str, handler: Any, **texts: tuple[str, ...]) -> Brain:
    """The example shop with one more handler, and texts of its own."""
    brain = make_brain()
    own = {f"{slug}.{name}": variants for name, variants in texts.items()}
    known = {f"host.{name}": variants for name, variants in catalogue().host_texts.items()}
    return replace(brain, handlers={**brain.handlers, slug: Bound(handler)}, texts=Texts(known | own))


def with_canned(given: Intent) -> Brain:
    brain = with_handler(given.slug, canned, default=given.answers.get("default", ()))
    if not given.answers:
        brain = with_handler(given.slug, canned)
    return replace(brain, handlers={**brain.handlers, given.slug: Bound(canned, given)})


def brain_with(handler: Any, *, bound: Bound | None = None, **texts: str) -> Brain:
    """The example shop whose ``size`` intent is answered by ``handler``, with texts of its own."""
    brain = make_brain()
    own = texts_of(catalogue()) | {f"size.{name}": (text,) for name, text in texts.items()}
    return replace(brain, handlers={**brain.handlers, "size": bound or Bound(handler)}, texts=Texts(own))
