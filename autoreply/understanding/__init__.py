"""Text → intents and slots. Pure: reads no files, opens no network; what it knows comes from a catalogue."""

from .advice import Advice, Remedy
from .catalogue import Catalogue, Intent, load_catalogue
from .training import Weights, train
from .understander import Previous, Understander

__all__ = ["Advice", "Catalogue", "Intent", "Previous", "Remedy", "Understander", "Weights", "load_catalogue", "train"]
