"""What was measured, for people and for programs."""

from wizard.report.json import comparison_json
from wizard.report.markdown import markdown
from wizard.report.rows import Row, rows

__all__ = ["Row", "comparison_json", "markdown", "rows"]
