"""What the scanner makes of the parts of an instruction, and where it says they stand."""

import contextlib
import time

import pytest

from wizard.dockerfile import DockerfileError, Document, Instruction, Span, parse

HEAD = b"FROM debian:bookworm-slim\n"


def only(text: bytes) -> tuple[Document, Instruction]:
    document = parse(HEAD + text)
    assert len(document.instructions) == 2
    return document, document.instructions[1]


def cut(document: Document, *spans: Span) -> list[bytes]:
    return [span.of(document.source) for span in spans]


def test_keyword_flags_and_argument_lead_back_to_their_bytes() -> None:
    document, run = only(
        b"  run --mount=type=cache,target=/c \\\n    # why\n    --network=none \\\n  pip install a \\\n  b\n"
    )
    assert (run.keyword, run.written) == ("RUN", "run")
    assert [(flag.name, flag.value) for flag in run.flags] == [("mount", "type=cache,target=/c"), ("network", "none")]
    assert cut(document, run.keyword_span, *(flag.span for flag in run.flags)) == [
        b"run",
        b"--mount=type=cache,target=/c",
        b"--network=none",
    ]
    assert run.argument == "pip install a   b"
    assert cut(document, run.argument_span) == [b"pip install a \\\n  b"]
    assert [(word.text, *cut(document, word.span)) for word in run.words][-1] == ("b", b"b")
    assert [comment.text for comment in run.comments] == ["why"]
    assert cut(document, run.span) == [document.source[len(HEAD) :]]


def test_a_word_over_two_lines_is_one_word() -> None:
    document, env = only(b'ENV A="one \\\n two" B=3\n')
    assert [word.text for word in env.words] == ['A="one  two"', "B=3"]
    assert cut(document, env.words[0].span) == [b'A="one \\\n two"']


def test_json_words_are_its_strings_as_written() -> None:
    document, copy = only(b'COPY ["a b", \\\n  "c\\u0020d"]\n')
    assert copy.json == ("a b", "c d")
    assert cut(document, *(word.span for word in copy.words)) == [b'"a b"', b'"c\\u0020d"']


def test_a_json_array_of_something_else_is_refused() -> None:
    with pytest.raises(DockerfileError, match="arrays must be comprised of strings only"):
        only(b"CMD [1]\n")


def test_healthcheck_has_the_json_of_its_command() -> None:
    _, probe = only(b'HEALTHCHECK --interval=5s CMD ["curl", "x"]\n')
    assert probe.json == ("curl", "x")
    assert [word.text for word in probe.words] == ["CMD", '"curl"', '"x"']


def test_heredocs_know_header_body_and_terminator() -> None:
    document, run = only(b"RUN cat <<A - <<-'B B'\none\nA\n\ttwo\n\tB B\n")
    first, second = run.heredocs
    assert (first.name, first.expand, first.strip_tabs) == ("A", True, False)
    assert (second.name, second.expand, second.strip_tabs) == ("B B", False, True)
    assert cut(document, first.header, first.body, first.terminator) == [b"<<A", b"one\n", b"A\n"]
    assert cut(document, second.header, second.body, second.terminator) == [b"<<-'B B'", b"\ttwo\n", b"\tB B\n"]
    assert run.argument == "cat <<A - <<-'B B'"


def test_a_blank_may_stand_in_a_heredoc_header() -> None:
    document, run = only("RUN echo é && cat << EOF > /x\nhi\nEOF\n".encode())
    assert cut(document, run.heredocs[0].header) == [b"<< EOF"]


def test_a_backslash_in_the_name_quotes_for_the_shell_and_not_for_copy() -> None:
    assert only(b"RUN cat <<\\EOF\nx\nEOF\n")[1].heredocs[0].expand is False
    assert only(b"COPY <<\\EOF /x\nx\nEOF\n")[1].heredocs[0].expand is True


def test_onbuild_carries_an_instruction_with_its_own_flags_and_heredocs() -> None:
    document, onbuild = only(b"ONBUILD RUN --mount=type=cache,target=/c <<EOF\nmake\nEOF\n")
    trigger = onbuild.trigger
    assert trigger is not None
    assert trigger.keyword == "RUN"
    assert trigger.flag("mount") == "type=cache,target=/c"
    assert trigger.heredocs == onbuild.heredocs
    assert cut(document, trigger.heredocs[0].body) == [b"make\n"]


