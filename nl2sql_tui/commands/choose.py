"""Finds the model that the settings mean, with everything that they say of it; fetches and loads nothing."""

from dataclasses import replace
from pathlib import Path

from nl2sql_tui.engine.own_profiles import as_asked, find
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.errors import InputError
from nl2sql_tui.settings import Settings
from nl2sql_tui.text import shortened


def chosen_profile(settings: Settings) -> Profile:
    """The profile that answers. Raises ModelError or InputError where the settings name what there is not."""
    profile = as_asked(
        find(settings.model, settings.profiles),
        form=settings.form,
        context_tokens=settings.context_tokens,
        sampling=settings.sampling,
        template=settings.template,
        adapter=settings.adapter,
    )
    return _merged_into(profile) if profile.is_converted and profile.lora else profile


def _merged_into(profile: Profile) -> Profile:
    """A model that this program converts has its adapter merged on the way, in the place of the packaged one."""
    from nl2sql_tui.engine.adapter_files import adapter_folder

    folder = adapter_folder(Path(profile.lora).expanduser())
    if not folder.is_dir():
        raise InputError(
            f"There is no folder {shortened(profile.lora, 100)}.",
            f"An adapter for {profile.name} is named by its folder, or by a training run's.",
        )
    return replace(profile, own_adapter=folder, lora="")
