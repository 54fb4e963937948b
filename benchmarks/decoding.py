"""Seconds to an answer of the default model: plain `generate()`, this program, llama.cpp, each by itself.

python -m benchmarks.decoding [--questions FILE --databases FOLDER] [--count 50] [--gguf FILE] [--form FORM]

FILE is a JSON array in Spider's form; without it the demo's own questions are asked. --gguf, made by
`python -m benchmarks.gguf_q8`, adds llama.cpp (`pip install xllamacpp`) with the same weights in Q8_0. --form is that
of the weights, for plain `generate()` too; without it the one that this computer would take.
"""

import argparse
import json
import random
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.database.file import Database
from nl2sql_tui.engine.events import Generated, Message, Prompt
from nl2sql_tui.engine.loading import LoadedModel, load
from nl2sql_tui.engine.local import LocalEngine
from nl2sql_tui.engine.profiles import FORMS, Form, Profile, profile
from nl2sql_tui.engine.sources import prepare, prepared_folder
from nl2sql_tui.language.drafting import LikelyAnswer
from nl2sql_tui.language.grammar import schema_grammar
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.prompt import question_text, schema_text
from nl2sql_tui.schema import CellValue

_MOST_TOKENS = 160
_PLAIN = "plain generate()"
_PROGRAM = ("prefix reused", "prefix and drafts", "prefix, drafts and grammar")
_LLAMA = "llama.cpp Q8_0, no prompt cache"


@dataclass(frozen=True)
class Task:
    """One question, laid out as the program does."""

    database: Database
    prompt: Prompt
    text: str
    question: str
    values: tuple[CellValue, ...]
    grammar: str


@dataclass(frozen=True)
class Time:
    """What one answer took."""

    text: str
    first_token: float
    seconds: float
    tokens: int


def tasks(rows: list[tuple[Path, str]], tokenizer: Any) -> list[Task]:
    """The prompts of `rows`, sorted by database, as a session on each would ask them."""
    from nl2sql_tui.engine.chat_format import chat_text

    found = []
    databases = {path: Database(path) for path, _ in rows}
    for path, question in sorted(rows):
        database = databases[path]
        schema = database.schema()
        values = link_values(question, database.values(Cancel()))
        shown = question_text(question, values)
        prompt = (Message("system", schema_text(schema)), Message("user", shown))
        grammar = schema_grammar(schema, values, "tables first")
        found.append(Task(database, prompt, chat_text(tokenizer, prompt), shown, values, grammar))
    return found


def plain(loaded: LoadedModel, task: Task) -> Time:
    """transformers' own greedy `generate()`."""
    from nl2sql_tui.engine.streaming import AnswerStream

    given = loaded.tokenizer(task.text, return_tensors="pt", add_special_tokens=False)
    began = time.perf_counter()
    stream = AnswerStream(loaded.tokenizer, Cancel(), began)
    written = loaded.model.generate(
        **given,
        max_new_tokens=_MOST_TOKENS,
        do_sample=False,
        streamer=stream,
        eos_token_id=sorted(loaded.end_tokens),
        pad_token_id=min(loaded.end_tokens),
    )
    seconds = time.perf_counter() - began
    ids = written[0, given["input_ids"].shape[1] :]
    text = loaded.tokenizer.decode(ids, skip_special_tokens=True)
    return Time(text, stream.seconds_to_first_token, seconds, len(ids))


class Program:
    """This program's engine, with what it remembers from question to question."""

    def __init__(self, model: Profile, *, drafts: bool, grammar: bool) -> None:
        self._engine = LocalEngine(model, prepare)
        self._engine.wait_until_ready(Cancel())
        self._drafts, self._grammar = drafts, grammar
        self._earlier: dict[Database, list[str]] = {}

    def __call__(self, task: Task) -> Time:
        """Answer one question. The schema has been read before, as it has when a user asks."""
        earlier = self._earlier.setdefault(task.database, [])
        if not earlier:
            self._engine.read_ahead(task.prompt, (task.prompt[0], Message("user", "1")), Cancel())
            self._engine.candidates(task.prompt[:1], count=1, max_new_tokens=1, cancel=Cancel())
        draft = LikelyAnswer(task.database.schema(), task.question, task.values, earlier) if self._drafts else None
        *_, last = self._engine.stream(
            task.prompt,
            max_new_tokens=_MOST_TOKENS,
            cancel=Cancel(),
            grammar=task.grammar if self._grammar else "",
            draft=draft,
        )
        assert isinstance(last, Generated), last
        earlier.append(last.text)
        return Time(last.text, last.seconds_to_first_token, last.seconds, last.tokens)

    def close(self) -> None:
        """Let go of the model."""
        self._engine.close()


