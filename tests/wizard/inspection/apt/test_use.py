"""What a step does with apt: what text shows, and what may call it all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.apt.use import AptUse, apt_use
from wizard.inspection.steps import read_steps
from wizard.workspace import open_workspace


def use(root: Path, instruction: str, files: dict[str, str] | None = None) -> AptUse:
    """Of the last instruction, in an image that holds the files at /app."""
    for name, text in (files or {}).items():
        (root / name).write_text(text)
    document = parse(f"FROM debian:bookworm-slim\nWORKDIR /app\nCOPY . .\n{instruction}\n".encode(), "Dockerfile")
    stage = document.stages[0]
    return apt_use(open_workspace(root), document, stage, read_steps(document, stage)[-1])


@pytest.mark.parametrize(
    ("instruction", "lists"),
    [
        ("RUN apt-get update && apt-get install -y jq", "refreshes"),
        ("RUN apt-get install -y jq", "needs"),
        ("RUN /usr/bin/apt-get install -y jq", "needs"),
        ('RUN ["apt-get", "install", "-y", "jq"]', "needs"),
        ("RUN <<EOF\nif true; then apt-get update; fi\nEOF", "refreshes"),
        ("RUN echo apt", None),
        ("RUN rm /etc/apt/apt.conf.d/docker-clean", None),
    ],
)
def test_text_that_names_apt_shows_how_the_lists_are_used(tmp_path: Path, instruction: str, lists: str | None) -> None:
    assert use(tmp_path, instruction) == AptUse(lists)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "instruction",
    [
        "RUN curl -fsSL https://example.org/x.sh | bash -",
        "RUN wget -qO- https://example.org/x.sh | sudo -E bash -",
        'RUN bash -c "$(curl -fsSL https://example.org/x.sh)"',
        "RUN bash <(curl -fsSL https://example.org/x.sh)",
        "RUN curl -o /tmp/x https://example.org/x && sh -e /tmp/x",
        "RUN base64 -d script | sh",
        "RUN /opt/tools/setup",
        "RUN ./missing.sh",
        "ADD https://example.org/install.sh /install.sh\nRUN sh /install.sh",
        "RUN $INSTALLER --yes",
        "RUN bash missing.sh",
        'ENTRYPOINT ["tini", "--", "/start.sh"]',
        "CMD exec ./missing.sh",
        "ONBUILD RUN ./missing.sh",
    ],
)
def test_what_runs_a_text_that_is_not_in_the_repo_may_call_apt(tmp_path: Path, instruction: str) -> None:
    found = use(tmp_path, instruction)
    assert found.lists is None
    assert found.unseen is not None
    assert "cannot be seen" in found.unseen


@pytest.mark.parametrize(
    "instruction",
    [
        "RUN curl --proto '=https' -sSf https://sh.rustup.rs | sh -s -- -y",
        "RUN curl -sSL https://install.python-poetry.org | python3 -",
        "RUN curl -fsSL https://bun.sh/install | bash",
        "ADD https://astral.sh/uv/0.5.11/install.sh /uv-installer.sh\nRUN sh /uv-installer.sh && rm /uv-installer.sh",
        'RUN if [ "$VERSION" = "unknown" ]; then echo none; fi',
        "RUN ./configure --prefix=/usr && make install",
        "RUN python -m compileall . && python -c 'print()'",
        "RUN /usr/local/bin/pip install six",
        "RUN ${VENV}/bin/pip install six",
        "RUN . /venv/bin/activate && pip install six",
        'RUN sh -c "echo hello"',
        "RUN npx playwright install chromium",
        "RUN ./seen.sh",
        'CMD ["python", "app.py"]',
        'CMD ["/usr/bin/python3", "-m", "app"]',
        'CMD ["bash"]',
        "HEALTHCHECK CMD /opt/check",
        "ENV SCRIPT=./missing.sh",
    ],
)
def test_what_is_read_or_known_does_not(tmp_path: Path, instruction: str) -> None:
    assert use(tmp_path, instruction, {"seen.sh": "#!/bin/sh\nmkdir /data\n", "app.py": "print()\n"}) == AptUse()


@pytest.mark.parametrize(
    ("instruction", "refreshes"),
    [
        ("RUN npx --yes playwright@1.48.0 install --with-deps chromium", True),
        ("RUN python -m playwright install-deps", True),
        ("RUN rosdep update && rosdep install --from-paths src -y", False),
        ("RUN sudo gdebi -n tool.deb", False),
        ('CMD ["ansible-playbook", "site.yml"]', False),
    ],
)
def test_programs_of_the_table_install_debian_packages_themselves(
    tmp_path: Path, instruction: str, refreshes: bool
) -> None:
    found = use(tmp_path, instruction)
    assert found.unseen is not None
    assert "installs Debian packages itself" in found.unseen
    assert found.unseen_refreshes is refreshes


def test_a_package_of_such_a_name_is_no_call_of_it(tmp_path: Path) -> None:
    assert use(tmp_path, "RUN apt-get update && apt-get install -y puppet gdebi").unseen is None


@pytest.mark.parametrize("instruction", ["RUN bash run.sh", "RUN make", "RUN npm ci", 'CMD ["./run.sh"]', "RUN run.sh"])
def test_files_of_the_repo_are_read_and_the_scripts_that_they_call(tmp_path: Path, instruction: str) -> None:
    files = {
        "run.sh": "#!/bin/sh\n./more.sh\n",
        "more.sh": "#!/bin/sh\napt-get install -y jq\n",
        "Makefile": "all:\n\t./more.sh\n",
        "package.json": '{"scripts": {"postinstall": "./more.sh"}}\n',
    }
    assert use(tmp_path, instruction, files) == AptUse("needs")
