"""SQLite's dialect for pygments; imported only once there is SQL to show, as the first paint comes before it.

The lexers that come with pygments know the keywords of every dialect at once, and show columns called `count`,
`type` or `year` as keywords; SQLite has far fewer.
"""

import re
from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

from nl2sql_tui.quoting import RESERVED

_KEYWORDS_THAT_MAY_BE_NAMES = (
    "asc between by cast collate cross current desc distinct end escape except exclude exists explain filter first "
    "following full glob groups ilike in inner is last left like match materialized natural nulls of offset outer "
    "over partition plan pragma preceding query range recursive regexp right row rows ties unbounded window with "
    "without"
).split()


class SqliteLexer(RegexLexer):
    """Splits SQL as SQLite does; quotes that do not close yet, as while typing, reach to the end."""

    name = "SQLite"
    flags = re.IGNORECASE | re.DOTALL
    tokens: ClassVar = {
        "root": [
            (r"\s+", Text),
            (r"--[^\n]*", Comment.Single),
            (r"/\*.*?(?:\*/|\Z)", Comment.Multiline),
            (r"x'[^']*(?:'|\Z)", Number.Hex),
            (r"'(?:[^']|'')*(?:'|\Z)", String.Single),
            (r'"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[[^\]]*(?:\]|\Z)', Name),
            (r"0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", Number),
            (r"(?<=\.)[^\W\d][\w$]*", Name),
            (words((*RESERVED, *_KEYWORDS_THAT_MAY_BE_NAMES), prefix=r"\b", suffix=r"\b(?!\s*\.)"), Keyword),
            (r"[^\W\d][\w$]*(?=\s*\()", Name.Function),
            (r"[^\W\d][\w$]*", Name),
            (r"[-+*/%&|~<>=!]+", Operator),
            (r".", Punctuation),
        ]
    }
