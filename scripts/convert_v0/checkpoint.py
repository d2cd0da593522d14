"""The V0 training checkpoint: `backbone.*` and `adapter_layer.*`, and how the prompt's features are pooled."""

import pickle

import torch
from refusal import Refusal, compare_shapes

POOLINGS = ("last_token", "fixed_query", "dynamic_query")
# The reference averages wider embeddings down to this width. No released model is wider; our encoder does not do it.
FEATURES_MAX = 1024


def load_weights(path):
    """The content of a torch file, read without running code from it."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        names = [line for line in str(error).splitlines() if "GLOBAL" in line or "class" in line.lower()]
        raise Refusal(
            path,
            f"holds something else than tensors and plain values ({(names or [str(error)])[0].strip()})",
            "such a file can run code when it is read, so it is not read. Where you trust its maker, save it anew with "
            "tensors and plain values only: torch.save({'model_state_dict': c['model_state_dict'], "
            "'args': dict(vars(c['args']))}, path)",
        ) from None
    except RuntimeError as error:
        # The format before 2020 cannot be mapped; it can still be read safely.
        if "mmap" not in str(error):
            raise Refusal(path, f"cannot be read ({error})", "download it again and compare its sha256") from None
    except (OSError, EOFError) as error:
        raise Refusal(path, f"cannot be read ({error})", "check the path") from None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise Refusal(path, f"cannot be read ({str(error).splitlines()[0]})", "save it anew with torch.save") from None


class V0Checkpoint:
    """`backbone` and `adapter` (name to tensor), `args` (training flags or {}), and the pooling that they show."""

    def __init__(self, path):
        self.path = path
        content = load_weights(path)
        if not isinstance(content, dict) or "model_state_dict" not in content:
            keys = list(content)[:6] if isinstance(content, dict) else type(content).__name__
            raise Refusal(
                path, f"has no model_state_dict (found {keys})", "this is not a V0 checkpoint; see --checkpoint"
            )
        state = content["model_state_dict"]
        if not state:
            raise Refusal(path, "model_state_dict is empty", "use another checkpoint")
        # Written by DistributedDataParallel: the reference reads the first key only, and so does this code.
        if next(iter(state)).startswith("module."):
            state = {key.replace("module.", ""): value for key, value in state.items()}
        self.backbone, self.adapter, rest = {}, {}, []
        for key, value in state.items():
            head, _, name = key.partition(".")
            part = {"backbone": self.backbone, "adapter_layer": self.adapter}.get(head)
            if part is None:
                rest.append(key)
            else:
                part[name] = value
        if rest:
            raise Refusal(
                path,
                f"model_state_dict: {', '.join(rest[:4])} unexpected",
                "only backbone.* and adapter_layer.* are known; this looks like another architecture",
            )
        if not self.backbone:
            raise Refusal(path, "model_state_dict has no backbone.*", "use the whole checkpoint as it was released")
        args = content.get("args")
        self.args = args if isinstance(args, dict) else {}

    def trained_pooling(self):
        """The mode that the tensors show; refused where the training flags say otherwise."""
        mode = (
            "dynamic_query"
            if "static_queries" in self.adapter
            else "fixed_query"
            if "queries" in self.adapter
            else "last_token"
            if not self.adapter
            else None
        )
        if mode is None:
            raise Refusal(
                self.path,
                f"adapter_layer has {list(self.adapter)[:4]}, neither static_queries nor queries",
                "this looks like another adapter",
            )
        said = self.args.get("pooling_strategy")
        if said is not None and said != mode:
            raise Refusal(
                self.path,
                f"args.pooling_strategy is {said}, the tensors are those of {mode}",
                "the file contradicts itself; use another checkpoint",
            )
        return mode

    def pooling(self, chosen):
        """The mode to convert, and a sentence that says so. `chosen` is None or one of POOLINGS."""
        trained = self.trained_pooling()
        if chosen in (None, trained):
            return trained, f"pooling: {trained}, as the checkpoint was trained"
        if chosen == "last_token":
            return chosen, (
                f"pooling: last_token, as chosen. The checkpoint was trained with {trained}; its adapter "
                "is left out, as the authors' demonstration does without saying so"
            )
        raise Refusal(
            self.path,
            f"was trained with {trained}, which is not {chosen}",
            f"use --pooling {trained} or --pooling last_token",
        )

    def adapter_sizes(self, pooling, hidden, heads):
        """Sizes of the adapter for statezero.json, every tensor checked; None for last_token."""
        if pooling == "last_token":
            self.check_width(hidden)
            return None
        queries = self.adapter["static_queries" if pooling == "dynamic_query" else "queries"]
        if queries.ndim != 3 or queries.shape[0] != 1:
            raise Refusal(
                self.path,
                f"adapter_layer queries are {tuple(queries.shape)}, expected (1, Q, d)",
                "this looks like another adapter",
            )
        count, width = queries.shape[1:]
        bottleneck = None
        if pooling == "dynamic_query":
            weight = self.adapter.get("generator.0.weight")
            bottleneck = 0 if weight is None else weight.shape[0]
        compare_shapes(
            self.path,
            {k: v.shape for k, v in self.adapter.items()},
            adapter_shapes(hidden, count, width, bottleneck),
            "names are those after adapter_layer.",
        )
        # The number of heads leaves no trace in any shape: flags of the training, else what the reference assumes.
        heads = heads or self.args.get("num_heads") or 3
        if width % heads:
            raise Refusal(self.path, f"adapter of width {width} cannot have {heads} heads", "see --adapter-heads")
        for flag, value in (
            ("num_queries", count),
            ("embed_dim", width),
            ("dynamic_query_generator_bottleneck_dim", bottleneck),
        ):
            if bottleneck is None and flag.startswith("dynamic"):
                continue
            if flag in self.args and self.args[flag] != value:
                raise Refusal(
                    self.path,
                    f"args.{flag} is {self.args[flag]}, the tensors say {value}",
                    "the file contradicts itself; use another checkpoint",
                )
        self.check_width(count * width)
        return {"queries": count, "width": width, "heads": heads, "bottleneck": bottleneck}

    def check_width(self, features):
        if features > FEATURES_MAX:
            raise Refusal(
                self.path,
                f"makes {features} features a prompt, which the reference averages down to {FEATURES_MAX}",
                "such models are not supported",
            )


def adapter_shapes(hidden, queries, width, bottleneck):
    """Names and shapes of the adapter's parameters. `bottleneck` None: fixed queries, no generator."""
    shapes = {
        "proj_kv.weight": (width, hidden),
        "proj_kv.bias": (width,),
        "mha.in_proj_weight": (3 * width, width),
        "mha.in_proj_bias": (3 * width,),
        "mha.out_proj.weight": (width, width),
        "mha.out_proj.bias": (width,),
        "ln_q.weight": (width,),
        "ln_q.bias": (width,),
        "ln_kv.weight": (width,),
        "ln_kv.bias": (width,),
    }
    if bottleneck is None:
        return {"queries": (1, queries, width), **shapes}
    return {
        "static_queries": (1, queries, width),
        "generator.0.weight": (bottleneck, hidden),
        "generator.0.bias": (bottleneck,),
        "generator.1.weight": (bottleneck,),
        "generator.1.bias": (bottleneck,),
        "generator.4.weight": (queries * width, bottleneck),
        "generator.4.bias": (queries * width,),
        **shapes,
    }
