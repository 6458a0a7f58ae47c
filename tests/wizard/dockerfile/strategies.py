"""Generated Dockerfiles: small ones of awkward parts, most of them accepted."""

from hypothesis import strategies as st

_LINES = st.sampled_from(
    [
        b"RUN apt-get update && apt-get install -y curl \\\n    # note\n    git\n",
        b"run a && \\\r\n  b\r\n",
        b"RUN <<EOF\nset -e\na\nEOF\n",
        b"RUN cat <<A - && b\nx\nA\n",
        b"COPY --link a b\n",
        b"COPY <<E /x\n# y\nE\n",
        b'ENV A=1 \\\n\n  B="x y"\n',
        b"# comment\n",
        b"\n",
        b"  # other \\\n",
        b"RUN --mount=type=cache,target=/c \\\n  --network=none x\n",
        b'CMD ["a", \\\n "b"]\n',
        b"ONBUILD RUN x && y\n",
        b"FROM b AS c\n",
        b"WORKDIR /x\n",
        b"ARG X=1\n",
        b"RUN \xff\xfe; ls\n",
        b"LABEL a='\xc3\xa9'\r\n",
        b"RUN a | b || c; (d)\n",
        b"RUN x \\\n y \\\n\n z\n",
        b'SHELL ["/bin/bash", "-c"]\n',
        b"RUN if a; then b; fi\n",
        b"\tUSER root\n",
    ]
)
_ENDS = st.sampled_from([b"", b"RUN last", b"RUN last \\", b"RUN last \\\n# c\n", b"# end", b"RUN x \\\n"])

DOCKERFILES = st.builds(
    lambda head, lines, end: head + b"FROM a\n" + b"".join(lines) + end,
    st.sampled_from([b"", b"\xef\xbb\xbf", b"# syntax=x\n", b"# about\n", b"ARG V\n", b"# syntax=x\n# escape=\\\n\n"]),
    st.lists(_LINES, max_size=8),
    _ENDS,
)
