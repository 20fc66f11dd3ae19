"""What the library relies on in Keras beyond its public names; each test fails where a new Keras changes a meaning."""

import ast
import importlib
import threading
from pathlib import Path

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import keras_internals
from ltzoo.keras_internals import (
    averages_of,
    build_for_training,
    deferred_variables,
    hidden_state,
    is_deferred,
    layers_of,
    nodes_in_order,
    own_trainable_variables,
    parts_of,
    position_in,
    producer,
    replace_deferred_variables,
    set_deferred_initializer,
    trained_variable,
    unlocked,
    untracked,
)


class Block(keras.layers.Layer):
    """A layer with a part and a variable of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3, name="inner")

    def build(self, input_shape):
        self.token = self.add_weight(name="token", shape=(3,))
        self.constant = self.add_weight(name="constant", shape=(3,), trainable=False)
        self.dense.build(input_shape)

    def call(self, inputs):
        return self.dense(inputs) + self.token + self.constant

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 3)


def branched():
    """Two branches of one input, added; the shorter one is called last."""
    images = keras.Input((3,), name="images")
    x = keras.layers.Dense(3, name="first")(images)
    long = keras.layers.Dense(3, name="third")(keras.layers.ReLU(name="second")(x))
    return keras.Model(images, keras.layers.Add(name="sum")([long, Block(name="block")(x)]))


def names(layers):
    return [layer.name for layer in layers]


def test_layers_come_with_their_parts_and_parents_first():
    model = branched()
    outer = keras.Sequential([keras.Input((3,)), model], name="outer")
    assert layers_of(outer)[0] is outer and model in layers_of(outer)
    assert sorted(names(layers_of(model))[1:]) == sorted([*names(model.layers), "inner"])
    assert parts_of(outer) == layers_of(outer)[1:]
    found = names(layers_of(outer))
    assert found.index("block") < found.index("inner")
    assert names(parts_of(model.get_layer("block"))) == ["inner"]
    assert parts_of(model.get_layer("first")) == []


def test_direct_parts_exclude_what_lies_deeper():
    model = branched()
    assert names(parts_of(model, recursive=False)) == names(model.layers)


def test_a_shared_layer_comes_once():
    shared = keras.layers.Dense(3, name="shared")
    images = keras.Input((3,))
    model = keras.Model(images, shared(shared(images)))
    assert names(layers_of(model)).count("shared") == 1


def test_own_trainable_variables_exclude_parts_and_survive_freezing():
    block = Block()
    block.build((None, 3))
    assert own_trainable_variables(block) == [block.token]
    block.trainable = False
    assert block.trainable_variables == []
    assert own_trainable_variables(block) == [block.token]
    block.token.trainable = False
    assert own_trainable_variables(block) == [block.token]


def test_nodes_come_after_those_they_depend_on():
    model = branched()
    nodes = nodes_in_order(model)
    assert sorted(node.operation.name for node in nodes) == sorted(names(model.layers))
    assert [node.operation.name for node in nodes if node.is_input] == ["images"]
    made = set()
    for node in nodes:
        assert all(id(tensor) in made for tensor in node.input_tensors)
        made.update(id(tensor) for tensor in node.outputs)
    assert nodes[-1].outputs[0] is model.outputs[0]


def test_nodes_can_be_called_again_on_other_tensors():
    model = branched()
    images = keras.Input((3,))
    values = {id(model.inputs[0]): images}
    for node in nodes_in_order(model):
        if not node.is_input:
            arguments, keywords = node.arguments.fill_in(values)
            values[id(node.outputs[0])] = node.operation(*arguments, **keywords)
    again = keras.Model(images, values[id(model.outputs[0])])
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_array_equal(again.predict_on_batch(x), model.predict_on_batch(x))


def test_nodes_of_a_sequential_model():
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, name="a"), keras.layers.ReLU(name="b")]
    )
    assert [node.operation.name for node in nodes_in_order(model)][1:] == ["a", "b"]
    assert nodes_in_order(model)[-1].outputs[0] is model.outputs[0]


def test_a_model_without_a_graph_has_no_nodes():
    class Subclassed(keras.Model):
        pass

    for model in (keras.Sequential([keras.layers.Dense(1)], name="odd"), Subclassed(name="odd")):
        with pytest.raises(ValueError, match="Received: model='odd' of type"):
            nodes_in_order(model)


def test_the_producer_of_a_tensor_is_the_call_that_made_it():
    shared = keras.layers.Dense(3, name="shared")
    images = keras.Input((3,), name="images")
    first = shared(images)
    second = shared(first)
    assert producer(first).operation is producer(second).operation is shared
    assert producer(first) is not producer(second)
    assert producer(second).input_tensors[0] is first and producer(second).outputs[0] is second
    assert producer(images).operation.name == "images"
    model = keras.Model(images, second)
    assert producer(model.outputs[0]) in nodes_in_order(model)


def test_inputs_of_a_functional_model_keep_their_structure():
    images = keras.Input((3,), name="images")
    outputs = keras.layers.Dense(1)(images)
    assert not isinstance(keras.Model(images, outputs).input, dict)
    assert list(keras.Model({"images": images}, outputs).input) == ["images"]


class Recording(keras.optimizers.SGD):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.paths = set()

    def update_step(self, gradient, variable, learning_rate):
        found = trained_variable(self, position_in(self, variable))
        assert tuple(found.shape) == tuple(variable.shape)
        self.paths.add(found.path)
        super().update_step(gradient, variable, learning_rate)


def test_an_optimizer_numbers_its_variables_in_the_order_it_was_built_with():
    variables = [keras.Variable(np.zeros(size, "float32"), name=f"v{size}") for size in (2, 3, 4)]
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(variables)
    assert [position_in(optimizer, variable) for variable in variables] == [0, 1, 2]
    assert all(trained_variable(optimizer, number) is variable for number, variable in enumerate(variables))
    assert [tuple(velocity.shape) for velocity in optimizer.momentums] == [(2,), (3,), (4,)]


def test_an_update_step_finds_the_path_of_what_it_is_given():
    model = branched()
    optimizer = Recording(learning_rate=0.1)
    model.compile(optimizer, loss="mse", jit_compile=False)
    model.fit(np.ones((2, 3), "float32"), np.ones((2, 3), "float32"), verbose=0)
    assert optimizer.paths == {variable.path for variable in model.trainable_variables}


def test_building_for_training_builds_everything_and_changes_no_value():
    model = branched()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="mse", metrics=["mae"])
    before = model.get_weights()
    build_for_training(model, (np.ones((2, 3), "float32"), np.ones((2, 3), "float32")))
    assert model.optimizer.built and len(model.optimizer.momentums) == len(model.trainable_variables)
    assert "mae" in model.get_metrics_result()
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_untracked_attributes_own_nothing():
    owner, other = Block(), keras.layers.Dense(2)
    owner.build((None, 3))
    other.build((None, 3))
    count = len(owner.weights)
    untracked(owner, "borrowed", other)
    untracked(owner, "numbers", [other])
    assert owner.borrowed is other and type(owner.numbers) is list
    assert len(owner.weights) == count and other not in layers_of(owner)
    owner = Block()
    owner.borrowed = other  # What Keras does otherwise.
    assert other in layers_of(owner)


def test_variables_made_in_a_scope_get_their_values_when_it_ends():
    before = keras.Variable(np.zeros(2, "float32"))
    assert deferred_variables() == [] and not is_deferred(before)
    with keras.StatelessScope():
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
        assert deferred_variables() == [layer.kernel, layer.bias]
        assert is_deferred(layer.kernel) and not is_deferred(before)
        set_deferred_initializer(layer.bias, lambda shape, dtype: np.full(shape, 7, dtype))
        with keras.StatelessScope():
            pass
        assert is_deferred(layer.bias)
    assert deferred_variables() == [] and not is_deferred(layer.kernel)
    np.testing.assert_array_equal(layer.get_weights()[1], [7, 7])
    assert len(np.unique(layer.get_weights()[0])) > 1


def test_variables_taken_out_of_the_list_get_no_values():
    with keras.StatelessScope():
        assert replace_deferred_variables([]) == []
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
        assert replace_deferred_variables([layer.bias]) == [layer.kernel, layer.bias]
    assert is_deferred(layer.kernel) and not is_deferred(layer.bias)


def test_a_scope_is_asked_for_values_and_told_of_updates():
    class Scope(keras.StatelessScope):
        def get_current_value(self, variable):
            found = super().get_current_value(variable)
            return np.ones(variable.shape, "float32") if found is None else found

    with Scope() as scope:
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
        np.testing.assert_array_equal(np.asarray(layer.kernel.value), np.ones((3, 2)))
        layer.bias.assign([1.0, 2.0])
        assert list(scope.state_mapping) == [id(layer.bias)]
        np.testing.assert_array_equal(np.asarray(layer.bias.value), [1, 2])


def test_scopes_and_deferred_variables_belong_to_a_thread():
    found = []

    def look():
        variable = keras.Variable(initializer="ones", shape=(2,))
        found.append((is_deferred(variable), deferred_variables()))

    with keras.StatelessScope():
        keras.Variable(initializer="ones", shape=(2,))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [(False, [])]


def _private_names_of_keras():
    """Names with one underscore of the Keras objects that the library works with or derives from."""

    class Dataset(keras.utils.PyDataset):
        def __len__(self):
            return 0

        def __getitem__(self, index):
            raise IndexError

    model = branched()
    model.compile("sgd", "mse")
    build_for_training(model, (np.ones((2, 3), "float32"), np.ones((2, 3), "float32")))
    objects = [
        model,
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]),
        keras.layers.BatchNormalization(),
        keras.losses.MeanSquaredError(),
        keras.metrics.Mean(),
        keras.callbacks.LambdaCallback(),
        keras.random.SeedGenerator(0),
        model.optimizer,
        model.outputs[0],
        model.weights[0],
        producer(model.outputs[0]),
        keras.StatelessScope(),
        Dataset(),
    ]
    found = {name for one in objects for name in dir(one)}
    return {name for name in found if name.startswith("_") and not name.startswith("__")}


# Frozen dataclasses set their own fields in this way.
_DATACLASSES = {"recipe.py", "class_counts.py"}


def _own_names(module, node):
    """The private names that a class may use of `self`: its own, unless it derives from a class of Keras."""
    cls = getattr(module, node.name, None)
    if cls is None or any(base.__module__.startswith("keras") for base in cls.__mro__):
        return set()
    methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    return methods | {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and _is_self(part.value)
    }


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"


def _uses(module, tree, private):
    """The places where a file uses one of the names, of any object, or names a method of a Keras class so."""
    allowed = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            own = _own_names(module, node)
            attributes = [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]
            allowed |= {id(part) for part in attributes if _is_self(part.value) and part.attr in own}
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            yield from (f"{part.lineno}: {part.name}" for part in methods if part.name in private - own)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in private and id(node) not in allowed:
            yield f"{node.lineno}: {node.attr}"


def test_no_other_file_uses_a_private_name_of_keras():
    """Neither of a Keras object nor, by accident, for an attribute or a method of a class of this library."""
    private = _private_names_of_keras()
    assert {"_flatten_layers", "_trainable", "_nodes_by_depth", "_keras_history", "_inbound_nodes"} <= private
    folder = Path(ltzoo.__file__).parent
    offences = []
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder)
        if path == Path(keras_internals.__file__) or path.name == "__main__.py":
            continue
        text = path.read_text(encoding="utf-8")
        if "keras.src" in text or ("object.__setattr__" in text and path.name not in _DATACLASSES):
            offences.append(f"{place}: keras.src or object.__setattr__")
        parts = [part for part in place.with_suffix("").parts if part != "__init__"]
        module = importlib.import_module(".".join(["ltzoo", *parts]))
        offences += [f"{place}:{use}" for use in _uses(module, ast.parse(text), private)]
    assert not offences, "\n".join(offences)


def test_keras_internals_lie_on_the_lowest_floor():
    tree = ast.parse(Path(keras_internals.__file__).read_text(encoding="utf-8"))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not any(module.startswith("ltzoo") for module in modules)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.callbacks.ModelCheckpoint("{epoch}.keras", save_freq=2),
        lambda: keras.callbacks.SwapEMAWeights(),
        lambda: keras.callbacks.TensorBoard(),
    ],
)
def test_stock_callbacks_count_in_hidden_attributes(make):
    callback = make()
    assert hidden_state(callback)
    assert all(vars(callback)[name] in (0, False) for name in hidden_state(callback))
    assert hidden_state(keras.callbacks.TerminateOnNaN()) == ()


def _step(optimizer, variables):
    gradients = [keras.ops.ones(variable.shape) for variable in variables]
    if keras.backend.backend() != "jax":
        optimizer.apply(gradients)
        return
    # On JAX, a `LossScaleOptimizer` computes by pure functions only.
    state = [variable.value for variable in optimizer.variables]
    updated = optimizer.stateless_apply(state, gradients, [variable.value for variable in variables])
    for variable, value in zip([*variables, *optimizer.variables], [*updated[0], *updated[1]], strict=True):
        variable.assign(value)


@pytest.mark.parametrize("scaled", [False, True])
def test_averages_are_those_that_a_stage_ends_with(scaled):
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    inner = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.75)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=1.0) if scaled else inner
    optimizer.build(layer.trainable_variables)
    for _ in range(3):
        _step(optimizer, layer.trainable_variables)
    pairs = averages_of(optimizer)
    assert [variable.path for variable, _ in pairs] == [v.path for v in layer.trainable_variables]
    averages = [keras.ops.convert_to_numpy(average) for _, average in pairs]
    optimizer.finalize_variable_values(layer.trainable_variables)
    for variable, average in zip(layer.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable.value), average)
    plain = keras.optimizers.SGD(0.5)
    plain.build(layer.trainable_variables)
    assert averages_of(plain) == []


def test_the_property_trainable_reaches_the_base_class():
    class Frozen(keras.layers.Dense):
        @property
        def trainable(self):
            return super().trainable

        @trainable.setter
        def trainable(self, value):
            keras.layers.Layer.trainable.fset(self, value)

    layer = Frozen(2)
    layer.build((None, 3))
    layer.trainable = False
    assert layer.trainable is False and layer.trainable_variables == []


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="other backends leave values in their variables")
def test_keras_takes_the_values_out_of_the_variables_in_one_method():
    class Model(keras_internals.KeepsValues, keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    model = Model()
    model(np.zeros((1, 3)))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model._get_jax_state(trainable_variables=True, non_trainable_variables=True, purge_model_variables=True)
    assert model.dense.kernel._value is None
    model.jax_state_sync()
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_unlocked_lets_a_built_layer_take_weights():
    layer = Block()
    layer.build((None, 3))
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        layer.add_weight(name="late", shape=())
    with unlocked(layer):
        layer.add_weight(name="more", shape=())
    assert [variable.name for variable in layer.variables][-1] != "late" and len(layer.variables) == 5
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        layer.add_weight(name="late", shape=())
