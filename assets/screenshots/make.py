"""Makes the README's pictures from the program itself, on the demo bank with the real default model.

python assets/screenshots/make.py
"""

import asyncio
import re
import tempfile
from pathlib import Path

from textual.app import App

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.demo import SAMPLE_QUESTIONS, ensure_demo
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import profile
from nl2sql_tui.engine.sources import prepare
from nl2sql_tui.settings import Settings
from nl2sql_tui.tui.app import Nl2SqlApp

_FOLDER = Path(__file__).parent
_QUESTION = "Show the first name and last name of customers living in São Paulo."


async def _take(database: Database, engine: LocalEngine) -> None:
    app: App[None] = Nl2SqlApp(database, engine, Settings(), SAMPLE_QUESTIONS)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(1.0)
        await pilot.press("escape", *_QUESTION, "enter")
        await pilot.pause(15.0)
        await pilot.press("enter")
        await pilot.pause(1.0)
        picture = app.export_screenshot(title="nl2sql-tui --demo")
        # The picture must not fetch a font from somewhere when it is looked at.
        picture = re.sub(r"@font-face\s*\{.*?\}", "", picture, flags=re.DOTALL)
        (_FOLDER / "demo.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    engine = LocalEngine(profile("default"), prepare)
    engine.wait_until_ready(Cancel())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_take(Database(ensure_demo(Path(folder))), engine))


if __name__ == "__main__":
    main()
