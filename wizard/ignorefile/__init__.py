"""Which files of a folder a build gets to see: .dockerignore matching, exactly as BuildKit matches."""

from wizard.ignorefile.ignorefile import NO_IGNORE_FILE, IgnoreFile, Verdict, ignore_path, parse
from wizard.ignorefile.patterns import IgnoreFileError, Pattern
from wizard.ignorefile.walk import Entry, walk
from wizard.ignorefile.writing import with_lines

__all__ = [
    "NO_IGNORE_FILE",
    "Entry",
    "IgnoreFile",
    "IgnoreFileError",
    "Pattern",
    "Verdict",
    "ignore_path",
    "parse",
    "walk",
    "with_lines",
]