def test_comments_between_instructions_are_kept_apart_from_those_inside() -> None:
    document = parse(HEAD + b"#  above \nRUN a \\\n# inside\n && b\n# below\n")
    assert [(comment.text, comment.line) for comment in document.comments] == [("above", 2), ("below", 6)]
    assert [comment.line for comment in document.instructions[1].comments] == [4]


def test_directives_are_read_up_to_the_first_line_that_is_none() -> None:
    document = parse(b"\xef\xbb\xbf# Syntax = docker/dockerfile:1 \n# escape=`\n# note\n# check=skip=all\nFROM a\n")
    assert [(d.name, d.value, d.line) for d in document.directives] == [
        ("syntax", "docker/dockerfile:1", 1),
        ("escape", "`", 2),
    ]
    assert document.directives[0].span.start == 3
    assert document.syntax() == "docker/dockerfile:1"
    assert document.escape == "`"


def test_stages_have_name_base_platform_and_instructions() -> None:
    document = parse(b"ARG V=1\nFROM --platform=linux/amd64 a:$V AS Deps\nRUN x\nFROM deps\nCOPY a b\n")
    deps, last = document.stages
    assert (deps.name, deps.base, deps.platform, deps.buildkit_name) == ("Deps", "a:$V", "linux/amd64", "deps")
    assert (last.name, last.base, last.platform, last.buildkit_name) == (None, "deps", None, "stage-1")
    assert [i.keyword for i in document.global_arguments()] == ["ARG"]
    assert document.stage_of(document.instructions[2]) is deps


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"RUN --mount=type=caches,target=/c x\n", 'unsupported mount type "caches"'),
        (b"COPY --chmod a b\n", "missing a value on flag: --chmod"),
        (b"COPY --link --link a b\n", "duplicate flag specified: --link"),
        (b"COPY --form=x a b\n", "unknown flag: --form (did you mean from?)"),
        (b"CMD --x\n", "unknown flag: --x"),
        (b"HEALTHCHECK --interval=5 CMD x\n", 'time: missing unit in duration "5"'),
        (b"HEALTHCHECK NONE x\n", "HEALTHCHECK NONE takes no arguments"),
        (b"EXPOSE\n", "EXPOSE requires at least one argument"),
        (b"VOLUME / \xc2\x85 N\n", "VOLUME specified can not be an empty string"),
        (b"USER\n", "USER requires exactly one argument"),
        (b"ENV =a\n", "ENV names can not be blank"),
        (b"LABEL a=1 b\n", 'Syntax error - can\'t find = in "b". Must be of the form: name=value'),
        (b"COPY a <<EOF\nEOF\n", "COPY cannot accept a heredoc as a destination"),
        (b"WORKDIR /it's\n", "unexpected end of statement while looking for matching single-quote"),
        (b"COPY --from=7 a b\n", "invalid stage index 7"),
        (b"ONBUILD MAINTAINER\xc2\xa0 a\n", "MAINTAINER isn't allowed as an ONBUILD trigger"),
        (b"ONBUILD ENV a\n", "ENV must have two arguments"),
        (b"LABEL a=${X:\n", "failed to process \"${X:\": syntax error: missing '}'"),
        (b'ENV A="a b\n', r'failed to process "\"a b": unexpected end of statement'),
        (b"RUN --network=lan a\n", 'invalid network mode "lan"'),
        (b"HEALTHCHECK --nope NOTHING a\n", "unknown flag: --nope"),
        (b"HEALTHCHECK \\\x0b\n", 'Unknown type "\\\\" in HEALTHCHECK'),
        (b"EXPOSE 80/tc\n", 'invalid port: "80/tc": invalid proto: tc'),
        (b"STOPSIGNAL NOSIG\n", "invalid signal: NOSIG"),
        (b"COPY --chmod=9 a b\n", "it should be octal string and between 0 and 07777"),
        (b"COPY <<-'E F' a /x\nE F\n", "unexpected end of statement while looking for matching single-quote"),
        (b"FROM b AS c-\n", "invalid context name c-: invalid reference format"),
        (b"COPY --from== a b\n", 'failed to parse stage name "=": invalid reference format'),
        (
            b"COPY --from=Foo/Bar a b\n",
            'failed to parse stage name "Foo/Bar": invalid reference format: repository name (Bar) must be lowercase',
        ),
        (b"RUN --mount=from=:1,target=/a x\n", 'failed to parse stage name ":1": invalid reference format'),
        (b"FROM --platform=a! b\n", "failed to parse platform a!"),
        (b"COPY --from=1 a b\nFROM b AS c\nFROM debian\nCOPY --from=0 a b\n", "cannot copy from stage"),
        (b"RUN --mount=type=bind,target=/b,mode=7 a\n", 'mode not allowed for "bind" type mounts'),
        (b"SHELL []\n", "SHELL requires at least one argument"),
        (b"RUN " + b"a" * 65_532 + b"\n", "dockerfile line greater than max allowed size of 65535"),
    ],
)
def test_what_else_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(DockerfileError) as refusal:
        only(text)
    assert words in str(refusal.value)
    assert refusal.value.line == 2


