"""Says whether an adapter's weights fit a model's modules, before any are added; changes neither."""

from collections.abc import Iterator
from typing import Any, Final

from nl2sql_tui.engine.adapter_files import AdapterFiles
from nl2sql_tui.errors import InputError
from nl2sql_tui.text import shortened, visible

_NAMES_SHOWN: Final = 12


def require_fit(
    adapter: AdapterFiles, model: Any, base_title: str, hint: str = "Name the model it was made for with --base."
) -> None:
    """Raise InputError, naming adapter and base, where the adapter cannot belong to `model`.

    `model` may be an outline on the meta device: only its modules' names and shapes are looked at. Compared are the
    modules that the adapter's weights belong to, the ranks, and the lengths of the other sides.
    """
    modules = dict(model.named_modules())
    problem = _homeless(adapter, modules) or next(_wrong_shapes(adapter, modules), "")
    if problem:
        made_for = f", made for {shortened(adapter.base, 100)}," if adapter.base else ""
        raise InputError(
            f"The adapter in {visible(str(adapter.folder))}{made_for} does not fit {visible(base_title)}: {problem}.",
            hint,
        )


def _homeless(adapter: AdapterFiles, modules: dict[str, Any]) -> str:
    """The modules that the adapter has weights for and the model does not have, in words."""
    of_weights = {name.partition(".lora_")[0] for name in adapter.shapes if ".lora_" in name}
    missing = sorted({name.rpartition(".")[2] for name in of_weights - modules.keys()})
    if not missing:
        return ""
    linear = sorted({name.rpartition(".")[2] for name, module in modules.items() if _sides(module) is not None})
    return (
        f"the model has no modules {_listed(missing)} where the adapter expects them; its linear ones are "
        f"{_listed(linear)}"
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(shortened(name, 60) for name in names[:_NAMES_SHOWN])
    return f"{shown} and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else shown


def _wrong_shapes(adapter: AdapterFiles, modules: dict[str, Any]) -> Iterator[str]:
    for name, shape in adapter.shapes.items():
        module_name, _, part = name.partition(".lora_")
        sides = _sides(modules.get(module_name))
        if part not in ("A.weight", "B.weight") or sides is None:
            continue  # embeddings, convolutions and the forms beyond plain LoRA: peft compares those itself
        if len(shape) != 2:
            yield f"{shortened(name, 100)} is no matrix"
            continue
        rank, side, expected = (*shape, sides[0]) if part == "A.weight" else (*reversed(shape), sides[1])
        if rank != adapter.rank and not adapter.has_patterns:
            yield f"{shortened(name, 100)} has the rank {rank}, and the configuration says {adapter.rank}"
        if side != expected:
            yield f"{shortened(name, 100)} is for a side of {side:,}, and the model's is {expected:,}"


def _sides(module: Any) -> tuple[int, int] | None:
    """What goes into a linear module and what comes out; None for other modules."""
    into, out = getattr(module, "in_features", None), getattr(module, "out_features", None)
    if isinstance(into, int) and isinstance(out, int):
        return into, out
    # GPT-2's linear layer keeps its weights the other way around and says so by its name.
    if type(module).__name__ == "Conv1D":
        rows, columns = module.weight.shape
        return rows, columns
    return None
