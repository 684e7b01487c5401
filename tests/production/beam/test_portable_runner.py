"""The pipeline runs through the protocol by which Flink and Spark get theirs: a job service, and workers in other processes."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kerasbert as kb

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from apache_beam.options.pipeline_options import PipelineOptions  # noqa: E402
from beam_runs import check_rows, rows_of, write_data  # noqa: E402

from kerasbert.beam import ClassifierHandler, PredictFiles  # noqa: E402

pytestmark = [pytest.mark.beam, pytest.mark.long]
ROOT = Path(kb.__file__).parent.parent


def free_port():
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return one.getsockname()[1]


@pytest.fixture
def services(tmp_path):
    """A job service and a pool of workers: their ports."""
    ports = free_port(), free_port()
    # The pool starts its workers by the name `python`.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    commands = [
        ["apache_beam.runners.portability.local_job_service_main", f"--port={ports[0]}"],
        ["apache_beam.runners.worker.worker_pool_main", f"--service_port={ports[1]}"],
    ]
    with (tmp_path / "services.log").open("w") as log:
        started = [
            subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=log, stderr=log, cwd=tmp_path)
            for command in commands
        ]
        try:
            for port in ports:
                _wait_for(port)
            yield ports
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


def _wait_for(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("localhost", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"no service at {port}")


def test_a_job_service_and_a_pool_of_workers(tmp_path, services, saved_classifier):
    data = write_data(tmp_path)
    job, pool = services
    options = [
        "--runner=PortableRunner",
        f"--job_endpoint=localhost:{job}",
        "--environment_type=EXTERNAL",
        f"--environment_config=localhost:{pool}",
    ]
    handler = ClassifierHandler(saved_classifier("multiclass"), num_threads=1)
    pipeline = beam.Pipeline(options=PipelineOptions(options))
    pipeline | PredictFiles(handler, [data / "*.jsonl*", data / "b.csv"], data / "out")
    assert pipeline.run().wait_until_finish(duration=120_000) == "DONE"
    check_rows(rows_of(data / "out", "predictions"), kb.load(saved_classifier("multiclass")))
