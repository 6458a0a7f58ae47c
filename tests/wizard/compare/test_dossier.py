from __future__ import annotations

from dataclasses import replace

import pytest

from tests.wizard.compare.examples import CONFIG, PACKAGES
from wizard.compare.dossier import compare_configs, compare_packages
from wizard.compare.values import ImageConfig, Packages, Reason


def the_one(reasons: tuple[Reason, ...]) -> Reason:
    assert len(reasons) == 1, reasons
    return reasons[0]


def test_equal_images_have_no_differences() -> None:
    assert compare_configs(CONFIG, CONFIG) == ()
    assert compare_packages(PACKAGES, PACKAGES) == ()


@pytest.mark.parametrize(
    ("after", "kind", "severity"),
    [
        (replace(CONFIG, user="nobody"), "user", "harmful"),
        (replace(CONFIG, workdir="/"), "workdir", "harmful"),
        (replace(CONFIG, stop_signal="SIGQUIT"), "stop-signal", "harmful"),
        (replace(CONFIG, healthcheck=()), "healthcheck", "harmful"),
        (replace(CONFIG, healthcheck=("CMD", "true")), "healthcheck", "noted"),
        (replace(CONFIG, cmd=("python", "other.py")), "command", "harmful"),
        (replace(CONFIG, entrypoint=("/entry.sh",)), "command", "harmful"),
        (replace(CONFIG, cmd=("/bin/sh", "-c", "python app.py")), "command", "noted"),
        (replace(CONFIG, ports=()), "port", "noted"),
        (replace(CONFIG, volumes=("/data",)), "volume", "noted"),
        (replace(CONFIG, labels={"a": "b"}), "label", "harmless"),
        (replace(CONFIG, env={"PATH": CONFIG.env["PATH"]}), "env", "harmful"),
        (replace(CONFIG, env={**CONFIG.env, "APP_MODE": "debug"}), "env", "harmful"),
        (replace(CONFIG, env={**CONFIG.env, "EXTRA": "1"}), "env", "noted"),
        (replace(CONFIG, env={**CONFIG.env, "PIP_NO_CACHE_DIR": "1"}), "env", "harmless"),
        (replace(CONFIG, env={**CONFIG.env, "PATH": "/venv/bin:/usr/local/bin:/usr/bin"}), "env", "noted"),
        (replace(CONFIG, env={**CONFIG.env, "PATH": "/usr/bin"}), "env", "harmful"),
    ],
)
def test_each_difference_of_configuration_has_its_weight(after: ImageConfig, kind: str, severity: str) -> None:
    reason = the_one(compare_configs(CONFIG, after))
    assert (reason.kind, reason.severity) == (kind, severity)


def test_root_has_three_names() -> None:
    assert compare_configs(CONFIG, replace(CONFIG, user="0:0")) == ()
    assert compare_configs(replace(CONFIG, user="root"), CONFIG) == ()


def test_what_a_proposal_meant_is_no_harm() -> None:
    reason = the_one(compare_configs(CONFIG, replace(CONFIG, user="app"), ["non-root-user"]))
    assert (reason.severity, reason.intended_by) == ("noted", "non-root-user")


def test_values_of_variables_are_never_told() -> None:
    before = replace(CONFIG, env={"TOKEN": "s3cret-one"}, labels={"key": "s3cret-two"})
    after = replace(CONFIG, env={"TOKEN": "s3cret-three"}, labels={"key": "s3cret-four"})
    assert not [reason for reason in compare_configs(before, after) if "s3cret" in reason.text]


def packages(python: dict[str, str], system: dict[str, str] | None = None) -> Packages:
    return Packages(python, "3.11.9", system if system is not None else {})


@pytest.mark.parametrize(
    ("before", "after", "kind", "severity"),
    [
        ({"flask": "3.0"}, {}, "python-package-gone", "harmful"),
        ({"flask": "3.0"}, {"flask": "3.1"}, "python-package-version", "harmful"),
        ({"torch": "2.1.0"}, {"torch": "2.1.0+cpu"}, "python-package-version", "noted"),
        ({"pip": "24"}, {}, "python-package-gone", "noted"),
        ({}, {"gunicorn": "22"}, "python-package-new", "noted"),
    ],
)
def test_each_difference_of_python_packages_has_its_weight(
    before: dict[str, str], after: dict[str, str], kind: str, severity: str
) -> None:
    reason = the_one(compare_packages(packages(before), packages(after)))
    assert (reason.kind, reason.severity) == (kind, severity)


def test_torch_for_the_processor_may_leave_out_what_only_a_gpu_needs() -> None:
    before = packages({"torch": "2.1.0", "nvidia-cudnn-cu12": "8.9", "triton": "2.1", "flask": "3.0"})
    after = packages({"torch": "2.1.0+cpu"})
    reasons = compare_packages(before, after, ["torch-cpu-index"])
    assert {(r.text.split(":")[0], r.severity, r.intended_by) for r in reasons} == {
        ("2 Python packages gone", "harmless", "torch-cpu-index"),
        ("1 Python package in another version", "harmless", "torch-cpu-index"),
        ("1 Python package gone", "harmful", None),
    }


def test_a_long_list_names_some_and_counts_the_rest() -> None:
    before = packages({}, {f"lib{n:02}": "1" for n in range(20)})
    assert the_one(compare_packages(before, packages({}))).text.endswith("lib07 and 12 more")


def test_another_python_is_harmful_and_another_patch_release_is_noted() -> None:
    older, patch = replace(PACKAGES, python_version="3.10.2"), replace(PACKAGES, python_version="3.11.2")
    assert the_one(compare_packages(PACKAGES, older)).severity == "harmful"
    assert the_one(compare_packages(PACKAGES, patch)).severity == "noted"
