"""The terminal program; everything that draws is in this package."""

import os

# After an Escape byte Textual waits, in milliseconds, for the rest of a key's sequence before it takes it for the
# Escape key. Its own 100 would be felt each time something is stopped; a key's bytes arrive together, also over SSH.
# Textual reads this when it is first imported.
os.environ.setdefault("ESCDELAY", "25")
