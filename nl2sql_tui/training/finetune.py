"""Teaches a base model an adapter: the run from its data to its checkpoints, with transformers' Trainer as the loop.

Where examples come from is `prepare`'s part, how they become tokens `packs`', what is written where `run_folder`'s.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.merging import quiet, with_adapter
from nl2sql_tui.errors import InputError, ModelError, Stopped
from nl2sql_tui.text import visible
from nl2sql_tui.training.answer_loss import answer_loss
from nl2sql_tui.training.fused_lora import fuse
from nl2sql_tui.training.packs import Encoder, Pack, Plan, sequence, side_by_side
from nl2sql_tui.training.prepare import Example
from nl2sql_tui.training.recipes import Recipe
from nl2sql_tui.training.run_folder import Point, RunFolder
from nl2sql_tui.training.trainee import Trainee, require_adapter_memory

_LONGEST_STEP_GRADIENT: Final = 1.0
"""The norm to which a step's gradient is cut."""
_CHECKPOINTS_KEPT: Final = 2


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a run tells and keeps what it has; changes nothing that is learnt."""

    log_steps: int = 5
    save_steps: int = 50


class _Packs(torch.utils.data.Dataset[dict[str, Any]]):
    """The plan's packs as tensors, `at_once` of them in each, made when they are asked for."""

    def __init__(self, packs: Sequence[Pack], at_once: int, examples: Sequence[Example], encoder: Encoder) -> None:
        self._packs = packs
        self._at_once = at_once
        self._examples = examples
        self._encoder = encoder

    def __len__(self) -> int:
        return len(self._packs) // self._at_once

    def __getitem__(self, place: int) -> dict[str, Any]:
        first = place * self._at_once
        return side_by_side(self._packs[first : first + self._at_once], self._examples, self._encoder)


class _AnswerTrainer(Trainer):
    """Computes the loss on answers only, and only there the product with the vocabulary."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The loss is divided by all answer tokens of a step, not pack by pack.
        self.model_accepts_loss_kwargs = True

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """The plan's own order."""
        return torch.utils.data.SequentialSampler(self.train_dataset if train_dataset is None else train_dataset)  # type: ignore[arg-type]

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Nats per answer token of the step that `inputs` are a part of."""
        summed, learnt = answer_loss(model, inputs)
        loss = summed / (learnt if num_items_in_batch is None else num_items_in_batch)
        return (loss, None) if return_outputs else loss


def with_new_adapter(trainee: Trainee, recipe: Recipe) -> Any:
    """The base with an untaught LoRA adapter on all its linear layers. Raises InputError if it has none."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear",
        bias="none",
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(recipe.seed)
    try:
        taught: Any = get_peft_model(_ready_for_gradients(trainee), config)
    except ValueError as error:
        raise InputError(f"No adapter of rank {recipe.rank} can be put onto this model: {error}.") from error
    return _ready_to_learn(taught, trainee)


def with_taught_adapter(trainee: Trainee, adapter: Path, recipe: Recipe) -> Any:
    """The base with the adapter in `adapter`, to be taught further. Raises ModelError where the two do not fit."""
    torch.manual_seed(recipe.seed)
    return _ready_to_learn(with_adapter(_ready_for_gradients(trainee), adapter, trainable=True), trainee)


def _ready_for_gradients(trainee: Trainee) -> Any:
    """The base, which learns nothing itself but has to pass gradients on."""
    from peft import prepare_model_for_kbit_training

    if not trainee.quantised:
        return trainee.model
    return prepare_model_for_kbit_training(trainee.model, use_gradient_checkpointing=trainee.device == "cuda")


def _ready_to_learn(taught: Any, trainee: Trainee) -> Any:
    """The model with its adapter as the loop takes it."""
    for parameter in taught.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    taught.peft_config["default"].base_model_name_or_path = trainee.name
    require_adapter_memory(sum(p.numel() for p in taught.parameters() if p.requires_grad), trainee.device)
    fuse(taught)
    return taught


