"""Explains the pane that has the focus, with the keys that are live there; the panes bring their own words."""

from typing import Any, ClassVar, Protocol, runtime_checkable

from textual.content import Content
from textual.screen import Screen

from nl2sql_tui.text import content
from nl2sql_tui.tui.screens.viewer import Viewer
from nl2sql_tui.tui.widgets.key_bar import key_name, live_keys


@runtime_checkable
class Helpable(Protocol):
    """A widget that can say what it is for."""

    help_text: ClassVar[str]
    """A few sentences for who meets it for the first time."""


GENERAL = (
    "A question becomes SQL; you read it and run it; rows appear. The database is opened read-only, the model runs "
    "on this computer. Nothing runs by itself, but several answers of an unsure model, to compare what they give."
)


def help_for(screen: Screen[Any]) -> Viewer:
    """The help for what has the focus on `screen`."""
    node = screen.focused
    chain = node.ancestors_with_self if node is not None else []
    pane = next((item for item in chain if isinstance(item, Helpable)), None)
    words = pane.help_text if pane is not None else GENERAL
    text = Content.assemble(content(words), "\n\n", _keys(screen), "\n\n", content(GENERAL, "$foreground 60%"))
    return Viewer("Help" if pane is None else f"Help · {_name(pane)}", text)


def _name(pane: Helpable) -> str:
    return type(pane).__name__.removesuffix("Pane")


def _keys(screen: Screen[Any]) -> Content:
    """Every live key of this program's own, with what it does."""
    rows = [(", ".join(map(key_name, keys)), words) for keys, words in live_keys(screen, only_shown=False)]
    width = max((len(names) for names, _ in rows), default=0)
    lines = [Content.assemble((f"{names:<{width}}", "$text-primary bold"), "  ", words) for names, words in rows]
    return Content("\n").join(lines)
