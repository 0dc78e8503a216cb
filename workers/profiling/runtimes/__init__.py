"""What executes a model: one contract, one adapter a runtime, found by name.

An adapter imports its library inside its methods only, so that asking about all runtimes costs nothing and the
harness loads the one it times.
"""

from workers.profiling.runtimes.contract import Array, CompilingRuntime, LoadedModel, Runtime
from workers.profiling.runtimes.executorch_runtime import ExecuTorch
from workers.profiling.runtimes.onnx_runtime import OnnxRuntime, OnnxRuntimeCuda
from workers.profiling.runtimes.openvino_runtime import OpenVino
from workers.profiling.runtimes.torch_compiled import TorchCompile
from workers.profiling.runtimes.torch_eager import Torch, TorchCuda

__all__ = ["RUNTIMES", "Array", "CompilingRuntime", "LoadedModel", "Runtime"]

RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        OnnxRuntime(),
        Torch(),
        TorchCompile(),
        OpenVino(),
        ExecuTorch(),
        TorchCuda(),
        OnnxRuntimeCuda(),
    )
}
