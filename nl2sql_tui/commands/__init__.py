"""What the subcommands do, one module each; cli.py parses and calls them."""
