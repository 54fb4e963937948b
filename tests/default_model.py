"""The real default model in the form whose answers are the same on every computer."""

from dataclasses import replace

from nl2sql_tui.engine.profiles import Profile, profile


def portable_default() -> Profile:
    """The default profile in float32: bfloat16, which some CPUs take by themselves, decides near ties otherwise."""
    return replace(profile("default"), form="float32")
