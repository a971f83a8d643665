"""A channel whose settings have nothing by which a shop could switch it on."""

from autoreply import Section, hookimpl


class Settings(Section):
    folder: str = "letters"


class Letters:
    def __init__(self, settings, home):
        self.name = home.name


@hookimpl
def register_channels(register):
    register("letters", Letters, settings=Settings)
