"""Runs zmq_example.py against the real program: python3 -m unittest discover scripts/clients

Skipped, with the reason, where STATEZERO_BINARY does not name the program, or where pyzmq, protobuf or a compiler for
the .proto file are not installed.
"""

import importlib.util
import os
import re
import subprocess
import sys
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))
from common.cluster import Cluster  # noqa: E402

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
    def test_three_steps(self):
        made = subprocess.run(
            [os.path.join(FOLDER, "generate-pb2")],
            env=dict(os.environ, PYTHON=sys.executable),
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            self.skipTest(made.stderr.strip())
        with Cluster("table") as cluster:
            cluster.wait_for_workers(1)
            command = [sys.executable, os.path.join(FOLDER, "zmq_example.py"), cluster.endpoint]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(len(re.findall(r"step \d: ok, 256 rollouts over 32 prompts", ended.stdout)), 3, ended.stdout)
        self.assertEqual(ended.stdout.count("32 outcomes recorded, 32 groups done"), 3, ended.stdout)


if __name__ == "__main__":
    unittest.main()
