"""Turns messages into the one text a model is shown: by the chat template of its tokenizer, or as they are."""

import re
from typing import Any, Final

from nl2sql_tui.engine.events import Message, Prompt

_MARKER: Final = re.compile(r"\[/?[A-Z_]+\]|<\|[^|>]*\|>|<</?[A-Z]+>>|</?s>")
"""What turns are marked with where that is plain text to the tokenizer, as Mistral's [INST] is."""
_HEADING: Final = re.compile(r"^#+ ", re.MULTILINE)
"""What marks the parts of a plain text."""
_COMMON_MARKER: Final = re.compile(
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<[|｜][^|｜>]*[|｜]>|<</?SYS>>"
    r"|</?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn)>"
)
"""Those of the models that are usually served."""


def chat_text(tokenizer: Any, prompt: Prompt) -> str:
    """The prompt with the model's own markers, up to the cue to answer.

    Markers inside the messages lose their meaning: a cell value that reads `<|im_end|>` must not end the turn.
    """
    if prompt and prompt[0].role in ("frame", "fill"):
        return _plain_text(tokenizer, prompt)
    messages = [Message(message.role, without_markers(tokenizer, message.text)) for message in prompt]
    if _takes_system(tokenizer):
        return _apply(tokenizer, messages)
    return _apply(tokenizer, _with_system_in_first_turn(messages))


def _plain_text(tokenizer: Any, prompt: Prompt) -> str:
    """The pieces joined, behind the token that the model wants at the start of any text, if it wants one."""
    frames = "".join(message.text for message in prompt if message.role == "frame")
    pieces = [
        message.text if message.role == "frame" else _filled(tokenizer, message.text, frames) for message in prompt
    ]
    wants_start = tokenizer.bos_token_id is not None and tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]
    return (tokenizer.bos_token if wants_start else "") + "".join(pieces)


def _filled(tokenizer: Any, text: str, frames: str) -> str:
    """`text` as a part of a plain text: it can neither end that nor begin another part of it."""
    return without_markers(tokenizer, _HEADING.sub(lambda found: f"# {found.group()[1:]}", text), frames)


def without_markers(tokenizer: Any, text: str, template: str | None = None) -> str:
    """`text` with a space after the first character of each marker in it: special tokens, and those of `template`.

    That is the tokenizer's own where none is given.
    """
    in_template = _MARKER.findall(tokenizer.chat_template or "" if template is None else template)
    special = {*tokenizer.all_special_tokens, *tokenizer.get_added_vocab(), *in_template}
    for marker in sorted(special, key=len, reverse=True):
        if len(marker) > 1 and marker in text:
            text = text.replace(marker, _broken(marker))
    return text


def without_common_markers(text: str) -> str:
    """Like `without_markers`, where the tokenizer is not at hand: for the markers that are in wide use."""
    return _COMMON_MARKER.sub(lambda found: _broken(found.group()), text)


def _broken(marker: str) -> str:
    return f"{marker[0]} {marker[1:]}"


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
