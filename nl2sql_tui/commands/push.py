"""`push`: an adapter or a model goes to the Hub, after showing which files, and asking."""

import sys
from dataclasses import dataclass
from pathlib import Path

from nl2sql_tui.cancellation import Cancel
from nl2sql_tui.commands.rows import stopping_on_interrupt
from nl2sql_tui.engine.hub import hub_host
from nl2sql_tui.errors import ExitCode, InputError
from nl2sql_tui.terminal import ProgressLine, say
from nl2sql_tui.text import byte_size, visible
from nl2sql_tui.training.hub_upload import Destination, Sent, send
from nl2sql_tui.training.publish import Parcel, collect, require_repository_name


@dataclass(frozen=True, slots=True)
class PushOrder:
    """What is to be published, where, and how sure the user is."""

    folder: Path
    """Of an adapter, a merged model or a training run."""
    repository: str
    """owner/name"""
    private: bool = False
    dry_run: bool = False
    """Show what would be sent; contact nobody."""
    message: str | None = None
    """Of the commit; None for one that names the kind of weights."""
    yes: bool = False
    """Send without asking."""


def push(order: PushOrder) -> int:
    """Show the files on standard output, ask, send them; return the exit code. Raises UserError."""
    require_repository_name(order.repository)
    cancel = Cancel()
    with stopping_on_interrupt(cancel):
        parcel = collect(order.folder, cancel)
    _show(parcel, order)
    if order.dry_run:
        say("Nothing was sent: this was a dry run.")
        return ExitCode.OK
    if not order.yes and not _confirmed(order):
        say("Nothing was sent.")
        return ExitCode.STOPPED
    message = order.message or f"Upload {'an adapter' if parcel.kind == 'adapter' else 'a model'} with nl2sql-tui"
    _tell(_sent(parcel, Destination(order.repository, order.private, message)))
    return ExitCode.OK


def _show(parcel: Parcel, order: PushOrder) -> None:
    lines = [
        f"{visible(str(order.folder))}: {'an adapter' if parcel.kind == 'adapter' else 'a model'}, "
        f"base {visible(parcel.base_model)}, licence {visible(parcel.licence)}",
        f"to {order.repository} on {hub_host()}, {_visibility(order)}",
        "",
        *(f"{file.sha256}  {byte_size(file.bytes):>9}  {visible(file.name)}" for file in parcel.files),
        f"{len(parcel.files)} files, {byte_size(parcel.bytes)}",
    ]
    if parcel.left_behind:
        lines += ["", f"Stays here: {', '.join(visible(name) for name in parcel.left_behind)}"]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _visibility(order: PushOrder) -> str:
    if order.private:
        return "private: only its owner sees it"
    return "public, unless the repository is there and private or its owner makes new ones private"


def _confirmed(order: PushOrder) -> bool:
    if not sys.stdin.isatty():
        raise InputError("There is nobody to ask whether to send this.", "Add --yes, or look first with --dry-run.")
    sys.stderr.write(f"Send these files to {order.repository}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _sent(parcel: Parcel, destination: Destination) -> Sent:
    cancel = Cancel()
    progress = ProgressLine(parcel.bytes, "bytes")
    progress.start(0)
    with stopping_on_interrupt(cancel):
        try:
            sent = send(parcel, destination, progress.show, lambda note: say(f"{hub_host()}: {note}"), cancel)
            progress.show(parcel.bytes)
        finally:
            progress.end()
    return sent


def _tell(sent: Sent) -> None:
    visibility = "private" if sent.private else "public"
    if not sent.changed:
        say(f"{sent.url} ({visibility}) had every file already, as it is here.")
        return
    say(f"Sent to {sent.url} ({visibility}), commit {sent.commit[:12]}; the Hub's files were compared with those here.")
