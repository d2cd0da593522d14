"""deploy/slurm on a real Slurm of one node, with munge, started here in a folder that is deleted at the end.

Two runs at the same time score the same corpus. Their time limits are far shorter than their work:

- `score-node.sbatch` scores alone, with a limit of one minute.
- `submit` starts a coordinator, two workers with a limit of one minute, and a client. In the middle the coordinator is
  requeued, so it comes back at another port; a worker is killed; a worker without a signal is ended by the time limit.
  Its traffic is encrypted by keys.

Both outputs must have the bytes of a run that nothing disturbed, and a cancelled job must stay cancelled.
"""

import getpass
import os
import pathlib
import re
import socket
import time

from . import support
from .support import CONTEXT, DEPLOY, Daemons, Failure, expect, find, free_port, run, wait

PROGRAMS = "munged slurmctld slurmd sbatch squeue scontrol scancel sinfo"
TIMES = 9
# 7,812 rows of 20 ms are 156 s of one worker. Slurm looks at time limits every 30 s only.
MODEL = "table:7:20000"
CONFIGURATION = """
ClusterName=statezero
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=5
KillWait=5
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=8000 State=UNKNOWN
PartitionName=check Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """munged, slurmctld and slurmd of one node, as the user of this process."""

    def __init__(self, folder: pathlib.Path, daemons: Daemons):
        self.folder = folder
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        folder.chmod(0o755)
        configuration = folder / "slurm.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                host=socket.gethostname().split(".")[0],
                user=getpass.getuser(),
                controller_port=free_port(),
                node_port=free_port(),
            )
        )
        program = support.statezero()
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(configuration),
            "STATEZERO": program,
            "STATEZERO_SLURM": str(DEPLOY / "slurm"),
            "STATEZERO_MODEL": MODEL,
            "STATEZERO_STORE": "off",
            "STATEZERO_ADDRESS": "127.0.0.1",
        }
        munge = ["--socket", "munge.socket", "--key-file", "munge.key", "--seed-file", "munge.seed"]
        files = [folder / word if "." in word and not word.startswith("--") else word for word in munge]
        options = ["--pid-file", folder / "munge.pid", "--log-file", folder / "munged.log"]
        daemons.start([find("munged"), "--foreground", "--force", *files, *options], folder / "munged.out")
        wait((folder / "munge.socket").exists, "munged's socket")
        for name in ("slurmctld", "slurmd"):
            daemons.start([find(name), "-D", "-f", configuration], folder / f"{name}.out", env=self.environment)
        wait(lambda: "idle" in self("sinfo", "--noheader", "--format=%T"), "a node that is idle", seconds=60)

    def __call__(self, *command: object, **options) -> str:
        return run(command, env=self.environment, okay=(0, 1), **options)

    def state(self, job: str) -> dict[str, str]:
        """What scontrol shows of a job: JobState, Restarts, and so on."""
        return dict(re.findall(r"(\w+)=(\S*)", self("scontrol", "show", "job", job)))

    def wait_for_end(self, job: str, seconds: float) -> dict[str, str]:
        ended = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")
        return wait(
            lambda: state if (state := self.state(job)).get("JobState") in ended else None,
            f"the end of job {job}: {self.state(job)}",
            seconds,
            pause=2,
        )


def check() -> list[str]:
    support.need(PROGRAMS, "slurm-wlm and munge")
    with support.folder("slurm") as folder, Daemons() as daemons:
        corpus = folder / "prompts.jsonl"
        rows = support.repeated_corpus(corpus, TIMES)
        files = ["--prompts", corpus, "--context", CONTEXT]
        run([support.statezero(), "score", *files, "--model", "table:7", "--output", folder / "expected"])
        expected = support.digest_of_parts(folder / "expected")
        slurm = Slurm(folder, daemons)
        try:
            version = slurm("sinfo", "--version").strip()
            lines = _check_runs(slurm, files, expected)
            lines.append(_check_cancelled(slurm, files))
        except Failure as failure:
            logs = [*folder.glob("*.out"), *folder.glob("*.log"), *folder.glob("run/*.log")]
            tails = [f"--- {log.name}\n" + log.read_text(errors="replace")[-2500:] for log in sorted(logs)]
            raise Failure("\n".join([str(failure), *tails])) from None
        finally:
            slurm("scancel", "--user", getpass.getuser())
            wait(lambda: not slurm("squeue", "--noheader").strip(), "all jobs to end", 60, 1)
        return [f"{version}, {rows} rows, model {MODEL}; SHA-256 of the undisturbed output {expected[:16]}", *lines]


def _check_runs(slurm: Slurm, files: list[object], expected: str) -> list[str]:
    folder = slurm.folder
    node = _submit_node(slurm, folder / "node.log", files, folder / "node")
    keys = support.Keys(folder, support.statezero())
    secrets = {
        "STATEZERO_KEYS": str(keys.folder),
        "STATEZERO_WORKER_KEY": str(keys.key("worker", "worker")),
        "STATEZERO_CLIENT_KEY": str(keys.key("client", "client")),
    }
    fleet = {**slurm.environment, **secrets, "SBATCH_TIMELIMIT": "30"}
    submit = [DEPLOY / "slurm" / "submit", folder / "run", 2, *files, "--output", folder / "fleet"]
    client = re.search(r"client (\d+)", run(submit, env=fleet))[1]
    coordinator, array = (folder / "run" / "jobs").read_text().split()
    slurm("scontrol", "update", f"JobId={array}", "TimeLimit=1")
    # A worker that gets no signal before its time limit: the limit itself ends it, while it computes.
    unasked = slurm(
        *["sbatch", "--parsable", "--array=9", "--time=1", "--signal=B:CONT@1", f"--output={folder}/unasked.log"],
        *[f"--export=ALL,STATEZERO_RUN={folder}/run,STATEZERO_WORKER_KEY={secrets['STATEZERO_WORKER_KEY']}"],
        DEPLOY / "slurm" / "workers.sbatch",
    ).strip()
    endpoint = folder / "run" / "endpoint"
    first = wait(lambda: endpoint.exists() and endpoint.read_text(), "the coordinator's endpoint", pause=1)
    _wait_for_rows(folder / "run" / "client.log", 500)
    slurm("scancel", "--signal=KILL", "--full", f"{array}_1")
    slurm("scontrol", "requeue", coordinator)
    second = wait(
        lambda: endpoint.exists() and (text := endpoint.read_text()) != first and text, "a second endpoint", pause=1
    )
    ended = slurm.wait_for_end(client, 600)
    expect(ended["JobState"] == "COMPLETED", f"the client ended as {ended}")
    expect(support.digest_of_parts(folder / "fleet") == expected, "the output of several jobs has other bytes")
    _expect_cancelled(slurm, coordinator, array)
    alone = slurm.wait_for_end(node, 600)
    expect(alone["JobState"] == "COMPLETED" and int(alone["Restarts"]) >= 1, f"the job of one node ended as {alone}")
    expect(support.digest_of_parts(folder / "node") == expected, "the output of one node has other bytes")
    log = (folder / "run" / "worker-2.log").read_text()
    restarts = log.count("; requeue ")
    expect(restarts >= 1, "worker 2 was not requeued at its time limit")
    limit = slurm.state(unasked)
    expect(limit.get("JobState") == "TIMEOUT", f"the worker without a drain ended as {limit}")
    return [
        f"score-node.sbatch: limit 1 minute, requeued {alone['Restarts']} times, the same bytes",
        f"submit, with keys: worker 2 drained and requeued {restarts} times, worker 1 killed, worker 9 ended by "
        f"its time limit, coordinator requeued from {first.strip()} to {second.strip()}; the same bytes",
    ]


def _wait_for_rows(log: pathlib.Path, count: int) -> None:
    """Waits until a client has shown so many rows done."""

    def done() -> bool:
        rows = re.findall(r"^(\d+)/\d+ rows", log.read_text() if log.exists() else "", re.M)
        return bool(rows) and int(rows[-1]) >= count

    wait(done, f"{count} rows in {log.name}", pause=1)


def _submit_node(slurm: Slurm, log: pathlib.Path, files: list[object], output: pathlib.Path) -> str:
    script = DEPLOY / "slurm" / "score-node.sbatch"
    options = ["--parsable", "--time=1", "--signal=B:TERM@10", "--cpus-per-task=1", f"--output={log}"]
    return slurm("sbatch", *options, script, *files, "--output", output).strip()


def _expect_cancelled(slurm: Slurm, *jobs: str) -> None:
    """The client cancels the other jobs of its run, and they do not come back."""
    for job in jobs:
        wait(lambda job=job: not slurm("squeue", "--noheader", f"--jobs={job}").strip(), f"job {job} cancelled", 60, 1)


def _check_cancelled(slurm: Slurm, files: list[object]) -> str:
    output = slurm.folder / "cancelled"
    job = _submit_node(slurm, slurm.folder / "cancelled.log", files, output)
    _wait_for_rows(slurm.folder / "cancelled.log", 1)
    slurm("scancel", job)
    ended = slurm.wait_for_end(job, 60)
    expect(ended["JobState"] == "CANCELLED", f"a cancelled job ended as {ended}")
    time.sleep(15)
    expect(slurm.state(job)["JobState"] == "CANCELLED", "a cancelled job was requeued")
    return "a cancelled job stays cancelled"
