"""Stand-ins for the base images that the tests build on, made of this machine's own Debian archive, CPython and Node.

They have the paths, the environment and the apt configuration of the official images; they are not those images.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine import debian, machine
from tests.engine.daemon import Daemon
from tests.engine.machine import EngineError, run, say

PYTHON = "3.11"
NODE = 20
BASE = "debian:bookworm-slim"
# Variables that lead Python, pip and Node to the certificate authorities of the machine.
AUTHORITIES = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
NAMES = (BASE, f"python:{PYTHON}-slim", f"python:{PYTHON}", f"node:{NODE}-slim")

PYTHON_SLIM = """\
FROM debian:bookworm-slim
ENV PATH=/usr/local/bin:$PATH
ENV LANG=C.UTF-8
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates netbase tzdata \\
      libbz2-1.0 libexpat1 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 libuuid1 zlib1g \\
    && rm -rf /var/lib/apt/lists/*
ENV PYTHON_VERSION=@VERSION@
COPY prefix/ /usr/local/
RUN ldconfig && python3 -m ensurepip \\
    && pip3 install --no-cache-dir --disable-pip-version-check pip==24.0 setuptools==79.0.1 wheel==0.45.1 \\
    && find /usr/local -depth -type d -name __pycache__ -exec rm -rf {} +
RUN for name in idle3 pip3 pydoc3 python3 python3-config; do \\
      [ ! -e /usr/local/bin/$name ] || ln -sf $name /usr/local/bin/$(echo $name | tr -d 3); done
CMD ["python3"]
"""
PYTHON_FULL = """\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends build-essential curl git wget \\
    && rm -rf /var/lib/apt/lists/*
"""
NODE_SLIM = """\
FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
ENV NODE_VERSION=@VERSION@
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 && rm -rf /var/lib/apt/lists/*
COPY prefix/ /usr/local/
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
"""
NODE_ENTRYPOINT = """\
#!/bin/sh
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi
exec "$@"
"""


def ensure_images(daemon: Daemon, cache: Path, *, rebuild: bool = False) -> None:
    """Build the stand-ins that this daemon lacks, or all when what they are made from has changed."""
    marker = daemon.folder / "images.json"
    base = _fingerprint(Path(debian.__file__), machine.ca_bundle())
    fingerprint = base + _fingerprint(Path(__file__))
    known = json.loads(marker.read_text()) if marker.exists() else {}
    if not rebuild and known.get("fingerprint") == fingerprint and set(known["images"]) <= set(_present(daemon)):
        return
    _import_base(daemon, cache / "rootfs" / f"{base}.tar")
    for build in (_build_python, _build_node):
        try:
            build(daemon)
        except EngineError as error:
            say(f"stand-in left out: {error}")
    present = [name for name in NAMES if name in _present(daemon)]
    marker.write_text(json.dumps({"fingerprint": fingerprint, "images": present}))


def _present(daemon: Daemon) -> list[str]:
    return daemon.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()


def _fingerprint(*made_from: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in made_from)).hexdigest()[:16]


def _import_base(daemon: Daemon, archive: Path) -> None:
    if not archive.exists():
        debian.debootstrap(archive)
    say(f"importing {BASE}")
    changes = ['CMD ["bash"]', *(f"ENV {name}={debian.BUNDLE}" for name in AUTHORITIES)]
    options = [word for change in changes for word in ("--change", change)]
    daemon.docker("image", "import", *options, archive, BASE)


def _build_python(daemon: Daemon) -> None:
    prefix = machine.python_prefix(PYTHON)
    version = run([prefix / f"bin/python{PYTHON}", "-c", "import platform; print(platform.python_version())"]).strip()
    say(f"building python:{PYTHON}-slim and python:{PYTHON} from CPython {version}")
    with _context(PYTHON_SLIM.replace("@VERSION@", version)) as folder:
        _copy_python(prefix, folder / "prefix")
        daemon.docker("build", "--no-cache", "--tag", f"python:{PYTHON}-slim", folder)
    with _context(PYTHON_FULL) as folder:
        daemon.docker("build", "--no-cache", "--tag", f"python:{PYTHON}", folder)


def _copy_python(prefix: Path, target: Path) -> None:
    """Copy an interpreter without what was installed into it or belongs to its own tests."""
    library = target / f"lib/python{PYTHON}"
    unwanted = shutil.ignore_patterns("__pycache__", "test", "tests", "*.a", "site-packages", "idle_test")
    shutil.copytree(prefix / f"lib/python{PYTHON}", library, symlinks=True, ignore=unwanted)
    (library / "site-packages").mkdir()
    shutil.copytree(prefix / f"include/python{PYTHON}", target / f"include/python{PYTHON}", symlinks=True)
    for shared in (prefix / "lib").glob("libpython3*.so*"):
        shutil.copy2(shared, target / "lib", follow_symlinks=False)
    (target / "bin").mkdir()
    for name in ("python", "idle", "pydoc", "2to3"):
        for program in (prefix / "bin").glob(f"{name}*"):
            if re.fullmatch(rf"{name}({PYTHON}|3|-{PYTHON})?(-config)?", program.name):
                shutil.copy2(program, target / "bin", follow_symlinks=False)
    for path in [*(target / "bin").iterdir(), *library.glob("_sysconfigdata*.py"), *library.glob("config-*/*")]:
        _relocate(path, prefix)


def _relocate(path: Path, prefix: Path) -> None:
    """Put /usr/local for the interpreter's old prefix in a text file."""
    if path.is_symlink() or not path.is_file():
        return
    content = path.read_bytes()
    if b"\0" not in content and str(prefix).encode() in content:
        path.write_bytes(content.replace(str(prefix).encode(), b"/usr/local"))


def _build_node(daemon: Daemon) -> None:
    prefix = machine.node_prefix(NODE)
    version = run([prefix / "bin/node", "--version"]).strip().lstrip("v")
    say(f"building node:{NODE}-slim from Node {version}")
    with _context(NODE_SLIM.replace("@VERSION@", version)) as folder:
        target = folder / "prefix"
        (target / "bin").mkdir(parents=True)
        shutil.copy2(prefix / "bin/node", target / "bin")
        (target / "bin/nodejs").symlink_to("node")
        for name, script in (("npm", "npm-cli.js"), ("npx", "npx-cli.js")):
            (target / "bin" / name).symlink_to(f"../lib/node_modules/npm/bin/{script}")
        shutil.copytree(prefix / "lib/node_modules/npm", target / "lib/node_modules/npm", symlinks=True)
        (folder / "docker-entrypoint.sh").write_text(NODE_ENTRYPOINT)
        (folder / "docker-entrypoint.sh").chmod(0o755)
        daemon.docker("build", "--no-cache", "--tag", f"node:{NODE}-slim", folder)


@contextmanager
def _context(dockerfile: str) -> Iterator[Path]:
    """A build context that holds this Dockerfile."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(dockerfile)
        yield Path(folder)
