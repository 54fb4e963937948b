"""The real default model, asked so that its answers are the same on every computer."""

from dataclasses import replace

from nl2sql_tui.engine.profiles import Profile, profile
from nl2sql_tui.settings import Settings

PORTABLE_SETTINGS = Settings(compare=False)
"""Whether there is time to compare more answers depends on the computer."""


def portable_default() -> Profile:
    """The default profile in float32: bfloat16, which some CPUs take by themselves, decides near ties otherwise."""
    return replace(profile("default"), form="float32")
