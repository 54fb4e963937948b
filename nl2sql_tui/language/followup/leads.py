"""Tells by the first words of a text whether it refers to what was said before; what it asks for is left to others."""

import re
from typing import Final

_COURTESY: Final = re.compile(r",? ?\b(?:please|thanks|thank you)\b,?", re.IGNORECASE)
_LEAD: Final = re.compile(
    r"(?:(?:ok|okay|great|right|good|so|well|yes|no|fine|hm+), )*(?:ok|okay)?\s*"
    r"(?P<and>(?:(?:and|but|also|plus|now|then|next)\b[, ]*)*)"
    r"(?:(?:can|could|would) (?:you|i|we) (?:also )?(?:see |have |get )?(?:it |them )?(?=\S)|"
    r"i (?:would like|'d like|want|need)(?: to)?(?: see| have)? |i'd like(?: to)?(?: see| have)? |let's (?:see )?)?",
    re.IGNORECASE,
)
_I_ONLY_WANT: Final = re.compile(r"^i (only|just) (?:want|need)(?: to see)?\b", re.IGNORECASE)
_ABOUT: Final = re.compile(r"(?:what|how) about (?:only )?(.+)", re.IGNORECASE)
_PRONOUN_LEAD: Final = re.compile(
    r"(?:(?:what|which|who|whom|whose|where|when|why|how|many|much|old|is|are|was|were|do|does|did|have|has|had|can|"
    r"show|list|give|display|find|get|tell|count|sort|order|group|split|make|keep|add|me|us|all|each|any|some|none|one|"
    r"two|three|only|just|not|about|of|in|from|for|with|by|to|at|on|among|name|names|number|the)\b[, ]*)*"
    r"\b(?:they|them|their|theirs|(?-i:[Ii]t)|its|he|him|his|she|her|these|those|ones|this one|that one|the others|"
    r"the rest|(?:the )?same)\b",
    re.IGNORECASE,
)
"""Nothing stands before the pronoun that it could stand for."""
_OF_THEM: Final = re.compile(r"\bof (?:them|these|those)\b", re.IGNORECASE)


def without_lead(text: str) -> tuple[bool, str]:
    """Whether `text` begins with a connective, and what stands behind it and behind words of courtesy."""
    line = _COURTESY.sub("", " ".join(text.replace("’", "'").split())).strip(" ?.!…,")
    line = _I_ONLY_WANT.sub(r"\1", line)
    match = _LEAD.match(line)
    lead, end = (match.group("and"), match.end()) if match else ("", 0)
    return bool(lead.strip()), line[end:].strip(" ,")


def asked_about(body: str) -> str | None:
    """What "what about …" is followed by; None for anything else."""
    match = _ABOUT.fullmatch(body)
    return match.group(1) if match else None


def refers_back(body: str) -> bool:
    """Whether `body` has a pronoun for something that was said before it."""
    return _PRONOUN_LEAD.match(body) is not None or _OF_THEM.search(body) is not None
