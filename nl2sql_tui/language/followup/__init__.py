"""Questions that only make sense after another one: recognised by their words, answered by changing the last SQL.

    recognise   words → what is to be done (edits), without a schema
    phrases     words of an edit → columns, values, periods and comparisons of this database
    rewrite     edit → the changed syntax tree, or nothing where a word is left over

Nothing here guesses: a text of which any word cannot be accounted for is no follow-up but a question of its own.
"""