def test_the_longest_line_is_accepted() -> None:
    assert only(b"RUN " + b"a" * 65_531 + b"\n")[1].argument == "a" * 65_531


def test_stages_that_need_each_other_are_refused() -> None:
    with pytest.raises(DockerfileError, match="circular dependency"):
        parse(b"FROM a AS x\nCOPY --from=y / /\nFROM a AS y\nRUN --mount=from=x,target=/x ls\n")


def test_of_several_copies_that_close_a_circle_the_last_is_named() -> None:
    with pytest.raises(DockerfileError, match="circular dependency detected on stage: x") as refusal:
        parse(b"FROM a AS x\nCOPY --from=x /a /\nCOPY --from=x /b /\n")
    assert refusal.value.line == 3


@pytest.mark.parametrize("mount", ["type=cache,target=/c", "type=tmpfs,target=/c", "target=/c", "no-such-field"])
def test_a_mount_that_names_no_source_is_one_of_a_stage_named_scratch(mount: str) -> None:
    with pytest.raises(DockerfileError, match="circular dependency detected on stage: scratch"):
        parse(f"FROM a AS scratch\nRUN --mount={mount} x\n".encode())


def test_only_the_blanks_of_go_are_blanks() -> None:
    with pytest.raises(DockerfileError, match=r"invalid check option .\\x1c"):
        parse(b"#check=\x1c\nFROM a\n")


@pytest.mark.parametrize("kind", ["bind", "cache", "tmpfs"])
def test_nothing_is_mounted_over_the_root_folder(kind: str) -> None:
    with pytest.raises(DockerfileError, match='invalid mount target "/"'):
        parse(f"FROM a\nRUN --mount=type={kind},target=/ x\n".encode())
    assert parse(f"FROM a\nRUN --mount=type={kind},target=//. x\n".encode())
    assert parse(f"FROM a\nARG FOLDER=c\nRUN --mount=type={kind},target=/$FOLDER x\n".encode())


def test_a_comment_that_onbuild_left_is_a_file_with_no_instructions() -> None:
    assert parse(b"FROM a AS b\nONBUILD # x\n").stages
    with pytest.raises(DockerfileError, match="file with no instructions") as refusal:
        parse(b"FROM a AS b\nONBUILD # x\nFROM b\n")
    assert refusal.value.line == 3


def test_what_onbuild_left_is_refused_where_a_stage_is_built_upon_it() -> None:
    assert parse(b"FROM a AS b\nONBUILD nope\n").stages
    with pytest.raises(DockerfileError, match="unknown instruction: nope") as refusal:
        parse(b"FROM a AS b\nONBUILD nope\nFROM b\n")
    assert refusal.value.line == 3


def test_an_error_names_the_column() -> None:
    with pytest.raises(DockerfileError) as refusal:
        parse("FROM a\n  COPY --nope=é b c\n".encode(), "sub/Dockerfile")
    assert str(refusal.value) == "sub/Dockerfile:2:8: unknown flag: --nope"


