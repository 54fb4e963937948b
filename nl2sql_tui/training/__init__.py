"""Teaching models, merging and publishing what comes of it."""

import logging

# On its import it tells of faster kernels that could be installed: nothing that a user of this program has to know.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
