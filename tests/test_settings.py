"""Flags over environment over file over defaults; what is wrong is named."""

from pathlib import Path

import pytest

from nl2sql_tui.errors import InputError
from nl2sql_tui.settings import Settings, load_settings


def test_defaults_without_anything(tmp_path: Path) -> None:
    assert load_settings(environment={}, file=tmp_path / "none.toml") == Settings()


def test_the_order_of_sources(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('model = "phi3"\nmax_rows = 10\nquery_seconds = 5\n')
    environment = {"NL2SQL_TUI_MAX_ROWS": "20", "NL2SQL_TUI_VALUES": "off", "NL2SQL_TUI_HISTORY": "0"}
    settings = load_settings({"query_seconds": 7.5, "model": None}, environment, file)
    assert settings == Settings(model="phi3", max_rows=20, query_seconds=7.5, values=False, history=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model = ", "cannot be read"),
        (f"model = {'[' * 20_000}{']' * 20_000}", "cannot be read: its values are nested too deeply"),
        ("modle = 'x'", "unknown setting modle"),
        ("max_rows = 'many'", "max_rows must be a whole number"),
        ("max_rows = true", "max_rows must be a whole number"),
        ("values = 1", "values must be true or false"),
        ("query_seconds = -1", "must be above zero"),
        ("ask_below = -0.1", "ask_below must lie between 0 and 1, not -0.1"),
        ("ask_below = 1.5", "ask_below must lie between 0 and 1, not 1.5"),
        ("ask_below = nan", "ask_below must lie between 0 and 1, not nan"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        load_settings(environment={}, file=file)


def test_a_wrong_variable_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="NL2SQL_TUI_MAX_ROWS must be a whole number, not lots"):
        load_settings(environment={"NL2SQL_TUI_MAX_ROWS": "lots"}, file=tmp_path / "none.toml")


def test_tables_of_profiles_are_kept_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('model = "ours"\n[profiles.ours]\nlike = "phi3"\ncontext_tokens = 2048\n')
    settings = load_settings(environment={"NL2SQL_TUI_PROFILES": "x"}, file=file)
    assert settings.profiles == {"ours": {"like": "phi3", "context_tokens": 2048}}
    file.write_text("profiles = 3")
    with pytest.raises(InputError, match="profiles must be tables"):
        load_settings(environment={}, file=file)


def test_asking_below_a_share_takes_both_ends(tmp_path: Path) -> None:
    for share in (0, 0.5, 1):
        assert load_settings({"ask_below": share}, {}, tmp_path / "none.toml").ask_below == share


def test_a_context_of_zero_is_that_of_the_profile(tmp_path: Path) -> None:
    assert load_settings({"context_tokens": 0}, {}, tmp_path / "none.toml").context_tokens == 0
    with pytest.raises(InputError, match="context_tokens must be above zero"):
        load_settings({"context_tokens": -1}, {}, tmp_path / "none.toml")
