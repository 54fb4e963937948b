"""The benchmark of the repairs tells references that they change, and those that give other rows afterwards."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import repairs
from tests.databases import make_database

_BANK = """
CREATE TABLE transfer (transfer_id INTEGER PRIMARY KEY, transfer_type TEXT, amount INT);
INSERT INTO transfer VALUES (1, 'fee', 5), (2, 'wire', 7), (3, 'fee', 9);
"""


def test_what_a_repair_spoils_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = make_database(tmp_path / "bank.sqlite", _BANK)
    golds = {
        # Left as it is.
        "the amounts": "SELECT amount FROM transfer",
        # The reference leaves out what the question says, as a repair must think.
        "amounts of type fee": "SELECT amount FROM transfer",
        # Changed, and the rows are the same.
        "amounts of type wire": "SELECT amount FROM transfer WHERE amount = 7",
        # Not right by itself.
        "ids": "SELECT id FROM transfer",
    }
    rows = [
        {"id": number, "db": str(database), "question": question, "gold": gold}
        for number, (question, gold) in enumerate(golds.items())
    ]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(sys, "argv", ["repairs", str(data), "--show"])
    repairs.main()
    told = capsys.readouterr().out
    assert "3 references" in told
    assert "| add_named_values | 2 | 1 |" in told
    assert "SELECT amount FROM transfer WHERE transfer_type = 'fee'" in told
    assert "transfer_type = 'wire'" not in told
