"""Who builds: compose, bake, CI, Makefiles, scripts; and who mentions a file."""

from __future__ import annotations

from wizard.inspection.callers.find import find_callers, mentions


def only(workspace):
    (caller,) = find_callers(workspace).callers
    return caller


def test_compose_paths_become_relative_to_the_root(repo):
    workspace = repo(
        {
            "deploy/compose.yaml": "services:\n  web:\n    build:\n      context: ../svc\n"
            "      dockerfile: d/Dockerfile\n"
            "      target: prod\n      args: {TOKEN: x, B: y}\n  db: {image: postgres}\n"
        },
    )
    caller = only(workspace)
    assert (caller.kind, caller.line, caller.context, caller.dockerfile) == ("compose", 3, "svc", "svc/d/Dockerfile")
    assert (caller.target, caller.build_args) == ("prod", ("TOKEN", "B"))


def test_compose_short_form_and_list_of_arguments(repo):
    short = only(repo({"docker-compose.yml": "services:\n  web:\n    build: .\n"}))
    assert (short.context, short.dockerfile) == (".", None)


def test_a_broken_compose_file_is_a_note(repo):
    found = find_callers(repo({"compose.yml": "services:\n  a: {build: [\n"}))
    assert found.callers == ()
    assert found.notes[0].startswith("compose.yml:")


def test_a_shell_command_with_continuations(repo):
    workspace = repo(
        {
            "build.sh": "# docker build old\nset -e\nDOCKER_BUILDKIT=1 docker buildx build --no-cache \\\n"
            "  -f docker/Dockerfile --target=prod \\\n"
            '  --build-arg TOKEN="s3cr3t" --build-arg B -t app:1 ./svc && docker push app:1\n'
        },
    )
    caller = only(workspace)
    assert (caller.kind, caller.line, caller.dockerfile, caller.target) == ("script", 3, "docker/Dockerfile", "prod")
    assert (caller.context, caller.build_args) == ("./svc", ("TOKEN", "B"))
    assert "s3cr3t" not in caller.text


def test_a_workflow_step_with_the_build_action(repo):
    workspace = repo(
        {
            ".github/workflows/ci.yml": "jobs:\n  b:\n    steps:\n      - uses: docker/build-push-action@v6\n"
            "        with:\n"
            "          context: svc\n          file: svc/Dockerfile.prod\n          target: prod\n"
            "          build-args: |\n"
            "            A=1\n            B=2\n      - run: echo\n        with:\n          target: other\n"
        },
    )
    caller = only(workspace)
    assert (caller.kind, caller.line, caller.dockerfile) == ("ci", 4, "svc/Dockerfile.prod")
    assert (caller.context, caller.target, caller.build_args) == ("svc", "prod", ("A", "B"))


def test_bake_files(repo):
    hcl = 'target "app" {\n  context = "."\n  dockerfile = "D"\n  target = "prod"\n  args = {\n    A = "1"\n  }\n}\n'
    caller = only(repo({"docker-bake.hcl": hcl}))
    assert (caller.kind, caller.line, caller.dockerfile, caller.target) == ("bake", 1, "D", "prod")
    assert caller.build_args == ("A",)


def test_compose_build_in_a_makefile(repo):
    caller = only(repo({"Makefile": "up:\n\tdocker compose -f x.yml up -d --build\n"}))
    assert (caller.kind, caller.line, caller.context) == ("make", 2, None)


def test_requests_for_a_gpu(repo):
    workspace = repo(
        {
            "k8s/app.yaml": "limits:\n  nvidia.com/gpu: 1\n",
            "run.sh": "docker run --gpus all x\n# docker run --gpus all\n",
            "compose.yml": "services:\n  a:\n    runtime: nvidia\n",
            "notes.yml": "text: no gpu here\n",
        },
    )
    assert [(e.path, e.line) for e in find_callers(workspace).gpu] == [
        ("compose.yml", 3),
        ("run.sh", 1),
        ("k8s/app.yaml", 2),
    ]


def test_mentions_are_whole_words_outside_comments(repo):
    workspace = repo(
        {
            "Makefile": "i:\n\tpip install -r requirements.txt\n\tpip install -r dev-requirements.txt\n",
            "ci.yml": "# requirements.txt\n",
            "Dockerfile": "COPY requirements.txt .\n",
            "requirements.txt": "requirements.txt\n",
            "README.md": "requirements.txt",
        },
    )
    assert [(e.path, e.line) for e in mentions(workspace, "requirements.txt")] == [("Dockerfile", 1), ("Makefile", 2)]


def test_a_line_that_nobody_wrote_by_hand_does_not_stop_the_inspection(repo):
    workspace = repo({"a.sh": " " * 300_000 + "x\n" + "docker build .\n", "b.sh": "A=1 " * 100_000})
    assert [(caller.path, caller.line) for caller in find_callers(workspace).callers] == [("a.sh", 2)]
