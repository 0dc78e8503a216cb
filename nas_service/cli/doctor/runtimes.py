"""Do the training and the timing runtime work here? Asked in processes of their own: a crash is an answer too."""

import json
import subprocess
import sys
from typing import Any

from nas_service.cli.doctor.finding import Finding, fail, ok, warn

PROBE_TIMEOUT_S = 120.0
INSTALL_WORKER = "python -m pip install 'nas-service[worker]'"

TORCH_PROBE = """
import json, torch
images = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
network = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
network(images).sum().backward()
print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads(), "cuda": torch.cuda.is_available()}))
"""

ONNXRUNTIME_PROBE = """
import json, numpy, onnx, onnxruntime
from onnx import TensorProto, helper
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "probe", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
(output,) = session.run(None, {"x": numpy.array([-1, 2], dtype=numpy.float32)})
assert output.tolist() == [0, 2], output
print(json.dumps({"version": onnxruntime.__version__}))
"""

PINNING_PROBE = """
import json, os
before = os.sched_getaffinity(0)
os.sched_setaffinity(0, {min(before)})
print(json.dumps({"pinned": len(os.sched_getaffinity(0)), "cores": len(before)}))
"""


class ProbeError(Exception):
    """A probe died or gave no answer; the message is its last line."""


def probe(code: str) -> Any:
    """Run the code in a fresh interpreter and parse the JSON of its last line. Raises ProbeError."""
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ProbeError(f"no answer within {PROBE_TIMEOUT_S:.0f} s") from None
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    if done.returncode != 0 or not lines:
        raise ProbeError(lines[-1] if lines else f"died with exit code {done.returncode}")
    return json.loads(lines[-1])


def check_torch() -> Finding:
    """Torch imports, and a convolution runs forward and backward."""
    try:
        facts = probe(TORCH_PROBE)
    except ProbeError as error:
        return fail("torch", str(error), INSTALL_WORKER)
    cuda = ", CUDA" if facts["cuda"] else ""
    return ok("torch", f"{facts['version']} trains with {facts['threads']} threads{cuda}")


def check_onnxruntime() -> Finding:
    """ONNX Runtime runs a model of one operator and computes it right."""
    try:
        facts = probe(ONNXRUNTIME_PROBE)
    except ProbeError as error:
        return fail("onnxruntime", str(error), INSTALL_WORKER)
    return ok("onnxruntime", f"{facts['version']} runs a model")


def check_pinning() -> Finding:
    """A process may be pinned to one core, without which the scheduler moves it while it is timed."""
    try:
        facts = probe(PINNING_PROBE)
    except ProbeError as error:
        detail = f"processes cannot be pinned to a core ({error})"
        return warn("pinning", detail, "latencies will be noisier; time on Linux for the tightest figures")
    return ok("pinning", f"a process can be pinned to 1 of {facts['cores']} cores")
