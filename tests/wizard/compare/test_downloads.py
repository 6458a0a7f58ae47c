from __future__ import annotations

from wizard.build.events import Log
from wizard.compare.downloads import TorchDownloads


def fed(*chunks: bytes) -> int | None:
    downloads = TorchDownloads()
    for chunk in chunks:
        downloads.feed(Log("v", 1, chunk))
    return downloads.bytes


def test_pip_names_every_wheel_in_powers_of_ten() -> None:
    log = (
        b"Collecting torch==2.1.2\n  Downloading torch-2.1.2-cp311-cp311-manylinux1_x86_64.whl.metadata (25 kB)\n"
        b"Downloading https://index.example/torch-2.1.2-cp311-cp311-manylinux1_x86_64.whl (670.2 MB)\n"
        b"Downloading nvidia_cudnn_cu12-8.9.2.26-py3-none-manylinux1_x86_64.whl (731.7 MB)\n"
        b"Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)\n"
    )
    assert fed(log) == 1_401_900_000


def test_uv_names_them_in_powers_of_two() -> None:
    assert fed(b"Downloading torch (100.0MiB)\nDownloading scipy (36.0MiB)\n") == 100 * 2**20


def test_lines_cut_anywhere_are_put_together() -> None:
    assert fed(b"Downloading torch-2.1.2-cp311-cp311", b"-linux_x86_64.whl (184.", b"9 MB)\n") == 184_900_000


def test_a_log_that_says_nothing_of_torch_gives_no_figure() -> None:
    assert (
        fed(b"Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)\nUsing cached torch-2.1.2-cp311.whl (184 MB)\n")
        is None
    )
