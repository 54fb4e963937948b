"""Merges a LoRA adapter into its base model and writes a folder that loads by itself, whole or not at all.

Which base it is and where it comes from is `base_model`'s part, how the result is judged `comparison`'s.
"""

import gc
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.adapter_files import AdapterFiles, read_adapter
from nl2sql_tui.engine.adapter_fit import require_fit
from nl2sql_tui.engine.base_weights import Base
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.hardware import Hardware, read_hardware
from nl2sql_tui.engine.merging import folded, quiet, with_adapter
from nl2sql_tui.engine.transfer import Report
from nl2sql_tui.errors import InputError, ModelError
from nl2sql_tui.text import byte_size, visible
from nl2sql_tui.training.base_model import (
    WIDTHS,
    BaseModel,
    Dtype,
    choose_base,
    fetch_base,
    load_model,
    load_tokenizer,
    outline,
)
from nl2sql_tui.training.comparison import QUESTIONS, TOLERANCES, Comparison, compare, reference_answers
from nl2sql_tui.training.model_card import CARD, card_of_merged
from nl2sql_tui.training.new_folder import require_free_place, whole_folder

_TOKENIZER_BYTES = 20_000_000
"""What tokenizer, configuration and card take on disk, at most."""
_LIBRARIES_BYTES = 500_000_000
"""What torch and transformers take in memory beside the weights, about."""

_BLANK = "[More Information Needed]"


@dataclass(frozen=True, slots=True)
class MergeOrder:
    """What is to be merged and how."""

    adapter: Path
    """An adapter's folder, or that of a training run."""
    out: Path
    """Must not exist, or be an empty folder."""
    base: str | None = None
    """A folder, a Hub id or a profile's name; None for the one that the adapter names."""
    dtype: Dtype | None = None
    """None for float32 on the base of the default profile, bfloat16 on the others."""
    questions: int = 5
    """How many questions are asked before and after; 0 compares nothing."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Where and in which numbers the sums are formed and the questions answered."""

    device: str
    dtype: Dtype


@dataclass(frozen=True, slots=True)
class Merged:
    """What was written, and how it compares."""

    folder: Path
    base: str
    """For a person."""
    dtype: Dtype
    parameters: int
    rank: int
    bytes: int
    has_card: bool
    """Whether the adapter had a model card, from which the folder's was made."""
    comparison: Comparison | None
    """None where nothing was to be compared."""


def merge(order: MergeOrder, report: Report, cancel: Cancel) -> Merged:
    """Carry out `order`. `order.out` then holds a whole model, or what it held before.

    The model that is compared is the one read back from disk. Raises UserError: InputError for what was named wrong
    or does not fit, ModelError for what cannot be fetched, read or written, Stopped.
    """
    require_free_place(order.out)
    adapter = read_adapter(order.adapter)
    base = choose_base(order.base, adapter)
    dtype = order.dtype or ("float32" if base.is_converted else "bfloat16")
    files = fetch_base(base, report, cancel)

    def say(doing: str) -> None:
        cancel.raise_if_requested()
        report(LoadState("converting", doing))

    say("Looking at the base and the adapter")
    with quiet():
        work = _require_room(base, files, adapter, dtype, order.out)
        say("Reading the base model")
        model, tokenizer = _load(base, files, adapter, work, report, cancel)
        require_fit(adapter, model, base.title)
        taught = with_adapter(model, adapter.folder)
        questions = QUESTIONS[: order.questions]
        references = reference_answers(
            taught,
            tokenizer,
            questions,
            cancel,
            lambda done: say(f"Asking before the merge: {done} of {len(questions)}"),
        )
        say("Merging the adapter")
        model = folded(taught).to(_torch_dtype(dtype))
        del taught
        parameters = model.num_parameters()
        with whole_folder(order.out) as folder:
            say("Writing the model")
            _write(model, tokenizer, folder)
            has_card = _write_card(order.adapter, adapter, folder)
            del model
            gc.collect()
            comparison = None
            if references:
                say("Reading back what was written")
                again = load_model(folder, work.dtype, work.device)
                comparison = compare(
                    again,
                    tokenizer,
                    references,
                    TOLERANCES[dtype],
                    cancel,
                    lambda done: say(f"Asking after the merge: {done} of {len(questions)}"),
                )
    size = sum(file.stat().st_size for file in order.out.iterdir())
    return Merged(order.out, base.title, dtype, parameters, adapter.rank, size, has_card, comparison)


def _require_room(base: BaseModel, files: Base, adapter: AdapterFiles, dtype: Dtype, out: Path) -> _Work:
    """How to work. Raises InputError or ModelError where the pair, the disk or the memory does not do."""
    if files.path.is_dir():
        sketch = outline(files.path)
        require_fit(adapter, sketch, base.title)
        parameters = sketch.num_parameters()
    else:
        parameters = _parameters_of_file(files.path)
    _require_disk(out, WIDTHS[dtype] * parameters + _TOKENIZER_BYTES)
    return _work(parameters, "float32" if base.is_converted else dtype, dtype, read_hardware())


