"""Which Dockerfiles copy their sources before they install: a second opinion that shares no code with the rule.

Text and regular expressions only. What it finds the rule has to move, or to refuse with a reason; it may overlook some.
"""

from __future__ import annotations

import re
from pathlib import Path

_CONTINUED = re.compile(r"\\[ \t]*\n")
_COMMENT = re.compile(r"^[ \t]*#.*\n?", re.MULTILINE)
_FLAG = re.compile(r"--\S+\s+")
_INSTALL = re.compile(
    r"\bpip[0-9.]*\s+install\s"
    r"|\buv\s+(?:sync|pip\s+install)\b|\bpoetry\s+install\b|\bpipenv\s+(?:install|sync)\b"
    r"|\bnpm\s+(?:ci|install|i)\b|\byarn\s+install\b|\byarn\s*(?:$|&&|;)|\bpnpm\s+(?:install|i)\b"
    r"|\bbundle\s+install\b|\bcomposer\s+install\b|\bgo\s+mod\s+download\b"
    r"|\bapt(?:-get)?\s+(?:-\S+\s+)*install\b|\bapk\s+(?:-\S+\s+)*add\b|\bconda\s+(?:env\s+create|install)\b"
)

_FETCHES = {
    "cargo": r"\bcargo\s+(?:\+\S+\s+)?(?:build|test|run|check|fetch|chef\s+cook|install\s[^&;|]*--path)\b",
    "go": r"\bgo\s+(?:build|test|vet|mod\s+(?:download|tidy|vendor)|install\s+(?:-\S+\s+)*\./|get\s+(?:-\S+\s+)*\./)",
    "dotnet": r"\bdotnet\s+(?:restore|build|publish|test|run|pack)\b",
    "maven": r"\bmvnw?\s[^&;|]*(?:\b(?:compile|test|package|install|verify|deploy)\b|dependency:(?:go-off|resolve))",
    "gradle": r"\bgradlew?\s+(?:-\S+\s+)*(?!clean\b|wrapper\b|init\b|tasks\b)[\w:]",
    "sbt": r"\bsbt\s[^&;|]*\b(?:update|compile|assembly|package|stage|dist|publish\w*)\b",
    "mix": r"\bmix\s[^&;|]*\bdeps\.get\b",
    "swift": r"\bswift\s+(?:build|test|package\s+resolve)\b",
    "stack": r"\bstack\s+(?:build|install|test)\b",
    "cabal": r"\bcabal\s+(?:v2-|new-)?build\b",
    "lein": r"\blein\s[^&;|]*\b(?:deps|uberjar|jar|compile)\b",
    "dart": r"\b(?:flutter|dart)\s+pub\s+get\b|\bflutter\s+build\b",
    "deno": r"\bdeno\s+(?:cache|compile)\b|\bdeno\s+install\s*(?:$|&&|;)",
    "bun": r"\bbun\s+(?:install|i|ci)\s*(?:$|&&|;|--)",
}
"""Builds that fetch what they depend on, unless it was fetched before the sources came."""
_AHEAD = re.compile(
    r"\b(uv|poetry|pdm)\s+(?:sync|install)\b[^;&|]*\s--(?:no-install-project|no-install-workspace|no-root|no-self)\b"
)
"""What the project depends on is installed by itself: above the sources, the same manager has only the project left."""
_OF_TOOLS = ("gradle", "mvn", "cargo", "project")
"""Folders that hold settings of a tool, or the tool itself: gradle/, .mvn/, .cargo/, project/ of sbt."""
_OF_THE_SYSTEM = re.compile(r"/(?:etc|sbin|bin|lib|usr/(?!src|app))(?:/|$)")
"""Destinations where settings of the system and its programs live, not the sources of a project."""
_WHOLE = re.compile(r"(?i)\s*(?:COPY|ADD)\s+(?!\S*--from)(?:--\S+\s+)*\[?\s*\"?\./?\"?[\s,]")
_STAYS_OFFLINE = re.compile(
    r"--offline|--frozen\b|-mod=vendor|GOPROXY=off|--no-restore|--no-build|--cached-only|\bmvnw?\s[^&;|]*\s-o\b"
    r"|--network=none"
)


def installs_after_its_sources(dockerfile: str, context: Path) -> int | None:
    """The 1-based number of the instruction that installs below a copy of the whole context or of a folder of it.

    None where none does. A file with heredocs or another escape character is not judged.
    """
    if "<<" in dockerfile or re.match(r"(?i)\s*#\s*escape\s*=", dockerfile):
        return None
    rows = _CONTINUED.sub(" ", _COMMENT.sub("", dockerfile)).splitlines()
    whole = any(_WHOLE.match(row) for row in rows)
    copied = sources = False
    fetched: frozenset[str] = frozenset()
    ahead: set[str] = set()
    stages: dict[str, tuple[bool, bool, frozenset[str]]] = {}
    name = ""
    for number, row in enumerate(rows, 1):
        keyword, _, rest = row.strip().partition(" ")
        if keyword.upper() == "RUN":
            ahead |= {found[1] for found in _AHEAD.finditer(rest) if not copied}
            rest = re.sub(rf"\b(?:{'|'.join(ahead)})\s+(?:sync|install)\b", "", rest) if ahead else rest
        match keyword.upper():
            case "FROM":
                stages[name] = copied, sources, fetched
                words = [word for word in rest.lower().split() if not word.startswith("--")]
                copied, sources, fetched = stages.get(words[0] if words else "", (False, False, frozenset()))
                name = words[2] if len(words) == 3 else ""
            case "COPY" | "ADD":
                copied = copied or _brings_a_folder(rest.strip(), context)
                # A folder that comes before the rest is a library of the project, which a fetch has to find.
                sources = sources or (bool(_WHOLE.match(row)) if whole else copied)
            case "RUN" if (copied and _INSTALL.search(rest)) or (sources and _fetched(rest) - fetched):
                return number
            case "RUN":
                fetched |= _fetched(rest)
    return None


def _fetched(rest: str) -> frozenset[str]:
    """Which of the tools fetch in a RUN."""
    if _STAYS_OFFLINE.search(rest):
        return frozenset()
    return frozenset(tool for tool, pattern in _FETCHES.items() if re.search(pattern, rest))


def _brings_a_folder(rest: str, context: Path) -> bool:
    if "--from" in rest:
        return False
    words = _FLAG.sub("", rest).strip("[] ").replace('"', " ").replace(",", " ").split()
    if words and _OF_THE_SYSTEM.match(words[-1]):
        return False
    named = [source for source in words[:-1] if source.strip("./") not in _OF_TOOLS]
    return any(source in (".", "./", "*") or _holds_sources(context / source.lstrip("/")) for source in named)


def _holds_sources(folder: Path) -> bool:
    """Whether it is a folder with more in it than lists of packages."""
    return folder.is_dir() and any(
        file.is_file() and file.suffix not in (".txt", ".in", ".lock") for file in folder.rglob("*")
    )
