"""The program as a whole: keys, panes, help, copying, sizes, and leaving."""

import pytest

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import ModelMemory
from nl2sql_tui.errors import InputError
from nl2sql_tui.settings import Settings
from nl2sql_tui.tui.app import Nl2SqlApp
from nl2sql_tui.tui.screens.workspace import Workspace
from nl2sql_tui.tui.widgets.key_bar import key_name
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import opened, until


async def test_every_pane_can_be_reached_by_key(concerts: Database) -> None:
    async with opened(concerts) as program:
        workspace = program.workspace
        await program.run_by_hand("SELECT 1 AS one")
        for key, widget in (
            ("f2", workspace.schema.tables),
            ("f6", workspace.result.grid),
            ("escape", workspace.chat.question_box),
            ("f3", workspace.chat.turns),
            ("f3", workspace.chat.question_box),
            ("f4", workspace.chat.sql_box),
            ("f4", workspace.chat.question_box),
        ):
            await program.press(key)
            assert program.app.focused is widget


async def test_tab_goes_round_through_all_panes(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand("SELECT 1 AS one")
        await program.press("escape")
        seen = set()
        for _ in range(6):
            await program.press("tab")
            assert program.app.focused is not None
            seen.add(type(program.app.focused).__name__)
        assert seen >= {"SchemaTree", "ChatLog", "QuestionBox", "ResultGrid", "FilterBox"}


async def test_help_explains_the_pane_with_the_focus_and_its_live_keys(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand("SELECT 1 AS one")
        await program.press("f6", "f1")
        for words in ("Help · Result", "Open cell", "Last row", "Ctrl+End", "Quit"):
            assert words in program.text
        await program.press("escape", "f2", "question_mark")
        assert "Help · Schema" in program.text
        assert "SELECT rows" in program.text
        await program.press("q")
        assert "Help · Schema" not in program.text


async def test_the_key_bar_shows_the_focused_widget_s_keys_first(concerts: Database) -> None:
    async with opened(concerts) as program:
        assert program.text.splitlines()[-1].split()[:2] == ["Enter", "Ask"]
        await program.press("f2")
        await program.pilot.pause()
        assert program.text.splitlines()[-1].split()[:2] == ["Enter", "Open"]


async def test_the_key_between_the_boxes_is_called_after_the_one_it_opens(concerts: Database) -> None:
    async with opened(concerts) as program:
        assert "F4 Own SQL" in program.text.splitlines()[-1]
        await program.press("f4")
        await program.until(lambda: "F4 Question" in program.text.splitlines()[-1])
        assert "Own SQL" not in program.text.splitlines()[-1]
        await program.press("f4")
        await program.until(lambda: "F4 Own SQL" in program.text.splitlines()[-1])


def test_keys_are_named_as_on_a_keyboard() -> None:
    names = [key_name(key) for key in ("ctrl+r", "f9", "escape", "enter", "y", "G", "pageup", "ctrl+end", "slash")]
    assert names == ["Ctrl+R", "F9", "Esc", "Enter", "y", "G", "PageUp", "Ctrl+End", "/"]


async def test_every_binding_of_the_program_can_be_remapped(concerts: Database) -> None:
    async with opened(concerts) as program:
        program.app.set_keymap({"program.help": "f12"})
        await program.press("f12")
        assert "Help · Chat" in program.text


async def test_copying_gives_the_text_to_the_terminal_to_the_letter(
    concerts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with opened(concerts, ScriptedEngine(["SELECT 'a\x1bb'"])) as program:
        await program.ask("anything")
        await program.press("f3", "y")
        await program.until(lambda: program.app.clipboard == "SELECT 'a\x1bb'")
        assert "Sent the SQL" in program.text
        await program.press("enter")
        await program.until_run_ended()
        await program.press("f6", "y")
        await program.until(lambda: program.app.clipboard == "a\x1bb")
        await program.press("r", "y")
        await program.until(lambda: "Sent what is shown" in program.workspace.status.render().plain)


async def test_what_was_sent_comes_back_with_up_and_the_draft_with_down(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 1"])) as program:
        await program.ask("first question")
        await program.ask("second question")
        box = program.workspace.chat.question_box
        await program.type("draft")
        for key, text in (
            ("up", "second question"),
            ("up", "first question"),
            ("up", "first question"),
            ("down", "second question"),
            ("down", "draft"),
            ("down", "draft"),
        ):
            await program.press(key)
            assert box.text == text
        await program.press("ctrl+j")
        await program.type("more")
        assert box.text == "draft\nmore"


async def test_sql_written_by_hand_stays_while_a_question_is_asked(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT 1"])) as program:
        await program.press("f4")
        await program.type("SELECT Na")
        await program.press("escape")
        await program.ask("something")
        await program.press("f4")
        assert program.workspace.chat.sql_box.text == "SELECT Na"


async def test_a_pane_can_be_zoomed_and_the_schema_hidden(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand("SELECT 1 AS one")
        await program.press("f6", "f7")
        await program.pilot.pause()
        assert program.workspace.result.grid.size.width > 110
        await program.press("f7")
        await program.pilot.pause()
        assert program.workspace.schema.size.width > 0
        await program.press("f8")
        await program.pilot.pause()
        assert program.workspace.schema.size.width == 0
        await program.press("f2")
        await program.pilot.pause()
        assert program.workspace.schema.tables.has_focus
        assert program.workspace.schema.size.width > 0


@pytest.mark.parametrize("size", [(10, 3), (39, 24), (80, 9), (1, 1)])
async def test_a_window_that_is_too_small_says_so_and_recovers(concerts: Database, size: tuple[int, int]) -> None:
    async with opened(concerts) as program:
        await program.run_by_hand("SELECT 1 AS one")
        await program.pilot.resize_terminal(*size)
        await program.pilot.pause()
        assert "This" in program.text or size == (1, 1)
        await program.pilot.resize_terminal(80, 24)
        await program.pilot.pause()
        assert "Result" in program.text


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (80, 24), (200, 60)])
async def test_the_walk_of_a_question_works_in_any_window(concerts: Database, size: tuple[int, int]) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT Name FROM singer"]), size=size) as program:
        await program.ask("names")
        await program.press("enter")
        await program.until_run_ended()
        assert len(program.workspace.result.grid.rows) == 3
        assert program.workspace.result.grid.size.height > 0
        assert program.workspace.chat.question_box.size.height > 0


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light", "nord"])
async def test_themes(concerts: Database, theme: str) -> None:
    async with opened(concerts, settings=Settings(theme=theme)) as program:
        await program.ask("anything")
        assert "valid" in program.text


def test_an_unknown_theme_is_a_clear_error(concerts: Database) -> None:
    with pytest.raises(InputError, match="no theme nosuch") as caught:
        Nl2SqlApp(concerts, ScriptedEngine(), Settings(theme="nosuch"))
    assert "textual-dark" in caught.value.hint


@pytest.mark.parametrize("busy", ["answering", "running"])
async def test_leaving_while_something_goes_on(concerts: Database, busy: str) -> None:
    engine = ScriptedEngine(["SELECT 1, 2, 3, 4"], token_seconds=5)
    async with opened(concerts, engine) as program:
        if busy == "answering":
            program.workspace.chat.ask("slow")
        else:
            program.workspace.result.run(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT 1 FROM n", 1
            )
        await program.pilot.pause(0.1)
        await program.press("ctrl+q")
        await program.until(lambda: not program.app.is_running)
    assert program.app.return_code in (0, None)


async def test_q_is_a_letter_while_typing(concerts: Database) -> None:
    async with opened(concerts) as program:
        await program.type("q?")
        assert program.workspace.chat.question_box.text == "q?"
        assert program.app.is_running


async def test_a_very_long_question_is_refused_without_harm(concerts: Database) -> None:
    async with opened(concerts) as program:
        turn = await program.ask("why " * 25_000)
        assert turn.answer is None
        assert "characters long" in program.text
        assert (await program.ask("short")).runnable


async def test_enter_in_the_empty_sql_box_does_nothing(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT COUNT(*) FROM singer"])) as program:
        await program.ask("how many")
        await program.press("f4", "enter")
        await program.pilot.pause()
        assert len(program.workspace.chat.turns.turns) == 1
        assert not program.turn.has_run


async def test_the_run_key_in_the_empty_sql_box_runs_the_chosen_answer(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine(["SELECT COUNT(*) FROM singer"])) as program:
        await program.ask("how many")
        await program.press("f4", "ctrl+r")
        await program.until_run_ended()
        assert program.turn.has_run


async def test_the_cursor_is_back_when_the_window_is_large_again(concerts: Database) -> None:
    async with opened(concerts, ScriptedEngine()) as program:
        await program.pilot.resize_terminal(30, 8)
        await program.until(lambda: "too small" in program.text)
        await program.pilot.resize_terminal(80, 24)
        await program.until(lambda: program.workspace.focused is program.workspace.chat.question_box)


async def test_a_statement_that_cannot_be_interrupted_is_left_to_itself(concerts: Database) -> None:
    long_call = "SELECT instr(printf('%.*c', 2000000, 'a'), printf('%.*c', 1000000, 'a') || 'b')"
    async with opened(concerts, ScriptedEngine()) as program:
        result = program.workspace.result
        result.run(long_call, turn=0)
        assert result.stop()
        await program.until(lambda: not result.running)
        assert "Stopped." in program.text
        result.run("SELECT 42", turn=0)
        await program.until(lambda: result.grid.rows == [(42,)])


class _OpensWhenTold(Nl2SqlApp):
    """The program between its first paint and its panes, for as long as the test wants."""

    async def _open_workspace(self) -> None:
        """Wait for `open_now`."""

    def open_now(self) -> None:
        self.call_later(super()._open_workspace)


async def test_what_is_typed_before_the_panes_are_there_is_replayed(concerts: Database) -> None:
    app = _OpensWhenTold(concerts, ScriptedEngine(), Settings())
    async with app.run_test() as pilot:
        await pilot.press("h", "i")
        app.open_now()
        await until(pilot, lambda: isinstance(app.screen, Workspace) and app.screen.chat.question_box.text == "hi")
        assert isinstance(app.screen, Workspace)


async def test_the_name_of_the_database_is_kept_before_the_model_s_figures(concerts: Database) -> None:
    engine = ScriptedEngine(["SELECT Name FROM singer"], token_seconds=0.01)
    engine.scripted_memory = ModelMemory(269_000_000, None, None)
    async with opened(concerts, engine, size=(66, 24)) as program:
        await program.ask("names")
        line = program.text.splitlines()[0]
        assert line.split()[0] == "concerts.sqlite"
        assert "scripted · cpu · ready" in line
        assert "context" not in line
        await program.pilot.resize_terminal(120, 40)
        await program.until(lambda: "context" in program.text.splitlines()[0])
        assert "269.0 MB" in program.text


async def test_a_result_with_columns_off_the_screen_says_so(concerts: Database) -> None:
    columns = ", ".join(f"'a value of some length' AS column_{number}" for number in range(13))
    async with opened(concerts, size=(80, 24)) as program:
        await program.run_by_hand("SELECT 1 AS one")
        assert "column 1 of" not in program.text
        await program.run_by_hand(f"SELECT {columns}")
        await program.until(lambda: "Result · column 1 of 13 · 1 row" in program.text)
        await program.press("f6", "right")
        await program.until(lambda: "column 2 of 13" in program.text)
