"""The table of counterparts, and how a requirement reads in terms of one."""

from __future__ import annotations

import re

import pytest

from wizard.inspection.ecosystems.requirements import normalise_name, parse_requirements
from wizard.inspection.gpu.counterparts import Asked, PipInstalls, conflict, counterparts, is_wanted, replaced
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

TABLE = {one.package: one for one in counterparts()}


def requirement(text: str):
    return parse_requirements(text.encode(), "requirements.txt").requirements[0]


def reason(text: str, workspace: Workspace) -> str | None:
    asked = requirement(text)
    one = Asked(asked, Evidence("requirements.txt", 1, text))
    return conflict(workspace, PipInstalls((one,), (), False, None), (one,), TABLE[asked.name])


def test_every_entry_is_normalised_and_has_a_source_and_a_pattern_that_compiles():
    for one in TABLE.values():
        assert one.source
        assert one.saves > 0
        for name in (one.package, one.replacement, *(name.partition("[")[0] for name in one.required_by)):
            assert name == normalise_name(name)
        assert re.compile(one.against)


def test_a_package_for_one_machine_is_asked_for_with_a_marker_and_the_other_for_the_rest():
    lines = replaced(requirement('tensorflow>=2.15,<2.17; python_version < "3.12"'), TABLE["tensorflow"])
    assert lines == (
        'tensorflow-cpu>=2.15,<2.17; python_version < "3.12" and sys_platform == "linux" '
        'and platform_machine == "x86_64"',
        'tensorflow>=2.15,<2.17; python_version < "3.12" and (sys_platform != "linux" or platform_machine != "x86_64")',
    )
    assert [is_wanted(requirement(line), TABLE["tensorflow"]) for line in lines] == [False, False]


def test_the_name_alone_changes_where_the_counterpart_is_there_for_both_machines():
    assert replaced(requirement("xgboost==3.0.5"), TABLE["xgboost"]) == ("xgboost-cpu==3.0.5",)


@pytest.mark.parametrize(
    "text",
    ["xgboost", "xgboost==2.1.1", "xgboost>=1.7", "xgboost~=3.0.0", "xgboost<3", "onnxruntime-gpu==1.23.2",
     "opencv-python==4.8.*", "tensorflow<2.16", "xgboost!=3.0.1"],
)  # fmt: skip
def test_a_release_that_both_have_is_no_obstacle(text: str, tmp_path):
    assert reason(text, Workspace(tmp_path)) is None


@pytest.mark.parametrize(
    "text",
    ["xgboost==2.1.0", "xgboost<2", "xgboost==99.0", "onnxruntime-gpu==1.20.2", "tensorflow==1.14.0",
     "opencv-python==4.8.0.74", "xgboost===3.0.5.local"],
)  # fmt: skip
def test_a_release_that_the_counterpart_is_not_known_to_have_is_one(text: str, tmp_path):
    assert "is not known to have a release like that" in (reason(text, Workspace(tmp_path)) or "")


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("opencv-python", "    cv2.imshow(name, frame)"),
        ("opencv-python", "from cv2 import imread, imshow"),
        ("opencv-python", "ENV DISPLAY=:0"),
        ("onnxruntime-gpu", 'providers=["TensorrtExecutionProvider"]'),
        ("tensorflow", "with tf.device('/device:GPU:0'):"),
        ("faiss-gpu", "index = faiss.GpuIndexFlatL2(res, d)"),
        ("xgboost", 'params = {"tree_method": "gpu_hist"}'),
        ("xgboost", 'params = {"device": "cuda"}'),
    ],
)
def test_lines_that_need_what_is_left_out(package: str, line: str):
    assert re.search(TABLE[package].against, line)


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("opencv-python", "plt.imshow(frame)"),
        ("opencv-python", "cv2.imwrite('display.png', frame)"),
        ("onnxruntime-gpu", 'providers=["CPUExecutionProvider"]'),
        ("tensorflow", 'gpus = tf.config.list_physical_devices("GPU")'),
        ("faiss-gpu", "index = faiss.IndexFlatL2(d)"),
        ("xgboost", 'params = {"tree_method": "hist", "device": "cpu"}'),
    ],
)
def test_lines_that_do_not(package: str, line: str):
    assert re.search(TABLE[package].against, line) is None
