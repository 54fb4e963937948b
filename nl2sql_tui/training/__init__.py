"""Teaching models, merging and publishing what comes of it."""

import logging

# On its import it tells of faster kernels that could be installed: nothing that a user of this program has to know.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
# It writes what it cannot parse to the terminal as it stands, control characters included.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
