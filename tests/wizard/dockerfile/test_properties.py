"""What holds for every file: nothing is lost, nothing moves that was not to, nothing hangs."""

import contextlib
import time
from collections import Counter

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.wizard.dockerfile.strategies import DOCKERFILES
from wizard.dockerfile import DockerfileError, Document, EditConflict, Instruction, parse
from wizard.dockerfile.blanking import blank_span
from wizard.dockerfile.editing import (
    Edit,
    add_flags,
    delete,
    insert_after,
    insert_before,
    move,
    remove_flag,
    remove_spans,
    replace,
    splice,
)
from wizard.dockerfile.installs import installs
from wizard.dockerfile.run_editing import insert_command, remove_command
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.state import environment

INDEX = st.integers(0, 30)
TEXTS = st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass"))


def pick(document: Document, index: int, *keywords: str) -> Instruction:
    chosen = [i for i in document.instructions if i.keyword in keywords or (not keywords and i.keyword != "FROM")]
    assume(chosen)
    return chosen[index % len(chosen)]


def comments(document: Document) -> Counter[str]:
    """Between and inside instructions: what followed a dangling continuation is outside once that is gone."""
    inside = [comment.text for instruction in document.instructions for comment in instruction.comments]
    return Counter([*inside, *(comment.text for comment in document.comments)])


def spoken(document: Document) -> list[tuple[str, str]]:
    return [(i.keyword, i.argument) for i in document.instructions]


def outside(source: bytes, edits: tuple[Edit, ...]) -> list[bytes]:
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        pieces.append(source[at : edit.span.start])
        at = edit.span.end
    return [*pieces, source[at:]]


@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | DOCKERFILES
)
@example(b"\xef\xbb\xbf")
@example(b"\\")
@example(b"FROM \xc2\xa0")
def test_any_bytes_give_a_document_or_one_clear_error(source: bytes) -> None:
    start = time.process_time()
    with contextlib.suppress(DockerfileError):
        document = parse(source)
        assert document.source == source
        for instruction in document.instructions:
            parse_run(document, instruction)
    assert time.process_time() - start < 1


@given(DOCKERFILES)
def test_every_byte_belongs_to_one_line_of_one_thing(source: bytes) -> None:
    document = parse(source)
    things = (*document.instructions, *document.comments, *document.directives)
    taken = Counter(offset for thing in things for offset in range(thing.span.start, thing.span.end))
    assert set(taken.values()) <= {1}
    rest = bytes(byte for offset, byte in enumerate(source) if offset not in taken)
    assert not rest.removeprefix(b"\xef\xbb\xbf").strip()


@given(DOCKERFILES)
def test_spans_of_words_hold_what_they_say(source: bytes) -> None:
    document = parse(source)
    for instruction in document.instructions:
        for word in instruction.words:
            shown = word.span.of(source).decode("utf-8", "surrogateescape")
            assert word.text == shown or b"\n" in word.span.of(source)
        for command in parse_run(document, instruction).commands if instruction.keyword == "RUN" else ():
            for shell_word in command.words:
                shown = blank_span(source, shell_word.span, document.escape).decode("utf-8", "surrogateescape")
                assert shown.split() == shell_word.text.split()
        environment(document, document.stages[0], instruction)


@given(DOCKERFILES, INDEX, st.sampled_from(["before", "after", "delete", "flag", "replace"]))
def test_an_edit_changes_its_span_and_the_instruction_it_names(source: bytes, index: int, kind: str) -> None:
    document = parse(source)
    run_only = ("RUN",) if kind in ("flag", "replace") else ("RUN", "COPY", "ENV", "WORKDIR", "CMD", "LABEL")
    target = pick(document, index, *run_only)
    expected = spoken(document)
    if kind == "before":
        edit = insert_before(document, target, "# new\nARG NEW")
        expected.insert(target.index, ("ARG", "NEW"))
    elif kind == "after":
        edit = insert_after(document, target, "ARG NEW \\\n  OTHER")
        expected.insert(target.index + 1, ("ARG", "NEW   OTHER"))
    elif kind == "delete":
        edit = delete(document, target)
        del expected[target.index]
    elif kind == "flag":
        edit = add_flags(document, target, ("--security=insecure",))
    else:
        assume(not target.heredocs)
        edit = replace(target, "x \\\n  y")
        expected[target.index] = ("RUN", "x   y")
    result = splice(document, [edit])
    assert spoken(result) == expected
    text = edit.text.encode("utf-8", "surrogateescape")
    assert result.source == source[: edit.span.start] + text + source[edit.span.end :]


@given(DOCKERFILES, INDEX, INDEX, st.booleans())
def test_a_move_keeps_every_instruction_and_comment(source: bytes, one: int, other: int, before: bool) -> None:
    document = parse(source)
    moved, target = pick(document, one), pick(document, other)
    assume(moved is not target)
    assume(moved.index > 1 and target.index > 1)
    try:
        edits = move(document, moved, before=target) if before else move(document, moved, after=target)
    except EditConflict:
        return
    result = splice(document, edits)
    expected = spoken(document)
    item = expected.pop(moved.index)
    place = target.index - (moved.index < target.index)
    expected.insert(place if before else place + 1, item)
    assert spoken(result) == expected
    assert comments(result) == comments(document)


@given(DOCKERFILES, INDEX, INDEX, st.booleans())
def test_commands_of_a_run_come_and_go_alone(source: bytes, one: int, other: int, add: bool) -> None:
    document = parse(source)
    run = pick(document, one, "RUN")
    script = parse_run(document, run)
    assume(script.top)
    command = script.top[other % len(script.top)]
    words = [[word.text for word in c.words] for c in script.top]
    try:
        edit = insert_command(document, script, command, "NEW x") if add else remove_command(document, script, command)
    except EditConflict:
        return
    result = splice(document, [edit])
    after = [[word.text for word in c.words] for c in parse_run(result, result.instructions[run.index]).top]
    at = script.top.index(command)
    assert after == [*words[:at], *([["NEW", "x"], words[at]] if add else []), *words[at + 1 :]]
    assert [s for n, s in enumerate(spoken(result)) if n != run.index] == [
        s for n, s in enumerate(spoken(document)) if n != run.index
    ]
    installs(script)


@given(DOCKERFILES, INDEX, st.sets(INDEX, min_size=1, max_size=3), st.booleans())
def test_words_and_flags_are_removed_alone(source: bytes, index: int, chosen: set[int], flag: bool) -> None:
    document = parse(source)
    target = pick(document, index, "RUN")
    assume(not target.heredocs and len(target.words) > 1)
    expected = spoken(document)
    if flag:
        assume(target.flags)
        edits = (remove_flag(document, target, target.flags[min(chosen) % len(target.flags)]),)
    else:
        gone = {1 + n % (len(target.words) - 1) for n in chosen}
        edits = remove_spans(document, target, [target.words[n].span for n in gone])
        kept = [word.text for n, word in enumerate(target.words) if n not in gone]
        expected[target.index] = ("RUN", " ".join(kept))
    result = splice(document, edits)
    assert [(k, a.split()) for k, a in spoken(result)] == [(k, a.split()) for k, a in expected]
    assert all(piece in result.source for piece in outside(source, edits))
