"""What a conversation remembers, as plain JSON data: copied for a turn, made into a handler's state, and back."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

log = structlog.get_logger(__name__)


def copied(kept: Mapping[str, Any]) -> Any:
    """A copy of plain JSON data, such as what was kept."""
    return from_json(to_json(kept))


def restored(model: type[BaseModel] | None, kept: Any) -> Any:
    """A handler's state from what was kept of it; a fresh one where that no longer fits the model."""
    if model is None:
        return copied(kept or {})
    try:
        return model.model_validate(kept or {})
    except ValidationError as e:
        log.warning("a kept state does not fit its model any more; begun anew", model=model.__name__, error=str(e))
        return model()


def plain(state: Any) -> Any:
    """A state as plain JSON data.

    Raises:
        TypeError, ValueError: it cannot be.
    """
    if isinstance(state, BaseModel):
        return state.model_dump(mode="json", exclude_defaults=True)
    return json.loads(json.dumps(state, allow_nan=False)) if state else {}
