// The trainers that were read, as a table of text. `TrainerTable` parses it; `TrainerTests` checks that it parses.
//
// Lines of one trainer:
//     # name | safety | repository, commit and date
//     = reason
//     - subject | fact | file and line, or thread
//     + package, version and date | what was seen in a run | the test
//     > advice

extension Trainer {
    /// The trainers that were read, in order: those that accept unequal groups first.
    public static let known = TrainerTable.parse(facts)

    private static let facts = """
        # verl | ready | verl-project/verl @1dda039b9 (2026-08-22), the v1 trainer
        = a row's column __rollout_n__ sets its number of rollouts, and GRPO groups by uid
        - interface | a prompt's __rollout_n__ is popped and replaces rollout.n \
        | verl/trainer/ppo/v1/agent_loop_tq.py:115
        - advantages | mean and standard deviation by uid; a group of one has mean 0 and deviation 1 \
        | verl/trainer/ppo/core_algos.py:308-329
        - batch | padded up to a multiple of the data-parallel size and of ppo_mini_batch_size * rollout.n \
        | verl/trainer/ppo/v1/trainer_base.py:1484-1516
        - ids | uid is drawn anew at each fetch; extra_info.index is stable, and is 0 if not set \
        | verl/trainer/ppo/v1/trainer_base.py:1371
        - failures | one failed rollout marks the group as failed; without sync_refill_failed_groups its other \
        rollouts are trained, and the missing ones padded | verl/trainer/ppo/v1/replay_buffer.py:111-113
        + verl 0.9.1 (2026-11-28) | batches with the group sizes of a plan have no padding and the advantages by \
        hand; survivors of failed groups are trained | scripts/check-trainers verl
        > statezero.verl.Manager as the agent loop manager: it plans each batch, so that batches have equal totals.
        > statezero plan --export verl is the weaker way: one total for a file leaves batches with unequal totals, \
        which are padded. Join it into the training file only: validation rows would be popped too.
        > Keep rollout.n at the mean budget; a batch's total must be a multiple of ppo_mini_batch_size * rollout.n.
        > algorithm.adv_estimator=grpo; give every row its own extra_info.index.
        > Leave out rows whose budget is 0; limit --max by how often a rollout fails (--failure-rate).

        # CurES | ready | ZexuSun/CurES @eccf298 (2025-09-25), a fork of verl
        = it reads an array of group sizes by row of the data set
        - interface | with rollout.use_em, a JSON array of n (rollout.sample_sizes_data) is indexed by row \
        | epic/epic_ray_trainer.py:962-965,1042
        - batch | to reach a multiple of trainer.n_gpus_per_node, the missing rollouts are added to the largest n, \
        one each | epic/epic_ray_trainer.py:1030-1040
        > statezero plan --export json-array, over scores in the order of the data set's rows.
        > Its array is for the whole data set, and batches are rounded up one by one: only budgets in multiples of \
        n_gpus_per_node (--multiple-of) stay as planned.

        # tinker-cookbook | ready | thinking-machines-lab/tinker-cookbook @0.5.8 (PyPI)
        = a group builder sets its number of environments, and advantages are computed group by group
        - advantages | reward minus the mean of the group's own rewards \
        | tinker_cookbook/rl/data_processing.py:23-42
        - interface | num_envs of a group builder is the group's size \
        | tinker_cookbook/rl/problem_env.py:166-171
        + tinker-cookbook 0.5.8 (2026-11-28) | groups of planned sizes have the advantages by hand, also after \
        rollouts that failed | scripts/check-trainers tinker
        > statezero.tinker: BudgetedDataset or ChosenDataset around your RLDataset.

        # ART | ready | OpenPipe/ART @0.5.18 (PyPI)
        = your own loop makes each group of trajectories, and advantages are computed group by group
        - advantages | reward minus the mean of the group, over its deviation (of n, not of n - 1) \
        | art/preprocessing/tokenize.py:247-256
        - batch | trajectories are packed by tokens, whatever the sizes of their groups; those with an advantage of 0 are \
        left out | art/preprocessing/tokenize.py:257
        > Make each TrajectoryGroup of as many rollouts as Client.plan says, and report its rewards. This follows from the \
        code; it was not tried.

        # SkyRL | adapter | NovaSky-AI/SkyRL @a9564572e (2026-08-21)
        = GRPO groups by uid, but an assertion requires mini-batches of equal groups unless training is step-wise
        - groups | every prompt is repeated generator.n_samples_per_prompt times \
        | skyrl/train/generators/utils.py:533-551
        - advantages | mean and standard deviation by uid \
        | skyrl/backends/skyrl_train/utils/ppo_utils.py:1344-1392
        - batch | each mini-batch must have n_samples_per_prompt * mini_batch_size sequences \
        | skyrl/train/dataset/preprocess.py:386-390
        > Give the budgets to a GeneratorInterface of your own; rows of a uid must stay next to each other.
        > With step-wise training groups may differ; otherwise the assertion stops the run.
        > Make --total a multiple of the least common multiple of the data-parallel sizes.

        # prime-rl | adapter | PrimeIntellect-ai/prime-rl @559b44772 (2026-08-21)
        = a group is scored by itself, whatever its size, but its environment sets the size
        - advantages | reward minus the mean of the group that score_group is given \
        | src/prime_rl/orchestrator/algo/grpo.py:30,43
        - groups | group_size is set for each environment and sets how many rollouts are sent out \
        | src/prime_rl/orchestrator/dispatcher.py:479-487
        - groups | a group is complete at its environment's group_size: the two must agree \
        | src/prime_rl/orchestrator/train_sink.py:153
        - batch | batch_size must be a multiple of the top group_size \
        | packages/prime-rl-configs/src/prime_rl/configs/orchestrator.py:629
        - interface | a curriculum chooses tasks by a TaskSampler that sees finished groups, but only its own two \
        samplers can be configured | src/prime_rl/orchestrator/curriculum/base.py:24-47
        + prime-rl 0.8.0 (2026-11-28) | its Curriculum with a sampler that chooses tasks: equal groups of chosen tasks, \
        checkpoints | scripts/check-trainers prime_rl
        > statezero.prime_rl.Sampler chooses tasks for equal groups; it is set in the code of the orchestrator.
        > Without a code change: one environment for each of a few sizes (statezero plan --group-sizes 4,8,16), and \
        each prompt in the environment of its size. This follows from the code; it was not tried.
        > With a code change: a target for each group, in the dispatcher and in the sink.

        # NeMo-RL | adapter | NVIDIA-NeMo/RL @7ea279abf (2026-08-22)
        = baselines are computed by equal prompt, whatever the count, but batches and buffers require one size
        - advantages | baseline over all samples whose prompt tokens are equal; two rows of one text become one group \
        | nemo_rl/algorithms/utils.py:104-175
        - batch | asynchronous: a batch of another size than num_prompts_per_step * num_generations_per_prompt is \
        skipped and waited for | nemo_rl/algorithms/grpo.py:4655-4666
        - groups | a restored buffer refuses a group of another size, on purpose \
        | nemo_rl/algorithms/async_utils/replay_buffer.py:1002,1049
        > --total must be exactly num_prompts_per_step * num_generations_per_prompt, a multiple of the \
        data-parallel size; otherwise the trainer waits for ever.
        > Give the collector budgets by prompt (AsyncTrajectoryCollector); do not resume from a buffer.

        # PipelineRL | adapter | ServiceNow/PipelineRL @58d3934 (2026-06-19)
        = advantages are by group_id, but a group is complete, and checked, at attempts
        - advantages | leave-one-out mean by group_id and step \
        | pipelinerl/finetune/rl/__init__.py:471-523
        - groups | a group is released at len == attempts, and another length fails an assertion \
        | pipelinerl/actor.py:221,592
        - groups | the preprocessor checks that every group has group_size rollouts \
        | pipelinerl/preprocess.py:70-84
        > Replace attempts by a number for each problem in those three places; nothing else depends on it.

        # verl-legacy | adapter | verl-project/verl @1dda039b9 (2026-08-22), ray_trainer.py
        = GRPO groups by uid, but every prompt is repeated rollout.n times
        - groups | the batch is repeated rollout.n times, interleaved \
        | verl/trainer/ppo/ray_trainer.py:1491,1540
        - advantages | mean and standard deviation by uid \
        | verl/trainer/ppo/core_algos.py:308-329
        > Use the v1 trainer, or repeat rows by their own n in both places and pad to the mini-batch.

        # AReaL | adapter | areal-project/AReaL @cbff54d64 (2026-08-22)
        = rewards are normalised by the real sizes of groups since PR #1454; before it, by slices of group_size rows
        - advantages | group_sizes, from the trajectories themselves, cut the batch into groups \
        | areal/utils/data.py:1401-1450
        - advantages | they reach the normalisation of rewards and of advantages \
        | areal/trainer/ppo/actor.py:210-212,313
        - advantages | before PR #1454, one short group shifted all groups behind it, without an error \
        | areal-project/AReaL #1419
        + areal 1.0.4 (2026-11-29) | its executor, grouped workflow and loader with statezero.areal: equal groups of \
        chosen prompts; without PR #1454, unequal groups get wrong advantages | scripts/check-trainers areal
        > Only with a version that has PR #1454; then a workflow of your own may run a different number for each prompt.

        # TRL-AsyncGRPO | adapter | huggingface/trl @1.16.0 (PyPI), trl/experimental/async_grpo
        = the rollout worker scores each group by itself, whatever its size, but rolls out num_generations each
        - advantages | mean and deviation of the rewards of one group that are numbers \
        | trl/experimental/async_grpo/async_rollout_worker.py:1053-1067
        > A rollout worker of your own may roll out a different number for each prompt. This was read, not tried.

        # slime | unsafe | THUDM/slime @624b824a8 (2026-08-21)
        = rewards are reshaped by n_samples_per_prompt if only the total fits, and pooled over the batch if not
        - advantages | with a total of n_samples_per_prompt * rollout_batch_size, rewards of different prompts are \
        mixed without an error; with another total, all rewards of the batch are one group \
        | slime/ray/rollout.py:619-626
        - groups | the default rollout asserts n_samples_per_prompt per group \
        | slime/rollout/sglang_rollout.py:425
        - interface | a function of your own may normalise rewards \
        | slime/ray/rollout.py:609 (--custom-reward-post-process-path)
        + slime 0.3.1 (2026-11-29) | its rollout, data source and dynamic filter, at 624b824a8, with statezero.slime: \
        equal groups of chosen prompts; groups that the filter drops are reported | scripts/check-trainers slime
        > statezero.slime.ChosenPrompts as --data-source-path: equal groups of prompts that are chosen.
        > Only with a --custom-reward-post-process-path that groups by prompt, and a --rollout-function-path and a \
        --data-source-path that use budgets: all three.
        > Otherwise give equal groups; issues #1414 and #2230 are about this.

        # TRL | unsafe | huggingface/trl @f2cd57710 (2026-07-24)
        = rewards are viewed as rows of num_generations
        + TRL 1.16.0 (2026-11-28) | a sampler alone gives wrong advantages without an error; with \
        statezero.trl.UnequalGroups they are those by hand | scripts/check-trainers trl
        + TRL 1.16.0 (2026-11-28) | statezero.trl.ChoosePrompts gives equal groups of chosen prompts, and touches no \
        advantage | scripts/check-trainers trl
        - advantages | rewards.view(-1, num_generations), mean and deviation by row \
        | trl/trainer/grpo_trainer.py:2685,2690
        - groups | the sampler repeats every prompt num_generations times \
        | trl/trainer/grpo_trainer.py:1265
        - batch | generation_batch_size must be a multiple of num_generations \
        | trl/trainer/grpo_config.py:1108-1112
        > statezero.trl.ChoosePrompts: equal groups of prompts that are chosen. statezero.trl.UnequalGroups computes \
        advantages by group.

        # OpenRLHF | unsafe | OpenRLHF/OpenRLHF @3c3be623 (2026-08-13)
        = rewards are reshaped to rows of n_samples_per_prompt
        - advantages | rewards.reshape(-1, n_samples_per_prompt) before every group baseline \
        | openrlhf/trainer/ppo_utils/experience_maker.py:252
        - groups | one n for a batch of prompts \
        | openrlhf/trainer/ppo_utils/samples_generator.py:213
        > Give equal groups; use budgets to choose prompts: leave out those with the smallest budgets.

        # ROLL | unsafe | alibaba/ROLL @8eb27cc2 (2026-08-19)
        = the scheduler could vary n, but reward normalisation reshapes by the configured one, without an error
        - advantages | rewards are reshaped to (-1, n_sample) where mean or deviation is by group \
        | roll/utils/functionals.py:567-569
        - interface | a rollout loop of your own may read n for each prompt \
        | roll/configs/base_config.py:76 (user_defined_rollout_loop_cls)
        > Only with both a rollout loop and a normalisation of your own; otherwise give equal groups.
        """
}
