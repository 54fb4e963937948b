"""Questions that only make sense after another one: recognised by their words, answered by changing the last SQL.

    recognise      words → what is to be done (`edits`), without a schema; `leads` and `words` hold what it knows of
                   English
    understand     each reading in turn → the changed SQL, or nothing
    columns        words of an edit → columns and tables of this database
    conditions     words of an edit → values and comparisons of this database; `periods` reads years, months and days
    query          the last SQL as a tree that can be changed; `joins` finds the way to a further table, `sites` what
                   texts and numbers it compares
    filters, shape, order, diagnosis
                   edit → the changed tree, or nothing where a word is left over
    refusal        whether words say anything without the last answer, and why they cannot be applied to it

Nothing here guesses: a text of which any word cannot be accounted for changes nothing. It is a question of its own, or
is refused where it can be none.
"""
