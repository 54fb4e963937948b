"""Tells which words of a question the database accounts for, and which an answer's SQL takes up; draws no conclusion.

A word counts if it means something by itself: not one that only asks, joins, compares, orders or counts, no number and
no date. The lists of such words are English, as are the questions that the default model was taught on; what is no
English question is not judged.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from nl2sql_tui.language.followup.words import MONTHS, number_of, positive
from nl2sql_tui.language.linking import link_values
from nl2sql_tui.language.phrases import Word, free_phrases, words_of_question
from nl2sql_tui.language.ranking import SchemaWords, words_of_schema
from nl2sql_tui.language.words import COMMON_WORDS, likeness, stem, words_in
from nl2sql_tui.schema import NoValues, Schema, ValueLookup
from nl2sql_tui.spelling import folded, slips_between, slips_forgiven

_SURE: Final = 0.5
"""How alike a word of the question and one of the schema have to be, by `words.likeness`."""
_NEAR: Final = 0.7
"""How alike two words have to be spelt for one to be offered in the place of the other (difflib's ratio)."""
_NEAREST_NAMED: Final = 2
_LEAST_FOREIGN: Final = 2
"""Words that a question must have to be called one about something else: a single one is often a synonym."""
_SHORTEST: Final = 2

_JOINING: Final = frozenset(
    (
        "able about above according across actually after again against along also although always am among an and "
        "another any anyone anything are around as at away be because been before being below beside besides between "
        "both but by can cannot could did do does doing don didn doesn during each either else ever every everybody "
        "everyone everything except excluding for from had hadn has hasn have haven having he hence her here hers him "
        "his how however if in inside into is isn it its itself just let like ll may me might mine more most must my "
        "near nearly neither never no nobody none nor not nothing now of off on once only onto or other others "
        "otherwise our ours out outside over own per perhaps please quite rather re regarding shall she should since "
        "so some somebody someone something still such than that the their theirs them themselves then there these it "
        "they this those though through throughout till to together too toward towards under unless until up upon us "
        "ve very via was wasn way we well were weren what whatever when whenever where wherever whether which while "
        "who whoever whole whom whose why will with within without won would yet you your yours"
    ).split()
)
_ASKING: Final = frozenset(
    (
        "all arrange calculate check compare compute count describe determine display enumerate explain find get give "
        "help identify know list look name need print provide report retrieve return search select see show state tell "
        "try want wish"
    ).split()
)
_COUNTING: Final = frozenset(
    (
        "almost alphabetic alphabetical alphabetically amount approximately ascending average averaged avg best big "
        "bottom combined common commonly couple decreasing descending different distinct double dozen enough equal "
        "equally even exact exactly extra few fewer fewest first fraction frequency frequent frequently good great "
        "greater greatest group grouped half high higher highest hundred increasing large larger largest last least "
        "less little long low lower lowest majority many max maximum mean median million min minimum much multiple "
        "number odd often order ordered overall pair percent percentage popular portion proportion quarter range rank "
        "ranked ranking rate ratio repeated respective respectively reverse second sequence several share short single "
        "small smaller smallest sort sorted starting sum third thousand times top total totally twice unique various "
        "zero"
    ).split()
)
_DATING: Final = frozenset(
    (
        "aged ago century current currently daily date day decade earlier earliest early friday hour late later "
        "latest minute monday month monthly new newest next oldest past previous previously prior quarterly recent "
        "recently saturday sunday thursday time today tomorrow tonight tuesday wednesday week weekend weekly year "
        "yearly yesterday"
    ).split()
)
_GENERAL: Final = frozenset(
    (
        "available case character column complete condition corresponding data database detail entire entry exist "
        "false female field file following form full gender given human id individual info information instance "
        "involved item kind letter male man matching men nil null object one option part particular people person "
        "phrase place possible record related result row same specific string substring table thing true type types "
        "unknown user valid value woman women word"
    ).split()
)
_VERBS: Final = (
    "act add allow appear apply ask assign associate attach attend become begin belong bring build buy call carry "
    "cause change choose come consist contain correspond cost cover create deal describe do earn end exceed fall "
    "follow found gain get give go happen hold include incur involve join keep last lead learn leave link list live "
    "locate lose make manage mark match meet occur offer open operate own participate perform play possess produce "
    "provide put reach receive record refer register relate remain represent require run say serve set share spend "
    "start stay stop store suffer take turn use visit work"
).split()
_PAST_FORMS: Final = frozenset(
    (
        "became began begun bought brought built came caught chose chosen done fell gave given gone got gotten held "
        "kept knew known led left lost made meant met paid put ran said seen sent set sold spent spoke stood taken "
        "taught thought told took went worn wore written wrote"
    ).split()
)


def _regular_forms(verb: str) -> Iterator[str]:
    bare = verb.removesuffix("e")
    yield from (verb, f"{verb}s", f"{verb}es", f"{bare}ed", f"{bare}ing", f"{verb}{verb[-1]}ing")
    if verb.endswith("y"):
        yield from (f"{verb[:-1]}ies", f"{verb[:-1]}ied")


_VERB_FORMS: Final = frozenset(form for verb in _VERBS for form in _regular_forms(verb))
_EMPTY: Final = (
    COMMON_WORDS | _JOINING | _ASKING | _COUNTING | _DATING | _GENERAL | _PAST_FORMS | _VERB_FORMS | MONTHS.keys()
)
"""Words that mean nothing by themselves in a question."""
_NAMES_AS_WELL: Final = (_COUNTING | _DATING | _GENERAL | _ASKING | _VERB_FORMS) - COMMON_WORDS
"""Those of them that a question may mean a column by."""
_ENGLISH_ALONE: Final = frozenset(
    (
        "about does each every from how many much the their there they this those what when where which who whose why "
        "with without would you your"
    ).split()
)
"""Words of English that are hardly one of another language, as "will" is one of German and "are" of Romanian."""
_OF_OTHER_LANGUAGES: Final = frozenset(
    (
        "alla alle aus bei cati cate che chi combien con cual cuales cuando cuantas cuantos dans das dem der "
        "des di donde dove du een ein eine einen el elenca est fra geef gli hangi het hoeveel hur hva hvad hvem hvilke "
        "hvor ikke il ile ilan ist jakie jest kaun kim kitne kolik kto kuinka kya la las le les los mange med mga "
        "mir mit monta mostra muestra naar nicht och og onde os para perche por pour quais qual quale quali quanta "
        "quantas quante quanti quantos que quel quelle quelles quels quem qui quien sino siapa som sont sur til toon "
        "toutes tous tutte tutti um uma und une vilka von waar wann wanneer warum welche welcher welches welke "
        "wer wie wieviele wo yang zeig zeige zijn"
    ).split()
)
"""Words that ask or join in other languages, and are none of English. They tell a question that only names an English
title ("wer spielt in the matrix") from an English one."""
_LEAST_ENGLISH: Final = 0.25
"""Of the words of an English question, so many at least mean nothing by themselves."""
_PIECES: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Coverage:
    """The words of a question that mean something, as they were written, each once."""

    placed: tuple[str, ...] = ()
    """Those that a table, a column, a comment or a stored value accounts for."""
    unplaced: tuple[str, ...] = ()
    """The others."""
    is_elsewhere: bool = False
    """It is an English question about several things, and none of its words has anything of this database."""


def coverage(question: str, schema: Schema, values: ValueLookup) -> Coverage:
    """Which words of `question` the names and comments of `schema` and the stored `values` account for.

    A word is placed as well where it stands in a phrase that is stored as a value, or is a slip of the fingers away
    from a name. Without `values` nobody knows what is stored: names, as capitals and quotation marks show them, are
    then left aside.
    """
    words = words_of_question(question)
    known = words_of_schema(schema)
    in_values = _places_of_values(words, values)
    meant = _words_of_links(question, words, schema, values)
    is_blind = isinstance(values, NoValues)
    placed: dict[str, None] = {}
    unplaced: dict[str, None] = {}
    touches = False
    for place, word in enumerate(words):
        if is_blind and (word.is_quoted or (place > 0 and word.text[:1].isupper())):
            continue
        for piece in _PIECES.findall(word.text):
            if place in in_values or folded(piece) in meant or _names_a_column(folded(piece), known):
                placed[piece] = None
            elif not _is_empty(piece):
                likest = _likest(piece, known)
                touches = touches or likest > 0
                (placed if likest >= _SURE else unplaced)[piece] = None
    is_elsewhere = not placed and not touches and len(unplaced) >= _LEAST_FOREIGN and _is_english(words)
    return Coverage(tuple(placed), tuple(unplaced), is_elsewhere)


def not_taken_up(words: Iterable[str], names: Iterable[str], texts: Iterable[str]) -> tuple[str, ...]:
    """Those of `words` that are like none of the `names` that SQL reads, and in none of the `texts` that it holds."""
    in_names = {word for name in names for word in words_in(name)}
    in_texts = {word for text in texts for word in words_in(text)}
    return tuple(
        word
        for word in words
        for wanted in (stem(folded(word)),)
        if wanted not in in_texts and not _is_like_any(wanted, in_names) and not _is_slip_of_any(wanted, in_texts)
    )


def not_asked_for(question: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names`, of columns, of which no word stands in the question: what SQL may have taken a word for."""
    asked = [stem(folded(piece)) for piece in _PIECES.findall(question)]
    return tuple(
        name
        for name in names
        if not any(_is_like_any(word, words_in(name)) or word in words_in(name) for word in asked)
    )


def nearest_names(words: Iterable[str], schema: Schema) -> tuple[str, ...]:
    """At most two names of tables and columns that are spelt most like one of the words; none where none is."""
    names: dict[str, str] = {}
    for table in schema.tables:
        for name in (table.name, *(column.name for column in table.columns)):
            names.setdefault(folded(name), name)
    found: dict[str, None] = {}
    for word in map(folded, words):
        # Comparing with every name of a large schema would take longer than the rest of an answer's checks.
        alike = [name for name in names if name[:1] == word[:1] or name[-1:] == word[-1:]]
        found.update(dict.fromkeys(difflib.get_close_matches(word, alike, _NEAREST_NAMED, _NEAR)))
    return tuple(names[name] for name in found)[:_NEAREST_NAMED]


def _places_of_values(words: tuple[Word, ...], values: ValueLookup) -> set[int]:
    """The places of the words that together are a stored value."""
    taken: set[int] = set()
    for phrase in free_phrases(words, taken):
        if not phrase.is_common and len(phrase.text) >= _SHORTEST and values.find(phrase.text):
            taken.update(phrase.places)
    return taken


def _words_of_links(question: str, words: Sequence[Word], schema: Schema, values: ValueLookup) -> set[str]:
    """The words by which the question means values that are stored in another spelling."""
    linked = [word for value in link_values(question, values, schema) for word in words_in(value.text)]
    pieces = (folded(piece) for word in words for piece in _PIECES.findall(word.text))
    return {piece for piece in pieces if stem(piece) in linked or _is_slip_of_any(stem(piece), linked)}


def _is_empty(piece: str) -> bool:
    lower = folded(piece)
    is_short = len(lower) < _SHORTEST or (lower.isascii() and len(lower) == _SHORTEST and not piece.isupper())
    known = not _EMPTY.isdisjoint((lower, lower.removesuffix("s"))) or bool(positive(lower))
    return is_short or known or number_of(lower) is not None


def _names_a_column(lower: str, known: SchemaWords) -> bool:
    """Whether a word that means little by itself, as name or year, is one of the schema's here."""
    may_name = not _NAMES_AS_WELL.isdisjoint((lower, lower.removesuffix("s")))
    return may_name and stem(lower) in known.words


def _is_english(words: Sequence[Word]) -> bool:
    """Whether it surely is a question in English; what is quoted or written with a capital may be a title in it."""
    own = [
        piece.lower()
        for place, word in enumerate(words)
        if not word.is_quoted and (place == 0 or not word.text[:1].isupper())
        for piece in _PIECES.findall(word.text)
    ]
    if _ENGLISH_ALONE.isdisjoint(own) or not all(map(str.isascii, own)) or not _OF_OTHER_LANGUAGES.isdisjoint(own):
        return False
    return sum(piece in _EMPTY for piece in own) >= _LEAST_ENGLISH * len(own)


def _likest(piece: str, known: SchemaWords) -> float:
    """How surely a word of the question means some word of the schema, from 0 to 1."""
    return min(map(partial(_likest_stem, known=known), words_in(piece) or [stem(folded(piece))]))


def _likest_stem(wanted: str, known: SchemaWords) -> float:
    alike = max(known.alike(wanted).values(), default=0.0)
    return alike if alike >= _SURE else _SURE if _is_slip_of_any(wanted, known.words) else alike


def _is_like_any(wanted: str, names: Iterable[str]) -> bool:
    return any(likeness(wanted, name) >= _SURE for name in names) or _is_slip_of_any(wanted, names)


def _is_slip_of_any(wanted: str, names: Iterable[str]) -> bool:
    most = slips_forgiven(wanted)
    return most > 0 and any(slips_between(wanted, name, min(most, slips_forgiven(name))) is not None for name in names)
