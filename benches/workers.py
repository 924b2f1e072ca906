#!/usr/bin/env python3
"""Measures how many tasks a worker in Python does in a second: examples/workers/worker.py as it is.

    cargo build --release && python3 benches/workers.py [--binary target/release/lockstep]

A daemon on a store in a temporary folder of the present directory, which flushes; quotes are started
first, so that the board is full, and the worker is measured until the last of them has ended.
"""

import argparse
import http.client
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples" / "workers"
STARTERS = 16


def ask(connection, method, path, body=None):
    connection.request(method, path, json.dumps(body) if body is not None else None)
    response = connection.getresponse()
    return json.loads(response.read() or "null")


def start(address, count, ids):
    connection = http.client.HTTPConnection(address)
    for number in range(count):
        body = {"customer": f"c{number}", "pieces": 1}
        ids.append(ask(connection, "POST", "/v1/workflows/quote/instances", body)["id"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/release/lockstep")
    parser.add_argument("--quotes", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        serve = [args.binary, "serve", "--listen", "127.0.0.1:0", "--store", f"{folder}/bench.db"]
        serve += ["--workflows", str(EXAMPLES / "quote.yaml")]
        daemon = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True)
        worker = None
        try:
            told = next(filter(None, (re.search(r"http://([^;]+);", line) for line in daemon.stderr)))
            address = told[1]
            threading.Thread(target=daemon.stderr.read, daemon=True).start()
            ids = []
            starters = [
                threading.Thread(target=start, args=(address, args.quotes // STARTERS, ids))
                for _ in range(STARTERS)
            ]
            for starter in starters:
                starter.start()
            for starter in starters:
                starter.join()
            command = [sys.executable, str(EXAMPLES / "worker.py"), "--url", f"http://{address}"]
            began = time.monotonic()
            worker = subprocess.Popen(command + ["--batch", str(args.batch)])
            connection = http.client.HTTPConnection(address)
            for id in ids:
                while (end := ask(connection, "GET", f"/v1/instances/{id}?wait=60s"))["state"] == "running":
                    pass
                assert end["state"] == "done", end
            took = time.monotonic() - began
            tasks = 2 * len(ids)
            print(f"{tasks} tasks in {took:.2f} s: {tasks / took:.0f} tasks/s, batches of {args.batch}")
        finally:
            if worker is not None:
                worker.terminate()
                worker.wait()
            daemon.terminate()
            daemon.wait()


if __name__ == "__main__":
    main()
