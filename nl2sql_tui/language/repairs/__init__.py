"""One module for each way in which a model's SQL goes wrong and can be mended; language/repair.py calls them."""
