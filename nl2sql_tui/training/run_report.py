"""What a finished run shows of itself: its curve as a picture and in the terminal, and its model card."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from nl2sql_tui.errors import InputError
from nl2sql_tui.training.model_card import CardFacts, DataSource, write_card
from nl2sql_tui.training.run_folder import Point, RunFolder

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_TERMINAL_ROWS: Final = 6
_TERMINAL_COLUMNS: Final = 60
_ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"


def write_report(folder: RunFolder) -> None:
    """Write the picture of the curve and the card beside the adapter. Raises InputError where the folder has no run."""
    settings = folder.read_settings()
    curve = folder.curve()
    if settings is None or not curve:
        raise InputError(f"{folder.root} holds no finished training run.")
    draw_curve(curve, folder.picture)
    (folder.adapter / folder.picture.name).write_bytes(folder.picture.read_bytes())
    write_card(_facts(settings, curve, folder), folder.adapter)


def draw_curve(curve: Sequence[Point], file: Path) -> None:
    """Draw loss and learning rate over the steps into a PNG of 900 by 500 points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    losses = figure.subplots()
    losses.plot([p.step for p in curve], [p.loss for p in curve], color="#9bb8d3", linewidth=1, label="a few steps")
    smooth = smoothed([point.loss for point in curve])
    losses.plot([point.step for point in curve], smooth, color="#1f5f99", linewidth=2, label="smoothed")
    checked = [(point.step, point.validation_loss) for point in curve if point.validation_loss is not None]
    if checked:
        losses.plot(*zip(*checked, strict=True), "o-", color="#c0504d", label="databases kept out")
    losses.set(xlabel="step", ylabel="loss, nats a token of the answers", ylim=(0, None))
    losses.grid(alpha=0.3)
    losses.legend(loc="upper right")
    rates = losses.twinx()
    rates.plot([p.step for p in curve], [p.learning_rate for p in curve], color="#7f7f7f", linewidth=1, linestyle=":")
    rates.set(ylabel="learning rate (dotted)", ylim=(0, None))
    figure.savefig(file)


def smoothed(losses: Sequence[float]) -> list[float]:
    """Each loss averaged with those before it, the newer the heavier; unbiased at the beginning."""
    found = []
    mean = weight = 0.0
    for loss in losses:
        mean, weight = 0.9 * mean + 0.1 * loss, 0.9 * weight + 0.1
        found.append(mean / weight)
    return found


def curve_in_terminal(curve: Sequence[Point]) -> list[str]:
    """The smoothed loss as lines of block characters, from zero up, with its scale on the left."""
    values = smoothed([point.loss for point in curve])
    columns = min(_TERMINAL_COLUMNS, len(values))
    shown = [values[place * len(values) // columns] for place in range(columns - 1)] + [values[-1]]
    top = max(shown) or 1.0
    heights = [value / top * _TERMINAL_ROWS for value in shown]
    lines = []
    for row in reversed(range(_TERMINAL_ROWS)):
        label = f"{top * (row + 1) / _TERMINAL_ROWS:6.2f} │"
        eighths = (min(8, max(0, round((height - row) * 8))) for height in heights)
        lines.append(label + "".join(_BLOCKS[eighth] for eighth in eighths))
    lines.append(f"  loss └{'─' * columns} step {curve[-1].step:,}")
    return lines


def _facts(settings: Mapping[str, Any], curve: Sequence[Point], folder: RunFolder) -> CardFacts:
    recipe: Mapping[str, Any] = settings["recipe"]
    tables_first = settings.get("answer_form") == "tables first"
    smooth = smoothed([point.loss for point in curve])
    return CardFacts(
        title=f"SQL for {settings['base'].rpartition('/')[2]}",
        base_model=settings["base"],
        base_licence=settings.get("base_licence", ""),
        licence="",
        data=[DataSource(name, rows, "") for name, rows in settings["examples_by_source"].items()],
        recipe={name.replace("_", " "): str(value) for name, value in recipe.items() if value is not None},
        device=f"{settings['device']}, {settings['dtype']}",
        started=date.fromisoformat(settings["begun"][:10]),
        minutes=curve[-1].seconds / 60,
        examples=curve[-1].examples,
        rank=recipe["rank"],
        weights_bytes=(folder.adapter / _ADAPTER_WEIGHTS).stat().st_size,
        loss_points=[(point.step, loss) for point, loss in zip(curve, smooth, strict=True)],
        curve=folder.picture.name,
        answer=_TABLES_FIRST if tables_first else "",
        limits=["It was judged on nothing yet: `nl2sql-tui eval` measures it."],
    )


_TABLES_FIRST: Final = (
    "The answer is one line of SQLite's SQL in which each FROM clause stands before its SELECT clause, as in "
    "`FROM singer SELECT COUNT(*) WHERE singer.Country = 'France'`: the model settles the tables before it names "
    "columns. nl2sql-tui puts the two clauses back in order."
)
