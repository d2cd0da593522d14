"""Runs zmq_example.py against the real program: python3 -m unittest discover scripts/clients

Skipped, with the reason, where STATEZERO_BINARY does not name the program, or where pyzmq, protobuf or a compiler for
the .proto file are not installed.
"""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))
from common.cluster import Cluster, free_endpoint  # noqa: E402

BINARY = os.environ.get("STATEZERO_BINARY")


def missing():
    if not BINARY:
        return "STATEZERO_BINARY does not name the program"
    for module in ("zmq", "google"):
        if importlib.util.find_spec(module) is None:
            return "pyzmq and protobuf are not installed"
    return None


@unittest.skipIf(missing(), missing())
class ZeroMQExample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Generates the module that the example imports, which a fresh clone lacks."""
        made = subprocess.run(
            [os.path.join(FOLDER, "generate-pb2")],
            env=dict(os.environ, PYTHON=sys.executable),
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise unittest.SkipTest(made.stderr.strip())

    def test_three_steps(self):
        with Cluster("table") as cluster:
            cluster.wait_for_workers(1)
            self.check_three_steps(self.run_example(cluster.endpoint))

    def test_keys(self):
        """With a trainer's key it works over CURVE as without; without one nothing is answered."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("worker", "trainer"):
                command = [BINARY, "keys", "new", "--keys", f"{folder}/keys", name, "--role", name]
                subprocess.run([*command, "--output", f"{folder}/{name}"], check=True, capture_output=True)
            with Cluster(
                "table",
                endpoint=free_endpoint(),
                worker_arguments=("--store", "off", "--key", f"{folder}/worker"),
                coordinator_arguments=("--keys", f"{folder}/keys"),
                serves_http=False,
            ) as cluster:
                self.check_three_steps(self.run_example(cluster.endpoint, f"{folder}/trainer"))
                refused = self.run_example(cluster.endpoint)
        self.assertNotEqual(refused.returncode, 0)
        self.assertNotIn("step", refused.stdout)
        self.assertRegex(refused.stderr, "^zmq_example: no answer .* answers only who gives a KEY_FILE")

    def run_example(self, *arguments):
        command = [sys.executable, os.path.join(FOLDER, "zmq_example.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)

    def check_three_steps(self, ended):
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(len(re.findall(r"step \d: ok, 256 rollouts over 32 prompts", ended.stdout)), 3, ended.stdout)
        self.assertEqual(ended.stdout.count("32 outcomes recorded, 32 groups done"), 3, ended.stdout)


if __name__ == "__main__":
    unittest.main()
