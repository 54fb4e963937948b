"""The rules of a grammar for what stands in a query's clauses: values, conditions, aggregates, functions.

They are the same for every schema; `@` stands for the number of a group of tables. What a column is, and what a
query, is written by the modules beside this one.
"""

from typing import Final

from nl2sql_tui.language.grammar.lark import bits
from nl2sql_tui.language.grammar.scope import AGGREGATES, ALIASED, DEEPEST_NESTING, NESTING, WIDTH

TERMINALS: Final = r"""
NUMBER : /[0-9]{1,18}(\.[0-9]{1,15})?/
COUNT : /[0-9]{1,9}/
NOW : "CURRENT_DATE" | "CURRENT_TIME" | "CURRENT_TIMESTAMP"
OPERATOR : " + " | " - " | " * " | " / " | " % " | " || "
COMPARISON : " = " | " <> " | " != " | " < " | " <= " | " > " | " >= " | " LIKE " | " NOT LIKE " | " GLOB "
IN : " IN (" | " NOT IN ("
BETWEEN : " BETWEEN " | " NOT BETWEEN "
NULL_TEST : " IS NULL" | " IS NOT NULL"
AGGREGATE : ("SUM" | "AVG" | "MIN" | "MAX" | "TOTAL" | "GROUP_CONCAT") "("
ONE_VALUE : ("ABS" | "LENGTH" | "LOWER" | "UPPER" | "TYPEOF") "("
ONE_OR_TWO_VALUES : ("ROUND" | "TRIM" | "LTRIM" | "RTRIM") "("
TWO_VALUES : ("NULLIF" | "IFNULL" | "INSTR") "("
TWO_OR_THREE_VALUES : ("SUBSTR" | "SUBSTRING") "("
MOMENT : ("DATE" | "TIME" | "DATETIME" | "JULIANDAY") "("
CAST_TYPE : " AS " ("INTEGER" | "REAL" | "TEXT" | "NUMERIC") ")"
DIRECTION : " ASC" | " DESC"
LIMIT : " LIMIT "
OFFSET : " OFFSET "
OTHER_FUNCTION : ("REPLACE" | "COALESCE" | "IIF" | "STRFTIME" | "CAST") "("
BETWEEN_OPERANDS : " AND " | " OR " | " WHEN " | " THEN " | " ELSE "
limit : LIMIT COUNT | LIMIT COUNT OFFSET COUNT
"""

# No literal of a rule may begin with another one that can stand in its place, unless nothing that may follow the
# shorter begins as the longer goes on: the lexer takes the longest and never turns back. Hence "COUNT(" and "*)"
# apart, and the words of CASE.
_VALUES_AND_CONDITIONS: Final = """
value@::_ : operand@::_ | value@::_ OPERATOR operand@::_
operand@::_ : column@::_
  | NUMBER | STRING | NOW
  | "-" operand@::DEEPER %if MAY_NEST
  | "(" value@::DEEPER ")" %if MAY_NEST
  | "(" one_column ")"
  | function@::_
  | aggregate@::_ %if AGGREGATES_ALLOWED
aggregate@::_ : "COUNT(" "*" ")"
  | "COUNT(" counted@::WITHOUT_AGGREGATES ")"
  | AGGREGATE counted@::WITHOUT_AGGREGATES ")"
counted@::_ : value@::_ | "DISTINCT " value@::_
function@::_ : ONE_VALUE value@::DEEPER ")" %if MAY_NEST
  | ONE_OR_TWO_VALUES value@::DEEPER ")" %if MAY_NEST
  | ONE_OR_TWO_VALUES value@::DEEPER ", " value@::DEEPER ")" %if MAY_NEST
  | TWO_VALUES value@::DEEPER ", " value@::DEEPER ")" %if MAY_NEST
  | TWO_OR_THREE_VALUES value@::DEEPER ", " value@::DEEPER ")" %if MAY_NEST
  | TWO_OR_THREE_VALUES value@::DEEPER ", " value@::DEEPER ", " value@::DEEPER ")" %if MAY_NEST
  | "REPLACE(" value@::DEEPER ", " value@::DEEPER ", " value@::DEEPER ")" %if MAY_NEST
  | "COALESCE(" value@::DEEPER ", " values@::DEEPER ")" %if MAY_NEST
  | "IIF(" condition@::DEEPER ", " outcome@::DEEPER ", " outcome@::DEEPER ")" %if MAY_NEST
  | MOMENT value@::DEEPER ")" %if MAY_NEST
  | MOMENT value@::DEEPER ", " values@::DEEPER ")" %if MAY_NEST
  | "STRFTIME(" STRING ", " values@::DEEPER ")" %if MAY_NEST
  | "CAST(" value@::DEEPER CAST_TYPE %if MAY_NEST
  | "CASE" branches@::DEEPER " END" %if MAY_NEST
  | "CASE" branches@::DEEPER " ELSE " outcome@::DEEPER " END" %if MAY_NEST
values@::_ : value@::_ | values@::_ ", " value@::_
branches@::_ : branch@::_ | branches@::_ branch@::_
branch@::_ : " WHEN " condition@::_ " THEN " outcome@::_
outcome@::_ : value@::_ | "NULL"
condition@::_ : conjunction@::_ | condition@::_ " OR " conjunction@::_
conjunction@::_ : test@::_ | conjunction@::_ " AND " test@::_
test@::_ : predicate@::_ | "NOT " test@::DEEPER %if MAY_NEST
predicate@::_ : value@::_ COMPARISON value@::_
  | value@::_ IN values@::_ ")"
  | value@::_ IN one_column ")"
  | value@::_ BETWEEN value@::_ " AND " value@::_
  | value@::_ NULL_TEST
  | "(" condition@::DEEPER ")" %if MAY_NEST
"""
# The query in it sees the tables around it, but then has no column without a table, and no aggregate.
_CORRELATED: Final = """  | "EXISTS(" query@::bit_and(TABLES_IN_SCOPE) ")" %if NOT_ALIASED
"""
# A key is no bare number: it would be the place of a result.
_KEYS: Final = """keys@::_ : key@::_ | keys@::_ ", " key@::_
key@::_ : keyed@::_ | key@::_ OPERATOR operand@::_
keyed@::_ : column@::_
  | function@::_
  | "(" key@::DEEPER ")" %if MAY_NEST
  | "(" one_column ")"
  | aggregate@::_ %if AGGREGATES_ALLOWED
orders@::_ : ordered@::_ | orders@::_ ", " ordered@::_
ordered@::_ : key@::_ | key@::_ DIRECTION
"""


def expression_rules(group: int, *, correlated: bool) -> str:
    """The rules for one group of tables; with a test for rows of a query that sees the tables around it, or without."""
    rules = _VALUES_AND_CONDITIONS + (_CORRELATED if correlated else "") + _KEYS
    return (
        rules.replace("@", str(group))
        .replace("AGGREGATES_ALLOWED", f"bit_set({AGGREGATES})")
        .replace("WITHOUT_AGGREGATES", f"clear_bit({AGGREGATES})")
        .replace("DEEPER", f"incr({NESTING})")
        .replace("MAY_NEST", f"lt({NESTING}, {DEEPEST_NESTING})")
        .replace("TABLES_IN_SCOPE", bits(*range(WIDTH)))
        .replace("NOT_ALIASED", f"bit_clear({ALIASED})")
    )