def steps_of(plan: Plan, recipe: Recipe) -> int:
    """Steps that the whole plan takes."""
    return max(1, len(plan.packs) // recipe.packs_per_step)


def train(
    trainee: Trainee,
    plan: Plan,
    validation: Plan,
    examples: Sequence[Example],
    recipe: Recipe,
    folder: RunFolder,
    rhythm: Rhythm,
    on_point: Callable[[Point, int], None],
    cancel: Cancel,
    start: Path | None = None,
) -> Any:
    """Run `recipe` over `plan` and write the adapter; go on from the newest checkpoint where there is one.

    The adapter is a new one, or the one in the folder `start` taught further. `on_point` hears each point of the curve
    and the number of steps in all. Returns the trainee's model with the adapter on it; raises Stopped on cancel, with
    a checkpoint written.
    """
    encoder = Encoder(trainee.tokenizer, trainee.form, trainee.end_tokens, recipe.template)
    with quiet():
        model = with_new_adapter(trainee, recipe) if start is None else with_taught_adapter(trainee, start, recipe)
    steps = steps_of(plan, recipe)
    checkpoint = folder.newest_checkpoint()
    done = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    folder.keep_curve_until(done)
    checks = [sequence(pack, examples, encoder) for pack in validation.packs]
    chronicle = _Chronicle(folder, plan, recipe, checks, steps, on_point, cancel)
    trainer = _AnswerTrainer(
        model=model,
        args=_arguments(trainee, recipe, folder.checkpoints, steps, rhythm),
        train_dataset=_Packs(plan.packs, recipe.packs_at_once, examples, encoder),
        data_collator=_only,
        callbacks=[chronicle],
    )
    for callback in ("PrinterCallback", "ProgressCallback"):
        _without(trainer, callback)
    if done < steps:
        with quiet(), _told_in_words():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    elif checkpoint is not None:
        trainer._load_from_checkpoint(str(checkpoint))
    if cancel.requested:
        raise Stopped(hint="The checkpoint is kept; the same command goes on from there.")
    _save(model, trainee, folder.adapter)
    return model


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Say in one line what a training can meet after hours. Raises ModelError; the checkpoints stay."""
    kept = "The last checkpoint is kept; the same command goes on from there."
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        hint = "Close other programs, or train with fewer questions a pack or in 4 bits."
        raise ModelError("There is not enough memory for this training.", f"{hint} {kept}") from error
    except (OSError, RuntimeError, SafetensorError) as error:
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"The training could not go on: {visible(first_line)}.", kept) from error


def _save(model: Any, trainee: Trainee, folder: Path) -> None:
    """Write the adapter in the numbers that the passes computed in: more digits were never used."""
    from peft import get_peft_model_state_dict

    computed_in = torch.float32 if trainee.dtype == "float32" else torch.bfloat16
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    model.save_pretrained(
        folder,
        state_dict={name: part.to(computed_in) for name, part in weights.items()},
        safe_serialization=True,
        save_embedding_layers=False,
    )


def _only(packs: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch is one sequence of packs, which is a batch in itself."""
    (pack,) = packs
    return pack


def _without(trainer: Trainer, name: str) -> None:
    """The screen belongs to the program."""
    for callback in list(trainer.callback_handler.callbacks):
        if type(callback).__name__ == name:
            trainer.remove_callback(callback)


def _arguments(trainee: Trainee, recipe: Recipe, output: Path, steps: int, rhythm: Rhythm) -> TrainingArguments:
    down = max(1, round(steps * recipe.decay_share))
    # Said only where it is wanted: the library warns of its name whatever its value.
    saved: dict[str, Any] = {"gradient_checkpointing": True} if trainee.quantised and trainee.device == "cuda" else {}
    scheduled: dict[str, Any] = {"lr_scheduler_type": "linear"}
    if recipe.schedule == "constant, then down":
        scheduled = {
            "lr_scheduler_type": "warmup_stable_decay",
            "lr_scheduler_kwargs": {"num_decay_steps": down, "decay_type": "linear", "min_lr_ratio": 0.0},
        }
    arguments = TrainingArguments(
        output_dir=str(output),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=recipe.packs_per_step // recipe.packs_at_once,
        max_steps=steps,
        learning_rate=recipe.learning_rate,
        warmup_steps=min(recipe.warmup_steps, max(1, steps - down)),
        weight_decay=0.0,
        adam_beta2=0.98,
        max_grad_norm=_LONGEST_STEP_GRADIENT,
        # QLoRA's optimiser: its moments in 8 bits, paged out where the GPU's memory runs short.
        optim="paged_adamw_8bit" if trainee.device == "cuda" else "adamw_torch",
        bf16=trainee.device == "cuda",
        use_cpu=trainee.device == "cpu",
        seed=recipe.seed,
        logging_steps=rhythm.log_steps,
        save_steps=rhythm.save_steps,
        save_total_limit=_CHECKPOINTS_KEPT,
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        **scheduled,
        **saved,
    )
    # With several GPUs the Trainer would cut a pack in pieces for them; one takes it whole.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


class _Chronicle(TrainerCallback):
    """Writes the curve, measures the validation loss at each checkpoint, and stops when asked to."""

    def __init__(
        self,
        folder: RunFolder,
        plan: Plan,
        recipe: Recipe,
        checks: Sequence[dict[str, Any]],
        steps: int,
        on_point: Callable[[Point, int], None],
        cancel: Cancel,
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._recipe = recipe
        self._checks = checks
        self._steps = steps
        self._on_point = on_point
        self._cancel = cancel
        self._last = time.monotonic()
        self._tokens_before = 0
        curve = folder.curve()
        self._seconds = curve[-1].seconds if curve else 0.0
        self._validation: float | None = None

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Start the clock; what came before a resumed step does not count."""
        self._last = time.monotonic()
        self._tokens_before = self._tokens_until(state.global_step)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Keep what was learnt at the end, and stop if asked to."""
        if state.global_step >= self._steps:
            control.should_log = control.should_save = True
        if self._cancel.requested:
            control.should_log = control.should_save = control.should_training_stop = True

    def on_save(
        self, args: Any, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        """Measure the loss on databases that are not trained on."""
        if not self._checks or self._cancel.requested:
            return
        model.eval()
        with torch.inference_mode():
            losses = [answer_loss(model, _moved(check, model.device)) for check in self._checks]
        model.train()
        validation = sum(float(loss) for loss, _ in losses) / sum(count for _, count in losses)
        newest = self._folder.curve()
        if newest and newest[-1].step == state.global_step:
            self._folder.keep_curve_until(newest[-1].step - 1)
            point = dataclasses.replace(newest[-1], validation_loss=validation)
            self._folder.add(point)
            self._on_point(point, self._steps)

    def on_log(
        self, args: Any, state: TrainerState, control: TrainerControl, logs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Write a point of the curve."""
        if not logs or "loss" not in logs:
            return
        now = time.monotonic()
        spent, self._last = now - self._last, now
        self._seconds += spent
        tokens = self._tokens_until(state.global_step)
        point = Point(
            step=state.global_step,
            loss=float(logs["loss"]),
            learning_rate=float(logs["learning_rate"]),
            tokens_per_second=(tokens - self._tokens_before) / spent if spent > 0 else 0.0,
            examples=sum(len(pack.examples) for pack in self._packs_until(state.global_step)),
            memory_bytes=_memory_bytes(),
            seconds=self._seconds,
        )
        self._tokens_before = tokens
        self._folder.add(point)
        self._on_point(point, self._steps)

    def _packs_until(self, step: int) -> Sequence[Pack]:
        return self._plan.packs[: step * self._recipe.packs_per_step]

    def _tokens_until(self, step: int) -> int:
        return sum(self._plan.tokens[: step * self._recipe.packs_per_step])


def _moved(check: dict[str, Any], device: torch.device) -> dict[str, Any]:
    return {name: part.to(device) if isinstance(part, torch.Tensor) else part for name, part in check.items()}


def _memory_bytes() -> int:
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    import resource

    # Linux counts in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
