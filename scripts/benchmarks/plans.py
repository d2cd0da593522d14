#!/usr/bin/env python3
"""How long a trainer waits for a plan over HTTP: starts a coordinator with a journal and workers on this machine, plans
step after step for the same prompts (embedded once, before the clock runs), and reports rewards in between, so that
every step is profiled anew. Prints p50, p99 and the maximum of whole plans, and of the first budget of streamed ones.

    scripts/benchmarks/plans.py --prompts 1000 --workers 2 --steps 200 --model models/all-MiniLM-L6-v2

Only the standard library; traffic stays on loopback. The clock runs from before the request's first byte to the
answer's last (or first line), the client's own JSON is not in it.
"""

import argparse
import gzip
import hashlib
import http.client
import json
import os
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/statezero"))
    parser.add_argument("--model", default=os.path.join(ROOT, "models/all-MiniLM-L6-v2"), help="or table")
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200, help="whole plans; as many again are streamed")
    parser.add_argument("--mean", type=int, default=8, help="rollouts a prompt")
    parser.add_argument("--context", type=int, default=256, help="rows that the policy is profiled by")
    return parser.parse_args()


def texts(count):
    """Prompts of the sample corpus, numbered where it has too few."""
    with gzip.open(os.path.join(ROOT, "scripts/sample/data/sample.prompts.jsonl.gz"), "rt", encoding="utf-8") as lines:
        sample = [json.loads(line)["prompt"] for line in lines]
    return [sample[index] if index < len(sample) else "%s (%d)" % (sample[index % len(sample)], index)
            for index in range(count)]


class Cluster:
    def __init__(self, options, folder):
        self.processes = []
        endpoint = "ipc://%s/sock" % folder
        out = os.path.join(folder, "coordinator.out")
        self.start([options.program, "coordinator", "--bind", endpoint, "--http", "127.0.0.1:0", "--journal",
                    os.path.join(folder, "journal.sqlite")], out)
        for number in range(options.workers):
            threads = [] if options.model.startswith("table") else ["--threads", str(options.threads)]
            # What an earlier run has kept on disk must not help this one.
            self.start([options.program, "worker", "--connect", endpoint, "--name", "w%d" % number, "--model",
                        options.model, "--store", "off", *threads], os.path.join(folder, "worker-%d.out" % number))
        self.port = int(self.wait(lambda: self.read_port(out)))
        self.wait(lambda: json.loads(self.ask("GET", "/v1/status")[1])["coordinator"]["workers"] == options.workers)

    def start(self, command, out):
        with open(out, "wb") as file:
            self.processes.append(subprocess.Popen(command, stdout=file))

    @staticmethod
    def read_port(out):
        with open(out, encoding="utf-8") as lines:
            return next((line.rsplit(":", 1)[1] for line in lines if line.startswith("http at ")), None)

    def wait(self, look):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            if any(process.poll() is not None for process in self.processes):
                raise SystemExit("plans: a process has ended; its words are above")
            time.sleep(0.05)
        raise SystemExit("plans: the cluster was not there within two minutes")

    def ask(self, method, path, body=None, accept="application/json"):
        """Status, body, seconds to the first line and to the last byte."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.connect()
        begin = time.perf_counter()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        first = response.readline()
        early = time.perf_counter() - begin
        rest = response.read()
        late = time.perf_counter() - begin
        connection.close()
        if response.status != 200:
            raise SystemExit("plans: %s %s: %d %s" % (method, path, response.status, first.decode()))
        return early, first + rest, late

    def seconds(self):
        """Processor time of the coordinator and of all workers so far."""
        spent = []
        for process in self.processes:
            with open("/proc/%d/stat" % process.pid, encoding="utf-8") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            spent.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        return spent[0], sum(spent[1:])

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)


def rewards(prompt, step, n):
    """Made up: a prompt's own rate and chance from hashes, so that runs are equal."""
    def share(text):
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2 ** 48
    rate = share(prompt) ** 2
    return [float(share("%s %d %d" % (prompt, step, index)) < rate) for index in range(n)]


def line(name, seconds):
    ordered = sorted(seconds)
    at = lambda share: 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    print("%-34s p50 %7.1f ms   p99 %7.1f ms   max %7.1f ms   (%d)" % (
        name, at(0.5), at(0.99), 1000 * ordered[-1], len(ordered)))


def main():
    options = arguments()
    prompts = texts(options.prompts)
    items = [{"prompt_id": "bench/%05d" % index, "prompt": text} for index, text in enumerate(prompts)]
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(options, folder)
        try:
            whole, first, last, told, statuses = [], [], [], [], {}
            spent = (0.0, 0.0)
            for step in range(2 * options.steps + 1):
                is_streamed = step % 2 == 0
                body = json.dumps({
                    "policy_id": "bench", "step": step, "total": options.mean * options.prompts, "deadline_ms": 60000,
                    "items": items, "context": {"rows": options.context}})
                accept = "application/x-ndjson" if is_streamed else "application/json"
                early, answer, late = cluster.ask("POST", "/v1/plans", body, accept)
                lines = answer.decode().splitlines()
                if is_streamed:
                    budgets = {row["prompt_id"]: row["n"] for row in map(json.loads, lines[:-1])}
                    end = json.loads(lines[-1])
                else:
                    end = json.loads(answer)
                    budgets = {row["prompt_id"]: row["n"] for row in end["items"]}
                if sum(budgets.values()) != options.mean * options.prompts:
                    raise SystemExit("plans: step %d: budgets do not add up" % step)
                if step == 0:
                    spent = cluster.seconds()
                    print("first step, nothing embedded yet: first budget %.1f ms, whole %.1f ms" % (
                        1000 * early, 1000 * late))
                else:
                    statuses[end["status"]] = statuses.get(end["status"], 0) + 1
                    if is_streamed:
                        first.append(early)
                        last.append(late)
                    else:
                        whole.append(late)
                outcomes = [{"event_id": "%d/%s" % (step, item["prompt_id"]), "prompt_id": item["prompt_id"],
                             "step": step, "rewards": rewards(item["prompt"], step, budgets[item["prompt_id"]])}
                            for item in items]
                told.append(cluster.ask(
                    "POST", "/v1/outcomes", json.dumps({"policy_id": "bench", "outcomes": outcomes}))[2])
            print("%d prompts, %d rollouts, %d workers x %d threads, %s, %d cores, load %s" % (
                options.prompts, options.mean * options.prompts, options.workers, options.threads,
                os.path.basename(options.model), os.cpu_count(), "%.1f" % os.getloadavg()[0]))
            line("whole plan, JSON", whole)
            line("first budget, streamed", first)
            line("whole plan, streamed", last)
            line("outcomes of a step", told)
            spent = [1000 * (now - then) / (2 * options.steps) for now, then in zip(cluster.seconds(), spent)]
            print("processor time a step: coordinator %.1f ms (plan and outcomes), all workers %.1f ms" % tuple(spent))
            print("ended:", ", ".join("%d %s" % (count, status) for status, count in sorted(statuses.items())))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
