"""Makes the folder that loads in two seconds: base weights, adapter merged, tokenizer, our own chat template.

Where the base comes from is `base_weights`' part, where the folder stands is `store`'s.
"""

import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, GenerationConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from nl2sql_tui import __version__
from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine import store
from nl2sql_tui.engine.base_weights import Base
from nl2sql_tui.engine.events import LoadState
from nl2sql_tui.engine.gguf_base import read_gguf
from nl2sql_tui.engine.merging import merged, quiet
from nl2sql_tui.engine.profiles import Profile
from nl2sql_tui.engine.transfer import Report
from nl2sql_tui.errors import ModelError
from nl2sql_tui.folders import HOME_VARIABLE
from nl2sql_tui.text import visible

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""Plain ChatML. The published template puts in a system prompt of its own, which the adapter never saw."""

END_OF_TURN = "<|im_end|>"
_PROBE_TOKENS = 16

Say = Callable[[str], None]
"""Tells the user what is being done, in a few words."""


def convert(profile: Profile, base: Base, report: Report, cancel: Cancel) -> Path:
    """Write the folder for `profile` and return it, whole; or raise ModelError, Stopped or OSError and leave none.

    `complete.json` is written after everything was read back and compared, and the folder gets its name last.
    """

    def say(doing: str) -> None:
        cancel.raise_if_requested()
        report(LoadState("converting", doing))

    adapter = store.adapter_of(profile)
    digest = store.adapter_digest(adapter) if adapter else ""
    models = store.models_folder()
    models.mkdir(parents=True, exist_ok=True)
    say("Reading the published weights")
    with quiet():
        model, tokenizer = read_base(base, say, cancel)
        # Merged and written in float32: four bytes a parameter, and as much again for the tokenizer at most.
        store.require_space(models, 4 * model.num_parameters() + 10_000_000, profile.title)
        if adapter is not None:
            say("Merging the adapter")
            model = merged(model, adapter)
        temporary = models / f".{profile.name}-{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            say("Writing the model")
            _write(model, tokenizer, temporary)
            say("Checking what was written")
            _check(model, temporary)
            _marker(profile, base, digest, temporary).write(temporary)
            final = models / store.folder_name(profile, base.identity, digest)
            shutil.rmtree(final, ignore_errors=True)
            return temporary.rename(final)
        except SafetensorError as error:
            raise ModelError(
                f"The model could not be written to {visible(str(models))}: {visible(str(error))}.",
                f"Free some space or set {HOME_VARIABLE} to a folder on another disk, and try again.",
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def read_base(base: Base, say: Say, cancel: Cancel) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """The base in float32 with its tokenizer, ready for our own prompts. Raises ModelError or Stopped."""
    if base.path.is_file():

        def tensors(done: int, total: int) -> None:
            if done % 16 == 0:
                say(f"Unpacking the published weights: {done} of {total} parts")

        model, tokenizer = read_gguf(base.path, tensors, cancel)
    else:
        model = _load(base.path)
        tokenizer = _tokenizer_of(base.path, model)
    tokenizer.chat_template = CHAT_TEMPLATE
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    if not isinstance(end, int) or end == tokenizer.unk_token_id:
        raise ModelError(f"The tokenizer of {visible(str(base.path))} does not know {END_OF_TURN}.")
    tokenizer.eos_token = tokenizer.pad_token = END_OF_TURN
    model.config.eos_token_id = model.config.pad_token_id = end
    # Only what greedy decoding needs; published sampling settings would come back at each load.
    model.generation_config = GenerationConfig(
        bos_token_id=model.config.bos_token_id, eos_token_id=end, pad_token_id=end, do_sample=False
    )
    return model, tokenizer


def _load(folder: Path) -> LlamaForCausalLM:
    """A folder's model in float32, from safetensors and nothing else."""
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"The model in {visible(str(folder))} cannot be read; its files may be damaged.",
            "Delete that folder and fetch the model again.",
        ) from error
    return cast(LlamaForCausalLM, model.eval())


def _tokenizer_of(folder: Path, model: LlamaForCausalLM) -> PreTrainedTokenizerFast:
    """The folder's tokenizer as its file describes it, whatever class its configuration names."""
    try:
        return PreTrainedTokenizerFast(
            tokenizer_file=str(folder / "tokenizer.json"),
            bos_token="<|im_start|>",
            unk_token="<|endoftext|>",
            model_max_length=model.config.max_position_embeddings,
            clean_up_tokenization_spaces=False,
        )
    except Exception as error:  # the tokenizers library raises bare Exception for a file it cannot read
        raise ModelError(f"The tokenizer in {visible(str(folder))} cannot be read.") from error


def _write(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    model.config.dtype = torch.float32
    model.config.name_or_path = ""
    model.save_pretrained(folder, max_shard_size="50GB")
    tokenizer.save_pretrained(folder)
    # The library writes weights for the owner's eyes only; the other files have what the user's umask says.
    (folder / store.WEIGHTS).chmod((folder / "config.json").stat().st_mode)


def _check(model: LlamaForCausalLM, folder: Path) -> None:
    """Load what was written, and see that it is the same model, to the bit."""
    again = _load(folder)
    vocabulary: int = model.config.vocab_size
    probe = torch.arange(_PROBE_TOKENS).remainder(vocabulary).unsqueeze(0)
    with torch.inference_mode():
        same = torch.equal(model(probe).logits, again(probe).logits)
    tied = again.lm_head.weight.data_ptr() == again.model.embed_tokens.weight.data_ptr()
    if not same or tied != model.config.tie_word_embeddings:
        raise ModelError("The converted model does not read back as it was written.", "Try again; the disk may be bad.")


def _marker(profile: Profile, base: Base, adapter: str, folder: Path) -> store.Marker:
    return store.Marker(
        profile=profile.name,
        base=base.identity,
        adapter=adapter,
        recipe=store.RECIPE,
        weights_bytes=(folder / store.WEIGHTS).stat().st_size,
        made_with={
            "nl2sql-tui": __version__,
            **{library: version(library) for library in ("torch", "transformers", "peft", "gguf")},
        },
    )
