"""What memory a model will take in which form, against what is free: says what to load, or why nothing can be.

Looks at numbers only and loads nothing. All sizes are bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from nl2sql_tui.engine.architecture import Architecture
from nl2sql_tui.engine.hardware import Hardware
from nl2sql_tui.engine.profiles import PROFILES, Form, Profile
from nl2sql_tui.errors import ModelError
from nl2sql_tui.text import byte_size, visible

DeviceKind = Literal["cuda", "mps", "cpu"]

PREFILL_TOKENS: Final = 512
"""Tokens of a prompt that are read in one forward pass, for the working memory."""
_BLOCK: Final = 64
"""Weights that share a scale in 4 bits, and scales that share one in the doubly quantised form (times four)."""
_RUNTIME: Final[dict[DeviceKind, int]] = {"cuda": 500_000_000, "mps": 500_000_000, "cpu": 500_000_000}
"""What the libraries take beside the model: on a GPU the driver's context and the kernels, else the code itself."""
_SHORTEST_CONTEXT: Final = 1024


@dataclass(frozen=True, slots=True)
class Device:
    """Something that a model can run on. Sizes are None where they could not be read."""

    kind: DeviceKind
    name: str
    """For a person."""
    total: int | None
    free: int | None
    bfloat16: bool = True
    """Whether it computes in bfloat16 faster than in float32; a CPU without instructions for it does not."""


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """How models are placed on devices of one class."""

    name: str
    kind: DeviceKind
    at_least: int
    """Its memory."""
    forms: tuple[Form, ...]
    """Those taken without being asked for."""
    share: float
    """The part of what is free that a plan may fill: others want some too, and memory comes in pieces."""
    bfloat16: bool = False
    """Only for devices that compute in bfloat16 faster than in float32."""


_ALL_FORMS: Final[tuple[Form, ...]] = ("float32", "bfloat16", "float16", "int8", "nf4", "nf4-double")

