"""The torch worker against a real coordinator: predictions of the Swift worker, goldens of V0, killed, frozen, drained.

    scripts/check-trainers worker

Tolerances: of V0's goldens, those of the folder; of p with the default encoder 1e-4, of its interval's ends 1e-3.
"""

import corpus  # first: it sets the paths  # isort: skip

import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from common import paths
from common.cluster import Cluster
from statezero.worker import gaussian_process, surface, verify
from statezero.worker.model import Model

GOLDENS = paths.ROOT / "Tests" / "Goldens"
V0 = GOLDENS / "v0" / "fixed_query"
ROWS = 60


def queries(folder: pathlib.Path, count: int = ROWS, repeat: int = 1) -> pathlib.Path:
    rows = corpus.prompts()[:count]
    path = folder / "prompts.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for turn in range(repeat):
            for row in rows:
                text = f"{turn}: {row['prompt']}" if turn else row["prompt"]
                file.write(json.dumps({"prompt_id": f"{turn}-{row['prompt_id']}", "prompt": text}) + "\n")
    return path


def command(prompts: pathlib.Path, output: pathlib.Path, *options: str) -> list[str]:
    made = [
        paths.program(),
        "score",
        "--prompts",
        str(prompts),
        "--context",
        str(corpus.CONTEXT),
        "--context-size",
        "64",
    ]
    return [*made, "--output", str(output), *options]


def read(output: pathlib.Path) -> dict[str, dict]:
    found = [json.loads(line) for part in sorted(output.glob("part-*.jsonl")) for line in part.open(encoding="utf-8")]
    return {row["prompt_id"]: row for row in found}


class Torch:
    """A torch worker as a child process."""

    def __init__(self, cluster: Cluster, model: pathlib.Path, name: str):
        self.log = pathlib.Path(cluster.folder) / f"{name}.torch.log"
        words = [sys.executable, "-W", "ignore", "-m", "statezero.worker", "--connect", cluster.endpoint]
        variables = {**os.environ, "PYTHONPATH": str(corpus.FOLDER.parent / "src"), "OMP_NUM_THREADS": "1"}
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [*words, "--model", str(model), "--name", name], stdout=log, stderr=log, env=variables
            )

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


