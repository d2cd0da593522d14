"""A local S3 server (moto) for checks and measurements, with keys of its own in the environment."""

import os
import pathlib
import socket
import subprocess
import sys
import time

import boto3


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class S3Server:
    """Runs in a `with` block. This process and those it starts find the server by their environment."""

    def __init__(self, state: pathlib.Path, bucket: str = "rows"):
        self.bucket = bucket
        port = free_port()
        self.environment = dict(os.environ) | {
            "AWS_ACCESS_KEY_ID": "key-of-the-check",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-check",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "XDG_STATE_HOME": str(state),
        }
        os.environ.update(self.environment)
        moto = pathlib.Path(sys.executable).parent / "moto_server"
        self.process = subprocess.Popen(
            [str(moto), "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> "S3Server":
        self.client = boto3.client("s3")
        for attempt in range(100):
            try:
                self.client.create_bucket(Bucket=self.bucket)
                return self
            except Exception:
                if attempt == 99:
                    self.process.kill()
                    raise
                time.sleep(0.3)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
