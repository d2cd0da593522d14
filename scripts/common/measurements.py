"""What a process has used, and how measured times are summed up."""

import collections.abc
import os
import pathlib


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used so far, in all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busiest_thread_seconds(pid: int) -> float:
    """Processor time of the thread of a process that has used most so far: what bounds its rate on any machine."""
    ticks = []
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        fields = stat.read_text().rsplit(")", 1)[1].split()
        ticks.append(int(fields[11]) + int(fields[12]))
    return max(ticks) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """Largest resident memory of a process so far, in MiB; 0 for one that has ended."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def percentile(values: collections.abc.Iterable[float], share: float) -> float:
    """The value below which this share of the values is; no interpolation."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load() -> str:
    """The machine's load, for a report: other work makes all times longer."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
