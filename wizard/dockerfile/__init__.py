"""Reading and editing Dockerfiles: bytes in, values with spans out, nothing of ours but the error types needed."""

from wizard.dockerfile.document import (
    Comment,
    Directive,
    Document,
    Flag,
    Heredoc,
    Instruction,
    Span,
    Stage,
    Word,
)
from wizard.dockerfile.errors import DockerfileError, EditConflict
from wizard.dockerfile.scanner import parse

__all__ = [
    "Comment",
    "Directive",
    "DockerfileError",
    "Document",
    "EditConflict",
    "Flag",
    "Heredoc",
    "Instruction",
    "Span",
    "Stage",
    "Word",
    "parse",
]
