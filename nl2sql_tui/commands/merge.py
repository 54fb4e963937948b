"""`merge`: an adapter and its base become one model folder, with a comparison of answers before and after."""

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.errors import ExitCode
from nl2sql_tui.terminal import LoadLine, say
from nl2sql_tui.text import byte_size, shortened
from nl2sql_tui.training.comparison import Comparison
from nl2sql_tui.training.merge import Merged, MergeOrder
from nl2sql_tui.training.merge import merge as run

_ANSWER_SHOWN = 200


def merge(order: MergeOrder) -> int:
    """Merge, and tell how the answers compare; return the exit code. Raises UserError.

    A merge whose logits moved further than rounding explains keeps its folder and returns ExitCode.MODEL.
    """
    cancel = Cancel()
    line = LoadLine()
    with stopping_on_interrupt(cancel):
        try:
            done = run(order, line.show, cancel)
        finally:
            line.end()
    say(
        f"{done.folder} holds {done.base} with the adapter of rank {done.rank} merged into it: "
        f"{done.parameters:,} parameters in {done.dtype}, {byte_size(done.bytes)}."
    )
    if not done.has_card:
        say("The adapter has no README.md, so the folder has no model card; `nl2sql-tui push` will want one.")
    return _tell_comparison(done)


def _tell_comparison(done: Merged) -> int:
    comparison = done.comparison
    if comparison is None:
        say("No answers were compared (--questions 0).")
        return ExitCode.OK
    for difference in comparison.differences:
        say(f"Answered otherwise: {difference.question}")
        say(f"  before: {shortened(difference.before, _ANSWER_SHOWN)}")
        say(f"  after:  {shortened(difference.after, _ANSWER_SHOWN)}")
    say(_in_words(comparison))
    if comparison.is_within_tolerance:
        return ExitCode.OK
    say(
        f"That is more than rounding to {done.dtype} explains (up to {comparison.tolerance:g}). Do not trust this "
        f"merge before you have judged it: use the adapter unmerged, or merge with --dtype float32."
    )
    return ExitCode.MODEL


def _in_words(comparison: Comparison) -> str:
    noun = "answer" if comparison.questions == 1 else "answers"
    return (
        f"Before and after: {comparison.equal} of {comparison.questions} greedy {noun} equal to the letter; "
        f"the largest difference of a logit is {comparison.largest_logit_difference:.3g}."
    )
