"""One run of GRPO by TRL's GRPOTrainer: one way to choose prompts, one seed; writes what was seen as JSON.

    python train.py --arm choose --seed 1 --policy FOLDER --url http://127.0.0.1:8080 --output FILE

A run ends after the step in which its rollouts reach `--rollouts`, or at SIGTERM. The held-out success rate is exact;
it is measured, and the result written, after the first step that crosses each further 1,024 rollouts.
"""

import json
import pathlib
import signal
import sys
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "python" / "src")]

import arms  # noqa: E402
import policy  # noqa: E402
import tasks  # noqa: E402
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from setting import SETTINGS  # noqa: E402
from transformers import Qwen2ForCausalLM, TrainerCallback  # noqa: E402
from trl import GRPOConfig  # noqa: E402

from common import arguments  # noqa: E402
from statezero import Client  # noqa: E402

MARK = 1024  # rollouts from one measurement to the next


def reward(prompts: list[str], completions: list[str], answer: list[str], **_: object) -> list[float]:
    return [float(tasks.is_right(text, right)) for text, right in zip(completions, answer, strict=True)]


class TimedClient(Client):
    """Adds up the time of plans, and keeps what they expected of the prompts that they gave rollouts."""

    def __init__(self, *parts, **options):
        super().__init__(*parts, **options)
        self.seconds, self.expected, self.reasons = 0.0, [], []

    def plan(self, *parts, **options):
        begin = time.monotonic()
        made = super().plan(*parts, **options)
        self.seconds += time.monotonic() - begin
        self.reasons.append(made.body.get("uniform_reason"))
        self.expected += [
            {"step": made.step, "id": item["prompt_id"], "p": item["p"]}
            for item in made.items
            if item["n"] and item.get("p") is not None
        ]
        return made


class Measurement(TrainerCallback):
    """Measures the held-out success at the start and at each mark of rollouts, and ends the run at the last."""

    def __init__(self, trainer, held_out: list[tasks.Task], rollouts: int, write: typing.Callable[[], None]):
        self.trainer, self.held_out, self.end, self.write = trainer, held_out, rollouts, write
        self.mark, self.curve, self.each, self.is_stopping = 0, [], [], False

    def stop(self, *_) -> None:
        self.is_stopping = True

    def on_train_begin(self, args, state, control, **_):
        self.measure(state)

    def on_step_end(self, args, state, control, **_):
        if self.trainer.rollouts >= self.mark or self.is_stopping:
            self.measure(state)
        control.should_training_stop = self.is_stopping or self.trainer.rollouts >= self.end

    def measure(self, state) -> None:
        trainer = self.trainer
        self.each = policy.success(trainer.model, trainer.processing_class, self.held_out)
        silent = [group["k"] in (0, group["n"]) for group in trainer.groups]
        point = {
            "step": state.global_step,
            "rollouts": trainer.rollouts,
            "prompt_tokens": trainer.prompt_tokens,
            "completion_tokens": trainer.completion_tokens,
            "groups": len(silent),
            "silent": sum(silent),
            "success": policy.mean(self.each),
        }
        self.curve.append(point)
        self.mark = (trainer.rollouts // MARK + 1) * MARK
        print(json.dumps(point), flush=True)
        self.write()


def train(options) -> None:
    """One run; its result is in the file `options.output`."""
    torch.set_num_threads(options.threads)
    setting = SETTINGS[options.setting]
    rate, rollouts = options.learning_rate or setting.learning_rate, options.rollouts or setting.rollouts
    training, held_out = tasks.sets(setting)
    batch = (options.prompts or setting.prompts) * setting.size  # rollouts
    rows = [{"prompt_id": i, "prompt": task.prompt, "answer": task.answer} for i, task in enumerate(training)]
    tokenizer = policy.make_tokenizer()
    client = TimedClient(options.url, timeout=300, strict=True) if options.url else None
    made = arms.ARMS[options.arm][0](
        model=Qwen2ForCausalLM.from_pretrained(options.policy, dtype=torch.float32),
        reward_funcs=[reward],
        args=GRPOConfig(
            output_dir=str(pathlib.Path(options.output).with_suffix("")),
            per_device_train_batch_size=batch,
            num_generations=setting.size,
            max_completion_length=8,
            temperature=1.0,
            learning_rate=rate,
            lr_scheduler_type="constant",
            max_steps=-(-rollouts // batch),
            seed=options.seed,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    made.seed = options.seed
    made.success = lambda indices: policy.success(made.model, tokenizer, [training[i] for i in indices])
    made.statezero = arms.settings(options.arm, client, f"{options.arm}-{options.seed}", options.seed)
    made.begin_count()
    begin = time.monotonic()

    def write() -> None:
        result = {
            "arm": options.arm,
            "seed": options.seed,
            "setting": options.setting,
            "learning_rate": rate,
            "seconds": time.monotonic() - begin,
            "curve": measurement.curve,
            "groups": made.groups,
            "held_out": [[task.cell, round(p, 4)] for task, p in zip(held_out, measurement.each, strict=True)],
        }
        if made.statezero is not None:
            result["plan_seconds"], result["expected"] = client.seconds, client.expected
            result["uniform_reasons"] = client.reasons
        pathlib.Path(options.output).write_text(json.dumps(result), encoding="utf-8")

    measurement = Measurement(made, held_out, rollouts, write)
    signal.signal(signal.SIGTERM, measurement.stop)
    made.add_callback(measurement)
    made.train()


def add_setting(parser) -> None:
    """The setting, and what replaces its values in trials."""
    parser.add_argument("--setting", choices=list(SETTINGS), default="first", help="tasks, policy and rates (first)")
    parser.add_argument("--rollouts", type=int, metavar="N", help="rollouts that a run spends (default: the setting's)")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="of all arms (default: the setting's)")
    parser.add_argument("--prompts", type=int, metavar="N", help="prompts of a batch (default: the setting's)")


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--arm", choices=list(arms.ARMS), required=True)
    parser.add_argument("--policy", required=True, metavar="DIR", help="the model after its warm-up")
    parser.add_argument("--url", help="the coordinator, for the arms of StateZero")
    add_setting(parser)
    arguments.add_seed(parser)
    arguments.add_threads(parser, 1)
    arguments.add_output(parser, "the result")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