DEVICE_CLASSES: Final = (
    DeviceClass("a large GPU", "cuda", 40_000_000_000, _ALL_FORMS, 0.95),
    DeviceClass("a middle GPU", "cuda", 12_000_000_000, _ALL_FORMS, 0.92),
    # A desktop's screen and browser live on the same one.
    DeviceClass("a small GPU", "cuda", 0, _ALL_FORMS, 0.85),
    # bitsandbytes has no forms for it; macOS lets a program have about three quarters of the memory for its GPU.
    DeviceClass("an Apple GPU", "mps", 0, ("bfloat16", "float16", "float32"), 0.75),
    DeviceClass("a CPU with bfloat16", "cpu", 0, ("bfloat16", "float32"), 0.9, bfloat16=True),
    # Half precision and quantised forms run on any CPU, many times slower than float32: only where asked for.
    DeviceClass("a CPU", "cpu", 0, ("float32",), 0.9),
)
"""The first row that a device meets is its class."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The memory that one model in one form takes on one device."""

    profile: str
    form: Form
    device: Device
    context_tokens: int
    weights: int
    adapter: int
    keys_and_values: int
    """For the whole context."""
    working: int
    """What one forward pass needs at its widest."""
    runtime: int
    note: str = ""
    """What was wanted and did not fit, where this was taken instead."""

    @property
    def needed(self) -> int:
        """All of it together."""
        return self.weights + self.adapter + self.keys_and_values + self.working + self.runtime

    @property
    def available(self) -> int | None:
        """What it may take; None where that could not be read."""
        if self.device.free is None:
            return None
        return int(self.device.free * class_of(self.device).share)

    @property
    def fits(self) -> bool:
        """Whether it fits now, as far as is known."""
        available = self.available
        return available is None or self.needed <= available

    @property
    def line(self) -> str:
        """The plan in one line, for a person."""
        adapter = f" + {byte_size(self.adapter)} adapter" if self.adapter else ""
        free = "" if self.device.free is None else f" of {byte_size(self.device.free)} free"
        note = f" ({self.note})" if self.note else ""
        return (
            f"{self.form} on {visible(self.device.name)}: {byte_size(self.weights)} weights{adapter} + "
            f"{byte_size(self.keys_and_values)} for {self.context_tokens:,} tokens + "
            f"{byte_size(self.working + self.runtime)} to work = {byte_size(self.needed)}{free}{note}"
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a profile can be used here, with the reason in one line."""

    ok: bool
    reason: str


def class_of(device: Device) -> DeviceClass:
    """The row of `DEVICE_CLASSES` for `device`; a GPU that does not say its size is a middle one."""
    total = 12_000_000_000 if device.total is None else device.total
    return next(
        one
        for one in DEVICE_CLASSES
        if one.kind == device.kind and total >= one.at_least and one.bfloat16 <= device.bfloat16
    )


def devices_of(hardware: Hardware) -> tuple[Device, ...]:
    """What models can run on here, the one to be preferred first. Models are loaded to the first GPU."""
    found = []
    if hardware.gpus and hardware.cuda_build:
        gpu = hardware.gpus[0]
        found.append(Device("cuda", gpu.name, gpu.memory_bytes, gpu.free_bytes))
    if hardware.mps:
        found.append(Device("mps", "the Apple GPU", hardware.memory_bytes, hardware.free_bytes))
    found.append(Device("cpu", "the CPU", hardware.memory_bytes, hardware.free_bytes, hardware.bfloat16))
    return tuple(found)


def weight_bytes(architecture: Architecture, form: Form) -> int:
    """The weights in `form`. What is not in a layer's matrix stays in half precision when these are quantised."""
    linear, rest = architecture.linear, architecture.rest
    match form:
        case "float32":
            return 4 * (linear + rest)
        case "bfloat16" | "float16":
            return 2 * (linear + rest)
        case "int8":
            return linear + 4 * architecture.linear_rows + 2 * rest
        case "nf4":
            return linear // 2 + 4 * linear // _BLOCK + 2 * rest
        case "nf4-double":
            scales = linear // _BLOCK
            return linear // 2 + scales + 4 * scales // (4 * _BLOCK) + 2 * rest


def plan(
    profile: Profile, architecture: Architecture, form: Form, device: Device, context_tokens: int, adapter: int = 0
) -> Plan:
    """The memory for one choice. `adapter` is the size of an adapter's file, which is kept as it is."""
    width = 4 if form == "float32" else 2
    return Plan(
        profile=profile.name,
        form=form,
        device=device,
        context_tokens=context_tokens,
        weights=weight_bytes(architecture, form),
        adapter=adapter,
        keys_and_values=width * architecture.values_per_token * context_tokens,
        working=_working(architecture, form, width, context_tokens),
        runtime=_RUNTIME[device.kind],
    )


def _working(architecture: Architecture, form: Form, width: int, context_tokens: int) -> int:
    """One forward pass over a piece of the prompt, and the logits of one token in float32 with a copy."""
    piece = min(PREFILL_TOKENS, context_tokens)
    stream = 4 * architecture.width + 3 * architecture.inner
    attention = 4 * architecture.heads * architecture.head_size
    # Keys and values are repeated for each head, for one layer at a time.
    repeated = 2 * architecture.heads * architecture.head_size * context_tokens
    unpacked = architecture.largest_matrix * 2 if form in ("nf4", "nf4-double", "int8") else 0
    return width * (piece * (stream + attention) + repeated) + unpacked + 12 * architecture.vocabulary


def choices(
    profile: Profile,
    architecture: Architecture,
    devices: Sequence[Device],
    adapter: int = 0,
    context_tokens: int | None = None,
) -> Iterator[Plan]:
    """Every plan that may be taken, in the order of preference; the form that the user asked for on any device."""
    context = profile.context_tokens if context_tokens is None else context_tokens
    for device in devices:
        allowed = class_of(device).forms
        forms = (profile.form,) if profile.form else tuple(form for form in profile.forms if form in allowed)
        for form in forms:
            yield plan(profile, architecture, form, device, context, adapter)


def choose(profile: Profile, architecture: Architecture, devices: Sequence[Device], adapter: int = 0) -> Plan:
    """The plan to load by: the first choice that fits, with a note where it is not the first choice.

    Raises ModelError, with what would fit, where none does.
    """
    offered = list(choices(profile, architecture, devices, adapter))
    taken = next((one for one in offered if one.fits), None)
    if taken is None:
        raise _refusal(profile, architecture, devices, offered, adapter)
    wanted = offered[0]
    if taken == wanted:
        return taken
    return replace(taken, note=f"{wanted.form} on {visible(wanted.device.name)} needs {byte_size(wanted.needed)}")


def _refusal(
    profile: Profile, architecture: Architecture, devices: Sequence[Device], offered: Sequence[Plan], adapter: int
) -> ModelError:
    name = visible(profile.name)
    if not offered:
        return ModelError(
            f"{name} is made for an NVIDIA GPU, and none can be used here.",
            f"Use another model, or load it on the CPU all the same, slowly: --form bfloat16 ({_on_cpu(profile)}).",
        )
    cheapest = min(offered, key=lambda one: one.needed)
    free = byte_size(cheapest.device.free or 0)
    return ModelError(
        f"{name} does not fit: in {cheapest.form} it takes {byte_size(cheapest.needed)}, and of "
        f"{visible(cheapest.device.name)}'s memory {free} are free.",
        " ".join(_what_would(profile, architecture, devices, cheapest, adapter)),
    )


def _on_cpu(profile: Profile) -> str:
    if profile.architecture is None:
        return "its size is not known"
    return f"{byte_size(weight_bytes(profile.architecture, 'bfloat16'))} of weights"


def _what_would(
    profile: Profile, architecture: Architecture, devices: Sequence[Device], cheapest: Plan, adapter: int
) -> Iterator[str]:
    """Sentences that each name something which would help; at least one."""
    context = cheapest.context_tokens // 2
    while context >= _SHORTEST_CONTEXT:
        if any(one.fits for one in choices(profile, architecture, devices, adapter, context)):
            yield f"A context of {context:,} tokens would fit: --context {context}."
            break
        context //= 2
    if profile.form is not None and any(
        one.fits for one in choices(_as_offered(profile), architecture, devices, adapter)
    ):
        yield "Without --form a smaller form would be taken."
    if cheapest.device.total is not None and cheapest.needed <= cheapest.device.total * class_of(cheapest.device).share:
        yield "It would fit once other programs are closed."
    others = [one.name for one in PROFILES.values() if one.name != profile.name and _fits_anywhere(one, devices)]
    if others:
        yield f"These fit now: {', '.join(others)}."
    else:
        yield "No other model fits now either; one that is served elsewhere can be used with --endpoint."


def _as_offered(profile: Profile) -> Profile:
    return replace(profile, form=None)


def _fits_anywhere(profile: Profile, devices: Sequence[Device]) -> bool:
    return profile.architecture is not None and any(one.fits for one in choices(profile, profile.architecture, devices))


def fits(profile: Profile, hardware: Hardware) -> Fit:
    """Whether `profile` runs here at a usable speed, as far as can be told before it is fetched."""
    if profile.architecture is None:
        return Fit(True, "how much memory it takes is known once it is here")
    if hardware.memory_bytes is not None and hardware.memory_bytes < profile.conversion_bytes:
        return Fit(
            False,
            f"making it ready needs {byte_size(profile.conversion_bytes)} of memory; there are "
            f"{byte_size(hardware.memory_bytes)}",
        )
    devices = devices_of(hardware)
    try:
        return Fit(True, choose(profile, profile.architecture, devices).line)
    except ModelError as error:
        if hardware.gpus and not hardware.cuda_build:
            return Fit(False, "the installed torch is a CPU build; install one with CUDA to use the GPU")
        return Fit(False, error.message.rstrip("."))
