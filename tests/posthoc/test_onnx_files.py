"""Corrections in ONNX files; they need onnx and onnxruntime."""

import numpy as np
import pytest

from ltzoo import posthoc

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)
KERNEL = RNG.standard_normal((6, 4)).astype("float32")
LABELS = RNG.integers(0, 4, 200)
INPUTS = (RNG.standard_normal((200, 6)) + 1.5 * KERNEL.T[LABELS]).astype("float32")
COUNTS = [100, 60, 30, 10]


def write(path, kind, name="scores"):
    helper = onnx.helper
    last = "raw" if kind == "probabilities" else name
    nodes = [helper.make_node("MatMul", ["x", "kernel"], [last])]
    if kind == "probabilities":
        nodes.append(helper.make_node("Softmax", ["raw"], [name], axis=1))
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 4])],
        [onnx.numpy_helper.from_array(KERNEL, "kernel")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_nodes_compute_the_correction(tmp_path, kind):
    write(tmp_path / "model.onnx", kind)
    result = posthoc.rebalance(tmp_path / "model.onnx", (INPUTS, LABELS), COUNTS)
    assert result.outputs == kind and result.correction.steps != "none"
    sets = posthoc.prediction_sets(result, alpha=0.2, class_counts=COUNTS)
    result.model.write(tmp_path / "new.onnx", posthoc.Decisions(sets))
    before = posthoc.OnnxModel(tmp_path / "model.onnx").predict(INPUTS)
    session = __import__("onnxruntime").InferenceSession(str(tmp_path / "new.onnx"))
    after = session.run(["scores"], {"x": INPUTS})[0]
    expected = result.probabilities(before) if kind == "probabilities" else result.apply(before)
    np.testing.assert_allclose(after, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(result.model.predict(INPUTS), after, rtol=1e-4, atol=1e-5)
    assert posthoc.onnx_decisions(tmp_path / "new.onnx").sets.to_dict() == sets.to_dict()
    with pytest.raises(ValueError, match="without a correction"):
        posthoc.OnnxModel(tmp_path / "new.onnx")


def test_wrong_files(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"not a model")
    with pytest.raises(ValueError, match="must be an ONNX file"):
        posthoc.OnnxModel(tmp_path / "bad.onnx")
    write(tmp_path / "model.onnx", "logits")
    with pytest.raises(ValueError, match="`output` must name the output"):
        posthoc.OnnxModel(tmp_path / "model.onnx", "nope")
    with pytest.raises(ValueError, match="`class_counts` must be the training images"):
        posthoc.rebalance(tmp_path / "model.onnx", (INPUTS, LABELS))
