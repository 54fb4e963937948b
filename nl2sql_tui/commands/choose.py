"""Finds the model that the settings mean, with everything that they say of it; fetches and loads nothing."""

from dataclasses import replace

from nl2sql_tui.engine.own_profiles import as_asked, find, one_of
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.errors import InputError
from nl2sql_tui.folders import user_path
from nl2sql_tui.settings import Settings
from nl2sql_tui.template_names import TEMPLATE_NAMES, TemplateName
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


def template_for_server(settings: Settings) -> TemplateName:
    """How a served model is asked. Raises InputError for a word that is none, and for what the server decides on."""
    given = [name for name in ("form", "sampling") if getattr(settings, name)]
    if given:
        raise InputError(
            f"With an endpoint the server decides on {' and '.join(given)}.", f"Leave {' and '.join(given)} out."
        )
    return one_of(settings.template or "schema first", TEMPLATE_NAMES, "template")


def _merged_into(profile: Profile) -> Profile:
    """A model that this program converts has its adapter merged on the way, in the place of the packaged one."""
    from nl2sql_tui.engine.adapter_files import adapter_folder

    folder = adapter_folder(user_path(profile.lora))
    if not folder.is_dir():
        raise InputError(
            f"There is no folder {shortened(profile.lora, 100)}.",
            f"An adapter for {profile.name} is named by its folder, or by a training run's.",
        )
    return replace(profile, own_adapter=folder, lora="")
