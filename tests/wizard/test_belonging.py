"""In a repository of several projects, a PATH means what was done for it and nothing of its neighbours."""

from __future__ import annotations

import pytest

from wizard.belonging import Kept, SeveralProjects, newest_of

API = Kept("services/api", ("services/api/Dockerfile",), "api")
OLD_API = Kept("services/api", ("services/api/Dockerfile",), "old api")
WEB = Kept("services/web", ("services/web/Dockerfile",), "web")
TOP = Kept(".", ("Dockerfile",), "top")
TOP_FOR_WEB = Kept(".", ("services/web/Dockerfile",), "top for web")


@pytest.mark.parametrize(
    ("kept", "path", "found"),
    [
        ((WEB, API, OLD_API), "services/api", "api"),
        ((WEB, TOP), ".", "top"),
        ((API, OLD_API), "services", "api"),
        ((API, OLD_API), ".", "api"),
        ((TOP_FOR_WEB, API), "services/web", "top for web"),
        ((TOP, API), "services/web", None),
        ((API,), "services/a", None),
        ((), ".", None),
    ],
    ids=[
        "its own, whatever is newer", "its own before those below", "below, one project", "below the top",
        "about its files", "only neighbours'", "a name that begins alike", "nothing",
    ],
)  # fmt: skip
def test_the_newest_that_belongs_to_a_path(kept: tuple[Kept[str], ...], path: str, found: str | None) -> None:
    chosen = newest_of(kept, path)
    assert (chosen.value if chosen is not None else None) == found


def test_several_projects_below_a_path_are_named_and_none_is_chosen() -> None:
    with pytest.raises(SeveralProjects, match=r"services: holds several projects .* services/api and services/web"):
        newest_of((WEB, API), "services")
