"""/adapter in the whole program: what is listed, how a switch is told, stopped and refused."""

from typing import Final

from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import PACKAGED, KnownAdapter
from nl2sql_tui.errors import InputError
from nl2sql_tui.tui.adapter_switch import list_text
from tests.fake_engine import ScriptedEngine
from tests.tui.harness import Opened, opened

SMALL: Final = (80, 24)


def engine_with_two(token_seconds: float = 0.0) -> ScriptedEngine:
    engine = ScriptedEngine(["SELECT 1"], token_seconds=token_seconds)
    engine.scripted_adapters = {"first": "/runs/first", "second": "/runs/second"}
    engine.adapter = "first"
    return engine


async def command(program: Opened, words: str) -> None:
    await program.until(lambda: "ready" in program.text.splitlines()[0])
    program.workspace.chat.question_box.hold(words)
    program.workspace.chat.open_box("question")
    await program.press("enter")


def said(program: Opened) -> str:
    """What the panes at the right say, as if no line had been wrapped."""
    return " ".join(line.partition("▕")[2].strip() for line in program.text.splitlines()[1:])


def status(program: Opened) -> str:
    return program.text.splitlines()[0]


async def test_those_that_there_are_are_listed(concerts: Database) -> None:
    async with opened(concerts, engine_with_two(), size=SMALL) as program:
        await command(program, "/adapter")
        await program.until(lambda: "first · answers now · /runs/first" in said(program))
        assert "second · /runs/second" in said(program)
        assert program.workspace.chat.question_box.text == ""
        assert program.workspace.chat.turns.turns == []
        assert not program.engine.prompts


def test_a_merged_model_is_not_said_to_go_without_an_adapter() -> None:
    merged = list_text((KnownAdapter(PACKAGED, in_use=True, is_loaded=True),))
    assert "/adapter packaged uses the model's own." in merged
    assert "none" not in merged
    assert "/adapter none uses none." in list_text((KnownAdapter("first", "/runs/first"),))


async def test_that_there_are_none_is_said(concerts: Database) -> None:
    async with opened(concerts, size=SMALL) as program:
        await command(program, "/adapter")
        await program.until(lambda: "No adapters are known" in said(program))


async def test_another_one_answers_and_the_status_line_names_it(concerts: Database) -> None:
    engine = engine_with_two()
    async with opened(concerts, engine, size=SMALL) as program:
        await program.until(lambda: "scripted + first · cpu · ready" in status(program))
        await program.until(lambda: engine.read)
        read = len(engine.read)
        await command(program, "/Adapter second")
        await program.until(lambda: "scripted with the adapter second answers from now on." in said(program))
        assert "scripted + second · cpu · ready" in status(program)
        assert program.workspace.chat.question_box.text == ""
        await program.until(lambda: len(engine.read) > read)
        await command(program, "/adapter NONE")
        await program.until(lambda: "scripted by itself answers from now on." in said(program))
        assert engine.adapter == ""
        assert "+" not in status(program)
        assert (await program.ask("How many?")).runnable


async def test_the_packaged_one_goes_without_saying(concerts: Database) -> None:
    engine = engine_with_two()
    engine.adapter, engine.scripted_adapters[PACKAGED] = PACKAGED, ""
    async with opened(concerts, engine, size=SMALL) as program:
        await command(program, "/adapter second")
        await program.until(lambda: "+ second" in status(program))
        await command(program, f"/adapter {PACKAGED}")
        await program.until(lambda: "scripted with its packaged adapter answers from now on." in said(program))
        assert "+" not in status(program)


async def test_one_that_is_refused_is_told_and_the_one_before_goes_on(concerts: Database) -> None:
    engine = engine_with_two()
    engine.scripted_adapters["[/b]\x1b"] = InputError("It was made for a, not for b [/b].", "Choose another.")
    async with opened(concerts, engine, size=SMALL) as program:
        await command(program, "/adapter [/b]\x1b")
        # The box shows what cannot be seen, and what is seen is what is asked for.
        await program.until(lambda: "There is no adapter [/b]␛" in said(program))
        engine.scripted_adapters["wrong"] = engine.scripted_adapters["[/b]\x1b"]
        await command(program, "/adapter wrong")
        await program.until(lambda: "It was made for a, not for b [/b]." in said(program))
        assert "Choose another. scripted with the adapter first goes on answering." in said(program)
        assert "scripted + first" in status(program)
        await command(program, "/adapter")
        await program.until(lambda: "[/b]␛" in said(program).partition("Adapters:")[2])


async def test_on_its_way_it_is_named_questions_wait_and_a_second_is_refused(concerts: Database) -> None:
    engine = engine_with_two()
    engine.switch_seconds = 30.0
    async with opened(concerts, engine, size=SMALL) as program:
        await command(program, "/adapter /runs/second/")
        await program.until(lambda: "scripted + first → second" in status(program) and "loading" in status(program))
        await program.type("/adapter none")
        await program.press("enter")
        await program.until(lambda: "Another adapter is on its way already" in status(program))
        program.workspace.chat.question_box.hold("How many?")
        await program.press("enter")
        await program.until(lambda: "waiting for the model: loading" in said(program))
        assert not engine.prompts
        await program.press("escape")
        await program.until(lambda: not program.workspace.chat.answering)
        assert engine.load_state.phase == "loading", "the first Esc is for the question"
        await program.press("escape")
        await program.until(lambda: "Stopped: scripted with the adapter first goes on answering." in said(program))
        assert (engine.adapter, engine.load_state.phase) == ("first", "ready")


async def test_while_an_answer_is_being_written_it_is_refused_and_stays_in_the_box(concerts: Database) -> None:
    engine = engine_with_two(token_seconds=30.0)
    async with opened(concerts, engine, size=SMALL) as program:
        await program.type("How many?")
        await program.press("enter")
        await program.until(lambda: engine.prompts)
        program.workspace.chat.question_box.hold("/adapter second")
        await program.press("enter")
        await program.until(lambda: "An answer is being written; Esc stops it" in status(program))
        assert program.workspace.chat.question_box.text == "/adapter second"
        assert engine.adapter == "first"
        await program.press("escape")
        await program.until(lambda: not program.workspace.chat.answering)
        await program.press("enter")
        await program.until(lambda: engine.adapter == "second")


async def test_a_model_that_cannot_be_loaded_does_not_go_on_answering(concerts: Database) -> None:
    engine = ScriptedEngine(ready=False)
    engine.scripted_adapters = {"first": ""}
    async with opened(concerts, engine, size=SMALL) as program:
        await program.until(lambda: engine.load_state.phase == "loading")
        program.workspace.chat.question_box.hold("/adapter first")
        await program.press("enter")
        await program.until(lambda: "→ first" in status(program))
        engine.load_state = type(engine.load_state)("failed", "There is no room.")
        await program.until(lambda: "→ first" not in status(program))
        await program.until(lambda: said(program).count("could not be loaded") == 2)
        assert "goes on answering" not in said(program)


async def test_it_waits_for_a_model_that_is_still_loading(concerts: Database) -> None:
    engine = ScriptedEngine(ready=False)
    engine.scripted_adapters = {"first": ""}
    async with opened(concerts, engine, size=SMALL) as program:
        await program.until(lambda: engine.load_state.phase == "loading")
        program.workspace.chat.question_box.hold("/adapter first")
        await program.press("enter")
        await program.until(lambda: "→ first" in status(program))
        engine.load_state = type(engine.load_state)("ready", device="cpu")
        await program.until(lambda: "answers from now on." in said(program))
