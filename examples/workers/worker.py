#!/usr/bin/env python3
"""A worker: does tasks of a Lockstep daemon. Needs nothing but Python 3.9 or later.

    python3 worker.py [--url http://127.0.0.1:7070] [--name NAME] [--batch 50]

It asks for tasks, does them, and answers them together. While it works, heartbeats keep its tasks.
SIGTERM and ctrl-C end it: what it has begun is done and answered, nothing new is asked for.
If it is killed instead, its tasks go to another worker when their leases are over.

A task may come more than once (a worker died, or the daemon did): give `idempotency_key` to
whatever is called, so that it is done once. It stays the same; `attempt` grows.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.parse

LEASE = 30  # seconds that this worker may be silent
HEARTBEAT = LEASE / 3


class TaskFailed(Exception):
    """A task that cannot be done: the workflow can catch `code`."""

    def __init__(self, code, message, retryable=True):
        super().__init__(message)
        self.error = {"code": code, "message": message, "retryable": retryable}


# --- What this worker can do: replace it by your own. -------------------------------------------


def price(task):
    pieces = task["input"]["pieces"]
    if pieces < 1:
        raise TaskFailed("quote.nothing", "a quote is for one piece or more", retryable=False)
    return {"cents": 250 * pieces}


def send_mail(task):
    # The mail server would know a mail that it has by its key, and not send it again.
    return {"id": "mail-" + task["idempotency_key"]}


KINDS = {"price": price, "send-mail": send_mail}

# --- How it works with the daemon. ---------------------------------------------------------------


class Daemon:
    """A connection to the daemon, which is made anew when it breaks."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url)
        self.connection = None

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        if token := os.environ.get("LOCKSTEP_TOKEN"):
            headers["Authorization"] = "Bearer " + token
        try:
            if self.connection is None:
                secure = self.address.scheme == "https"
                kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
                self.connection = kind(self.address.netloc, timeout=90)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.request("POST", path, json.dumps(body), headers)
            response = self.connection.getresponse()
            text = response.read()
        except BaseException:  # also the signal that ends a poll: the connection is of no use then
            self.close()
            raise
        if response.status >= 500:
            raise ConnectionError(f"the daemon answers {response.status}")
        return response.status, json.loads(text or "null")

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Worker:
    def __init__(self, url, name, batch):
        self.daemon, self.url, self.name, self.batch = Daemon(url), url, name, batch
        self.polls = self.stopping = False
        self.tasks = {}  # those in hand, by id

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        threading.Thread(target=self.keep, daemon=True).start()
        print(f"{self.name} asks {self.url} for tasks: {', '.join(KINDS)}", flush=True)
        while not self.stopping:
            try:
                tasks = self.poll()
                answers = [self.do(task) for task in tasks]
                self.answer(answers)
            except (OSError, http.client.HTTPException) as error:
                print(f"the daemon cannot be reached: {error}", file=sys.stderr)
                time.sleep(1)

    def stop(self, *_):
        self.stopping = True
        if self.polls:  # tasks that come at this moment go to another worker
            raise SystemExit

    def poll(self):
        asked = {"kinds": list(KINDS), "worker": self.name, "max": self.batch}
        try:
            self.polls = True
            if self.stopping:
                return []
            asked |= {"wait": "20s", "lease": f"{LEASE}s"}
            status, told = self.daemon.post("/v1/tasks:poll", asked)
        finally:
            self.polls = False
        if status != 200:
            raise SystemExit(f"the daemon refuses: {told}")
        self.tasks = {task["id"]: task for task in told["tasks"]}
        return told["tasks"]

    def do(self, task):
        answer = self.answered(task)
        told = answer["error"]["code"] if "error" in answer else "done"
        print(f"{task['kind']} {task['id']}: {told}", flush=True)
        return answer

    def answered(self, task):
        answer = {"id": task["id"], "lease": task["lease"]}
        if task["id"] not in self.tasks:  # cancelled while it waited for its turn
            return answer | {"error": {"code": "worker.dropped", "message": "not wanted"}}
        try:
            return answer | {"output": KINDS[task["kind"]](task)}
        except TaskFailed as failed:
            return answer | {"error": failed.error}
        except Exception as error:  # a mistake of this worker: the step's `retry` decides
            return answer | {"error": {"code": "task.failed", "message": repr(error)[:1000]}}

    def answer(self, answers):
        if not answers:
            return
        while True:
            try:
                status, told = self.daemon.post("/v1/tasks:complete", {"tasks": answers})
                break
            except (OSError, http.client.HTTPException):
                time.sleep(1)  # it may have been taken: then the next answer is "lease lost"
        self.tasks = {}
        if status != 200:
            print(f"the daemon refuses: {told}", file=sys.stderr)
            return
        for receipt in told["tasks"]:
            if not receipt["taken"]:
                print(f"task {receipt['id']}: {receipt['code']}", file=sys.stderr)

    def keep(self):
        """Sends heartbeats, in a thread of its own, for the tasks that are in hand."""
        daemon = Daemon(self.url)
        while True:
            time.sleep(HEARTBEAT)
            for id, task in list(self.tasks.items()):
                try:
                    path = f"/v1/tasks/{id}:heartbeat"
                    status, told = daemon.post(path, {"lease": task["lease"]})
                    if status == 409 or told["cancelled"]:
                        self.tasks.pop(id, None)
                except (OSError, http.client.HTTPException):
                    break


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A worker of a Lockstep daemon.")
    parser.add_argument("--url", default="http://127.0.0.1:7070")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}")
    parser.add_argument("--batch", type=int, default=50)
    args = parser.parse_args()
    Worker(args.url, args.name, args.batch).run()
