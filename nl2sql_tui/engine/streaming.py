"""The channel between the model's thread and the reader of its answer: a TextIteratorStreamer that can stop."""

import time
from typing import Any

from transformers import TextIteratorStreamer

from nl2sql_tui.cancellation import Cancel


class GenerationInterrupted(Exception):
    """Raised within `generate()` to leave it: the reader wants no more."""


class AnswerStream(TextIteratorStreamer):
    """Carries text to the reader at word ends, counts tokens, and lets go of both sides on cancel.

    Whoever calls `generate()` must call `finish` in a `finally`, or the reader waits for ever.
    """

    def __init__(self, tokenizer: Any, cancel: Cancel, started: float) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        self._cancel = cancel
        self._started = started
        self._prompt_seen = False
        self.tokens = 0
        """Tokens generated so far, the one that ends the answer included."""
        self.last_token = -1
        self.seconds_to_first_token = 0.0
        self.prompt_read = 0
        """Tokens of a long prompt that have been read so far."""
        self.log_probability: float | None = None
        """See `events.Generated`; set before `finish`."""
        self.error: BaseException | None = None
        """What `generate()` raised, for the reader to tell; set before `finish`."""

    def put(self, value: Any) -> None:
        """Take the prompt's ids, then each new token's. Raises GenerationInterrupted once cancelled."""
        if self._cancel.requested:
            raise GenerationInterrupted
        if self._prompt_seen:
            self.tokens += 1
            self.last_token = int(value.reshape(-1)[-1])
            if self.tokens == 1:
                self.seconds_to_first_token = time.perf_counter() - self._started
        self._prompt_seen = True
        super().put(value)  # type: ignore[no-untyped-call]

    def begin_again(self) -> None:
        """Expect the prompt once more: the first attempt came to nothing before it had written a token."""
        self._prompt_seen, self.next_tokens_are_prompt = False, True
        self.prompt_read = 0

    def report_reading(self, done: int) -> None:
        """Tell that `done` tokens of the prompt have been read. Raises GenerationInterrupted once cancelled."""
        if self._cancel.requested:
            raise GenerationInterrupted
        self.prompt_read = done
        self.text_queue.put("")

    def finish(self) -> None:
        """Flush what waits for a word's end, and end the reader's iteration."""
        self.end()  # type: ignore[no-untyped-call]

    def release_reader(self) -> None:
        """End the reader's iteration now, whatever the model is doing."""
        self.text_queue.put(self.stop_signal)
