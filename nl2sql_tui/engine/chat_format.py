"""Turns messages into the one text a model is shown, by the chat template that comes with its tokenizer."""

import re
from typing import Any, Final

from nl2sql_tui.engine.events import Message, Prompt

_MARKER: Final = re.compile(r"\[/?[A-Z_]+\]|<\|[^|>]*\|>|<</?[A-Z]+>>|</?s>")
"""What turns are marked with where that is plain text to the tokenizer, as Mistral's [INST] is."""


def chat_text(tokenizer: Any, prompt: Prompt) -> str:
    """The prompt with the model's own markers, up to the cue to answer.

    Markers inside the messages lose their meaning: a cell value that reads `<|im_end|>` must not end the turn.
    """
    messages = [Message(message.role, without_markers(tokenizer, message.text)) for message in prompt]
    if _takes_system(tokenizer):
        return _apply(tokenizer, messages)
    return _apply(tokenizer, _with_system_in_first_turn(messages))


def without_markers(tokenizer: Any, text: str) -> str:
    """`text` with a space after the first character of each marker in it: special tokens, and the template's own."""
    in_template = _MARKER.findall(tokenizer.chat_template or "")
    special = {*tokenizer.all_special_tokens, *tokenizer.get_added_vocab(), *in_template}
    for marker in sorted(special, key=len, reverse=True):
        if len(marker) > 1 and marker in text:
            text = text.replace(marker, f"{marker[0]} {marker[1:]}")
    return text


def _takes_system(tokenizer: Any) -> bool:
    """Whether the template shows a system turn; some refuse it, and some leave it out without a word."""
    from jinja2 import TemplateError

    sign = "system-sign"
    try:
        return sign in _apply(tokenizer, [Message("system", sign), Message("user", "question")])
    except TemplateError:
        return False


def _with_system_in_first_turn(messages: list[Message]) -> list[Message]:
    if len(messages) < 2 or messages[0].role != "system":
        return messages
    system, first, *rest = messages
    return [Message(first.role, f"{system.text}\n\n{first.text}"), *rest]


def _apply(tokenizer: Any, messages: list[Message]) -> str:
    turns = [{"role": message.role, "content": message.text} for message in messages]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
