"""Signs of a GPU: which code needs one, which only uses one, and the verdict over all signs."""

from __future__ import annotations

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.callers.find import find_callers
from wizard.inspection.gpu.cuda_calls import cuda_lines
from wizard.inspection.gpu.evidence import gpu_evidence, gpu_verdict
from wizard.inspection.values import Evidence, GpuEvidence

NEEDS = [
    "model.cuda()",
    'x.to("cuda")',
    'x.to(device="cuda:1")',
    'device = torch.device("cuda")',
    'x.to(f"cuda:{rank}")',
    "torch.cuda.set_device(0)",
    "assert torch.cuda.is_available()",
    "if not torch.cuda.is_available():\n    raise SystemExit",
    "if torch.cuda.is_available():\n    pass\nelse:\n    x.cuda()",
    'if device != "cuda":\n    x.cuda()',
    'def f(device="cuda"):\n    pass',
    'onnxruntime.InferenceSession(p, providers=["CUDAExecutionProvider"])',
    'Trainer(accelerator="gpu")',
    "try:\n    x.cuda()\nexcept RuntimeError:\n    raise",
    "spacy.require_gpu()",
    "pipeline('x', device=0)",
]
GUARDED = [
    'device = "cuda" if torch.cuda.is_available() else "cpu"',
    "if torch.cuda.is_available():\n    x.cuda()",
    "if not torch.cuda.is_available():\n    pass\nelse:\n    x.cuda()",
    "use = not no_cuda and torch.cuda.is_available()\nif use:\n    x.cuda()",
    "def f():\n    if not torch.cuda.is_available():\n        return x\n    return x.cuda()",
    'if device.type == "cuda":\n    x.cuda()',
    "try:\n    x.cuda()\nexcept Exception:\n    x.cpu()",
    "class A:\n    def f(self):\n        self.gpu = torch.cuda.is_available()\n"
    "    def g(self):\n        if self.gpu: x.cuda()",
    "def has():\n    return torch.cuda.device_count() > 0\nif has():\n    x.cuda()",
    'providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]',
    'load(device_map="auto")',
]
NOTHING = [
    "torch.cuda.empty_cache()",
    "torch.cuda.manual_seed_all(1)",
    'print("runs on cuda or cpu")',
    'x = device == "cuda"',
    "torch.cuda.is_available()",
]


@pytest.mark.parametrize("code", NEEDS)
def test_needs_a_gpu(code):
    assert "needs" in cuda_lines(code).values()


@pytest.mark.parametrize("code", GUARDED)
def test_asks_first(code):
    assert set(cuda_lines(code).values()) == {"guarded"}


@pytest.mark.parametrize("code", NOTHING)
def test_says_nothing(code):
    assert cuda_lines(code) == {}


def kinds(workspace, dockerfile=b"FROM python:3.11\n"):
    found = gpu_evidence(workspace, parse(dockerfile), find_callers(workspace))
    return [(item.kind, item.evidence.path, item.evidence.line) for item in found]


def test_reads_dockerfile_callers_packages_and_code(repo):
    workspace = repo(
        {
            "app.py": "x = 1\nmodel.cuda()\n",
            "tests/test_a.py": "model.cuda()\n",
            "old.py": "print 'cuda'\n",
            "requirements.txt": "--extra-index-url https://host.example/whl/cu121\nflash-attn\n# vllm\n",
            "compose.yaml": "services:\n  a:\n    deploy: {resources: {reservations: {devices: [\n"
            "      {driver: nvidia, capabilities: [gpu]}]}}}\n",
            "run.sh": "docker run --gpus all x\n",
        }
    )
    assert kinds(workspace, b"FROM nvidia/cuda:12.1.0-runtime\n") == [
        ("base-image", "Dockerfile", 1),
        ("caller", "compose.yaml", 4),
        ("caller", "run.sh", 1),
        ("cuda-index", "requirements.txt", 1),
        ("gpu-package", "requirements.txt", 2),
        ("cuda-call", "app.py", 2),
        ("unclear-call", "old.py", 1),
        ("unclear-call", "tests/test_a.py", 1),
    ]


def test_code_outside_the_context_and_other_peoples_requirements_do_not_count(repo):
    workspace = repo(
        {"train/t.py": "m.cuda()\n", "svc/app.py": "", "svc/requirements-gpu.txt": "cupy\n"}, context="svc"
    )
    found = gpu_evidence(workspace, None, find_callers(workspace), manifests=["svc/requirements.txt"])
    assert found == ()


STARTS_WITH_CUDA = [
    "ENV DEVICE=cuda",
    "ENV DEVICE cuda:0",
    "ARG DEVICE=cuda",
    'CMD ["python", "x.py", "--device", "cuda"]',
    "ENTRYPOINT python x.py --device=cuda",
    "ENV CUDA_VISIBLE_DEVICES=0,1",
]
NOT_STARTED_WITH_CUDA = [
    "ENV PATH=/usr/local/cuda/bin:$PATH",
    "ENV CUDA_VISIBLE_DEVICES=-1",
    'ENV CUDA_VISIBLE_DEVICES=""',
    "RUN echo cuda",
    "ENV DEVICE=cpu",
]


@pytest.mark.parametrize("line", STARTS_WITH_CUDA)
def test_a_device_that_the_dockerfile_chooses_is_firm(repo, line):
    assert kinds(repo({}), f"FROM a\n{line}\n".encode()) == [("cuda-device", "Dockerfile", 2)]


@pytest.mark.parametrize("line", NOT_STARTED_WITH_CUDA)
def test_a_word_that_chooses_no_device_says_nothing(repo, line):
    assert kinds(repo({}), f"FROM a\n{line}\n".encode()) == []


def test_a_device_in_a_setting_a_script_or_a_notebook_is_unclear(repo):
    cell = '{"cell_type": "code", "source": ["%%time\\n", "model = net.cuda()\\n"]}'
    asks = '{"cell_type": "code", "source": ["d = \\"cuda\\" if torch.cuda.is_available() else \\"cpu\\""]}'
    workspace = repo(
        {
            "config.yaml": "# cuda or cpu\nname: a\ndevice: cuda\n",
            ".env": "DEVICE=cuda:1\n",
            "run.sh": "#!/bin/sh\npython x.py --device cuda\n",
            "train.ipynb": f'{{"cells": [\n{cell}\n]}}\n',
            "asks.ipynb": f'{{"cells": [\n{asks}\n]}}\n',
            "cut.ipynb": '{"cells": [ cuda',
            "paths.toml": 'lib = "/usr/local/cuda/lib64"\n',
            ".ci/matrix.yml": "backend: [cpu, cuda]\n",
            "README.md": "runs on cuda\n",
        }
    )
    assert sorted(kinds(workspace, b"FROM a\n")) == [
        ("unclear-call", ".env", 1),
        ("unclear-call", "config.yaml", 3),
        ("unclear-call", "run.sh", 2),
        ("unclear-call", "train.ipynb", 2),
    ]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], "none"),
        (["guarded-call"], "none"),
        (["guarded-call", "cpu-index"], "none"),
        (["unclear-call"], "unclear"),
        (["cuda-call"], "gpu"),
        (["cuda-index"], "gpu"),
        (["cpu-index", "cuda-call"], "unclear"),
        (["cuda-device"], "gpu"),
        (["cpu-index", "caller"], "gpu"),
    ],
)
def test_verdict(found, verdict):
    assert gpu_verdict(GpuEvidence(kind, Evidence("a", 1, "")) for kind in found) == verdict
