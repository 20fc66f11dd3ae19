"""Contestants of `serving.py`: functions from an array of images to an array of logits."""

PLAIN = "PyTorch alone, channels-last"
# The framework without Keras's loop.
OWN_CALL = {"tensorflow": "tf.function", "jax": "jax.jit", "torch": "model(x)"}


def ways(backend):
    """Return the ways to call a model of a backend."""
    return ("predict", "predict_on_batch", OWN_CALL[backend])


def is_framework(name):
    """Return whether a contestant is a framework, not an exported file."""
    return name == PLAIN or name.split(", ")[-1] in {way for backend in OWN_CALL for way in ways(backend)}


def path_of(name, folder):
    """Return the exported file of a contestant."""
    if name.startswith("ONNX"):
        return folder / f"{name.split()[-1]}.onnx"
    return folder / {"SavedModel": "saved_model", "OpenVINO": "model.xml", "LiteRT": "model.tflite"}[name]


def runner(name, folder, options):
    """Return the function of a contestant, from an array of images to an array of logits."""
    if name == PLAIN:
        return plain_pytorch(options)
    if is_framework(name):
        return framework(name.split(", ")[1], folder, options)
    path = str(path_of(name, folder))
    if name == "SavedModel":
        import tensorflow as tf

        served = tf.saved_model.load(path)
        return lambda images: served.serve(tf.constant(images)).numpy()
    if name.startswith("ONNX"):
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        # Threads that spin while they wait for work would slow down the other contestants.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        return lambda images: session.run(["logits"], {"images": images})[0]
    if name == "OpenVINO":
        import openvino

        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": options.threads}
        model = openvino.Core().compile_model(path, "CPU", settings)
        return lambda images: model({"images": images})["logits"]
    return litert(path, options)


def framework(way, folder, options):
    """Return the network on the current backend."""
    import keras

    import ltzoo  # noqa: F401

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        torch.set_num_threads(options.threads)
    model = keras.saving.load_model(folder / "model.keras")
    if way == "predict":
        return lambda images: model.predict(images, batch_size=len(images), verbose=0)
    if way == "predict_on_batch":
        return model.predict_on_batch
    if backend == "torch":
        model.eval()
        with torch.inference_mode():
            return torch.inference_mode()(
                lambda images: model(torch.from_numpy(images), training=False).numpy()
            )
    if backend == "tensorflow":
        import tensorflow as tf

        call = tf.function(lambda images: model(images, training=False))
        return lambda images: call(tf.constant(images)).numpy()
    import jax

    state = (
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
    )
    call = jax.jit(lambda images: model.stateless_call(*state, images, training=False)[0])
    return lambda images: jax.block_until_ready(call(images))


def plain_pytorch(options):
    """Return ResNet-32 in plain PyTorch, with its own random weights."""
    import torch

    from benchmarks.speed.plain_networks import resnet32

    torch.set_num_threads(options.threads)
    model = resnet32(10).eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(images):
        return model(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()

    return run


def litert(path, options):
    """Return a function that runs LiteRT's interpreter, with one interpreter per batch size."""
    from ai_edge_litert.interpreter import Interpreter

    interpreters = {}

    def run(images):
        if len(images) not in interpreters:
            interpreter = Interpreter(model_path=path, num_threads=options.threads)
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], images.shape)
            interpreter.allocate_tensors()
            interpreters[len(images)] = interpreter
        interpreter = interpreters[len(images)]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return run
