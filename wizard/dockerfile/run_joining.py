"""One RUN made of two, and two made of one: edits that move commands from shell to shell and change none of them.

Both hold to what the text decides: lists of plain commands joined by `&&`, in one shell without a program in front of
it, of which none that stands before the seam changes the shell for those behind it. Whether one leaves a process
running that another needs is for the rule to know.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.blanking import blank_span
from wizard.dockerfile.document import Comment, Document, Instruction, Span
from wizard.dockerfile.editing import Edit, block, delete, insert_after, newline_at
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.script import Command, Script
from wizard.dockerfile.shell import changes_shell_state, parse_run, shell_at
from wizard.dockerfile.shell_texts import POSIX_SHELLS
from wizard.dockerfile.stages import mount_options
from wizard.dockerfile.style import LINE_WIDTH, style_of


def split_run(document: Document, instruction: Instruction, command: Command) -> tuple[Edit, ...]:
    """Makes a RUN of its own of a command and those behind it, with the same flags.

    Comment lines above the command come to stand above the new RUN. Raises EditConflict for what is no plain list, for
    the first command, and where the shell or a mount hands something on to the commands behind.
    """
    script = _plain(document, instruction)
    if command not in script.top[1:]:
        raise _conflict(document, instruction, "a RUN is split between two commands of its list")
    index = script.top.index(command)
    _hands_nothing_on(document, instruction, script.top[:index])
    source, seam = document.source, script.top[index - 1].span.end
    head = Span(instruction.keyword_span.start, instruction.argument_span.start)
    written = decode(head.of(source))
    if any(head.start <= comment.span.start < head.end for comment in instruction.comments):
        written = " ".join([instruction.written, *(decode(flag.span.of(source)) for flag in instruction.flags), ""])
    indentation = decode(source[instruction.span.start : instruction.keyword_span.start])
    above = (comment for comment in instruction.comments if seam <= comment.span.start < command.span.start)
    rest = decode(source[command.span.start : instruction.argument_span.end])
    if rest.startswith(("--", "[")):
        raise _conflict(document, instruction, "the command would be read as a flag or as JSON")
    new = [*(f"{indentation}{_text(document, comment)}\n" for comment in above), f"{indentation}{written}{rest}"]
    return (
        Edit(Span(seam, instruction.argument_span.end), ""),
        insert_after(document, instruction, "".join(new)),
    )


def merge_runs(document: Document, first: Instruction, second: Instruction) -> tuple[Edit, ...]:
    """Makes one RUN of two neighbours, their lists joined by `&&`.

    Comment lines directly above the second come to stand above its commands. Raises EditConflict where one of them is
    no plain list, their flags differ, or the second would find a shell or a mount that the first has changed.
    """
    if second.index != first.index + 1 or document.stage_of(first) is not document.stage_of(second):
        raise _conflict(document, second, "only neighbours of one stage can be merged")
    if [(flag.name, flag.value) for flag in first.flags] != [(flag.name, flag.value) for flag in second.flags]:
        raise _conflict(document, second, "the flags of the two RUN instructions differ")
    _plain(document, second)
    script = _plain(document, first)
    _hands_nothing_on(document, first, script.top)
    source, end = document.source, first.argument_span.end
    if blank_span(source, Span(script.top[-1].span.end, end), document.escape).strip():
        raise _conflict(document, first, "the first RUN ends in a comment of the shell")
    whole = block(document, second)
    comments = [comment for comment in document.comments if whole.start <= comment.span.start < whole.end]
    comments += [comment for comment in second.comments if comment.span.start < second.argument_span.start]
    style = style_of(document)
    rest = decode(second.argument_span.of(source))
    one_line = decode(source[first.span.start : end]) + rest
    if comments or "\n" in one_line.strip() or len(one_line) > LINE_WIDTH:
        newline = newline_at(document, first.span.start)
        lines = "".join(f"{style.indentation}{_text(document, comment)}{newline}" for comment in comments)
        before, behind = ("", "&& ") if style.and_leads else (" &&", "")
        rest = f"{before} {document.escape}{newline}{lines}{style.indentation}{behind}{rest}"
    else:
        rest = f" && {rest}"
    return Edit(Span(end, end), rest), delete(document, second)


def _plain(document: Document, instruction: Instruction) -> Script:
    """The script of a RUN that is a plain `&&` list; raises EditConflict with what it is instead."""
    if instruction.keyword != "RUN" or document.instructions[instruction.index] is not instruction:
        raise _conflict(document, instruction, "it is no RUN of this stage")
    if instruction.heredocs:
        raise _conflict(document, instruction, "the RUN has a heredoc")
    shell = shell_at(document, instruction)
    if shell is not None and PurePosixPath(shell[0]).name not in POSIX_SHELLS:
        raise _conflict(document, instruction, f"its SHELL starts {PurePosixPath(shell[0]).name}")
    script = parse_run(document, instruction)
    if script.opaque is not None:
        raise _conflict(document, instruction, f"the RUN was not read: {script.opaque}")
    if not script.and_list:
        raise _conflict(document, instruction, "the RUN is no plain list of commands joined by &&")
    line_end = Span(instruction.argument_span.end, instruction.span.end).of(document.source)
    if line_end.strip():
        raise _conflict(document, instruction, "the RUN ends in a continuation")
    return script


def _hands_nothing_on(document: Document, instruction: Instruction, commands: Iterable[Command]) -> None:
    """Raises EditConflict where the commands leave something to those behind them that is not in a file."""
    for command in commands:
        if changes_shell_state(command):
            what = command.name or "a command that only the build knows"
            raise _conflict(document, instruction, f"{what} changes the shell for the commands behind it")
    mounts = (mount_options(flag.value or "") for flag in instruction.flags if flag.name == "mount")
    if any(mount.get("type") == "tmpfs" or not {"rw", "readwrite"}.isdisjoint(mount) for mount in mounts):
        raise _conflict(document, instruction, "what is written into a mount is lost at the end of its RUN")


def _text(document: Document, comment: Comment) -> str:
    return decode(comment.span.of(document.source)).strip()


def _conflict(document: Document, instruction: Instruction, message: str) -> EditConflict:
    return EditConflict(message, path=document.path, line=instruction.start_line)
