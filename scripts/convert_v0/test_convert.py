"""Tests of what the converter refuses and writes. Skipped where torch and its other packages are not installed:

python -m unittest discover -s scripts/convert_v0
"""

import argparse
import contextlib
import functools
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "goldens" / "v0")]
NEEDED = ("torch", "safetensors", "tokenizers", "tabpfn", "numpy")
ABSENT = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if not ABSENT:
    import numpy
    import released
    import torch
    from backbone import qwen3_shapes
    from checkpoint import adapter_shapes
    from safetensors.torch import load_file, save_file

    specification = importlib.util.spec_from_file_location("convert_main", HERE / "__main__.py")
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)


@unittest.skipIf(ABSENT, f"skipped: {', '.join(ABSENT)} not installed, see requirements.txt")
class ConvertTests(unittest.TestCase):
    """Each test has new, tiny, valid files and damages one thing."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        torch.manual_seed(7)
        self.config = released.qwen3_config(
            vocab_size=400,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            max_position_embeddings=64,
        )
        tokenizer = released.tiny_tokenizer(["one two three"], 280)
        self.backbone = released.backbone_tensors(qwen3_shapes(self.config), 1.0, torch.bfloat16)
        released.write_backbone(self.folder / "backbone", self.config, self.backbone, tokenizer)
        self.adapter = released.adapter_tensors(adapter_shapes(16, 5, 6, 8))
        self.args = released.training_args("dynamic_query", 5, 6, 3, 8)
        self.save_checkpoint()
        released.write_head(
            self.folder / "head.ckpt",
            emsize=24,
            nhead=3,
            nlayers=1,
            features_per_group=3,
            nhid_factor=2,
            num_thinking_rows=2,
            seed=42,
        )
        self.head = torch.load(self.folder / "head.ckpt", weights_only=True)

    def save_checkpoint(self, **extra):
        released.write_checkpoint(self.folder / "v0.pt", self.backbone, self.adapter, self.args)
        if extra:
            content = torch.load(self.folder / "v0.pt", weights_only=True)
            torch.save(content | extra, self.folder / "v0.pt")

    def save_head(self):
        torch.save(self.head, self.folder / "head.ckpt")

    def save_config(self, **changes):
        (self.folder / "backbone" / "config.json").write_text(json.dumps(self.config | changes))

    def convert(self, *more):
        """Exit code, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = program.main(
                [
                    str(self.folder / "model"),
                    "--no-golden",
                    "--checkpoint",
                    str(self.folder / "v0.pt"),
                    "--head",
                    str(self.folder / "head.ckpt"),
                    "--backbone",
                    str(self.folder / "backbone"),
                    *more,
                ]
            )
        return code, out.getvalue(), err.getvalue()

    def assertRefused(self, *words, arguments=()):
        code, _, complaint = self.convert(*arguments)
        self.assertEqual(code, 2, complaint)
        for word in words:
            self.assertIn(word, complaint)
        self.assertEqual([p for p in self.folder.iterdir() if "model" in p.name], [], "something was left behind")

    def settings(self):
        return json.loads((self.folder / "model" / "statezero.json").read_text())

    # What is written.

    def test_everything_arrives_unchanged(self):
        code, _, complaint = self.convert()
        self.assertEqual(code, 0, complaint)
        model = self.folder / "model"
        adapter = load_file(model / "adapter.safetensors")
        self.assertEqual(set(adapter), set(self.adapter))
        self.assertTrue(all(torch.equal(adapter[n], t) for n, t in self.adapter.items()))
        head = load_file(model / "head.safetensors")
        tables = {n for n in head if n.startswith("column_embedding")}
        self.assertEqual(tables, {f"column_embedding_G{n}" for n in range(1, 12)})
        self.assertEqual(set(head) - tables, set(self.head["state_dict"]))
        self.assertTrue(all(torch.equal(head[n], t) for n, t in self.head["state_dict"].items()))
        for name in ("model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"):
            self.assertEqual((model / "encoder" / name).read_bytes(), (self.folder / "backbone" / name).read_bytes())
        settings = self.settings()
        self.assertEqual(settings["pooling"], "dynamic_query")
        self.assertEqual(settings["adapter"], {"queries": 5, "width": 6, "heads": 3, "bottleneck": 8})
        self.assertEqual(settings["head"]["layers"], 1)
        self.assertEqual(
            set(settings["sources"]),
            {"v0.pt", "head.ckpt", "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"},
        )
        self.assertIn("non-commercial", (model / "LICENCES.md").read_text())

    def test_last_token_leaves_the_adapter_out_and_says_so(self):
        code, said, complaint = self.convert("--pooling", "last_token")
        self.assertEqual(code, 0, complaint)
        self.assertIn("trained with dynamic_query; its adapter is left out", said)
        self.assertFalse((self.folder / "model" / "adapter.safetensors").exists())
        self.assertIsNone(self.settings()["adapter"])

    def test_a_checkpoint_of_a_parallel_training_loses_its_prefix(self):
        released.write_checkpoint(self.folder / "v0.pt", self.backbone, self.adapter, self.args, prefix="module.")
        self.assertEqual(self.convert()[0], 0)
        self.assertEqual(set(load_file(self.folder / "model" / "adapter.safetensors")), set(self.adapter))

    def test_several_weight_files_and_the_prefix_of_the_base_model(self):
        home = self.folder / "backbone"
        (home / "model.safetensors").unlink()
        names = sorted(self.backbone)
        parts = {"model-00001-of-00002.safetensors": names[:5], "model-00002-of-00002.safetensors": names[5:]}
        for file, part in parts.items():
            save_file({f"model.{n}": self.backbone[n] for n in part}, home / file)
        index = {"weight_map": {f"model.{n}": file for file, part in parts.items() for n in part}}
        (home / "model.safetensors.index.json").write_text(json.dumps(index))
        code, _, complaint = self.convert()
        self.assertEqual(code, 0, complaint)
        written = {p.name for p in (self.folder / "model" / "encoder").iterdir()}
        self.assertTrue(written >= {*parts, "model.safetensors.index.json"})

    def test_links_share_the_file(self):
        self.assertEqual(self.convert("--link")[0], 0)
        self.assertTrue(
            os.path.samefile(
                self.folder / "model" / "encoder" / "model.safetensors", self.folder / "backbone" / "model.safetensors"
            )
        )

    def test_links_across_file_systems_are_refused_and_nothing_is_left(self):
        with unittest.mock.patch("os.link", side_effect=OSError(18, "Invalid cross-device link")):
            self.assertRefused("Invalid cross-device link", "leave it out to copy", arguments=("--link",))

    def test_an_existing_folder_stays_unless_forced(self):
        self.assertEqual(self.convert()[0], 0)
        before = (self.folder / "model" / "statezero.json").stat().st_mtime_ns
        code, _, complaint = self.convert()
        self.assertEqual(code, 2)
        self.assertIn("--force", complaint)
        self.assertEqual((self.folder / "model" / "statezero.json").stat().st_mtime_ns, before)
        self.assertEqual(self.convert("--force", "--name", "again")[0], 0)
        self.assertEqual(self.settings()["name"], "again")
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith(".")], [])

    # The V0 checkpoint.

    def test_a_checkpoint_with_the_state_of_its_training_is_read(self):
        weight = torch.nn.Parameter(torch.ones(2))
        optimizer = torch.optim.AdamW([{"params": [weight], "weight_decay": 0.01}], lr=2e-4)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, functools.partial(pow, 0.5))
        weight.sum().backward()
        optimizer.step()
        schedule.step()
        self.save_checkpoint(optimizer_state_dict=optimizer.state_dict(), scheduler_state_dict=schedule.state_dict())
        code, _, complaint = self.convert()
        self.assertEqual(code, 0, complaint)

    def test_a_namespace_is_refused_and_never_loaded_unsafely(self):
        self.save_checkpoint(args=argparse.Namespace(num_heads=3))
        self.assertRefused("v0.pt", "argparse.Namespace", "save it anew")

    def test_a_numpy_scalar_is_refused(self):
        self.save_checkpoint(best=numpy.float64(0.5))
        self.assertRefused("v0.pt", "numpy", "save it anew")

    def test_code_in_a_checkpoint_is_not_run(self):
        self.save_checkpoint(args=Trap(str(self.folder / "sprung")))
        self.assertRefused("v0.pt", "can run code")
        self.assertFalse((self.folder / "sprung").exists())

    def test_a_file_that_is_no_checkpoint(self):
        (self.folder / "v0.pt").write_text("not a checkpoint")
        self.assertRefused("v0.pt")
        (self.folder / "v0.pt").unlink()
        self.assertRefused("v0.pt", "check the path")

    def test_a_file_without_the_model(self):
        torch.save({"weights": {}}, self.folder / "v0.pt")
        self.assertRefused("v0.pt", "model_state_dict", "weights")

    def test_missing_unexpected_and_misshapen_adapter_tensors(self):
        whole = dict(self.adapter)
        del self.adapter["ln_q.bias"]
        self.save_checkpoint()
        self.assertRefused("v0.pt", "ln_q.bias", "missing")
        self.adapter = whole | {"extra.weight": torch.zeros(2)}
        self.save_checkpoint()
        self.assertRefused("extra.weight", "unexpected")
        self.adapter = whole | {"proj_kv.weight": torch.zeros(6, 17)}
        self.save_checkpoint()
        self.assertRefused("proj_kv.weight", "(6, 17)", "(6, 16)")

    def test_an_unknown_part_of_the_checkpoint(self):
        state = torch.load(self.folder / "v0.pt", weights_only=True)["model_state_dict"]
        self.save_checkpoint(model_state_dict=state | {"value_head.weight": torch.zeros(1)})
        self.assertRefused("value_head.weight", "another architecture")

    def test_flags_that_contradict_the_tensors(self):
        for flag, value in (("pooling_strategy", "fixed_query"), ("num_queries", 9), ("embed_dim", 3)):
            self.args = released.training_args("dynamic_query", 5, 6, 3, 8) | {flag: value}
            self.save_checkpoint()
            self.assertRefused(flag, str(value))

    def test_a_mode_that_the_checkpoint_is_not_for(self):
        self.assertRefused(
            "dynamic_query", "fixed_query", "--pooling last_token", arguments=("--pooling", "fixed_query")
        )

    def test_heads_that_do_not_divide_the_width(self):
        self.assertRefused("width 6", "4 heads", arguments=("--adapter-heads", "4"))

    def test_features_that_the_reference_would_average(self):
        self.adapter = released.adapter_tensors(adapter_shapes(16, 171, 6, None))
        self.args = {}
        self.save_checkpoint()
        self.assertRefused("1026 features", "1024")

    # The backbone.

    def test_another_backbone_than_the_checkpoint_was_trained_on(self):
        self.backbone["norm.weight"] = self.backbone["norm.weight"].float() + 0.25
        self.save_checkpoint()
        self.assertRefused("backbone.norm.weight", "0.25", "--trained-backbone")
        code, said, complaint = self.convert("--trained-backbone")
        self.assertEqual(code, 0, complaint)
        self.assertIn("it is written", said)
        written = load_file(self.folder / "model" / "encoder" / "model.safetensors")
        self.assertTrue(torch.equal(written["norm.weight"], self.backbone["norm.weight"]))

    def test_a_backbone_of_another_size_in_the_checkpoint(self):
        self.backbone["norm.weight"] = torch.ones(17)
        self.save_checkpoint()
        self.assertRefused("v0.pt", "norm.weight", "(17,)")

    def test_backbones_that_are_not_supported_are_refused_by_name(self):
        for key, value in (
            ("model_type", "llama"),
            ("rope_scaling", {"type": "yarn"}),
            ("attention_bias", True),
            ("hidden_act", "gelu"),
            ("use_sliding_window", True),
            ("head_dim", None),
        ):
            self.save_config(**{key: value})
            self.assertRefused("config.json", key, str(value))

    def test_weights_that_do_not_fit_the_configuration(self):
        self.save_config(num_hidden_layers=2)
        self.assertRefused("layers.1.", "missing")
        self.save_config(intermediate_size=25)
        self.assertRefused("gate_proj", "(24, 16)", "(25, 16)")

    def test_quantised_weights(self):
        weights = {n: t.to(torch.int8) if n == "norm.weight" else t for n, t in self.backbone.items()}
        save_file(weights, self.folder / "backbone" / "model.safetensors")
        self.assertRefused("norm.weight", "I8")

    def test_a_folder_without_weights(self):
        (self.folder / "backbone" / "model.safetensors").unlink()
        self.assertRefused("model.safetensors.index.json", "cannot be read")

    def test_a_tokenizer_of_another_model(self):
        path = self.folder / "backbone" / "tokenizer.json"
        content = json.loads(path.read_text())
        content["added_tokens"][0]["id"] = 400
        path.write_text(json.dumps(content))
        self.assertRefused("tokenizer.json", "400", "vocab_size")
        path.write_text(json.dumps({"model": {"type": "WordPiece"}}))
        self.assertRefused("tokenizer.json", "WordPiece")

    def test_a_tokenizer_without_the_end_token_is_noted(self):
        path = self.folder / "backbone" / "tokenizer.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"post_processor": None}))
        self.assertIn("appends no end token", self.convert()[1])

    # The head.

    def test_other_versions_and_tasks_are_refused_by_name(self):
        whole = dict(self.head)
        regressor = whole["state_dict"] | {"criterion.borders": torch.zeros(3)}
        for change, word in (
            ({"architecture_name": "tabpfn_3"}, "tabpfn_3"),
            ({"architecture_name": None}, "v2 model"),
            ({"inference_config": {"a": 1}}, "later than TabPFN v2.5"),
            ({"state_dict": regressor}, "regressor"),
        ):
            self.head = {k: v for k, v in (whole | change).items() if v is not None}
            self.save_head()
            self.assertRefused("head.ckpt", word)

    def test_variants_of_the_head_are_refused_by_name(self):
        whole = dict(self.head["config"])
        for key, value in (
            ("feature_positional_embedding", "learned"),
            ("encoder_use_bias", True),
            ("multiquery_item_attention_for_test_set", False),
            ("two_sets_of_queries", True),
        ):
            self.head["config"] = whole | {key: value}
            self.save_head()
            self.assertRefused("head.ckpt", key, repr(value))

    def test_a_config_that_contradicts_the_heads_tensors(self):
        whole = dict(self.head["config"])
        for key, value in (("nlayers", 2), ("emsize", 48), ("num_thinking_rows", 64), ("max_num_classes", 2)):
            self.head["config"] = whole | {key: value}
            self.save_head()
            self.assertRefused("head.ckpt", f"config.{key} is {value}")

    def test_missing_unexpected_and_misshapen_head_tensors(self):
        whole = dict(self.head["state_dict"])
        self.head["state_dict"] = {k: v for k, v in whole.items() if k != "y_encoder.2.layer.bias"}
        self.save_head()
        self.assertRefused("y_encoder.2.layer.bias", "missing")
        self.head["state_dict"] = whole | {"transformer_encoder.layers.0.norm.weight": torch.ones(24)}
        self.save_head()
        self.assertRefused("layers.0.norm.weight", "unexpected")
        self.head["state_dict"] = whole | {"decoder_dict.standard.0.bias": torch.ones(47)}
        self.save_head()
        self.assertRefused("decoder_dict.standard.0.bias", "(47,)", "(48,)")

    def test_a_head_with_the_idle_step_is_renumbered(self):
        self.head["config"]["remove_duplicate_features"] = True
        state = self.head["state_dict"]
        state["encoder.6.layer.weight"] = state.pop("encoder.5.layer.weight")
        self.save_head()
        code, _, complaint = self.convert()
        self.assertEqual(code, 0, complaint)
        self.assertIn("encoder.5.layer.weight", load_file(self.folder / "model" / "head.safetensors"))

    def test_the_released_width_takes_the_table_of_the_package(self):
        from tabpfn.architectures.base.transformer import COL_EMBEDDING

        released.write_head(
            self.folder / "head.ckpt",
            emsize=192,
            nhead=3,
            nlayers=1,
            features_per_group=3,
            nhid_factor=2,
            num_thinking_rows=2,
            seed=42,
        )
        self.assertEqual(self.convert()[0], 0)
        table = load_file(self.folder / "model" / "head.safetensors")["column_embedding"]
        self.assertTrue(torch.equal(table, COL_EMBEDDING))


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


if __name__ == "__main__":
    unittest.main()