@pytest.mark.parametrize(
    "hostile",
    [
        b"FROM a\nRUN " + b"[" * 60_000,
        b"FROM a\nENV A=" + b"${B:-" * 12_000 + b"\n",
        b"FROM a\nENV A=${B#" + b"*a" * 20_000 + b"}\n",
        b"FROM a\nRUN echo " + b"<< " * 20_000 + b"\n",
        b"FROM a\nLABEL " + b'a="' * 20_000 + b"\n",
        b"# escape=" + b" " * 60_000 + b"x\nFROM a\n",
        b"FROM a\nRUN \\\n" + b" \\\n" * 100_000,
        b"FROM a AS s0\n" + b"".join(b"FROM s%d AS s%d\n" % (n, n + 1) for n in range(3000)),
        b"FROM a\n" + b"RUN a\n" * 3000,
        b"FROM a AS s0\n" + b"".join(b"FROM a AS s%d\nCOPY --from=s%d a b\n" % (n + 1, n) for n in range(1000)),
        b"FROM a\nRUN " + b"a" * 1_000_000,
        b"FROM a\nRUN " + b"(" * 30_000 + b"\n",
        b"FROM a\nRUN <<E\n" + b"echo a\n" * 100_000 + b"E\n",
        b"FROM a\nRUN <<E\n" + b"E \n" * 100_000,
        b"FROM a\nCMD " + b"[" * 30_000 + b"]" * 30_000,
        b"FROM " + b"a-" * 30_000 + b"!\n",
        b"FROM a\nHEALTHCHECK --retries=" + b"9" * 60_000 + b" CMD a\n",
        b"FROM a\nRUN --mount=" + b'"a""b",' * 5_000 + b" x\n",
        b"FROM a\nRUN " + b"a && \\\n" * 30_000 + b"b\n",
        b"FROM a\nENV " + b"A=b \\\n" * 30_000 + b"C=d\n",
        b"FROM a\nCOPY " + (b"a " * 30_000 + b"\\\n") * 3 + b"b/\n",
        b"FROM a AS s0\n" + b"".join(b"FROM a AS s%d\nCOPY --from=s%d a b\n" % (n + 1, n) for n in range(4000)),
        b"FROM a AS s\n" + b"ONBUILD RUN a\n" * 3000 + b"FROM s\n" * 3000,
        b"FROM a\n" + b"FROM b\n" * 3000 + b"".join(b"COPY --from=%d a b\n" % n for n in range(3000)),
        b"\x00" * 60_000,
        bytes(range(256)) * 400,
    ],
)
def test_hostile_files_are_answered_quickly(hostile: bytes) -> None:
    start = time.process_time()
    with contextlib.suppress(DockerfileError):
        assert parse(hostile).source == hostile
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "huge",
    [
        b"FROM a\nCOPY " + (b"a " * 30_000 + b"\\\n") * 16 + b"b/\n",
        b"FROM a\nRUN "
        + b"".join(b"<<E%d " % n for n in range(6000))
        + b"\n"
        + b"".join(b"E%d\n" % n for n in range(6000)),
        b"FROM a AS s0\n" + b"".join(b"FROM a AS s%d\nCOPY --from=s%d a b\n" % (n + 1, n) for n in range(20_000)),
    ],
    ids=["words", "heredocs", "stages"],
)
def test_what_no_person_writes_takes_time_in_proportion_to_its_size(huge: bytes) -> None:
    start = time.process_time()
    assert parse(huge).source == huge
    # About a second on a machine with nothing else to do; with the square of the size it would be minutes.
    assert time.process_time() - start < 6


def test_a_non_breaking_blank_separates_the_words_of_env_and_arg() -> None:
    assert [word.text for word in only("ARG a \xa0 b\n".encode())[1].words] == ["a", "b"]
    assert [word.text for word in only("EXPOSE 1 \xa0 2\n".encode())[1].words] == ["1", "\xa0", "2"]


@pytest.mark.parametrize(
    ("head", "escape"),
    [(b"#\x0bescape=`\n", "\\"), (b"#\tEscape = ` \n", "`"), (b"# escape\n# escape=`\n", "\\")],
)
def test_white_space_of_a_directive_is_what_buildkit_takes_for_it(head: bytes, escape: str) -> None:
    assert parse(head + HEAD).escape == escape


def test_the_check_options_are_read_before_anything_else() -> None:
    with pytest.raises(
        DockerfileError, match='failed to parse check options: invalid check option "nothing"'
    ) as refusal:
        parse(b"#!/bin/sh\n# check=nothing at all\nNOPE\n")
    assert refusal.value.line == 2


def test_json_that_buildkit_cannot_read_is_a_shell_form() -> None:
    assert only(b"CMD [1e999, 2]\n")[1].json is None
    assert only(b'CMD ["\\ud800"]\n')[1].json == ("\ufffd",)


def test_a_byte_order_mark_in_front_of_a_heredoc_name_is_not_part_of_it() -> None:
    assert only("RUN cat <<\ufeffEOF\nx\nEOF\n".encode())[1].heredocs[0].name == "EOF"


def test_a_message_repeats_no_more_of_a_file_of_zeros_than_a_line_of_text_can_hold() -> None:
    with pytest.raises(DockerfileError, match=r"unknown instruction: ") as raised:
        parse(b"\0" * 60_000)
    assert len(raised.value.message) < 600
