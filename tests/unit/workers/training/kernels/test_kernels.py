"""The kernels compute what torch's operators compute in double precision, for values and for gradients."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from tests.unit.workers.training.samples import small_network
from workers.training.kernels import kernel_library, use_kernels
from workers.training.kernels.modules import KernelBatchNorm, KernelDepthwise, KernelPointwise

ACTIVATIONS = [None, nn.ReLU, nn.ReLU6, nn.Hardswish]


@pytest.fixture(scope="module")
def library():
    found = kernel_library(None)
    if found is None:
        pytest.skip("no C compiler on this machine")
    return found


def results(network: nn.Module, x: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """Output, gradients and running statistics after one weighted backward pass."""
    x = x.detach().clone().requires_grad_()
    y = network(x)
    torch.autograd.backward((y * weights).sum())
    gradients = {f"gradient of {name}": p.grad for name, p in network.named_parameters()}
    return {"output": y.detach(), "gradient of input": x.grad, **gradients, **dict(network.named_buffers())}


def assert_equals_double(network: nn.Module, library, x: Tensor, relative: float = 1e-5) -> None:
    exact, fast = deepcopy(network).double(), deepcopy(network).to(memory_format=torch.channels_last)
    use_kernels(fast, library)
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(network(x).shape, generator=generator)
    wanted, found = results(exact, x.double(), weights.double()), results(fast, x, weights)
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        error = (found[name].double() - value).abs().max() / value.abs().max().clamp_min(1e-2)
        assert error < relative, name


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(8, 16, 1, 1), (5, 1, 3, 3), (3, 7, 5, 4), (8, 24, 16, 16), (2, 100, 9, 9)])
def test_batch_norm_with_its_activation(shape, activation, library):
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(shape[1])
    nn.init.uniform_(norm.weight, -1, 2)
    nn.init.normal_(norm.bias)
    network = nn.Sequential(norm, *([activation()] if activation else []))
    assert_equals_double(network, library, torch.randn(shape) * 3 + 2)


def test_a_mean_far_from_zero_costs_no_digits_of_the_variance(library):
    torch.manual_seed(0)
    x = torch.randn(32, 8, 8, 8) + 1000
    norm = nn.BatchNorm2d(8)
    use_kernels(norm, library)
    norm(x)
    variance = x.double().var((0, 2, 3)) * 0.1 + 0.9
    torch.testing.assert_close(norm.running_var.double(), variance, rtol=1e-5, atol=0)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(2, 16, 8, 8), (3, 5, 4, 7), (2, 40, 1, 1), (4, 33, 9, 6), (2, 8, 2, 2)])
def test_depthwise_convolution(shape, stride, kernel, library):
    torch.manual_seed(0)
    channels = shape[1]
    layer = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
    assert_equals_double(layer, library, torch.randn(shape))


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 8), (16, 1), (1, 5), (24, 144)])
def test_pointwise_convolution(inputs, outputs, library):
    torch.manual_seed(0)
    assert_equals_double(nn.Conv2d(inputs, outputs, 1, bias=False), library, torch.randn(3, inputs, 5, 6))


def test_a_whole_network_and_the_layers_that_it_uses(library):
    network = small_network(dropout=0)
    assert_equals_double(network, library, torch.randn(8, 3, 8, 8), relative=5e-5)
    use_kernels(network, library)
    kinds = [type(layer) for layer in network]
    assert kinds.count(KernelBatchNorm) == 3
    assert kinds.count(KernelDepthwise) == kinds.count(KernelPointwise) == 1
    assert kinds.count(nn.ReLU6) == kinds.count(nn.Hardswish) == 0


def test_names_state_and_evaluation_stay_the_same(library):
    plain, fast = small_network().eval(), small_network().eval()
    use_kernels(fast, library)
    assert plain.state_dict().keys() == fast.state_dict().keys()
    x = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(fast(x), plain(x))
    assert torch.equal(deepcopy(fast)(x), fast(x))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, 3, 1, 0, groups=8, bias=False),
        nn.Conv2d(8, 8, 3, 1, 1, groups=8),
        nn.Conv2d(8, 16, 3, 1, 1, groups=8, bias=False),
        nn.Conv2d(8, 8, 3, 1, 2, dilation=2, groups=8, bias=False),
        nn.Conv2d(8, 8, (3, 5), 1, (1, 2), groups=8, bias=False),
        nn.Conv2d(8, 8, 1, 2, bias=False),
        nn.Conv2d(8, 8, 1, groups=2, bias=False),
        nn.BatchNorm2d(8, affine=False),
        nn.BatchNorm2d(8, momentum=None),
    ],
    ids=str,
)
def test_layers_of_another_kind_are_left_to_torch(layer, library):
    kind = type(layer)
    use_kernels(layer, library)
    assert type(layer) is kind


def test_layers_that_run_twice_in_one_pass(library):
    torch.manual_seed(0)
    depthwise, pointwise = nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.Conv2d(8, 8, 1, bias=False)
    block = nn.Sequential(depthwise, pointwise, nn.BatchNorm2d(8), nn.ReLU())
    assert_equals_double(nn.Sequential(block, block), library, torch.randn(4, 8, 6, 6))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_no_number_stays_none(activation, library):
    network = nn.Sequential(nn.BatchNorm2d(4), *([activation()] if activation else []))
    use_kernels(network, library)
    assert network(torch.full((2, 4, 3, 3), torch.nan)).isnan().all()


def test_the_library_is_compiled_once_for_a_folder(tmp_path, library):
    kernel_library(tmp_path)
    (compiled,) = tmp_path.iterdir()
    written = compiled.stat().st_mtime_ns
    kernel_library.cache_clear()
    assert kernel_library(tmp_path) is not None
    assert [p.stat().st_mtime_ns for p in tmp_path.iterdir()] == [written]


def test_without_a_working_compiler_there_is_no_library(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CC", "false")
    assert kernel_library(tmp_path / "fresh") is None
    assert "do not compile" in caplog.text
