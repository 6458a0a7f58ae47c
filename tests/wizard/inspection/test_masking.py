"""No value of a secret leaves the repo in a line of evidence, nor on the screen."""

from __future__ import annotations

import pytest

from screens.masking import mask
from wizard.inspection.masking import shown

NAMES = (
    "TOKEN", "APP_SECRET", "PGPASSWORD", "SMTP_PASSWD", "PASSPHRASE", "API_KEY", "APIKEY", "AWS_ACCESS_KEY_ID",
    "PRIVATE_KEY", "GOOGLE_CREDENTIALS",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_evidence_and_screen_mask_the_same_names(name: str) -> None:
    line = f"ENV {name}=hunter2"
    assert "hunter2" not in shown(line)
    assert "hunter2" not in mask(line)
    assert shown("ENV WORKERS=2") == mask("ENV WORKERS=2") == "ENV WORKERS=2"


@pytest.mark.parametrize(
    "line",
    [
        "docker login -u me -p hunter2 && docker build .",
        "x --password hunter2",
        "x --api-token 'hunter2'",
        "ENV API_TOKEN hunter2",
    ],
)
def test_evidence_masks_a_secret_that_follows_its_option(line: str) -> None:
    assert "hunter2" not in shown(line)


@pytest.mark.parametrize(
    "line", ["docker run -p 80:80 x", "docker login -p $TOKEN", "x --password-stdin < file", "ENV TOKEN $T", "ENV A b"]
)
def test_evidence_keeps_what_is_no_secret(line: str) -> None:
    assert shown(line) == line
