"""Asks one endpoint for answers: which optional fields it takes, and when an answer is whole.

What a field or an event means is `chat_api`'s part, how the bytes move `endpoint_client`'s.
"""

import contextlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.engine.chat_api import ChatAnswer, Choice, Request
from nl2sql_tui.engine.endpoint_client import EndpointClient, EndpointFailed

_REFUSALS: Final = (400, 422)
"""With these a server says that it does not take a field; nothing has been generated then."""
_MOST_TIMES_THE_LIMIT: Final = 2
_EVENTS_BESIDE_TOKENS: Final = 100
"""A server that sends so many times the events that its tokens need does not keep to the limit on them at all."""
_SAMPLING_TEMPERATURE: Final = 0.7

Fields = Mapping[str, Any]


class ChatRequests:
    """Asks through one client and remembers what its server takes. For any number of threads."""

    def __init__(self, client: EndpointClient) -> None:
        self.client = client
        self._takes: dict[str, bool] = {}
        """Which groups of fields the server has taken, or refused; what is not in it has not been tried."""

    @property
    def refuses_grammars(self) -> bool:
        """The server has refused the field for them, and not only one of them."""
        return self._takes.get("grammar") is False

    def pieces(self, answer: ChatAnswer, request: Request, grammar: str, cancel: Cancel) -> Iterator[str]:
        """The pieces of the one answer to `request`, taken into `answer`, until it is whole.

        Raises EndpointFailed, Stopped; `answer` then holds what had come.
        """
        yield from self._pieces(answer, request, _grammar_fields(grammar), 1, cancel)

    def samples(self, request: Request, count: int, grammar: str, cancel: Cancel) -> list[Choice]:
        """At most `count` whole answers to `request`, sampled with fixed seeds; texts may be equal.

        Empty where the server takes no seed, and would not give the same answers again. Raises EndpointFailed, Stopped.
        """
        sampled: list[Choice] = []
        for _ in range(count):
            wanted = count - len(sampled)
            if wanted <= 0:
                break
            seeded = {**request.body, "temperature": _SAMPLING_TEMPERATURE, "seed": 1 + len(sampled)}
            try:
                sampled += self._sampled(replace(request, body=seeded), wanted, grammar, cancel)
            except EndpointFailed as error:
                if error.status not in _REFUSALS:
                    raise
                return []
        return [choice for choice in sampled if choice.finish_reason != "length"]

    def _sampled(self, request: Request, count: int, grammar: str, cancel: Cancel) -> list[Choice]:
        """At most `count` answers to one request: one, where the server gives no more at once."""
        answer = ChatAnswer(self.client)
        extras = {"several": {"n": count}} if count > 1 else {}
        for _ in self._pieces(answer, request, _grammar_fields(grammar) | extras, count, cancel):
            pass
        if count > 1 and len(answer.choices) == 1:
            self._takes["several"] = False
        return [answer.choices[index] for index in sorted(answer.choices)][:count]

    def _pieces(
        self, answer: ChatAnswer, request: Request, extras: dict[str, Fields], count: int, cancel: Cancel
    ) -> Iterator[str]:
        where, tokens = self.client.endpoint.authority, request.body["max_tokens"]
        most_events = _MOST_TIMES_THE_LIMIT * tokens * count + _EVENTS_BESIDE_TOKENS
        try:
            with contextlib.closing(self._events(request, extras, cancel, answer.left_out)) as events:
                for data in events:
                    piece = answer.take(data)
                    if piece:
                        yield piece
                    if answer.is_done:
                        break
                    if answer.events > most_events:
                        raise EndpointFailed(
                            f"{where} does not keep to {tokens:,} tokens.", "The answer was ended where it was."
                        )
        except EndpointFailed:
            # What goes wrong behind a whole answer takes nothing from it.
            if not answer.ended:
                raise
        if not answer.ended:
            raise EndpointFailed(f"{where} ended the answer before it was whole.", "The server's log says more.")

    def _events(
        self, request: Request, extras: dict[str, Fields], cancel: Cancel, refused: set[str]
    ) -> Generator[str, None, None]:
        """The events of the answer to `request` with those `extras` and reports that the server takes.

        A server says with a status of 400 or 422 that it does not take a field, before it has generated anything. Then
        the extras are left out one after the other, in their order, and what turned out to be refused is remembered.
        `refused` gets the names of those that were left out.
        """
        wanted = {**extras, "reports": request.reports}
        sent = {name: fields for name, fields in wanted.items() if self._takes.get(name) is not False}
        left_out = ""
        while True:
            whole: dict[str, Any] = {}
            for fields in sent.values():
                whole |= fields
            with contextlib.closing(self.client.events(request.path, {**whole, **request.body}, cancel)) as events:
                try:
                    first = next(events, None)
                except EndpointFailed as error:
                    if error.status not in _REFUSALS or not sent:
                        raise
                    left_out = next(iter(sent))
                    del sent[left_out]
                    continue
                refused |= wanted.keys() - sent.keys()
                if left_out:
                    # One that was taken before is refused for what was in it this time.
                    self._takes.setdefault(left_out, False)
                self._takes |= dict.fromkeys(sent, True)
                if first is not None:
                    yield first
                    yield from events
                return


def _grammar_fields(grammar: str) -> dict[str, Fields]:
    """vLLM's field for structured output. It stands before the other extras, as the likeliest to be refused."""
    return {"grammar": {"structured_outputs": {"grammar": grammar}}} if grammar else {}
