"""A program of the TensorFlow C API: c_api_client.py LIBRARY FOLDER INPUT OUTPUTS TEXTS prints the outputs as JSON.

Imports nothing of TensorFlow's Python; INPUT and OUTPUTS are names of tensors, OUTPUTS and TEXTS JSON.
"""

import ctypes
import json
import sys

STRING, FLOAT, INT32 = 7, 1, 3
STRING_SIZE = 24  # of TF_TString


class Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def bind(file):
    """The functions of the library that are used here, with their types."""
    library = ctypes.CDLL(file, mode=ctypes.RTLD_GLOBAL)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    types = {
        "TF_NewStatus": (pointer, []),
        "TF_GetCode": (number, [pointer]),
        "TF_Message": (text, [pointer]),
        "TF_NewGraph": (pointer, []),
        "TF_NewSessionOptions": (pointer, []),
        "TF_LoadSessionFromSavedModel": (
            pointer,
            [pointer, pointer, text, ctypes.POINTER(text), number, pointer, pointer, pointer],
        ),
        "TF_GraphOperationByName": (pointer, [pointer, text]),
        "TF_AllocateTensor": (pointer, [number, ctypes.POINTER(ctypes.c_int64), number, ctypes.c_size_t]),
        "TF_TensorData": (pointer, [pointer]),
        "TF_TensorType": (number, [pointer]),
        "TF_NumDims": (number, [pointer]),
        "TF_Dim": (ctypes.c_int64, [pointer, number]),
        "TF_StringInit": (None, [pointer]),
        "TF_StringCopy": (None, [pointer, text, ctypes.c_size_t]),
        "TF_StringGetDataPointer": (pointer, [pointer]),
        "TF_StringGetSize": (ctypes.c_size_t, [pointer]),
        "TF_SessionRun": (
            None,
            [pointer, pointer, pointer, pointer, number, pointer, pointer, number, pointer, number, pointer, pointer],
        ),
    }
    for name, (result, arguments) in types.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def check(library, status):
    if library.TF_GetCode(status):
        raise RuntimeError(f"{library.TF_GetCode(status)}: {library.TF_Message(status).decode()}")


def string_tensor(library, texts):
    tensor = library.TF_AllocateTensor(STRING, (ctypes.c_int64 * 1)(len(texts)), 1, STRING_SIZE * len(texts))
    data = library.TF_TensorData(tensor)
    for index, one in enumerate(texts):
        library.TF_StringInit(data + STRING_SIZE * index)
        library.TF_StringCopy(data + STRING_SIZE * index, one, len(one))
    return tensor


def values_of(library, tensor):
    """The shape and the values of a tensor."""
    shape = [library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor))]
    count, data, kind = 1, library.TF_TensorData(tensor), library.TF_TensorType(tensor)
    for size in shape:
        count *= size
    if kind == STRING:
        places = [data + STRING_SIZE * index for index in range(count)]
        parts = [(library.TF_StringGetDataPointer(place), library.TF_StringGetSize(place)) for place in places]
        return shape, [ctypes.string_at(start, size).decode() for start, size in parts]
    number = {FLOAT: ctypes.c_float, INT32: ctypes.c_int32}[kind]
    return shape, list((number * count).from_address(data)) if count else []


def place(library, graph, tensor):
    operation, _, index = tensor.partition(":")
    found = library.TF_GraphOperationByName(graph, operation.encode())
    assert found, tensor
    return Output(found, int(index))


def main(file, folder, given, wanted, texts):
    library = bind(file)
    status, graph, tags = library.TF_NewStatus(), library.TF_NewGraph(), (ctypes.c_char_p * 1)(b"serve")
    options = library.TF_NewSessionOptions()
    session = library.TF_LoadSessionFromSavedModel(options, None, folder.encode(), tags, 1, graph, None, status)
    check(library, status)
    inputs = (Output * 1)(place(library, graph, given))
    tensors = (ctypes.c_void_p * 1)(string_tensor(library, [text.encode() for text in texts]))
    outputs = (Output * len(wanted))(*(place(library, graph, name) for name in wanted.values()))
    results = (ctypes.c_void_p * len(wanted))()
    library.TF_SessionRun(session, None, inputs, tensors, 1, outputs, results, len(wanted), None, 0, None, status)
    check(library, status)
    return {name: values_of(library, tensor) for name, tensor in zip(wanted, results, strict=True)}


if __name__ == "__main__":
    program, folder, given, wanted, texts = sys.argv[1:]
    answers = main(program, folder, given, json.loads(wanted), json.loads(texts))
    assert "tensorflow" not in sys.modules and "numpy" not in sys.modules
    print(json.dumps(answers))
