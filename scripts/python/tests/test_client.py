"""Tests of client.py: python3 -m unittest discover scripts/python/tests

Small servers in this file serve the failures. If STATEZERO_BINARY names the program, the client is also tested against
the real one: a coordinator and a worker with the table model, as processes that are killed too. Otherwise those tests
are skipped, with the reason.
"""

import asyncio
import collections
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import pickle
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import unittest.mock
import warnings

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "src"), str(FOLDER.parents[1])]
from common.cluster import Cluster  # noqa: E402
from statezero.client import (  # noqa: E402
    AsyncClient,
    Client,
    DeadlineExceeded,
    Plan,
    RequestError,
    RewardRangeWarning,
    Unavailable,
    expand,
    prompt_text,
    uniform_budgets,
)

BINARY = os.environ.get("STATEZERO_BINARY")
ITEMS = [{"prompt_id": f"p{index:02d}", "prompt": f"What is {index} + 1?"} for index in range(10)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def black_hole():
    """Accepts, and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class Script(http.server.BaseHTTPRequestHandler):
    """Answers what the test has laid down, in order, the last one for ever; remembers what was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        self.server.tokens.append(self.headers.get("Authorization"))
        self.server.traces.append(self.headers.get("traceparent"))
        self.server.states.append(self.headers.get("tracestate"))
        answers = self.server.answers
        status, headers, answer = answers.popleft() if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(self, body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


class ScriptServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that has gone away is what some tests are about."""


@contextlib.contextmanager
def scripted(*answers, certificate=None):
    server = ScriptServer(("127.0.0.1", 0), Script)
    server.answers = collections.deque(answers)
    server.asked, server.tokens, server.traces, server.states = [], [], [], []
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}", server
    finally:
        server.shutdown()
        server.server_close()


def error(code, message="why", param=None):
    return {"error": {"code": code, "message": message, "param": param}}


def drip(handler, body):
    """Sends a head byte by byte, for ever: every single wait is short."""
    try:
        for _ in range(600):
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        pass
    return {}


class Tokens(unittest.TestCase):
    def test_a_token_is_sent_with_each_request_and_goes_with_a_copy(self):
        with scripted((503, {}, error("no_worker"))) as (url, server):
            with unittest.mock.patch.dict(os.environ, {"STATEZERO_TOKEN": "sz_env"}):
                clients = [Client(url, retries=0), Client(url, retries=0, token="sz_own\n"), Client(url, token="")]
            for client in (*clients[:2], pickle.loads(pickle.dumps(clients[1])), clients[2]):
                client.retries = 0
                client.plan("llm", 1, 80, ITEMS)
            self.assertEqual(server.tokens, ["Bearer sz_env", "Bearer sz_own", "Bearer sz_own", None])

    def test_the_span_of_the_caller_is_sent(self):
        parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        library = types.ModuleType("opentelemetry.propagate")
        library.inject = lambda headers: headers.update(traceparent=parent.replace("00f0", "11f1"))
        modules = {"opentelemetry": types.ModuleType("opentelemetry"), "opentelemetry.propagate": library}
        with scripted((503, {}, error("no_worker"))) as (url, server):
            client = Client(url, retries=0)
            client.plan("llm", 1, 80, ITEMS)
            with unittest.mock.patch.dict(os.environ, {"TRACEPARENT": parent, "TRACESTATE": "a=1,b=2"}):
                client.plan("llm", 2, 80, ITEMS)
                with unittest.mock.patch.dict(sys.modules, modules):
                    client.plan("llm", 3, 80, ITEMS)
            with unittest.mock.patch.dict(os.environ, {"TRACEPARENT": parent + "\r\nX-Other: 1", "TRACESTATE": "a=1"}):
                client.plan("llm", 4, 80, ITEMS)
            with unittest.mock.patch.dict(os.environ, {"TRACEPARENT": parent, "TRACESTATE": "a=1\r\nX-Other: 1"}):
                client.plan("llm", 5, 80, ITEMS)
            self.assertEqual(server.traces, [None, parent, parent.replace("00f0", "11f1"), None, parent])
            self.assertEqual(server.states, [None, "a=1,b=2", None, None, None])

    def test_a_refused_token_raises(self):
        for status, code in ((401, "token_unknown"), (403, "role_refused")):
            with scripted((status, {}, error(code))) as (url, server):
                with self.assertRaises(RequestError) as raised:
                    Client(url, token="sz_x").plan("llm", 1, 80, ITEMS)
                self.assertEqual((raised.exception.status, raised.exception.code), (status, code))
                self.assertEqual(len(server.asked), 1, "no second try")

    def test_a_token_with_a_line_end_inside_is_refused(self):
        with self.assertRaises(RequestError):
            Client(token="a\r\nX-Other: b")

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl for a certificate")
    def test_https_trusts_the_given_certificate_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "server.pem")
            command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
            command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {path} -out {path}.certificate"
            subprocess.run(command.split(), check=True, capture_output=True)
            with open(f"{path}.certificate") as certificate, open(path, "a") as both:
                both.write(certificate.read())
            with scripted((429, {}, error("busy")), certificate=path) as (url, server):
                for ca_file, reason in ((f"{path}.certificate", "busy"), (None, "no_coordinator")):
                    plan = Client(url, retries=0, ca_file=ca_file, token="sz_x").plan("llm", 1, 80, ITEMS)
                    self.assertEqual(plan.reason, reason)
                self.assertEqual(server.tokens, ["Bearer sz_x"], "an unknown server gets no token")
        with self.assertRaises(RequestError):
            Client("http://127.0.0.1:1", ca_file="x")


class UniformBudgets(unittest.TestCase):
    def check(self, sizes, items, total, **options):
        n = uniform_budgets(items, total, **options)
        self.assertEqual(sum(n), total)
        self.assertTrue(all(count in sizes for count in n), n)
        return n

    def test_remainder_goes_to_the_lowest_prompt_ids(self):
        items = [{"prompt_id": name} for name in ("b", "a", "c")]
        self.assertEqual(self.check(range(4, 33), items, 25), [8, 9, 8])
        self.assertEqual(self.check(range(4, 33, 4), items, 28, multiple_of=4), [8, 12, 8])

    def test_limits_of_prompts_are_kept(self):
        items = [{"prompt_id": "a", "n_max": 4}, {"prompt_id": "b"}, {"prompt_id": "c", "n_min": 12}]
        self.assertEqual(self.check(range(4, 33), items, 24), [4, 8, 12])

    def test_irregular_sizes_meet_the_total(self):
        for seed in range(200):
            chance = random.Random(seed)
            sizes = sorted(chance.sample(range(2, 40), chance.randint(2, 5)))
            items = [{"prompt_id": f"p{index:03d}"} for index in range(chance.randint(2, 80))]
            total = sum(chance.choice(sizes) for _ in items)
            n = self.check(sizes, items, total, n_min=2, n_max=40, group_sizes=sizes)
            self.assertEqual(n, uniform_budgets(items, total, n_min=2, n_max=40, group_sizes=sizes), seed)

    def test_beyond_all_caps_it_gives_the_most(self):
        self.assertEqual(uniform_budgets(ITEMS[:2], 1000), [32, 32])

    def test_what_cannot_be_raises(self):
        for total, options in ((3, {}), (81, {"multiple_of": 2}), (41, {"group_sizes": [4, 8]}), (80, {"n_min": 64})):
            with self.assertRaises(RequestError):
                uniform_budgets(ITEMS, total, **options)


class FailingOpenInTokens(unittest.TestCase):
    """Without a coordinator, even budgets cost no more tokens than allowed, as far as lengths are known."""

    def plan(self, items, client=None, **options):
        client = client or Client("http://127.0.0.1:9", timeout=1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return client.plan("a", 1, options.pop("total", None), items, **options)

    def test_stated_lengths_bound_even_budgets(self):
        items = [dict(item, expected_tokens=10 + index) for index, item in enumerate(ITEMS)]
        plan = self.plan(items, total_tokens=1000)
        cost = sum(row["n"] * item["expected_tokens"] for row, item in zip(plan.items, items))
        self.assertTrue(plan.fallback)
        self.assertTrue(1000 - 19 < cost <= 1000, cost)
        self.assertEqual(self.plan(items, total=50, total_tokens=1000).total, 50)
        self.assertEqual(self.plan(items, total_tokens=10**9).total, 320)

    def test_reported_lengths_bound_even_budgets(self):
        client = Client("http://127.0.0.1:9", timeout=1.0)
        client.report("a", [{"prompt_id": "x", "rewards": [1, 0, None], "tokens": 60}])
        self.assertEqual(self.plan(ITEMS, client, total_tokens=1000).total, 50)
        sizes = {"group_sizes": [4, 7], "n_min": 4, "n_max": 7}
        self.assertEqual(self.plan(ITEMS, client, total_tokens=1000, **sizes).total, 49)
        items = [dict(ITEMS[0], tokens_max=90), *ITEMS[1:]]
        self.assertEqual(self.plan(items, client, total_tokens=1000).items[0]["n"], 4)
        self.assertEqual(self.plan(items, client, total=85).items[0]["n"], 4)

    def test_without_lengths_the_total_or_the_smallest_budgets_are_used(self):
        for total, found in ((None, 40), (85, 85)):
            plan = self.plan(ITEMS, total=total, total_tokens=1000)
            self.assertEqual(plan.total, found)
            self.assertIn("no length of an answer is known", plan.warnings[1])

    def test_a_limit_is_needed_and_exact_needs_a_total(self):
        for options in ({}, {"total": 80, "total_tokens": 100, "exact": True}):
            with self.assertRaises(RequestError):
                self.plan(ITEMS, **options)


class FailingOpen(unittest.TestCase):
    def falls_back(self, url, reason, within=2.0, **options):
        begin = time.monotonic()
        plan = Client(url, timeout=1.0, **options).plan("a", 1, 85, ITEMS)
        self.assertLess(time.monotonic() - begin, within)
        self.assertTrue(plan.fallback)
        self.assertEqual((plan.reason, plan.total, sum(plan.n.values())), (reason, 85, 85))
        self.assertEqual([item["n"] for item in plan.items], [9] * 5 + [8] * 5)
        with self.assertRaises(DeadlineExceeded if reason == "deadline" else Unavailable):
            Client(url, timeout=1.0, strict=True, **options).plan("a", 1, 85, ITEMS)
        return plan

    def test_attempts_are_sent_with_plans_and_reports(self):
        with scripted((503, {}, error("no_worker"))) as (url, server):
            for client, attempt in ((Client(url, retries=0), None), (Client(url, retries=0, resume=7), 7)):
                client.plan("llm", 1, 80, ITEMS, outcomes=[{"prompt_id": "p00", "rewards": [1]}])
                self.assertEqual([body.get("attempt") for _, body in server.asked[-2:]], [attempt, attempt])
        self.assertGreater(Client(url, resume=True)._attempt, 1_600_000_000_000)

    def test_nobody_there(self):
        self.falls_back(f"http://127.0.0.1:{free_port()}", "no_coordinator")

    def test_black_hole(self):
        with black_hole() as url:
            self.falls_back(url, "deadline")

    def test_drip(self):
        with scripted((200, {}, drip)) as (url, _):
            self.falls_back(url, "deadline")

    def test_five_hundred(self):
        for status, code in ((500, "hole"), (502, "hole"), (503, "no_worker")):
            with scripted((status, {}, error(code))) as (url, server):
                self.falls_back(url, code)
                self.assertEqual(len(server.asked), 6, "three tries a call")
        with scripted((500, {}, b"<html>")) as (url, _):
            self.falls_back(url, "http_500")

    def test_busy_is_tried_again_when_it_says(self):
        with scripted((429, {"Retry-After": "60"}, error("busy"))) as (url, server):
            self.falls_back(url, "busy")
            self.assertEqual(len(server.asked), 2, "a minute is more than the timeout")

    def test_gateway_timeout_is_a_deadline(self):
        with scripted((504, {}, error("deadline"))) as (url, _):
            self.falls_back(url, "deadline")

    def test_an_answer_that_is_not_this_plan(self):
        for answer in (b"", b"[]", {"items": []}, {"items": [{"prompt_id": "p00", "n": 85}], "total": 85}):
            with scripted((200, {}, answer)) as (url, _):
                self.falls_back(url, "invalid_answer")

    def test_the_callers_errors_raise_always(self):
        for status, code in ((400, "unknown_key"), (409, "conflict"), (413, "too_large"), (422, "unplannable")):
            with scripted((status, {}, error(code, "no", "total"))) as (url, server):
                with self.assertRaises(RequestError) as raised:
                    Client(url).plan("a", 1, 85, ITEMS)
                self.assertEqual((raised.exception.status, raised.exception.param), (status, "total"))
                self.assertEqual(len(server.asked), 1, "the same again would fail again")

    def test_a_total_that_cannot_be_raises_also_without_a_coordinator(self):
        with self.assertRaises(RequestError):
            Client(f"http://127.0.0.1:{free_port()}", timeout=0.5).plan("a", 1, 3, ITEMS)

    def test_url(self):
        for url in ("127.0.0.1:80", "ftp://localhost", "http://host/path"):
            with self.assertRaises(RequestError):
                Client(url)


class Outcomes(unittest.TestCase):
    GOOD = (200, {}, {"accepted": 1, "duplicates": 0, "rejected": [], "decisions": []})
    BAD = (500, {}, error("hole"))

    def test_kept_and_delivered_with_the_next_call_under_the_same_event_ids(self):
        with scripted(self.BAD, self.BAD, self.GOOD) as (url, server):
            client = Client(url, retries=0)
            self.assertFalse(client.report("a", [{"prompt_id": "p", "rewards": [1, 0]}]).delivered)
            self.assertFalse(client.report("a", [{"prompt_id": "q", "rewards": [1]}]).delivered)
            self.assertEqual(client.pending, 2)
            self.assertTrue(client.report("a", []).delivered)
            self.assertEqual(client.pending, 0)
        delivered = [[outcome["event_id"] for outcome in body["outcomes"]] for _, body in server.asked]
        self.assertEqual([delivered[0] + delivered[1][1:], delivered[1]], [delivered[2], delivered[2]])

    def test_delivered_before_the_plan(self):
        with scripted(self.BAD, self.GOOD, self.BAD) as (url, server):
            client = Client(url, retries=0)
            client.report("a", [{"prompt_id": "p", "rewards": [1, 0]}])
            client.plan("a", 2, 85, ITEMS)
        self.assertEqual([path for path, _ in server.asked], ["/v1/outcomes", "/v1/outcomes", "/v1/plans"])
        self.assertNotIn("outcomes", server.asked[-1][1], "the step's request stays the same when it is asked again")

    def test_spool_outlives_the_process_and_memory_is_bounded(self):
        with tempfile.TemporaryDirectory() as folder:
            spool = os.path.join(folder, "outcomes.jsonl")
            first = Client(f"http://127.0.0.1:{free_port()}", timeout=0.3, spool=spool, keep=3)
            first.report("a", [{"prompt_id": str(index), "rewards": [1]} for index in range(5)])
            self.assertEqual((first.pending, first.dropped), (3, 2))
            with scripted(self.GOOD) as (url, server):
                second = Client(url, spool=spool)
                self.assertEqual(second.pending, 3)
                second.report("a", [])
                self.assertEqual(Client(url, spool=spool).pending, 0)
        self.assertEqual([outcome["prompt_id"] for outcome in server.asked[0][1]["outcomes"]], ["2", "3", "4"])

    def test_refused_outcomes_are_not_delivered_for_ever(self):
        with scripted((400, {}, error("missing"))) as (url, _):
            client = Client(url)
            with self.assertRaises(RequestError):
                client.report("a", [{"prompt_id": "p"}])
            self.assertEqual(client.pending, 0)

    def test_rewards_that_are_no_numbers_are_failed_rollouts(self):
        with scripted(self.GOOD) as (url, server):
            client = Client(url)
            client.report("a", [{"prompt_id": "p", "rewards": [1, None, float("nan")], "failed": 1}])
            client.report("a", [{"prompt_id": "q", "rewards": [None]}])
            with self.assertRaises(RequestError):
                client.report("a", [{"prompt_id": "p", "rewards": [float("inf")]}])
        sent = [body["outcomes"][0] for _, body in server.asked]
        self.assertEqual([outcome.get("rewards") for outcome in sent], [[1.0], None])
        self.assertEqual([outcome["failed"] for outcome in sent], [3, 1])

    def test_the_first_reward_outside_the_range_is_warned_about(self):
        with scripted(self.GOOD) as (url, _):
            client = Client(url)
            with self.assertWarnsRegex(RewardRangeWarning, "prompt 'q'.*-1.0 is outside"):
                client.report("a", [{"prompt_id": "p", "rewards": [1]}, {"prompt_id": "q", "rewards": [-1]}])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                client.report("a", [{"prompt_id": "q", "rewards": [-1]}])
                client.report("b", [{"prompt_id": "q", "rewards": [-1]}], reward_low=-1)

    def test_the_range_of_a_report_is_that_of_the_last_plan(self):
        with scripted((503, {}, error("no_worker")), self.GOOD) as (url, server):
            client = Client(url, retries=0)
            client.plan("a", 1, 85, ITEMS, reward_low=-1, reward_high=1)
            client.report("a", [{"prompt_id": "p", "rewards": [-1]}])
            client.report("b", [{"prompt_id": "p", "rewards": [0]}])
        self.assertEqual([body.get("reward_low") for _, body in server.asked[1:]], [-1, None])

    def test_what_one_policy_is_refused_does_not_keep_back_others(self):
        with scripted((429, {}, error("busy")), (429, {}, error("busy")), self.GOOD) as (url, server):
            client = Client(url, retries=0)
            self.assertEqual(client.report("full", [{"prompt_id": "p", "rewards": [1]}]).reason, "busy")
            report = client.report("other", [{"prompt_id": "p", "rewards": [1]}])
            self.assertEqual((report.delivered, report.accepted, client.pending), (False, 1, 1))
        self.assertEqual([body["policy_id"] for _, body in server.asked], ["full", "full", "other"])

    def test_many_threads_send_each_outcome_once(self):
        def answer(handler, body):
            time.sleep(0.01)
            return {"accepted": len(body["outcomes"]), "duplicates": 0, "rejected": [], "decisions": []}

        with scripted((200, {}, answer)) as (url, server):
            client = Client(url, timeout=60)
            reports = []

            def report(number):
                for index in range(8):
                    reports.append(client.report("a", [{"prompt_id": f"{number}/{index}", "rewards": [1]}]))

            threads = [threading.Thread(target=report, args=(number,)) for number in range(64)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        sent = [outcome["event_id"] for _, body in server.asked for outcome in body["outcomes"]]
        self.assertEqual((len(sent), len(set(sent)), client.pending), (512, 512, 0))
        self.assertEqual((sum(report.accepted for report in reports), len(reports)), (512, 512))

    def test_a_copy_has_the_settings_and_not_the_outcomes(self):
        with scripted(self.BAD) as (url, _):
            client = Client(url, timeout=1.5, retries=0)
            client.report("a", [{"prompt_id": "p", "rewards": [1]}])
            copy = pickle.loads(pickle.dumps(client))
            self.assertEqual((client.pending, copy.pending, copy.timeout), (1, 0, 1.5))
            self.assertFalse(copy.report("a", [{"prompt_id": "q", "rewards": [1]}]).delivered)
            self.assertEqual((client.pending, copy.pending), (1, 1))


class Expanding(unittest.TestCase):
    def test_rows_are_repeated_by_their_budget(self):
        plan = Plan(
            {
                "policy_id": "a",
                "step": 3,
                "status": "ok",
                "total": 3,
                "items": [{"prompt_id": "x", "n": 2}, {"prompt_id": "y", "n": 0}, {"prompt_id": "z", "n": 1}],
            }
        )
        rows = expand(plan, [{"prompt_id": name, "answer": name.upper()} for name in "zyx"])
        self.assertEqual([row["uid"] for row in rows], ["a/3/z", "a/3/x", "a/3/x"])
        self.assertEqual([row["rollout_index"] for row in rows], [0, 0, 1])
        self.assertEqual([row["answer"] for row in rows], ["Z", "X", "X"])
        with self.assertRaises(RequestError):
            expand(plan, [{"prompt_id": "other"}])

    def test_rows_of_one_prompt_share_its_budget_and_its_group(self):
        items = [{"prompt_id": "7", "n": 5}]
        plan = Plan({"policy_id": "a", "step": 3, "status": "ok", "total": 5, "items": items})
        rows = expand(plan, [{"prompt_id": 7, "copy": 0}, {"prompt_id": 7, "copy": 1}])
        self.assertEqual([row["copy"] for row in rows], [0, 0, 0, 1, 1])
        self.assertEqual([row["rollout_index"] for row in rows], [0, 1, 2, 3, 4])
        self.assertEqual({row["uid"] for row in rows}, {"a/3/7"})


class AsTrainersHaveThem(unittest.TestCase):
    """Ids, prompts and numbers of every kind, without a coordinator."""

    def setUp(self):
        self.client = Client(f"http://127.0.0.1:{free_port()}", timeout=0.5, retries=0)

    def test_ids(self):
        class Scalar:  # as numpy's
            def tolist(self):
                return 12

        plan = self.client.plan("a", 1, 40, [(3, "x"), (Scalar(), "y"), ("z", "z"), (5.0, "five"), "alone"])
        self.assertEqual(list(plan.n)[:4], ["3", "12", "z", "5"])
        self.assertEqual(list(plan.n)[4], hashlib.sha256(b"alone").hexdigest()[:16])
        self.assertEqual(
            (plan.n[3], plan.n[Scalar()], plan.n["z"], 4 in plan.n, None in plan.n), (8, 8, 8, False, False)
        )
        for wrong in (True, 1.5, "", b"x", ("a", "b")):
            with self.assertRaises(RequestError):
                self.client.plan("a", 1, 8, [{"prompt_id": wrong, "prompt": "x"}])

    def test_prompts(self):
        user = {"role": "user", "content": "What is 1 + 1?"}
        self.assertEqual(prompt_text([user]), "What is 1 + 1?")
        self.assertEqual(prompt_text([{"role": "system", "content": None}, user]), "system: \nuser: What is 1 + 1?")
        parts = [{"type": "image"}, {"type": "text", "text": "What is this?"}]
        self.assertEqual(prompt_text([{"role": "user", "content": parts}]), "[image]\nWhat is this?")
        with self.assertRaises(RequestError):
            prompt_text(17)

    def test_duplicates_are_named_or_merged(self):
        pool = [{"prompt_id": 1, "prompt": "x"}, {"prompt_id": 2, "prompt": "y"}, {"prompt_id": "1", "prompt": "x"}]
        with self.assertRaisesRegex(RequestError, "'1'"):
            self.client.plan("a", 1, 16, pool)
        plan = self.client.plan("a", 1, 16, pool, duplicates="merge")
        self.assertEqual(plan.n, {"1": 8, "2": 8})
        pool[2]["prompt"] = "z"
        with self.assertRaisesRegex(RequestError, "different texts"):
            self.client.plan("a", 1, 16, pool, duplicates="merge")

    def test_surplus(self):
        plan = self.client.plan("a", 1, 100, ITEMS[:2], preset=None)
        self.assertEqual((plan.total, plan.surplus), (64, 36))
        with self.assertRaisesRegex(RequestError, "36 of 100"):
            self.client.plan("a", 1, 100, ITEMS[:2], exact=True, preset=None)
        with self.assertRaisesRegex(RequestError, "36 of 100"):
            self.client.plan("a", 1, 100, ITEMS[:2], exact=True, n_max=32)
        self.assertEqual(self.client.plan("a", 1, 100, ITEMS[:2], exact=True).surplus, 0, "the preset has wider caps")

    def test_the_preset_fills_in_what_is_not_given(self):
        wide = [*ITEMS[:3], {"prompt_id": "wide", "prompt": "w", "n_max": 40}]
        strict = [*ITEMS[:3], {"prompt_id": "strict", "prompt": "s", "n_min": 24}]
        gain, contrast = {"objective": "informationGain"}, {"objective": "expectedContrast"}
        cases = [
            (80, ITEMS, {}, {**gain, "n_min": 2, "n_max": 16}),
            (85, ITEMS, {}, {**gain, "n_min": 2, "n_max": 18}),
            (80, ITEMS, {"preset": None}, {}),
            (80, ITEMS, {**contrast}, {**contrast, "n_min": 2, "n_max": 16}),
            (80, ITEMS, {"n_min": 4}, {**gain, "n_min": 4, "n_max": 16}),
            (80, ITEMS, {"n_max": 32}, {**gain, "n_min": 2, "n_max": 32}),
            (10, ITEMS, {"n_max": 1}, {**gain, "n_min": 1, "n_max": 1}),
            (80, ITEMS, {"multiple_of": 5}, {**gain, "n_min": 2, "n_max": 20}),
            (80, ITEMS, {"group_sizes": [4, 8]}, gain),
            (32, wide, {}, {**gain, "n_min": 2, "n_max": 40}),
            (48, strict, {}, {**gain, "n_min": 2, "n_max": 24}),
            (20000, ITEMS[:10], {}, {**gain, "n_min": 2, "n_max": 1024}),
        ]
        with scripted((503, {}, error("no_worker"))) as (url, server):
            client = Client(url, retries=0)
            for total, items, options, wanted in cases:
                client.plan("llm", None, total, items, **options)
                sent = server.asked[-1][1]
                found = {key: sent[key] for key in ("objective", "n_min", "n_max") if key in sent}
                self.assertEqual(found, wanted, (total, options))
            client.choose("llm", ITEMS, 2, 8)
            self.assertEqual(server.asked[-1][1]["objective"], "mixedGroupProbability")
        with self.assertRaisesRegex(RequestError, "trainer, widening or None"):
            self.client.plan("a", 1, 80, ITEMS, preset="trainers")

    def test_steps_are_counted(self):
        steps = [self.client.plan("a", step, 85, ITEMS).step for step in (None, None, 7, None)]
        self.assertEqual(steps, [0, 1, 7, 8])

    def test_a_choice_without_a_coordinator_is_random_by_seed(self):
        pool = [{"prompt_id": index, "prompt": str(index)} for index in range(64)]
        choices = [
            self.client.choose("a", pool, 16, 8, step, seed=seed) for step, seed in ((1, 0), (1, 0), (2, 0), (1, 1))
        ]
        self.assertEqual(choices[0].indices, choices[1].indices)
        self.assertEqual(len({tuple(choice.indices) for choice in choices}), 3)
        for choice in choices:
            self.assertEqual((len(set(choice.ids)), choice.reason, choice.outcome_step), (16, "no_coordinator", None))
            self.assertEqual([pool[index]["prompt_id"] for index in choice.indices], list(map(int, choice.ids)))
            self.assertGreater(max(choice.indices), 31, "not the lowest ids")
        with self.assertRaises(RequestError):
            self.client.choose("a", pool, 65, 8, 1)

    def test_a_fork_leaves_the_outcomes_to_its_parent(self):
        self.client.report("a", [{"prompt_id": "p", "rewards": [1]}])
        child = os.fork()
        if child == 0:
            self.client.report("a", [{"prompt_id": "q", "rewards": [1]}])
            os._exit(self.client.pending)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 1)
        self.assertEqual(self.client.pending, 1)

    def test_awaited(self):
        client = pickle.loads(pickle.dumps(AsyncClient(self.client)))

        async def plans():
            return await asyncio.gather(*(client.plan("a", step, 85, ITEMS) for step in range(16)))

        self.assertEqual([plan.step for plan in asyncio.run(plans())], list(range(16)))
        choice = asyncio.run(client.choose("a", ITEMS, 2, 8, 1))
        self.assertEqual(len(choice.ids), 2)


@unittest.skipUnless(
    BINARY, "STATEZERO_BINARY does not name the program: the client was not tested against the real one"
)
class RealServer(unittest.TestCase):
    """Against a coordinator and a worker with the table model, as child processes."""

    def cluster(self, workers=1):
        cluster = Cluster("table", workers=workers)
        self.addCleanup(cluster.stop)
        if workers:
            cluster.wait_for_workers(workers)
        return cluster

    def outcomes(self, plan, step):
        chance = random.Random(step)
        return [
            {
                "prompt_id": item["prompt_id"],
                "step": step,
                "rewards": [float(chance.random() < (0.1 + 0.08 * index)) for _ in range(item["n"])],
            }
            for index, item in enumerate(plan.items)
        ]

    def test_steps_of_a_training_run(self):
        cluster = self.cluster()
        client = Client(cluster.url, timeout=10)
        before = None
        for step in range(4):
            plan = client.plan("run", step, 80, ITEMS, outcomes=before)
            self.assertEqual(sum(plan.n.values()), 80)
            self.assertEqual(list(plan.n), [item["prompt_id"] for item in ITEMS])
            self.assertFalse([w for w in plan.warnings if "http" in w], plan.warnings)
            again = client.plan("run", step, 80, ITEMS)
            self.assertEqual(again.body, plan.body)
            before = self.outcomes(plan, step)
        report = client.report("run", before)
        self.assertEqual((report.delivered, report.accepted, report.rejected), (True, len(before), []))
        self.assertEqual(client.fallbacks, 0)

    def test_resuming_from_a_checkpoint(self):
        cluster = self.cluster()
        first, reported = Client(cluster.url, timeout=10), {}
        for step in range(6):
            reported[step] = self.outcomes(first.plan("run", step, 80, ITEMS), step)
            first.report("run", reported[step])
        # The data is shuffled, and the total another one.
        second = Client(cluster.url, timeout=10, resume=True, strict=True)
        plan = second.plan("run", 3, 100, ITEMS[::-1])
        self.assertEqual((sum(plan.n.values()), plan.body["attempt"]), (100, second._attempt))
        self.assertEqual(second.report("run", self.outcomes(plan, 3)).rejected, [])
        # What the former process still reports does not count, and it gets no plans.
        late = [dict(outcome, event_id=f"late {place}") for place, outcome in enumerate(reported[4])]
        self.assertEqual({row["code"] for row in first.report("run", late).rejected}, {"abandoned"})
        with self.assertRaises(RequestError) as refused:
            first.plan("run", 6, 80, ITEMS)
        self.assertEqual((refused.exception.status, refused.exception.code), (409, "abandoned"))
        # And back within a process.
        second.plan("run", 4, 80, ITEMS)
        self.assertEqual(second.rewind("run", 3)["plans"], 2)
        again = second.plan("run", None, 60, ITEMS)
        self.assertEqual((again.step, sum(again.n.values())), (3, 60))

    def test_choosing(self):
        client = Client(self.cluster().url, timeout=10)
        pool = [{"prompt_id": index, "prompt": f"What is {index} + 1?"} for index in range(64)]
        first = client.choose("run", pool, 16, 8, 0)
        self.assertEqual((first.random, len(first.ids)), (False, 16))
        outcomes = [
            {
                "prompt_id": name,
                "step": first.outcome_step,
                "policy_version": 0,
                "prompt": pool[int(name)]["prompt"],
                "rewards": [float(int(name) % 8 > index) for index in range(8)],
            }
            for name in first.ids
        ]
        report = client.report("run", outcomes)
        self.assertEqual((report.accepted, report.rejected), (16, []))
        second = client.choose("run", pool, 16, 8, 1)
        self.assertEqual((second.random, second.plan.status, len(second.ids)), (False, "ok", 16), second.plan.body)
        outcomes = [{"prompt_id": name, "step": second.outcome_step, "rewards": [0, 1] * 4} for name in second.ids]
        self.assertEqual(client.report("run", outcomes).rejected, [])

    def test_a_choice_without_a_worker_is_random(self):
        client = Client(self.cluster(workers=0).url, timeout=3)
        choice = client.choose("run", [f"What is {index} + 1?" for index in range(64)], 16, 8, 0)
        self.assertNotEqual(choice.plan.plan_id, None, "the server's plan was wanted, not the client's")
        self.assertTrue(choice.random, choice.plan.body)
        self.assertGreater(max(choice.indices), 31)
        outcomes = [{"prompt_id": name, "step": choice.outcome_step, "rewards": [0, 1] * 4} for name in choice.ids]
        self.assertEqual(client.report("run", outcomes).rejected, [])

    def test_another_request_for_the_same_step_raises(self):
        client = Client(self.cluster().url, timeout=10)
        client.plan("run", 1, 80, ITEMS)
        with self.assertRaises(RequestError) as raised:
            client.plan("run", 1, 90, ITEMS)
        self.assertEqual(raised.exception.status, 409)

    def test_same_budgets_as_the_server_where_nothing_is_known(self):
        cluster = self.cluster(workers=0)
        for step in range(60):
            chance = random.Random(step)
            sizes = sorted(chance.sample(range(2, 33), chance.randint(1, 4))) if step % 3 == 0 else None
            multiple = chance.choice([1, 2, 4]) if sizes is None else 1
            items = [{"prompt_id": f"q{index}", "prompt": str(index)} for index in range(chance.randint(1, 40))]
            allowed = sizes or [n for n in range(2, 33) if n % multiple == 0]
            options = {"n_min": 2, "n_max": 32, "multiple_of": multiple, "group_sizes": sizes}
            total = sum(chance.choice(allowed) for _ in items)
            ours = uniform_budgets(items, total, **options)
            theirs = Client(cluster.url, timeout=10).plan("run", step, total, items, deadline=0.05, **options)
            self.assertTrue(theirs.fallback)
            self.assertNotEqual(theirs.plan_id, None, "the server's plan was wanted, not the client's")
            self.assertEqual(list(theirs.n.values()), ours, f"seed {step}: {total} of {allowed}")

    def test_coordinator_killed_and_back(self):
        cluster = self.cluster()
        client = Client(cluster.url, timeout=3)
        plan = client.plan("run", 1, 80, ITEMS)
        cluster.kill("coordinator")
        self.assertTrue(client.plan("run", 2, 80, ITEMS).fallback)
        outcomes = self.outcomes(plan, 1)
        self.assertFalse(client.report("run", outcomes).delivered)
        cluster.start_coordinator()
        report = client.report("run", [])
        self.assertEqual((report.accepted + report.duplicates, report.rejected), (len(outcomes), []))
        self.assertEqual(client.pending, 0)

    def test_histories_outlive_a_restart_and_can_be_copied_and_forgotten(self):
        cluster = self.cluster()
        client = Client(cluster.url, timeout=10, strict=True)
        client.report("run", self.outcomes(client.plan("run", 1, 80, ITEMS), 1))
        cluster.kill("coordinator")
        cluster.start_coordinator()
        cluster.wait_for_workers(1)
        plan = client.plan("run", 2, 80, [{"prompt_id": item["prompt_id"]} for item in ITEMS])
        self.assertEqual(sum(plan.n.values()), 80)
        (policy,) = client.policies()
        self.assertEqual((policy["policy_id"], policy["outcomes"], policy["prompts"]), ("run", 10, 10))
        copied = client.report("copy", client.outcomes("run"))
        self.assertEqual((copied.accepted, copied.rejected), (10, []))
        self.assertEqual(client.forget_policy("run")["outcomes"], 10)
        self.assertEqual([policy["policy_id"] for policy in client.policies()], ["copy"])
        with self.assertRaises(RequestError) as unknown:
            client.forget_policy("run")
        self.assertEqual((unknown.exception.status, unknown.exception.code), (404, "unknown_policy"))

    def test_sigterm_ends_the_coordinator(self):
        cluster = self.cluster()
        self.assertEqual(cluster.kill("coordinator", signal.SIGTERM), 0)

    def test_score(self):
        client = Client(self.cluster().url, timeout=10)
        pairs = [{"prompt": f"What is {index}?", "reward": index % 2} for index in range(32)]
        scores = client.score("run", ["What is 7?", "What is 8?"], context_set=pairs)
        self.assertEqual(len(scores), 2)
        self.assertTrue(all(0 <= score["p"] <= 1 for score in scores), scores)
        self.assertEqual(scores[0]["evidence"], {"context_rows": 32, "references": 0, "own_record": False})

    def test_score_with_references(self):
        client = Client(self.cluster().url, timeout=10)
        pairs = [{"prompt": f"What is {index}?", "reward": 1, "references": {"base": 1}} for index in range(32)]
        with self.assertRaisesRegex(Exception, "nobody"):
            client.score("run", ["What is 7?"], context_set=pairs, references=["nobody"])
        known = [{"references": {"base": {"k": 1, "n": 2}}, "covariates": {"level": 3}}]
        scores = client.score("run", ["What is 700?"], context_set=pairs, known=known)
        self.assertEqual(scores[0]["evidence"], {"context_rows": 32, "references": 1, "own_record": False})


if __name__ == "__main__":
    unittest.main()
