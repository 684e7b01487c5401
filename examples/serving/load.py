"""Put a server under load: load.py MODEL [SECONDS] [THREADS] prints requests per second and latencies.

Each thread sends one request after the other, over gRPC, of one text or a few, short and long.
"""

import collections
import itertools
import sys
import threading
import time

import grpc
import grpc_client

REQUESTS = [
    ["where is my parcel"],
    ["thanks!"],
    ["where is my parcel", "my card was charged twice", "great service", "cancel it please"],
    ["the parcel came late and was damaged, so please send me the money back " * 6],
]


def run(service, model, seconds=10.0, threads=8, timeout=10.0):
    """Send requests until the time is over.

    Returns the latency of each answered request in seconds, and how often each error came.
    """
    latencies, errors = [], collections.Counter()
    end = time.perf_counter() + seconds

    def client(first):
        for texts in itertools.islice(itertools.cycle(REQUESTS), first, None):
            begin = time.perf_counter()
            if begin >= end:
                return
            try:
                grpc_client.ask(service, model, texts, timeout=timeout)
                latencies.append(time.perf_counter() - begin)
            except grpc.RpcError as error:
                errors[error.code().name] += 1

    workers = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(latencies), errors


def summary(latencies, errors, seconds):
    """What was measured, in one line."""
    if not latencies:
        return f"no answer; errors {dict(errors)}"
    ranks = {rank: latencies[min(len(latencies) - 1, len(latencies) * rank // 100)] * 1000 for rank in (50, 95, 99)}
    told = ", ".join(f"p{rank} {value:.1f} ms" for rank, value in ranks.items())
    return f"{len(latencies) / seconds:.1f} requests/s, {told}, {sum(errors.values())} errors {dict(errors)}"


if __name__ == "__main__":
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    print(summary(*run(grpc_client.connect(), sys.argv[1], seconds, threads), seconds))
