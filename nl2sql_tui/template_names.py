"""The names of the ways to lay a question out for a model: a profile chooses one, `language.templates` writes it."""

from typing import Final, Literal, get_args

TemplateName = Literal["schema first", "article instruction", "article mistral"]

TEMPLATE_NAMES: Final[tuple[TemplateName, ...]] = get_args(TemplateName)
