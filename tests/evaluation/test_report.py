"""The written reports: complete, and harmless whatever the questions, queries and cells hold."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nl2sql_tui.errors import InputError
from nl2sql_tui.evaluation.judgement import Category, Form, Sample
from nl2sql_tui.evaluation.report import write_report
from nl2sql_tui.evaluation.scores import Outcome, scores_of
from tests.evaluation.examples import ONE_ROW, outcome

_EVIL = (
    "</pre></details><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\u202e ```\n# | [x](javascript:1) "
    "&amp; \x00"
)


def _outcomes() -> list[Outcome]:
    evil_rows = Sample((_EVIL.replace("\x1b", "␛"), "b"), (("<b>cell</b>", "NULL"),), 9, 2)
    return [
        outcome(0, Category.RIGHT, joins=1, seconds=0.5, other=Category.MISMATCH),
        outcome(1, Category.MISMATCH, seconds=1.5, other=Category.RIGHT, text=_EVIL, sql=_EVIL, sample=evil_rows),
        outcome(2, Category.NO_COLUMN, seconds=2.5, other=Category.MISMATCH, error=_EVIL),
        outcome(3, Category.NO_GOLD, gold=_EVIL, other=Category.NO_GOLD),
        outcome(4, Category.RIGHT, empty_gold=True, other=Category.RIGHT),
        outcome(5, Category.EMPTY, sample=Sample(("a",), (), 0, 1), other=Category.EMPTY),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outcomes = _outcomes()
    (tmp_path / "out").mkdir()
    write_report(tmp_path / "out", f"title {_EVIL}", scores_of(outcomes), outcomes, {"model": "m"})
    return tmp_path / "out"


class _Tags(HTMLParser):
    """The tags and attributes of a page, and whether each that was opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "input", "rect", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_holds_every_failure_and_nothing_that_acts(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    tags = _Tags()
    tags.feed(page)
    assert not tags.open
    assert tags.tags.count("script") == 1
    assert "img" not in tags.tags
    assert not any(name.startswith("on") or name in ("src", "href") for name in tags.attributes)
    assert [name for name in tags.ids if name.startswith("q")] == ["q1", "q2", "q5"]
    assert not set(page) & set("\x00\x1b\u202e")
    assert "&lt;b&gt;cell&lt;/b&gt;" in page
    assert "⟨202E⟩" in page
    assert page.count("<svg") == 3
    assert "Gold queries that do not run (1)" in page
    assert "Gold queries without rows (1)" in page
    assert "Gained (1)" in page
    assert "Lost (1)" in page


def test_only_the_pages_own_script_may_run_and_nothing_is_loaded(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert policy is not None
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script.group(1).encode()).digest()).decode()
    assert policy.group(1) == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert set(re.findall(r"https?://[^\s\"<]*", page)) == {"http://www.w3.org/2000/svg"}


def test_markdown_keeps_foreign_text_in_fences_and_escapes(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert not set(text) & set("\x00\x1b\u202e")
    outside = re.sub(r"^(`{3,})sql\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in re.sub(r"\\.", "", outside)
    assert "](javascript" not in outside
    assert "### 5 \\(d\\): How many?" in outside
    assert "## Failures (3)" in outside
    assert "![What became of the answers](categories.svg)" in outside


def test_plots_are_well_formed(folder: Path) -> None:
    for name in ("accuracy.svg", "categories.svg", "seconds.svg"):
        root = ElementTree.fromstring((folder / name).read_text(encoding="utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        words = "".join(root.itertext())
        assert {"accuracy.svg": "40.0% of 5", "categories.svg": "no such column", "seconds.svg": "p95 2.5 s"}[
            name
        ] in words


def test_programs_find_scores_and_rows(folder: Path) -> None:
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert (scores["model"], scores["judged"], scores["left_out"]) == ("m", 5, 1)
    rows = [json.loads(line) for line in (folder / "judged.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [0, 1, 2, 3, 4, 5]
    assert [row["right"] for row in rows] == [True, False, False, None, True, False]
    assert [row["other_right"] for row in rows] == [False, True, False, None, True, False]
    assert rows[0]["forms"] == [form.value for form in Form]
    assert (rows[1]["category"], rows[1]["rows"], rows[1]["gold_rows"]) == ("other rows than the gold's", 9, 1)


def test_a_run_of_nothing_known_has_a_report_too(tmp_path: Path) -> None:
    outcomes = [outcome(1, Category.NO_GOLD)]
    write_report(tmp_path, "title", scores_of(outcomes), outcomes, {})
    assert "not known for this run" in (tmp_path / "seconds.svg").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcomes = [outcome(1, Category.RIGHT, sample=ONE_ROW)]
    with pytest.raises(InputError, match="cannot be written"):
        write_report(tmp_path / "file", "title", scores_of(outcomes), outcomes, {})