class LlamaCpp:
    """llama.cpp through xllamacpp, without its prompt cache."""

    def __init__(self, gguf: Path, threads: int) -> None:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(gguf)
        parameters.n_ctx = 4096
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = threads
        self._server = xllamacpp.Server(parameters)

    def __call__(self, task: Task) -> Time:
        """Answer one question; the first token's time is that of reading the prompt and of one token."""
        began = time.perf_counter()
        answer = self._server.handle_completions(
            {
                "prompt": task.text,
                "max_tokens": _MOST_TOKENS,
                "temperature": 0.0,
                "cache_prompt": False,
                "stop": ["<|im_end|>"],
            }
        )
        seconds = time.perf_counter() - began
        answer = json.loads(answer) if isinstance(answer, str | bytes) else answer
        timings = answer["timings"]
        first = (timings["prompt_ms"] + timings["predicted_ms"] / max(1, timings["predicted_n"])) / 1000
        return Time(answer["choices"][0]["text"], first, seconds, timings["predicted_n"])


def tell(name: str, times: list[Time], base: list[Time] | None) -> None:
    """Print what it took, as ratios to `base` where there is one."""
    seconds, first = (statistics.mean(getattr(one, part) for one in times) for part in ("seconds", "first_token"))
    per_second = sum(one.tokens for one in times) / sum(one.seconds for one in times)
    line = f"{name:34} first token {first:6.3f} s   answer {seconds:6.3f} s   {per_second:5.1f} tokens/s"
    if base is not None:
        same = sum(one.text.strip() == other.text.strip() for one, other in zip(times, base, strict=True))
        base_seconds, base_first = (
            statistics.mean(getattr(one, part) for one in base) for part in ("seconds", "first_token")
        )
        line += f"   ratios {first / base_first:.2f} and {seconds / base_seconds:.2f}   same text {same} of {len(base)}"
    print(line, flush=True)  # noqa: T201


def _rows(arguments: argparse.Namespace) -> list[tuple[Path, str]]:
    if arguments.questions is None:
        from nl2sql_tui.database.demo import SAMPLE_QUESTIONS, ensure_demo
        from nl2sql_tui.folders import cache_folder

        demo = ensure_demo(cache_folder())
        return [(demo, question) for question in SAMPLE_QUESTIONS]
    rows = json.loads(arguments.questions.read_text(encoding="utf-8"))
    chosen = random.Random(1).sample(rows, min(arguments.count, len(rows)))
    return [(arguments.databases / row["db_id"] / f"{row['db_id']}.sqlite", row["question"]) for row in chosen]


def timed(name: str, rows: list[tuple[Path, str]], form: Form | None, gguf: Path | None) -> list[Time]:
    """What the competitor called `name` took for each question; to be run in a process of its own.

    Two threads that have used torch in one process slow each other: each keeps threads of its own for its sums.
    """
    default = replace(profile("default"), form=form)
    folder = prepared_folder(default)
    if folder is None:
        raise SystemExit("Fetch the model first: nl2sql-tui models pull default")
    asked = tasks(rows, AutoTokenizer.from_pretrained(folder, local_files_only=True))
    if name == _PLAIN:
        loaded = load(folder, default)
        # As the library loads it: with its own attention.
        loaded.model.set_attn_implementation("sdpa")
        plain(loaded, asked[0])
        return [plain(loaded, task) for task in asked]
    if gguf is not None and name == _LLAMA:
        return [*map(LlamaCpp(gguf, torch.get_num_threads()), asked)]
    program = Program(default, drafts="drafts" in name, grammar="grammar" in name)
    times = [program(task) for task in asked]
    program.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--databases", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--form", choices=FORMS)
    arguments = parser.parse_args()
    rows = _rows(arguments)
    print(f"{len(rows)} questions, {torch.get_num_threads()} threads, torch {torch.__version__}")  # noqa: T201
    base: list[Time] | None = None
    for name in (_PLAIN, *_PROGRAM, *([_LLAMA] if arguments.gguf else [])):
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            times = alone.submit(timed, name, rows, arguments.form, arguments.gguf).result()
        tell(name, times, base)
        base = base or times


if __name__ == "__main__":
    main()
