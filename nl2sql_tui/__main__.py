"""`python -m nl2sql_tui`: the same program as the `nl2sql-tui` command."""

from nl2sql_tui.cli import main

if __name__ == "__main__":
    main()
