import gzip

import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, prediction_log_pb2, regression_pb2

from kerasbert import DataError
from kerasbert.export.serving_log import fields, read_logged_texts, read_requests

TEXTS = ["good card", "naïve \N{PILE OF POO}", ""]


def predict_log(texts, *, time=None, argument="text", signature="serving_default"):
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name, request.model_spec.signature_name = "intents", signature
    request.model_spec.version.value = 300
    request.inputs[argument].CopyFrom(tf.make_tensor_proto([text.encode() for text in texts], shape=[len(texts)]))
    log.predict_log.response.outputs["labels"].CopyFrom(tf.make_tensor_proto([b"x"] * len(texts)))
    log.log_metadata.sampling_config.sampling_rate = 0.5
    if time is not None:
        log.log_metadata.timestamp_secs = time
    return log


def example_of(text):
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
    other = tf.train.Feature(int64_list=tf.train.Int64List(value=[7]))
    return tf.train.Example(features=tf.train.Features(feature={"text": value, "number": other}))


def classify_log(texts, *, with_context=False):
    log = prediction_log_pb2.PredictionLog()
    request = classification_pb2.ClassificationRequest()
    listed = request.input.example_list_with_context if with_context else request.input.example_list
    listed.examples.extend(map(example_of, texts))
    request.model_spec.signature_name = "classify"
    log.classify_log.request.CopyFrom(request)
    return log


def written(file, logs, kind=""):
    with tf.io.TFRecordWriter(str(file), tf.io.TFRecordOptions(kind)) as writer:
        for log in logs:
            writer.write(log if isinstance(log, bytes) else log.SerializeToString())
    return file


def test_requests_are_read_as_the_messages_of_tf_serving_have_them(tmp_path):
    logs = [predict_log(TEXTS, time=1_700_000_000), classify_log(TEXTS), predict_log(["a"] * 40, signature="tokens")]
    requests = list(read_requests(written(tmp_path / "log", logs)))
    assert [one.signature for one in requests] == ["serving_default", "classify", "tokens"]
    assert [one.texts for one in requests] == [TEXTS, TEXTS, ["a"] * 40]
    assert [one.time for one in requests] == [1_700_000_000, None, None]
    examples = [one.SerializeToString(deterministic=True) for one in map(example_of, TEXTS)]
    assert [tf.train.Example.FromString(one) for one in requests[1].values] == [
        tf.train.Example.FromString(one) for one in examples
    ]


def test_texts_come_with_their_times(tmp_path):
    logs = [predict_log(["a", "b"], time=5), classify_log(["c"], with_context=True), predict_log(["1"], argument="ids")]
    assert read_logged_texts(written(tmp_path / "log", logs)) == (["a", "b", "c"], [5, 5, None])


def test_packed_logs_are_read(tmp_path):
    file = written(tmp_path / "log.gz", [predict_log(["a"])], "GZIP")
    assert gzip.open(file).read() and read_logged_texts(file)[0] == ["a"]


def test_other_requests_are_left_out(tmp_path):
    log = prediction_log_pb2.PredictionLog()
    log.regress_log.request.CopyFrom(regression_pb2.RegressionRequest())
    file = written(tmp_path / "log", [log])
    assert list(read_requests(file)) == []
    with pytest.raises(DataError, match="holds no request with texts; requests to the signatures of .* under 'text'"):
        read_logged_texts(file)


def test_fields_of_every_kind_are_read_as_protobuf_writes_them():
    message = tf.train.Example(
        features=tf.train.Features(
            feature={
                "f": tf.train.Feature(float_list=tf.train.FloatList(value=[1.5])),
                "i": tf.train.Feature(int64_list=tf.train.Int64List(value=[-1, 2**62])),
            }  # fmt: skip
        )
    ).SerializeToString()
    ((number, content),) = fields(message)
    assert number == 1 and len(list(fields(content))) == 2
    fixed = b"\x09" + b"12345678" + b"\x15" + b"1234" + b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    assert list(fields(fixed)) == [(1, b"12345678"), (2, b"1234"), (3, 2**64 - 1)]


@pytest.mark.parametrize(
    "record",
    [b"", b"\x32", b"\x32\xff", b"\x33", b"\x32\x02\x0a\x05", b"\xff" * 11, b"\x30\x01", b"text"],
    ids=repr,
)
def test_what_is_no_log_is_refused(tmp_path, record):
    file = written(tmp_path / "log", [predict_log(["a"]), record])
    with pytest.raises(DataError, match="log, record 2 is no PredictionLog of TF Serving"):
        list(read_requests(file))


def test_cut_missing_and_foreign_files_are_refused(tmp_path):
    file = written(tmp_path / "log", [predict_log(["a"] * 9)])
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(DataError, match="is cut, changed or no TFRecord file"):
        list(read_requests(file))
    with pytest.raises(DataError, match="is missing; give a log of TF Serving"):
        list(read_requests(tmp_path / "none"))


def test_an_example_that_is_cut_is_refused_by_its_record(tmp_path):
    message = b"\x0a\xff"  # field 1, whose length is cut
    # From the example outwards: examples, example_list, input of the request, request, classify_log.
    for number in (1, 1, 2, 1, 2):
        message = bytes([number << 3 | 2, len(message)]) + message
    file = written(tmp_path / "log", [message])
    with pytest.raises(DataError, match="log, record 1 is no PredictionLog of TF Serving"):
        read_logged_texts(file)