def _parameters_of_file(file: Path) -> int:
    """How many numbers a GGUF file holds. Raises ModelError."""
    from gguf import GGUFReader

    try:
        return sum(int(tensor.n_elements) for tensor in GGUFReader(file).tensors)
    except (ValueError, KeyError, IndexError) as error:
        raise ModelError(f"{visible(str(file))} cannot be read as a GGUF file.") from error


def _require_disk(out: Path, needed: int) -> None:
    standing = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
    free = shutil.disk_usage(standing).free
    if free < needed:
        raise ModelError(
            f"The merged model needs {byte_size(needed)} of disk, and {visible(str(standing))} has "
            f"{byte_size(free)} free.",
            "Name a folder on another disk, or free some.",
        )


def _work(parameters: int, read_in: Dtype, dtype: Dtype, hardware: Hardware) -> _Work:
    """The first GPU where the model fits there, else the CPU. Raises ModelError where it fits neither.

    `read_in` is the type in which the base arrives in memory, whatever is done with it then. A CPU computes in
    float32 where there is room: many times faster than in half precision, and each sum is then rounded only once.
    """
    needed, whole = (WIDTHS[one] * parameters + _LIBRARIES_BYTES for one in (read_in, "float32"))
    if hardware.cuda_build and hardware.gpus and (hardware.gpus[0].free_bytes or 0) > needed:
        return _Work("cuda:0", dtype)
    free = hardware.free_bytes
    if free is not None and free < needed:
        raise ModelError(
            f"The merge needs {byte_size(needed)} of memory; {byte_size(free)} are free.",
            "Close other programs, or merge on a larger computer.",
        )
    return _Work("cpu", "float32" if free is None or free >= whole else dtype)


def _load(
    base: BaseModel,
    files: Base,
    adapter: AdapterFiles,
    work: _Work,
    report: Report,
    cancel: Cancel,
) -> tuple[Any, Any]:
    """The base, and the tokenizer that goes with the adapter."""
    if base.is_converted:
        from nl2sql_tui.engine.convert import read_base

        model: Any
        tokenizer: Any
        model, tokenizer = read_base(files, lambda doing: report(LoadState("converting", doing)), cancel)
        model = model.to(device=work.device, dtype=_torch_dtype(work.dtype))
    else:
        model, tokenizer = load_model(files.path, work.dtype, work.device), load_tokenizer(files.path)
    if adapter.has_tokenizer:
        tokenizer = load_tokenizer(adapter.folder)
    _require_usable(tokenizer, model, base)
    model.generation_config = _greedy_settings(model, tokenizer)
    return model, tokenizer


def _require_usable(tokenizer: Any, model: Any, base: BaseModel) -> None:
    if not tokenizer.chat_template:
        raise InputError(
            f"Neither {visible(base.title)} nor the adapter has a chat template: the result could not be asked.",
            "Put the tokenizer that the adapter was taught with into the adapter's folder.",
        )
    rows = model.get_input_embeddings().weight.shape[0]
    if max(tokenizer.get_vocab().values()) >= rows:
        raise InputError(
            f"The adapter's tokenizer has more tokens than {visible(base.title)} has rows for ({rows:,}).",
            "Name the model it was made for with --base.",
        )


def _greedy_settings(model: Any, tokenizer: Any) -> Any:
    """Only what greedy decoding needs; published sampling settings would come back at each load."""
    from transformers import GenerationConfig

    published = model.generation_config.eos_token_id
    ends = {*(published if isinstance(published, list) else [published]), tokenizer.eos_token_id} - {None}
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    return GenerationConfig(
        bos_token_id=model.config.bos_token_id,
        eos_token_id=sorted(ends) if len(ends) > 1 else next(iter(ends), None),
        pad_token_id=padding,
        do_sample=False,
    )


def _torch_dtype(dtype: Dtype) -> Any:
    import torch

    return getattr(torch, dtype)


def _write(model: Any, tokenizer: Any, folder: Path) -> None:
    model.config.name_or_path = ""  # a path of this computer
    model.save_pretrained(folder, max_shard_size="5GB")
    tokenizer.save_pretrained(folder)
    # The library writes weights for the owner's eyes only; the other files have what the user's umask says.
    for weights in folder.glob("*.safetensors"):
        weights.chmod((folder / "config.json").stat().st_mode)


def _write_card(given: Path, adapter: AdapterFiles, folder: Path) -> bool:
    """Turn the card of the run or of the adapter into that of the merged model; False where there is none.

    The form that peft lays beside each adapter, with nothing filled in, is none.
    """
    for place in (given, adapter.folder):
        if not (place / CARD).is_file():
            continue
        card = (place / CARD).read_text(encoding="utf-8", errors="replace")
        if _BLANK not in card:
            (folder / CARD).write_text(card_of_merged(card), encoding="utf-8")
            return True
    return False
