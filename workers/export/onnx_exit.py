"""Joins two halves of a network to one ONNX graph whose second half is computed only where it is needed."""

import onnx
from onnx import TensorProto, helper

from workers.export.onnx_export import OUTPUT_NAME

FEATURES, EARLY, IS_SURE, ALL_SURE = "features", "early_logits", "is_sure", "all_sure"
"""What the first half gives: features (n, C, H, W), logits (n, classes), whether each image's are sure enough, bool
(n, 1), and whether all are, bool (); the second half takes the features and gives logits."""
PREFIX = "rest."


def joined(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    """`first`, and an If behind it: early logits where all images are sure; otherwise `second`, and each image has
    the logits that it would have alone.

    Constants stay in the graph that uses them, which runtimes optimise as one.
    """
    second = onnx.compose.add_prefix(second, PREFIX, rename_inputs=False)
    late = second.graph.output[0].name
    (logits,) = (value for value in first.graph.output if value.name == EARLY)
    choice = helper.make_node("Where", [IS_SURE, EARLY, late], [f"{PREFIX}{OUTPUT_NAME}.chosen"], name="each_image")
    whole = helper.make_graph(
        [*second.graph.node, choice], "rest", [], [_like(logits, choice.output[0])], list(second.graph.initializer)
    )
    early = helper.make_node("Identity", [EARLY], [f"{EARLY}.taken"], name="early")
    exit_ = helper.make_graph([early], "exit", [], [_like(logits, early.output[0])])
    decision = helper.make_node(
        "If", [ALL_SURE], [OUTPUT_NAME], name="early_exit", then_branch=exit_, else_branch=whole
    )
    model = onnx.ModelProto()
    model.CopyFrom(first)
    model.graph.node.append(decision)
    del model.graph.output[:]
    model.graph.output.append(_like(logits, OUTPUT_NAME))
    return model


def _like(value: onnx.ValueInfoProto, name: str) -> onnx.ValueInfoProto:
    shape = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
