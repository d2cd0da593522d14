"""The network between the hosts of one run: a process that forwards IP packets between TUN devices, one in each network
namespace, and cuts, delays, reorders or drops them.

    python3 scripts/chaos/wire.py SEED NAME:NAMESPACE:ADDRESS ...

Commands are lines of JSON on standard input: {"host": "w1", "way": "in", "cut": true, "loss": 0.1, "delay": 0.05,
"jitter": 0.02}. `way` is `in` (to the host) or `out` (from it); what a command does not name is off. Packets with a
jitter arrive in another order. Prints `ready` once all devices exist. Needs root and /dev/net/tun; kernels without
netem can do this too.
"""

import contextlib
import ctypes
import dataclasses
import fcntl
import heapq
import json
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
PACKET_BYTES = 4096
# Packets of one device that are read in a row, so that a busy one does not keep the others waiting.
PACKETS = 64


@dataclasses.dataclass
class Way:
    """What happens to packets in one direction of one host."""

    cut: bool = False
    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0


def open_device(namespace: str, address: str) -> int:
    """Makes a TUN device in a namespace, gives it an address and returns its descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(other, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"wire", TUN_WITHOUT_HEADER))
    finally:
        libc.setns(own, CLONE_NEWNET)
        os.close(own)
        os.close(other)
    for command in (["addr", "add", f"{address}/24", "dev", "wire"], ["link", "set", "wire", "up"]):
        subprocess.run(["ip", "-n", namespace, *command], check=True)
    return device


class Wire:
    """Devices by host, ways by host and direction, and the packets that are delayed."""

    def __init__(self, seed: int, hosts: list[tuple[str, str, str]]):
        self.random = random.Random(seed)
        self.devices = {name: open_device(namespace, address) for name, namespace, address in hosts}
        self.by_address = {socket.inet_aton(address): name for name, _, address in hosts}
        self.ways = {(name, way): Way() for name, _, _ in hosts for way in ("in", "out")}
        self.delayed: list[tuple[float, int, int, bytes]] = []
        self.count = 0

    def command(self, line: bytes) -> None:
        order = json.loads(line)
        place = order.pop("host"), order.pop("way")
        self.ways[place] = Way(**order)

    def read(self, name: str) -> None:
        """Forwards what a host sends."""
        for _ in range(PACKETS):
            try:
                packet = os.read(self.devices[name], PACKET_BYTES)
            except BlockingIOError:
                return
            # IPv4 alone: its version is in the first four bits, its destination in bytes 16 to 20.
            if len(packet) >= 20 and packet[0] >> 4 == 4:
                self.forward(name, packet)

    def forward(self, sender: str, packet: bytes) -> None:
        receiver = self.by_address.get(packet[16:20])
        if receiver is None:
            return
        wait = 0.0
        for way in (self.ways[sender, "out"], self.ways[receiver, "in"]):
            if way.cut or (way.loss and self.random.random() < way.loss):
                return
            wait += way.delay + (way.jitter and self.random.uniform(0, way.jitter))
        if wait == 0:
            self.write(self.devices[receiver], packet)
        else:
            self.count += 1
            heapq.heappush(self.delayed, (time.monotonic() + wait, self.count, self.devices[receiver], packet))

    def write(self, device: int, packet: bytes) -> None:
        # Its queue is full, or the device is down: a lost packet, as on a real network.
        with contextlib.suppress(OSError):
            os.write(device, packet)

    def release(self) -> float | None:
        """Writes packets that are due; returns the seconds until the next one."""
        now = time.monotonic()
        while self.delayed and self.delayed[0][0] <= now:
            _, _, device, packet = heapq.heappop(self.delayed)
            self.write(device, packet)
        return self.delayed[0][0] - now if self.delayed else None


def main() -> None:
    wire = Wire(int(sys.argv[1]), [tuple(host.split(":")) for host in sys.argv[2:]])
    selector = selectors.DefaultSelector()
    for name, device in wire.devices.items():
        selector.register(device, selectors.EVENT_READ, name)
    selector.register(0, selectors.EVENT_READ, None)
    print("ready", flush=True)
    rest = b""
    while True:
        for key, _ in selector.select(wire.release()):
            if key.data is not None:
                wire.read(key.data)
                continue
            read = os.read(0, 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                wire.command(line)


if __name__ == "__main__":
    main()