class Worker(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.cluster = self.enterContext(Cluster("table", workers=0))

    def torch(self, model: pathlib.Path, name: str) -> Torch:
        worker = Torch(self.cluster, model, name)
        self.addCleanup(worker.stop)
        return worker

    def score(self, prompts: pathlib.Path, name: str, *options: str) -> dict[str, dict]:
        ended = subprocess.run(
            command(prompts, self.folder / name, *options), capture_output=True, text=True, timeout=500
        )
        self.assertEqual(ended.returncode, 0, ended.stderr[-2000:])
        return read(self.folder / name)

    def compare(self, model: pathlib.Path, *options: str) -> dict[str, float]:
        prompts = queries(self.folder)
        ours = self.score(prompts, "swift", "--workers", "1", "--model", str(model), "--store", "off", *options)
        self.torch(model, "a")
        theirs = self.score(prompts, "torch", "--coordinator", self.cluster.endpoint)
        self.assertEqual(set(ours), set(theirs))
        errors = {key: max(abs(ours[i][key] - theirs[i][key]) for i in ours) for key in ("p", "p_lo", "p_hi")}
        print(f"\n{model.name}: largest differences from the Swift worker {errors}", file=sys.stderr)
        return errors

    def test_predictions_of_the_default_encoder_are_those_of_the_swift_worker(self) -> None:
        model = pathlib.Path(os.environ.get("STATEZERO_MODEL", paths.DEFAULT_MODEL))
        if not model.exists():
            self.skipTest(f"there is no {model}; statezero model fetch makes it")
        errors = self.compare(model, "--head", "gaussian-process")
        self.assertLess(errors["p"], 1e-4)
        self.assertLess(max(errors["p_lo"], errors["p_hi"]), 1e-3)

    def test_predictions_of_a_v0_folder_are_those_of_the_swift_worker_but_for_hashes(self) -> None:
        # Last bits differ, so some rows get other hashes (Sources/Documentation/V0.md).
        self.assertLess(self.compare(V0)["p"], 2e-2)

    def test_a_job_ends_when_workers_are_killed_and_frozen(self) -> None:
        prompts = queries(self.folder, 60, 40)
        first, second = self.torch(V0, "a"), self.torch(V0, "b")
        words = command(prompts, self.folder / "out", "--coordinator", self.cluster.endpoint)
        job = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(job.kill)
        time.sleep(12)
        self.assertIsNone(job.poll(), "the job ended before a worker was killed")
        first.child.kill()
        third = self.torch(V0, "c")
        time.sleep(4)
        self.assertIsNone(job.poll(), "the job ended before a worker was frozen")
        second.child.send_signal(signal.SIGSTOP)
        self.addCleanup(second.child.send_signal, signal.SIGCONT)
        _, said = job.communicate(timeout=500)
        self.assertEqual(job.returncode, 0, said[-2000:])
        found = read(self.folder / "out")
        self.assertEqual(len(found), 2400)
        self.assertFalse([row for row in found.values() if row.get("error")])
        self.assertIsNone(third.child.poll())

    def test_sigterm_drains(self) -> None:
        worker = self.torch(V0, "a")
        self.score(queries(self.folder, 8), "out", "--coordinator", self.cluster.endpoint)
        worker.child.terminate()
        self.assertEqual(worker.child.wait(timeout=60), 0, worker.log.read_text()[-2000:])


class Numbers(unittest.TestCase):
    def test_goldens_of_v0_are_met(self) -> None:
        for name in ("dynamic_query", "fixed_query", "last_token"):
            for stage, error, tolerance in verify.stages(str(GOLDENS / "v0" / name)):
                with self.subTest(folder=name, stage=stage):
                    if tolerance is not None:
                        self.assertLessEqual(error, tolerance)

    def test_a_prompt_has_the_same_bits_in_any_batch(self) -> None:
        model = Model(str(V0), "cpu")
        texts = [row["prompt"].encode() for row in corpus.prompts()[:24]]
        model.prepare(b"c", texts[:12], [(float(row % 2), 1) for row in range(12)])
        together = model.answers(b"c", texts)[0]
        other = Model(str(V0), "cpu")
        other.prepare(b"c", texts[:12], [(float(row % 2), 1) for row in range(12)])
        alone = b"".join(other.answers(b"c", [text])[0] for text in reversed(texts))
        self.assertEqual(together, b"".join(alone[20 * row : 20 * row + 20] for row in reversed(range(24))))

    def test_surface_features_are_those_of_the_golden(self) -> None:
        golden = json.loads((GOLDENS / "head" / "surface.json").read_text(encoding="utf-8"))
        for text, expected in zip(golden["texts"], golden["features"]):
            self.assertLess(abs(surface.features(text) - expected).max(), 1e-5, text)

    def test_the_description_of_the_wire_is_that_of_the_protocol(self) -> None:
        if importlib.util.find_spec("grpc_tools") is None:
            self.skipTest("grpcio-tools is not installed")
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / "set"
            words = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={paths.ROOT / 'proto'}"]
            subprocess.run([*words, f"--descriptor_set_out={made}", "statezero.proto"], check=True)
            kept = corpus.FOLDER.parent / "src" / "statezero" / "worker" / "statezero.binpb"
            self.assertEqual(made.read_bytes(), kept.read_bytes())

    def test_constants_are_those_of_the_head(self) -> None:
        original = json.loads((paths.ROOT / "scripts" / "head" / "constants.json").read_text(encoding="utf-8"))
        self.assertEqual(gaussian_process._K, original)


if __name__ == "__main__":
    unittest.main()
