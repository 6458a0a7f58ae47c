from __future__ import annotations

from dataclasses import replace

from tests.wizard.compare.examples import comparison, run, side
from wizard.compare.values import Change
from wizard.report.markdown import markdown
from wizard.report.rows import rows


def table(**changes: object) -> dict[str, tuple[str, str, str]]:
    return {row.title: (row.before, row.after, row.change) for row in rows(comparison(**changes))}


def test_the_table_shows_what_was_measured() -> None:
    assert table() == {
        "Cold build": ("93 s", "71 s", "-23 %"),
        "Rebuild, nothing changed": ("0.5 s", "0.6 s", "no difference measured"),
        "Rebuild after a source edit": ("71 s", "6.3 s", "-91 %"),
        "  steps from the cache": ("2 of 7", "6 of 7", ""),
        "Image size (unpacked)": ("1.41 GB", "238 MB", "-83 %"),
        "Build context": ("48 MB", "12 MB", "-75 %"),
        "Files in the context": ("120", "120", "same"),
        "Start until ready": ("0.4 s", "0.4 s", ""),
    }


def test_a_difference_within_the_spread_is_none() -> None:
    times = [("before", 90.0), ("before", 110.0), ("after", 85.0), ("after", 100.0)]
    runs = tuple(run(label, "cold", s) for label, s in times)  # type: ignore[arg-type]
    assert table(runs=runs)["Cold build"] == ("100 s", "92 s", "no difference measured")


def test_a_build_that_failed_has_no_time() -> None:
    runs = (run("before", "cold", 93.0), run("after", "cold", 2.0, outcome="failed", error="x"))
    assert table(runs=runs)["Cold build"] == ("93 s", "failed", "")


def test_torch_downloads_have_a_row_where_the_log_names_them() -> None:
    runs = (run("before", "cold", 9.0, torch_bytes=2_650_000_000), run("after", "cold", 5.0, torch_bytes=184_900_000))
    assert table(runs=runs)["Torch download (as logged)"] == ("2.65 GB", "185 MB", "-93 %")


def test_the_compressed_size_has_a_row_where_the_store_knows_it() -> None:
    example = comparison()
    assert example.before.size is not None
    before = side("before", size=replace(example.before.size, content=500_000_000))
    assert table(before=before)["Image size (compressed)"] == ("500 MB", "-", "")


def test_the_columns_of_the_table_stand_below_each_other_in_plain_text() -> None:
    lines = [line for line in markdown(comparison()).split("\n\n")[3].splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1
    assert lines[1].count("-:|") == 3


def test_the_report_answers_what_a_colleague_asks() -> None:
    text = markdown(comparison())
    for part in (
        "# Before and after",
        "**The new image does the same job.**",
        "| deps ",
        "Edited: `app/views.py`",
        "after: 1 of 7 steps, the others come from the cache",
        "- dependency-layer: Copy the manifests before the sources",
        "- `Dockerfile` +14 -7",
        "- `.dockerignore` +11 -0 (new)",
        "Docker engine 28.5.2, image store overlay2, buildx 0.29.1",
        "network link: not stated",
        "## Not measured",
        "`dockwiz undo --yes`",
    ):
        assert part in text


def test_no_undo_is_offered_for_what_dockwiz_did_not_apply() -> None:
    assert "dockwiz undo" not in markdown(comparison(change=Change()))


def test_a_cancelled_comparison_says_so() -> None:
    assert "The comparison was cancelled" in markdown(comparison(runs=(), cancelled=True))


def test_several_rounds_show_their_spread() -> None:
    runs = tuple(run("before", "cold", s, n) for n, s in enumerate((10.0, 12.0, 11.0), 1))
    text = markdown(comparison(runs=runs, scenarios=("cold",)))
    assert (
        "Medians of up to 3 builds each, the sides taking turns. Fastest to slowest: cold 10.0 to 12.0 s before" in text
    )


def test_text_from_outside_cannot_become_markup() -> None:
    text = markdown(comparison(before=side("before", what="git:<script>*x*|`y`\n# head")))
    assert "- before: git:\\<script>\\*x\\*|\\`y\\` # head" in text
