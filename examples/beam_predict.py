"""Predict data files on Apache Beam: on this machine, or on Flink, Spark or Dataflow by Beam's own options alone.

    python examples/beam_predict.py --model models/intents --files 'data/*.jsonl' --output predictions \\
        --direct_num_workers=2 --direct_running_mode=multi_processing
"""

import argparse
import sys
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from kerasbert.beam import ClassifierHandler, PredictFiles


def main(arguments: Sequence[str]) -> None:
    """Build the pipeline and run it where Beam's options say."""
    parser = argparse.ArgumentParser(description="Predict data files on Apache Beam.", allow_abbrev=False)
    parser.add_argument("--model", required=True, help="folder of the classifier")
    parser.add_argument("--files", required=True, nargs="+", help="data files, or patterns")
    parser.add_argument("--output", required=True, help="new folder of the predictions")
    own, options = parser.parse_known_args(arguments)
    # A worker process for each core: so one thread in each.
    handler = ClassifierHandler(own.model, num_threads=1)
    with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
        _ = pipeline | PredictFiles(handler, own.files, own.output)


if __name__ == "__main__":
    main(sys.argv[1:])
