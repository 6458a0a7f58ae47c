"""Look at an image: what its files need to be started and loaded, and whether it is there."""

from __future__ import annotations

import posixpath
import re
import shlex
import tarfile
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from wizard.build.api import EngineApi, EngineError
from wizard.compare.behaviour import remove_quietly
from wizard.compare.libraries.contents import Contents, read_contents
from wizard.compare.libraries.loader import Loader
from wizard.compare.libraries.owners import owners, release
from wizard.compare.values import ImageConfig, Libraries, MissingLibrary, MissingProgram, Provider

LARGEST = 20 * 1000**3
"""Unpacked bytes of an image up to which its files are read: some 100 s."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What the engine gives to a container whose image sets no PATH."""
_PYTHON_LINK = re.compile(r"(?P<environment>.+)/bin/python[\d.]*\Z")


def libraries_of(
    api: EngineApi,
    image: str,
    config: ImageConfig,
    labels: Mapping[str, str],
    cancel: threading.Event | None = None,
) -> Libraries | None:
    """Read the image's files out of a container that is never started.

    None after `cancel`, and where the engine or the stream fails: an image may be without what this asks for.
    """
    try:
        container = api.create_container(image, ["-"], labels=labels)
    except EngineError:
        return None
    try:
        with api.export_container(container) as stream:
            contents = read_contents(stream, cancel)
    except (EngineError, tarfile.TarError):
        return None
    finally:
        remove_quietly(api, container)
    return None if contents is None else look(contents, config)


def look(contents: Contents, config: ImageConfig) -> Libraries:
    """What the files need, what is there of it, and which package brought that."""
    places: defaultdict[str, dict[str, None]] = defaultdict(dict)
    missing: list[MissingLibrary] = []
    for needed in Loader(contents, config.env, config.workdir or "/").needs():
        if needed.place is None:
            missing.append(MissingLibrary(needed.name, needed.file, needed.elsewhere))
        else:
            places[needed.name][needed.place] = None
    programs: list[MissingProgram] = []
    for file, name, place in _programs(contents, config):
        if place is None:
            programs.append(MissingProgram(name, file, _called(file, config)))
        elif file not in contents.links:
            places[name][place] = None
    packages = owners(contents, frozenset(place for found in places.values() for place in found))
    return Libraries(
        files=len(contents.elves),
        found={name: _provider(found, packages) for name, found in sorted(places.items())},
        missing=tuple(missing),
        programs=tuple(programs),
        release=release(contents),
    )


def _provider(places: Iterable[str], packages: Mapping[str, str]) -> Provider:
    """The place that a package brought, where there is one: a library may lie in a Python package too."""
    place = next((place for place in places if place in packages), next(iter(places)))
    return Provider(place, packages.get(place))


def _programs(contents: Contents, config: ImageConfig) -> Iterator[tuple[str, str, str | None]]:
    """File, the program that it names, and where that is: loaders, interpreters of scripts, targets of links."""
    for file, elf in sorted(contents.elves.items()):
        if elf.interpreter:
            yield file, elf.interpreter, _place(contents, elf.interpreter)
    for file, line in sorted(contents.scripts.items()):
        name = interpreter(line)
        if name is not None:
            yield file, name, _place(contents, name) if "/" in name else _on_path(contents, config, name)
    folders = {contents.real(folder) for folder in _path(config)}
    for file, target in sorted(contents.links.items()):
        made = _PYTHON_LINK.match(file)
        of_environment = made is not None and f"{made['environment']}/pyvenv.cfg" in contents.files
        if of_environment or contents.real(posixpath.dirname(file)) in folders:
            yield file, posixpath.normpath(posixpath.join(posixpath.dirname(file), target)), _place(contents, file)


def interpreter(line: str) -> str | None:
    """The program that a script asks for in its first line (without `#!`): a path, or a name to search PATH for."""
    words = line.split()
    if not words:
        return None
    if posixpath.basename(words[0]) != "env":
        return words[0]
    rest = (word for word in words[1:] if not word.startswith("-") and "=" not in word)
    return next(rest, words[0])


def _place(contents: Contents, path: str) -> str | None:
    return contents.real(path) if contents.exists(path) else None


def _on_path(contents: Contents, config: ImageConfig, name: str) -> str | None:
    tried = (_place(contents, f"{folder}/{name}") for folder in _path(config))
    return next((place for place in tried if place is not None), None)


def _path(config: ImageConfig) -> list[str]:
    return [folder for folder in config.env.get("PATH", _PATH).split(":") if folder.startswith("/")]


def _called(file: str, config: ImageConfig) -> bool:
    """Whether the file stands in a folder of PATH, or CMD, ENTRYPOINT or the health check name it."""
    words = (*config.entrypoint, *config.cmd, *config.healthcheck)
    started = {posixpath.normpath(posixpath.join("/", config.workdir, part)) for word in words for part in _parts(word)}
    return posixpath.dirname(file) in _path(config) or file in started


def _parts(word: str) -> list[str]:
    try:
        return shlex.split(word)
    except ValueError:
        return [word]
