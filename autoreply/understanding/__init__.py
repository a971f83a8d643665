"""Text → intents and slots. Pure: reads no files, opens no network; what it knows comes from a catalogue."""

from .advice import Advice, Remedy
from .catalogue import Catalogue, Intent, load_catalogue
from .extras import BASE, Extras, Feature
from .semantic import Sentences
from .training import Weights, train
from .understander import Previous, Understander

__all__ = [
    "BASE",
    "Advice",
    "Catalogue",
    "Extras",
    "Feature",
    "Intent",
    "Previous",
    "Remedy",
    "Sentences",
    "Understander",
    "Weights",
    "load_catalogue",
    "train",
]
