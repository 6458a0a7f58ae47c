"""What can be wrong with a Dockerfile, or with edits of one."""

from __future__ import annotations

from wizard.errors import DockwizError


class DockerfileError(DockwizError):
    """BuildKit would refuse the file; `message` has its words, `line` and `column` are 1-based."""


class EditConflict(DockwizError):
    """Edits that cannot be made: two change the same bytes, or one would change more than it names."""
