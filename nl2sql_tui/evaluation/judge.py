"""Judges answers by execution: hands statements to a worker process, ends it when it does not answer, and decides.

The rows never come here: the worker compares them and sends the verdict and the first few rows. How results compare
is `comparison`'s, how a statement is run and bounded `running`'s.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.errors import UserError
from nl2sql_tui.evaluation.judgement import Category, Form, Judgeable, Judgement, Ran
from nl2sql_tui.evaluation.worker import Compared, CompareRows, Reply, Request, RunAnswer, RunGold, Start, main

ANSWER_SECONDS: Final = 5.0
GOLD_SECONDS: Final = 30.0
_COMPARE_SECONDS: Final = 60.0
"""Far above what a comparison's own bound takes."""
_START_SECONDS: Final = 60.0
"""For the worker to start, on a computer that is busy."""
_GRACE_SECONDS: Final = 3.0
"""How long past its deadline a statement may take to be interrupted before its process is ended."""
_LOOK_SECONDS: Final = 0.1


class _Ended(Exception):
    """The worker did not answer in time, or it ended by itself."""

    def __init__(self, *, in_time: bool) -> None:
        super().__init__()
        self.in_time = in_time
        """It ended by itself before its time was over."""

    def as_ran(self, seconds: float) -> Ran:
        """What is told of the statement that it was running."""
        if self.in_time:
            return Ran(Category.OTHER_ERROR, "It ended the process that ran it.", seconds, None)
        return Ran(Category.TIMEOUT, "Ended after its time: it could not be interrupted.", seconds, None)


class Judge:
    """Judges one answer after another in one worker process, replaced whenever it had to be ended.

    Use it in a `with` block, from one thread.
    """

    def __init__(
        self,
        cancel: Cancel | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        gold_seconds: float = GOLD_SECONDS,
    ) -> None:
        self._cancel = cancel or Cancel()
        self._answer_seconds = answer_seconds
        self._gold_seconds = gold_seconds
        self._worker: _Worker | None = None
        self._loaded: tuple[Path, tuple[str, ...]] | None = None
        """Database and gold queries whose rows the worker holds."""
        self._gold_runs: list[Ran] = []
        """How these gold queries ran."""

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self._end_worker()

    def check_golds(self, database: Path, golds: tuple[str, ...]) -> list[Ran]:
        """Run the gold queries of one question; how each ran, in order. Raises Stopped on cancel."""
        self._load(database, golds)
        return list(self._gold_runs)

    def judge(self, asked: Judgeable) -> Judgement:
        """Run an answer and compare it with its gold queries. Raises Stopped on cancel.

        Gold queries that do not run are left aside; if none does, the category is NO_GOLD.
        """
        self._load(asked.database, asked.golds)
        gold_samples = [ran.sample for ran in self._gold_runs if ran.sample is not None]
        if not gold_samples:
            return Judgement(Category.NO_GOLD, error=next((ran.error for ran in self._gold_runs), "There is none."))
        ran = self._ran(RunAnswer(asked.sql, self._answer_seconds), self._answer_seconds)
        if ran.failure is not None or ran.sample is None:
            category = ran.failure or Category.OTHER_ERROR
            return Judgement(category, error=ran.error, seconds=ran.seconds, gold_sample=gold_samples[0])
        compared = self._compared()
        if Form.EXECUTION in compared.forms:
            category = Category.RIGHT
        elif Form.EXECUTION in compared.undecided:
            category = Category.UNDECIDED
        elif ran.sample.row_count == 0 and all(sample.row_count for sample in gold_samples):
            category = Category.EMPTY
        else:
            category = Category.MISMATCH
        return Judgement(category, compared.forms, "", ran.seconds, ran.sample, gold_samples[0])

    def _load(self, database: Path, golds: tuple[str, ...]) -> None:
        """Have the worker hold the rows of `golds`, and note how each ran."""
        if self._loaded == (database, golds) and self._worker is not None:
            return
        known: dict[str, Ran] = {}
        """Gold queries that must not be run again: they ended the worker, and with it the rows of the others."""
        while True:
            self._loaded = None
            worker = self._worker_for(database)
            runs = []
            for gold in golds:
                runs.append(known.get(gold) or self._ran(RunGold(gold, self._gold_seconds), self._gold_seconds))
                if self._worker is not worker:
                    known[gold] = runs[-1]
                    break
            else:
                self._loaded, self._gold_runs = (database, golds), runs
                return

    def _worker_for(self, database: Path) -> "_Worker":
        """A worker that has forgotten the last question, a new one if the last one is no more. Raises UserError."""
        for _ in range(2):
            # The first try may meet a worker that something else has ended while it had nothing to do.
            with suppress(_Ended):
                self._ask(Start(database), _START_SECONDS)
                if self._worker is not None:
                    return self._worker
        raise UserError("The judge's process cannot be started.", "Is the memory full?")

    def _ran(self, request: RunGold | RunAnswer, seconds: float) -> Ran:
        began = time.monotonic()
        try:
            reply = self._ask(request, seconds + _GRACE_SECONDS)
        except _Ended as ended:
            return ended.as_ran(time.monotonic() - began)
        assert isinstance(reply, Ran)
        if reply.failure is Category.TOO_LARGE:
            # Memory that was used up to its bound may stay in pieces, and fail the next statement for no fault of its.
            self._end_worker()
        return reply

    def _compared(self) -> Compared:
        try:
            reply = self._ask(CompareRows(), _COMPARE_SECONDS)
        except _Ended:
            return Compared(frozenset(), frozenset(Form))
        assert isinstance(reply, Compared)
        return reply

    def _ask(self, request: Request, seconds: float) -> Reply:
        """The worker's reply. Raises _Ended if there is none within `seconds`, Stopped on cancel; it is then ended."""
        if self._worker is None:
            self._worker = _Worker()
        try:
            return self._worker.reply(request, seconds, self._cancel)
        except BaseException:
            self._end_worker()
            raise

    def _end_worker(self) -> None:
        if self._worker is not None:
            self._worker.end()
        self._worker = self._loaded = None


class _Worker:
    """One worker process and the pipe to it."""

    def __init__(self) -> None:
        # Not forked: a fork would copy a model's memory, and the locks of its threads.
        context = multiprocessing.get_context("spawn")
        self._pipe, its_end = context.Pipe()
        self._process = context.Process(target=main, args=(its_end,), name="judge", daemon=True)
        with _interrupts_held_back():
            self._process.start()
        its_end.close()

    def reply(self, request: Request, seconds: float, cancel: Cancel) -> Reply:
        """Send a request and wait for its reply. Raises _Ended, Stopped."""
        ends = time.monotonic() + seconds
        try:
            self._pipe.send(request)
            while not self._pipe.poll(_LOOK_SECONDS):
                cancel.raise_if_requested()
                if time.monotonic() > ends:
                    raise _Ended(in_time=False)
            reply: Reply = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise _Ended(in_time=True) from error
        return reply

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """A process started within the block does not see Ctrl+C, not even before its first line."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def judge_all(
    asked: Sequence[Judgeable],
    cancel: Cancel | None = None,
    report: Callable[[int], None] = lambda _: None,
    answer_seconds: float = ANSWER_SECONDS,
    gold_seconds: float = GOLD_SECONDS,
) -> list[Judgement]:
    """Judge answers in order; `report` is called with the number done after each. Raises Stopped on cancel."""
    found = []
    with Judge(cancel, answer_seconds, gold_seconds) as judge:
        for one in asked:
            found.append(judge.judge(one))
            report(len(found))
    return found
