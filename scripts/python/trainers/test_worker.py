"""The torch worker against a real coordinator: predictions of the Swift worker, goldens of V0, killed, frozen, drained.

    scripts/check-trainers worker

Tolerances: of V0's goldens, those of the folder; of the compact head's goldens 1e-6 in p and 1e-5 in log-odds; of p
with the default encoder, either head, 1e-4, of its interval's ends 1e-3.
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

import numpy as np
from safetensors import safe_open

from common import paths
from common.cluster import Cluster
from statezero.worker import compact, gaussian_process, grams, surface, verify
from statezero.worker.model import Model

GOLDENS = paths.ROOT / "Tests" / "Goldens"
V0 = GOLDENS / "v0" / "fixed_query"
ROWS = 60
CASE = ("rewards", "rollouts", "odds", "context.log_odds", "p", "kappa")


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


def default_model(test: unittest.TestCase) -> pathlib.Path:
    model = pathlib.Path(os.environ.get("STATEZERO_MODEL", paths.DEFAULT_MODEL))
    if not model.exists():
        test.skipTest(f"there is no {model}; statezero model fetch makes it")
    return model


class Torch:
    """A torch worker as a child process."""

    def __init__(self, cluster: Cluster, model: pathlib.Path, name: str, *options: str):
        self.log = pathlib.Path(cluster.folder) / f"{name}.torch.log"
        words = [sys.executable, "-W", "ignore", "-m", "statezero.worker", "--connect", cluster.endpoint]
        variables = {**os.environ, "PYTHONPATH": str(corpus.FOLDER.parent / "src"), "OMP_NUM_THREADS": "1"}
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [*words, "--model", str(model), "--name", name, *options], stdout=log, stderr=log, env=variables
            )

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


class Worker(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.cluster = self.enterContext(Cluster("table", workers=0))

    def torch(self, model: pathlib.Path, name: str, *options: str) -> Torch:
        worker = Torch(self.cluster, model, name, *options)
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
        name = f"{model.name}{''.join(options)}"
        self.cluster = self.enterContext(Cluster("table", workers=0))  # the first worker decides its fingerprint
        ours = self.score(prompts, f"swift-{name}", "--workers", "1", "--model", str(model), "--store", "off", *options)
        self.torch(model, "a", *options)
        theirs = self.score(prompts, f"torch-{name}", "--coordinator", self.cluster.endpoint)
        self.assertEqual(set(ours), set(theirs))
        errors = {key: max(abs(ours[i][key] - theirs[i][key]) for i in ours) for key in ("p", "p_lo", "p_hi")}
        print(f"\n{name}: largest differences from the Swift worker {errors}", file=sys.stderr)
        return errors

    def test_predictions_of_the_default_encoder_are_those_of_the_swift_worker(self) -> None:
        for head in ("gaussian-process", "compact"):
            with self.subTest(head=head):
                errors = self.compare(default_model(self), "--head", head)
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

    def test_the_compact_head_gives_the_same_bits_in_any_batch_and_answers_without_rows(self) -> None:
        folder = default_model(self)
        texts = [row["prompt"].encode() for row in corpus.prompts()[:70]]
        answers = []
        for turn in range(2):
            model = Model(str(folder), "cpu")
            model.prepare(b"c", texts[:40], [(float(row % 3 > 0), 1 + row % 2) for row in range(40)])
            model.prepare(b"none", [], [])
            parts = [texts] if turn else [[text] for text in texts]
            answers.append([b"".join(model.answers(context, part)[0] for part in parts) for context in (b"c", b"none")])
        self.assertEqual(*answers)
        self.assertNotEqual(answers[0][1][:20], answers[0][1][20:40], "without rows all prompts are alike")

    def test_the_compact_head_refuses_other_encoders(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "other"
            other.symlink_to(default_model(self))
            with self.assertRaisesRegex(ValueError, "trained on all-MiniLM-L6-v2.*--head gaussian-process"):
                Model(str(other), "cpu")

    def test_goldens_of_the_compact_head_are_met(self) -> None:
        with safe_open(GOLDENS / "compact" / "compact.safetensors", "np") as file:
            golden, cases = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()["cases"]  # noqa: SIM118
        head = compact.Head(compact.find(), "cpu")
        features = np.hstack([golden["pool.embedding"], golden["pool.surface"]]).astype(np.float64)
        starts, places, counts = (golden[f"pool.grams.{name}"] for name in ("starts", "places", "counts"))
        values = 1 + np.log(counts)
        pool = [grams.Grams(places[a:b], values[a:b], w) for a, b, w in zip(starts, starts[1:], golden["pool.wide"])]
        checked = 0
        for name, count, references, parts in (case.split(":") for case in cases.split()):
            if references or parts not in ("", "wide"):
                continue  # what this worker does not read
            own, rows = {key: golden[f"{name}.{key}"].astype(np.float64) for key in CASE}, int(count)
            texts = [grams.Grams(g.places, g.values, 0.5 if parts else g.wide) for g in pool[:rows]]
            context = compact.Context(head, features[:rows], texts, own["rewards"], own["rollouts"])
            with self.subTest(case=name):
                self.assertLess(abs(context.odds - own["odds"].ravel()).max(), 1e-6)
                self.assertLess(abs(context.left_out - own["context.log_odds"]).max(initial=0), 1e-5)
                self.assertLess(abs(context.probabilities(features[-8:], pool[-8:]) - own["p"]).max(), 1e-6)
                self.assertLess(abs(context.kappa / own["kappa"][0] - 1), 1e-6)
            checked += 1
        self.assertEqual(checked, 9)

    def test_character_grams_are_those_of_the_golden(self) -> None:
        with safe_open(GOLDENS / "compact" / "grams.safetensors", "np") as file:
            golden, texts = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()["texts"]  # noqa: SIM118
        for text, first, last, wide in zip(json.loads(texts), golden["starts"], golden["starts"][1:], golden["wide"]):
            found = grams.read(text)
            self.assertEqual(found.places.tolist(), golden["places"][first:last].tolist(), text)
            self.assertEqual(np.rint(np.exp(found.values - 1)).tolist(), golden["counts"][first:last].tolist(), text)
            self.assertAlmostEqual(found.wide, float(wide), 6)

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
