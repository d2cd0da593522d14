extension Trainer {
    /// The trainers that were read, those that take unequal groups first.
    public static let known = [
        verl, cures, skyRL, primeRL, nemoRL, pipelineRL, verlLegacy, areal, slime, trl, openRLHF, roll,
    ]

    private static let verl = Trainer(
        name: "verl", read: "verl-project/verl @1dda039b9 (2026-08-22), the v1 trainer", safety: .ready,
        reason: "a row's column __rollout_n__ sets its number of rollouts, and GRPO groups by uid",
        facts: [
            .init(
                about: "door", text: "a prompt's __rollout_n__ is popped and stands for rollout.n",
                source: "verl/trainer/ppo/v1/agent_loop_tq.py:115"),
            .init(
                about: "advantages",
                text: "mean and standard deviation by uid; a group of one has mean 0 and deviation 1",
                source: "verl/trainer/ppo/core_algos.py:308-329"),
            .init(
                about: "batch",
                text: "padded up to a multiple of the data-parallel size and of ppo_mini_batch_size * rollout.n",
                source: "verl/trainer/ppo/v1/trainer_base.py:1484-1516"),
            .init(
                about: "ids",
                text: "uid is drawn anew at each fetch; extra_info.index is what stays, and is 0 if not set",
                source: "verl/trainer/ppo/v1/trainer_base.py:1371"),
            .init(
                about: "failures", text: "one failed rollout marks the whole group as failed",
                source: "verl/trainer/ppo/v1/agent_loop_tq.py:128-150"),
        ],
        advice: [
            "statezero plan --export verl, joined into the training file only: validation rows would be popped too.",
            "Make --total a multiple of ppo_mini_batch_size * rollout.n, so that nothing is padded; keep rollout.n at "
                + "the mean budget.",
            "algorithm.adv_estimator=grpo; give every row its own extra_info.index.",
            "Leave out rows whose budget is 0; cap --max by how often a rollout fails (--failure-rate).",
        ])

    private static let cures = Trainer(
        name: "CurES", read: "ZexuSun/CurES @eccf298 (2025-09-25), a fork of verl", safety: .ready,
        reason: "it reads an array of group sizes by row of the data set",
        facts: [
            .init(
                about: "door",
                text:
                    "with rollout.use_em, a JSON array of n (rollout.sample_sizes_data) is looked up by a row's index",
                source: "epic/epic_ray_trainer.py:962-965,1042"),
            .init(
                about: "batch",
                text: "what is missing to a multiple of trainer.n_gpus_per_node is added to the largest n, one each",
                source: "epic/epic_ray_trainer.py:1030-1040"),
        ],
        advice: [
            "statezero plan --export json-array, over scores in the order of the data set's rows.",
            "Its array is for the whole data set, and batches are rounded up one by one: budgets in multiples of "
                + "n_gpus_per_node (--multiple-of) are the only ones that stay as planned.",
        ])

    private static let skyRL = Trainer(
        name: "SkyRL", read: "NovaSky-AI/SkyRL @a9564572e (2026-08-21)", safety: .adapter,
        reason: "GRPO groups by uid, but mini-batches are asserted to hold equal groups unless training is step-wise",
        facts: [
            .init(
                about: "groups", text: "every prompt is repeated generator.n_samples_per_prompt times",
                source: "skyrl/train/generators/utils.py:533-551"),
            .init(
                about: "advantages", text: "mean and standard deviation by uid",
                source: "skyrl/backends/skyrl_train/utils/ppo_utils.py:1344-1392"),
            .init(
                about: "batch", text: "each mini-batch must have n_samples_per_prompt * mini_batch_size sequences",
                source: "skyrl/train/dataset/preprocess.py:386-390"),
        ],
        advice: [
            "Give a GeneratorInterface of your own the budgets; rows of a uid must stay next to each other.",
            "Step-wise training is the path on which groups may differ; otherwise the assertion stops the run.",
            "Make --total a multiple of the least common multiple of the data-parallel sizes.",
        ])

    private static let primeRL = Trainer(
        name: "prime-rl", read: "PrimeIntellect-ai/prime-rl @559b44772 (2026-08-21)", safety: .adapter,
        reason: "a group is scored by itself, whatever its size, but its size is its environment's",
        facts: [
            .init(
                about: "advantages", text: "reward minus the mean of the group that score_group is given",
                source: "src/prime_rl/orchestrator/algo/grpo.py:30,43"),
            .init(
                about: "groups", text: "group_size is set for each environment and sets how many rollouts are sent out",
                source: "src/prime_rl/orchestrator/dispatcher.py:479-487"),
            .init(
                about: "groups", text: "a group is complete at its environment's group_size: the two must agree",
                source: "src/prime_rl/orchestrator/train_sink.py:153"),
            .init(
                about: "batch", text: "batch_size must be a multiple of the top group_size",
                source: "packages/prime-rl-configs/src/prime_rl/configs/orchestrator.py:629"),
        ],
        advice: [
            "Without a change: one environment for each of a few sizes (statezero plan --group-sizes 4,8,16), and "
                + "each prompt in the one of its size. This follows from the code; nobody tried it.",
            "With a change: a target of its own for each group, in the dispatcher and in the sink.",
        ])

    private static let nemoRL = Trainer(
        name: "NeMo-RL", read: "NVIDIA-NeMo/RL @7ea279abf (2026-08-22)", safety: .adapter,
        reason:
            "baselines are computed by equal prompt, whatever the count, but batches and buffers insist on one size",
        facts: [
            .init(
                about: "advantages",
                text: "baseline over all samples whose prompt tokens are equal; two rows of one text become one group",
                source: "nemo_rl/algorithms/utils.py:104-175"),
            .init(
                about: "batch",
                text: "asynchronous: a batch of another size than num_prompts_per_step * num_generations_per_prompt is "
                    + "skipped and waited for",
                source: "nemo_rl/algorithms/grpo.py:4655-4666"),
            .init(
                about: "groups", text: "a restored buffer refuses a group of another size, on purpose",
                source: "nemo_rl/algorithms/async_utils/replay_buffer.py:1002,1049"),
        ],
        advice: [
            "--total must be num_prompts_per_step * num_generations_per_prompt exactly, a multiple of the "
                + "data-parallel size; otherwise the trainer waits for ever.",
            "Give the collector budgets by prompt (AsyncTrajectoryCollector); do not resume from a buffer.",
        ])

    private static let pipelineRL = Trainer(
        name: "PipelineRL", read: "ServiceNow/PipelineRL @58d3934 (2026-06-19)", safety: .adapter,
        reason: "advantages are by group_id, but a group is complete, and checked, at attempts",
        facts: [
            .init(
                about: "advantages", text: "leave-one-out mean by group_id and step",
                source: "pipelinerl/finetune/rl/__init__.py:471-523"),
            .init(
                about: "groups", text: "a group leaves at len == attempts, and another length fails an assertion",
                source: "pipelinerl/actor.py:221,592"),
            .init(
                about: "groups", text: "the preprocessor checks that every group has group_size rollouts",
                source: "pipelinerl/preprocess.py:70-84"),
        ],
        advice: ["Make attempts a number of each problem in those three places; nothing else counts on it."])

    private static let verlLegacy = Trainer(
        name: "verl-legacy", read: "verl-project/verl @1dda039b9 (2026-08-22), ray_trainer.py", safety: .adapter,
        reason: "GRPO groups by uid, but every prompt is repeated rollout.n times",
        facts: [
            .init(
                about: "groups", text: "the batch is repeated rollout.n times, interleaved",
                source: "verl/trainer/ppo/ray_trainer.py:1491,1540"),
            .init(
                about: "advantages", text: "mean and standard deviation by uid",
                source: "verl/trainer/ppo/core_algos.py:308-329"),
        ],
        advice: ["Use the v1 trainer, or repeat rows by their own n in both places and pad to the mini-batch."])

    private static let areal = Trainer(
        name: "AReaL", read: "inclusionAI/AReaL @4aef98d8d (2026-05-21)", safety: .unsafe,
        reason: "normalisation cuts the batch every group_size rows, so one short group shifts all behind it",
        facts: [
            .init(
                about: "advantages",
                text: "mean and deviation over slices of group_size rows; rows beyond the last whole slice keep mean 0",
                source: "areal/utils/data.py:1424,1468"),
            .init(
                about: "advantages", text: "reported as #1419 and repaired by PR #1454, which carries real group sizes",
                source: "areal-project/AReaL #1419"),
        ],
        advice: [
            "Only with a version that has PR #1454; then a workflow of your own may run a number of its own for each "
                + "prompt."
        ])

    private static let slime = Trainer(
        name: "slime", read: "THUDM/slime @624b824a8 (2026-08-21)", safety: .unsafe,
        reason: "rewards are reshaped by n_samples_per_prompt if only the total fits, and pooled over the batch if not",
        facts: [
            .init(
                about: "advantages",
                text:
                    "with a total of n_samples_per_prompt * rollout_batch_size, rewards of different prompts are mixed "
                    + "without an error; with another, all rewards of the batch are one group",
                source: "slime/ray/rollout.py:619-626"),
            .init(
                about: "groups", text: "the default rollout asserts n_samples_per_prompt a group",
                source: "slime/rollout/sglang_rollout.py:425"),
            .init(
                about: "door", text: "a function of your own may normalise rewards",
                source: "slime/ray/rollout.py:609 (--custom-reward-post-process-path)"),
        ],
        advice: [
            "Only with --custom-reward-post-process-path that groups by prompt, --rollout-function-path and "
                + "--data-source-path that take budgets: all three.",
            "Otherwise give equal groups; issues #1414 and #2230 are about this.",
        ])

    private static let trl = Trainer(
        name: "TRL", read: "huggingface/trl @f2cd57710 (2026-07-24)", safety: .unsafe,
        reason: "rewards are viewed as rows of num_generations",
        facts: [
            .init(
                about: "advantages", text: "rewards.view(-1, num_generations), mean and deviation by row",
                source: "trl/trainer/grpo_trainer.py:2685,2690"),
            .init(
                about: "groups", text: "the sampler repeats every prompt num_generations times",
                source: "trl/trainer/grpo_trainer.py:1265"),
            .init(
                about: "batch", text: "generation_batch_size must be a multiple of num_generations",
                source: "trl/trainer/grpo_config.py:1108-1112"),
        ],
        advice: [
            "Give equal groups; use budgets to choose prompts: those that the plan gives least are best left out."
        ])

    private static let openRLHF = Trainer(
        name: "OpenRLHF", read: "OpenRLHF/OpenRLHF @3c3be623 (2026-08-13)", safety: .unsafe,
        reason: "rewards are reshaped to rows of n_samples_per_prompt",
        facts: [
            .init(
                about: "advantages", text: "rewards.reshape(-1, n_samples_per_prompt) before every group baseline",
                source: "openrlhf/trainer/ppo_utils/experience_maker.py:252"),
            .init(
                about: "groups", text: "one n for a batch of prompts",
                source: "openrlhf/trainer/ppo_utils/samples_generator.py:213"),
        ],
        advice: [
            "Give equal groups; use budgets to choose prompts: those that the plan gives least are best left out."
        ])

    private static let roll = Trainer(
        name: "ROLL", read: "alibaba/ROLL @8eb27cc2 (2026-08-19)", safety: .unsafe,
        reason:
            "the scheduler could vary n, but reward normalisation reshapes by the configured one, without complaint",
        facts: [
            .init(
                about: "advantages", text: "rewards are reshaped to (-1, n_sample) where mean or deviation is by group",
                source: "roll/utils/functionals.py:567-569"),
            .init(
                about: "door", text: "a rollout loop of your own may read n for each prompt",
                source: "roll/configs/base_config.py:76 (user_defined_rollout_loop_cls)"),
        ],
        advice: ["Only with both a rollout loop and a normalisation of your own; otherwise give equal groups."])
}
