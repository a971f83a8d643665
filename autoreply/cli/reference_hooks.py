"""The page of all hooks, made from the specs: what each is for, what it gives, what is registered how."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from autoreply import hookspecs

_HEAD = """# Hooks

Made from the specs by `python -m autoreply.cli.reference hooks > docs/hooks.md`; do not edit.

A plugin implements a hook by a function of the same name with `@hookimpl` before it; it may leave out arguments that it
does not need. Hooks that *register* are called once when the plugin is loaded, and again at every reload; what they
register is awaited later. `AUTOREPLY_TRACE_HOOKS=1` in the environment of any command writes each call of a hook to
stderr. How plugins are written: [plugins.md](plugins.md).
"""


_WIDTH = 100


def hooks_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_section(name, spec) for name, spec in specs().items())


def specs() -> dict[str, Any]:
    """Every hook by its name, in the order of ``hookspecs.py``."""
    return {name: spec for name, spec in vars(hookspecs).items() if getattr(spec, "autoreply_spec", None)}


def _section(name: str, spec: Any) -> str:
    signature = inspect.signature(spec)
    text = f"\n## {name}\n\n```python\ndef {name}{_short(signature)}\n```\n\n{_doc(spec)}\n"
    for parameter in signature.parameters.values():
        protocol = getattr(hookspecs, str(parameter.annotation), parameter.annotation)
        if inspect.isclass(protocol) and protocol.__name__.startswith("Register"):
            text += "".join(_register(protocol))
    return text


def _register(protocol: Any) -> Iterator[str]:
    """What ``register`` takes, from the protocol of its type."""
    signature = inspect.signature(protocol.__call__)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    yield f"\n```python\nregister{_short(signature.replace(parameters=parameters))}\n```\n\n{_doc(protocol)}\n"


def _short(signature: inspect.Signature) -> str:
    """A signature as a reader wants it: without the modules of its types, on several lines where it is long."""
    text = _bare(str(signature))
    for alias in ("Handler", "ChannelFactory"):
        text = text.replace(_bare(str(getattr(hookspecs, alias))), alias)
    if len(text) <= _WIDTH:
        return text
    inside, _, returned = text[1:].rpartition(") -> ")
    lines = re.split(r", (?=\*|\w+: )", inside)
    return "(\n" + "".join(f"    {line},\n" for line in lines) + f") -> {returned}"


def _bare(text: str) -> str:
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text).replace("'", "").replace('"', "").replace("NoneType", "None")


def _doc(documented: Any) -> str:
    return inspect.cleandoc(documented.__doc__ or "").replace("``", "`")
