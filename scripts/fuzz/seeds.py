"""Writes the first inputs of each fuzz target: scripts/fuzz/corpora/TARGET/seed-NAME.

    python3 scripts/fuzz/seeds.py

They are made of the vectors of the protocol, of the tests' golden files, and of texts below; none is over 8 KB. Inputs
that fuzzing has found have other names and stay. Tests/FuzzTargets says what the bytes of each target mean.
"""

import gzip
import hashlib
import json
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPORA = ROOT / "scripts/fuzz/corpora"
GOLDENS = ROOT / "Tests/Goldens"
# Number of `verify` in SubmitJob.
VERIFY_FIELD = 12
# Of a vocabulary, so many entries.
ENTRIES = 60


def number16(value: int) -> bytes:
    return struct.pack("<H", value)


def block(data: bytes) -> bytes:
    return number16(len(data)) + data


def vectors() -> dict[str, list[bytes]]:
    """The frames of each vector by name."""
    found = {}
    for path in sorted((ROOT / "proto/vectors").glob("*.txt")):
        lines = [line for line in path.read_text().splitlines()[1:] if not line.startswith("#")]
        found[path.stem] = [bytes.fromhex(line) for line in lines]
    return found


def wire(frames: list[bytes]) -> bytes:
    """A message as the target reads it: number and lengths of raw frames, these, the header without its magic."""
    header, *raw = frames
    return bytes([len(raw)]) + b"".join(number16(len(frame)) for frame in raw) + b"".join(raw) + header[4:]


def wires() -> dict[str, bytes]:
    return {name: wire(frames) for name, frames in vectors().items()}


# Steps of `machines`: (peer, vector), or a number of seconds to wait, or "work".
WORKER, CLIENT, TRAINER, ROLLOUT, SECOND, THIRD, FOURTH = 1, 2, 3, 4, 5, 6, 7
JOB = [(WORKER, "hello"), (CLIENT, "hello-client"), (CLIENT, "submit-job"), (CLIENT, "submit-shard")]
# A job of which all shards are computed twice, with three workers.
VERIFIED = [
    *[(WORKER, "hello"), (SECOND, "hello-2"), (THIRD, "hello-3"), (CLIENT, "hello-client")],
    *[(CLIENT, "submit-job-verified"), (CLIENT, "submit-shard")],
]
BEATS = [(WORKER, "heartbeat"), (SECOND, "heartbeat-2"), (CLIENT, "heartbeat")]
SEQUENCES = {
    "job": [*JOB, (WORKER, "heartbeat"), (WORKER, "shard-result"), (CLIENT, "confirm"), (CLIENT, "close-job")],
    "job-side": [*JOB[:2], (CLIENT, "submit-job"), (CLIENT, "submit-shard-side"), (WORKER, "context-wanted"), 7],
    "job-ranges": [*JOB[:3], (CLIENT, "submit-shard-ranges"), (WORKER, "shard-returned"), 40, (WORKER, "bye")],
    "restart": [*JOB, "restart", *JOB, 6, (WORKER, "hello"), "restart", (CLIENT, "bye")],
    "plan": [
        (TRAINER, "hello-trainer"),
        (ROLLOUT, "hello-rollout"),
        (TRAINER, "report-outcomes"),
        (TRAINER, "request-plan"),
        "work",
        3,
        (ROLLOUT, "heartbeat-rollout"),
        (ROLLOUT, "rewards-1"),
        (ROLLOUT, "rewards-2"),
        (TRAINER, "follow-plan"),
        "restart",
        (TRAINER, "hello-trainer"),
        (TRAINER, "drop-plans"),
    ],
    "scores": [(WORKER, "hello"), (TRAINER, "hello-trainer"), (TRAINER, "request-scores"), "work", "work", 12],
    "returned": [
        (TRAINER, "hello-trainer"),
        (ROLLOUT, "hello-rollout"),
        (TRAINER, "request-plan"),
        "work",
        3,
        (ROLLOUT, "assignment-returned"),
        (ROLLOUT, "drain"),
        30,
    ],
    # Two agree; the same again is ignored.
    "verified": [*VERIFIED, (WORKER, "truth"), (SECOND, "truth"), (THIRD, "truth"), (CLIENT, "close-job")],
    # Two contradict the third, which is put in quarantine; a start with the job keeps it there.
    "quarantined": [
        *[*VERIFIED, (WORKER, "lie"), (SECOND, "truth"), (THIRD, "truth"), (WORKER, "heartbeat")],
        *["restart", *VERIFIED, (WORKER, "lie"), (SECOND, "truth"), (CLIENT, "close-job"), "restart"],
    ],
    # Two differ, and nobody is there to decide; then nobody is there at all.
    "undecided": [
        *[*VERIFIED, (THIRD, "bye"), (WORKER, "lie"), (SECOND, "truth")],
        *[step for _ in range(4) for step in (4, *BEATS)],
        *[(CLIENT, "submit-job-verified"), (CLIENT, "submit-shard"), 12],
    ],
    # The only other worker gives the shard back, until the answer counts without it.
    "unverified": [
        *[*VERIFIED, (THIRD, "bye"), (WORKER, "truth"), *[(SECOND, f"returned-{attempt}") for attempt in range(2, 10)]],
        *[step for _ in range(4) for step in (4, *BEATS)],
    ],
    # Both agree on a lie, and are found out one after the other: then it is withdrawn.
    "accomplices": [
        *[*VERIFIED, (FOURTH, "hello-4"), (WORKER, "lie"), (SECOND, "lie"), (CLIENT, "submit-shard-8")],
        *[(WORKER, "lie-8"), (THIRD, "truth-8"), (FOURTH, "truth-8"), (CLIENT, "submit-shard-9")],
        *[(SECOND, "lie-9"), (THIRD, "truth-9"), (FOURTH, "truth-9"), "restart", *VERIFIED],
    ],
}


def machines() -> dict[str, bytes]:
    messages = vectors()
    hello = messages["hello-trainer"][0]
    # The role is the first field of the Hello.
    messages["hello-client"] = [hello.replace(b"\x08\x03\x10\x01", b"\x08\x02\x10\x01")]
    for number in (1, 2):
        # The name of the first generation's assignments.
        attempt = bytes([0x80 | number, 0x80, 0x80, 0x80, 0x10])
        messages[f"rewards-{number}"] = [messages["rewards"][0].replace(b"\x89\x80\x80\x80\x30", attempt)]
    messages |= verification(messages)
    found = {}
    for name, steps in SEQUENCES.items():
        data = b""
        for step in steps:
            if step == "work":
                data += bytes([28 << 3])
            elif step == "restart":
                data += bytes([31 << 3])
            elif isinstance(step, int):
                data += bytes([25 << 3, step])
            else:
                peer, vector = step
                data += bytes([peer]) + block(b"\0" + wire(messages[vector]))
        found[name] = data
    return found


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message: a number, or bytes behind their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def verification(messages: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """Messages of three workers of which two compute each shard, under the vectors' job."""
    found = {}
    incarnation = varint(0x0123456789ABCDEF)
    for number in (2, 3, 4):
        own = varint(0x0123456789ABCDE0 + number)
        hello = messages["hello"][0].replace(incarnation, own).replace(b"worker-1", f"worker-{number}".encode())
        found[f"hello-{number}"] = [hello]
        found[f"heartbeat-{number}"] = [messages["heartbeat"][0].replace(incarnation, own)]
    header, *raw = messages["submit-job"]
    tag = b"\x82\x01"
    start = header.index(tag) + len(tag)
    # The share of shards that are computed twice: 1.
    body = header[start + 1 :] + varint(VERIFY_FIELD << 3 | 1) + struct.pack("<d", 1)
    found["submit-job-verified"] = [header[:start] + varint(len(body)) + body, *raw]
    shard = messages["submit-shard"]
    for number in (8, 9):
        found[f"submit-shard-{number}"] = [shard[0].replace(b"\x10\x07", bytes([0x10, number]), 1), *shard[1:]]
    job = bytes.fromhex("00112233445566778899aabbccddeeff")
    credit = field(3, field(1, 4096) + field(2, 65536))
    for ending, number in (("", 7), ("-8", 8), ("-9", 9)):
        piece = field(1, job) + field(2, number) + field(4, 3) + field(5, 1)
        header = b"SZ01" + field(1, 1)
        for name, p in (("truth", 0.75), ("lie", 0.25)):
            record = struct.pack("<ffffI", p, 12, 0.125, 0.9375, 0)
            found[name + ending] = [header + field(14, field(1, piece) + credit + field(4, 50)), record * 3]
    for attempt in range(2, 10):
        piece = field(1, job) + field(2, 7) + field(4, 3) + field(5, attempt)
        found[f"returned-{attempt}"] = [b"SZ01" + field(1, 1) + field(15, field(1, piece) + field(2, 2))]
    return found


ROWS = {
    "prompts": '{"id": "a", "prompt": "What is 2 + 2?", "level": 3}\n{"prompt": "Spell: cat"}\n',
    "chat": '{"messages": [{"role": "system", "content": "x"}, '
    '{"role": "user", "content": [{"type": "text", "text": "y"}]}]}\n',
    "history": '{"policy_id": "p", "policy_version": 1, "prompt_id": "a", "prompt": "q", "reward": 0.5, "n": 4}\n'
    '{"policy_id": "p", "prompt": "r", "k": 1, "n": 2}\n',
    "lm-eval": '{"doc_id": 0, "doc": {"question": "q"}, "arguments": [["q", "a"]], "resps": [["b"]], '
    '"filtered_resps": ["b"], "filter": "none", "exact_match": 1.0, "target": "b"}\n',
    "verl": '{"input": "q", "output": "a", "score": 1.0, "step": 3, "gts": "4"}\n',
    "helm": '{"instance": {"id": "id7", "input": {"text": "q"}}, '
    '"stats": [{"name": {"name": "exact_match"}, "mean": 1}]}\n',
    "lighteval": '{"full_prompt": "q", "example": "q", "metrics": {"em": 0.0}, "predictions": ["a"]}\n',
    "batch": '{"custom_id": "a", "response": {"status_code": 200, "body": {"choices": '
    '[{"message": {"content": "x"}}]}}, '
    '"error": null}\n{"custom_id": "b", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": []}}\n',
    "scores": '{"prompt_id": "a", "p": 0.5, "kappa": 3.5, "p_lo": 0.1, "p_hi": 0.9, "status": "ok", "cost": 2}\n'
    '{"prompt_id": "b", "status": "error", "error": {"code": "x", "message": "y"}}\n',
    "rollout": '{"prompt": "q", "completion": "a", "reward": 1, "policy_id": "p", "prompt_id": "a"}\n',
}


def rows() -> dict[str, bytes]:
    found = {}
    readers = {"prompts": 0, "chat": 1, "scores": 4, "verl": 5, "rollout": 6, "history": 3}
    for name, text in ROWS.items():
        found[name] = bytes([readers.get(name, 2)]) + text.encode()
        values = ", ".join(text.splitlines())
        found[f"{name}-array"] = bytes([0x80 | readers.get(name, 2)]) + f"[{values}]".encode()
    found["document"] = bytes([0x80]) + ROWS["history"].replace("}\n{", "}\n\n{").encode()
    return found


def tables() -> dict[str, bytes]:
    """The first byte is the ending's number, and 7 times the reader's."""
    csv = b'id,prompt,level\n"a, b","What is\n2 ""+"" 2?",3\nc,q,\n'
    lines = ROWS["history"].encode()
    found = {
        "csv": bytes([0]) + csv,
        "tsv": bytes([1]) + csv.replace(b",", b"\t"),
        "csv-history": bytes([14]) + b"policy_id,prompt,reward,n\np,q,0.5,4\n",
        "gzip": bytes([2 + 21]) + gzip.compress(lines, mtime=0),
        "csv-gzip": bytes([4]) + gzip.compress(csv, mtime=0) + gzip.compress(csv, mtime=0),
    }
    if shutil.which("zstd"):
        found["zstd"] = (
            bytes([3 + 21]) + subprocess.run(["zstd", "-q", "-c"], input=lines, capture_output=True, check=True).stdout
        )
    for file, ending in [
        ("messages.parquet", 5),
        ("skyrl.parquet", 5 + 14),
        ("union.arrow", 6),
        ("messages.arrows", 6),
    ]:
        found[file] = bytes([ending]) + (GOLDENS / "arrow" / file).read_bytes()
    return found


def safetensors() -> dict[str, bytes]:
    def seed(table: dict, data: int) -> bytes:
        text = json.dumps(table, separators=(",", ":")).encode()
        return number16(data) + struct.pack("<Q", len(text)) + text

    two = {
        "__metadata__": {"format": "pt", "version": "1"},
        "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "BF16", "shape": [], "data_offsets": [24, 26]},
    }
    metadata = (GOLDENS / "compact1/compact-head.safetensors").read_bytes()
    length = struct.unpack("<Q", metadata[:8])[0]
    head = json.loads(metadata[8 : 8 + length])
    return {
        "two": seed(two, 26),
        "empty": seed({"a": {"dtype": "I64", "shape": [0, 4], "data_offsets": [0, 0]}}, 0),
        "head": seed({"__metadata__": head.get("__metadata__", {})}, 0),
    }


def trimmed(file: str) -> bytes:
    """A tokenizer.json with the first entries of its vocabulary alone."""
    root = json.loads((GOLDENS / "tokenizers" / file).read_text())
    model = root["model"]
    vocabulary = model["vocab"]
    if isinstance(vocabulary, dict):
        kept = dict(sorted(vocabulary.items(), key=lambda item: item[1])[:ENTRIES])
        kept |= {
            token["content"]: token["id"] for token in root.get("added_tokens") or [] if token["content"] in vocabulary
        }
        if file.startswith("bpe"):
            kept = dict(sorted(vocabulary.items(), key=lambda item: item[1])[:300])
        model["vocab"] = kept
    else:
        model["vocab"] = vocabulary[:ENTRIES]
    if "merges" in model and model["merges"]:
        pairs = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
        model["merges"] = [list(m) for m in pairs if all(p in kept for p in [*m, "".join(m)])]
    for step in [root.get("normalizer") or {}, *((root.get("normalizer") or {}).get("normalizers") or [])]:
        if "precompiled_charsmap" in step:
            # A trie of no units, and no texts.
            step["precompiled_charsmap"] = "AAAAAA=="
    size = len(model["vocab"])
    root["added_tokens"] = [
        token for token in root.get("added_tokens") or [] if file.startswith("bpe") or token["id"] < size
    ]
    return json.dumps(root, separators=(",", ":"), ensure_ascii=False).encode()


def tokenizer() -> dict[str, bytes]:
    text = block("Hello wörld 12".encode())
    files = ["bpe-small.json", "tokenizer-small.json", "unigram-small.json"]
    return {file.removesuffix(".json"): text + trimmed(file) for file in files}


BODIES = [
    (
        0,
        "plan",
        '{"policy_id":"p","step":3,"total":16,"reserve":4,"n_min":2,"n_max":32,"group_sizes":[4,8],"explore":0.1,'
        '"deadline_ms":500,"fallback":"uniform","mode":"active","delivery":"trainer","context":{"rows":64,"selection":"recent",'
        '"own_outcomes":true,"seed":5},"reward_low":-1,"reward_high":1,"references":["q"],"attempt":1,"items":[{"prompt_id":"a",'
        '"prompt":"What?","n_max":8,"covariates":{"level":3,"subject":"x"},"references":{"q":{"k":1,"n":2}},"expected_tokens":9}],'
        '"outcomes":[{"event_id":"e","prompt_id":"a","rewards":[1,null,0.5],"failed":1,"step":2}]}',
    ),
    (
        0,
        "plan-tokens",
        '{"policy_id":"p","step":0,"total_tokens":1000,"items":[{"prompt_id":"a","prompt":"b","tokens_max":5}]}',
    ),
    (
        1,
        "outcomes",
        '{"policy_id":"p","outcomes":[{"event_id":"e","prompt_id":"a","prompt":"b","mean":0.5,"n":4,"tokens":7},'
        '{"event_id":"f","prompt_id":"c","rewards":[NaN,Infinity,1]}]}',
    ),
    (
        2,
        "score",
        '{"policy_id":"p","policy_version":1,"items":[{"prompt_id":"a","prompt":"b","covariates":{"x":1}}],'
        '"context_set":[{"prompt":"c","reward":0.5,"n":2}],"deadline_ms":100}',
    ),
    (3, "drop", "policy=a%20b&from=3&attempt=2&keep_outcomes=true"),
    (
        4,
        "chat",
        '{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url"}]}],'
        '"stream":true,"max_tokens":5,"beta":0.5,"target_p":0.1,"tools":[],"response_format":{"type":"json_object"}}',
    ),
    (4, "prompt", '{"prompt":"x","max_completion_tokens":5}'),
    (5, "query", "from=3&limit=%32"),
    (6, "address", "[::1]:8080"),
]
ANSWERS = [
    (
        b"\0\0\0",
        "stream",
        b'data: {"choices":[{"delta":{"content":"a"}}]}\r\n\r\n: c\n\nevent: error\ndata: {"error":{}}\n\n'
        b'data: {"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n',
    ),
    (
        b"\1\0\1",
        "whole",
        b'{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
    ),
    (b"\1\3\1", "refused", b'{"error":{"message":"no"}}'),
    (b"\2\0\2", "embeddings", b'{"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":"AACAPwAAAEA="}]}'),
    (b"\2\3\1", "too-long", b'{"error":{"message":"input is too long","code":413}}'),
    (
        b"\3\0\0",
        "listing",
        b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b"
        b"</NextContinuationToken><Contents><Key>a+b%2Fc</Key><Size>12</Size></Contents></ListBucketResult>",
    ),
    (b"\3\xcc\0", "denied", b"<Error><Code>AccessDenied</Code><Region>eu</Region></Error>"),
    (b"\4\2\0" + b"50", "wait", b"Sun, 06 Nov 2027 08:49:37 GMT"),
    (b"\4\0\0", "wait-ansi", b"Sun Nov  6 08:49:37 2027"),
    (b"\5", "models", b'{"data":[{"id":"m"}]}'),
]
SETTINGS = [
    (1, "settings", "threads: 4\naddress: &a x\nserve: {address: *a, color: false, file: [a, b]}\n"),
    (2, "template", "Passage: {body}\\nQuestion: {a.b} {{x}}"),
    (3, "policy", "p@3"),
]
KEY = """# Public key
metadata
    name = "worker-1"
    role = "worker"
    created = "2026-01-31T12:00:00Z"
    until = "2027-01-31T12:00:00Z"
curve
    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
"""
TOKEN = 'metadata\n name = "a"\n role = "observer"\n created = "2026-01-31T12:00:00Z"\ntoken\n sha256 = "%s"\n'


def value(found) -> bytes:
    """A value of a row of the journal behind the byte of its type."""
    if found is None:
        return b"\0"
    if isinstance(found, int):
        return b"\2" + bytes([found]) if 0 <= found < 256 else b"\1" + struct.pack("<q", found)
    if isinstance(found, float):
        return b"\3" + struct.pack("<d", found)
    if isinstance(found, str):
        return b"\4" + block(found.encode())
    return b"\5" + block(bytes(found))


def journal() -> dict[str, bytes]:
    """Rows of the golden journal, the shortest ones of each table and kind, alone and together."""
    columns = {
        "entry": "kind, job, shard, header, body",
        "outcome": "policy, event, prompt_id, prompt, version, reward, n, failed, rewards, step, tokens",
        "plan_entry": "policy, step, kind, body",
        "attempt": "policy, body",
        "known_text": "policy, prompt_id, prompt",
    }
    tables = list(columns)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "journal"
        path.write_bytes(gzip.decompress((GOLDENS / "journal/journal.sqlite.gz").read_bytes()))
        database = sqlite3.connect(path)
        database.text_factory = lambda data: data.decode(errors="replace")
        text, digest = "What is 2 + 2?", hashlib.sha256(b"What is 2 + 2?").digest()
        prompt = bytes([5]) + b"\6" + b"\4" + block(text.encode())
        found, together = {}, b""
        for number, table in enumerate(tables):
            known = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
            names = [name if name in known else "NULL" for name in columns[table].split(", ")]
            kind = "kind" if "kind" in known else "1"
            query = f"SELECT {', '.join(names)} FROM {table} GROUP BY {kind}" if known else ""
            for row in database.execute(query) if query else []:
                # All texts are the one text: its row comes first, and its digest is known.
                values = [digest if name == "prompt" else field for name, field in zip(names, row, strict=True)]
                data = bytes([number]) + b"".join(map(value, values))
                if len(data) < 3000:
                    found[f"{table}-{len(found)}"] = prompt + data
                    together += data
        attempts = struct.pack("<qqqq", -1, 1, 2, 5)
        found["attempt"] = bytes([3]) + value("p") + value(attempts)
        found["known-text"] = prompt + bytes([4]) + value("p") + value("a") + b"\6"
        outcome = ["p", "e", "a", digest, 1, 0.5, 2, 0, "[1,0]", 3, 9]
        found["outcome"] = prompt + bytes([1]) + b"".join(map(value, outcome))
        if len(together) < 8000:
            found["together"] = prompt + together
        return found


def numbered(rows: list) -> dict[str, bytes]:
    return {
        name: (start if isinstance(start, bytes) else bytes([start]))
        + (data if isinstance(data, bytes) else data.encode())
        for start, name, data in rows
    }


def settings() -> dict[str, bytes]:
    fleet = (ROOT / "deploy/fleet.example.yaml").read_text()
    lines = [line.split(" #")[0] for line in fleet.splitlines() if not line.lstrip().startswith("#")]
    return numbered([*SETTINGS, (0, "fleet", "\n".join(lines))])


def answers() -> dict[str, bytes]:
    found = numbered(ANSWERS)
    # Bodies of streams come in pieces: the length less one, and the bytes.
    for name in ("stream", "whole", "refused"):
        start, body = found[name][:3], found[name][3:]
        pieces = [body[at : at + 50] for at in range(0, len(body), 50)]
        found[name] = start + b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)
    return found


SEEDS = {
    "wire": wires,
    "machines": machines,
    "json": lambda: {
        "row": ROWS["helm"].encode(),
        "all": rb'{"id":[1,-2.5e-3,true,false,null,"\u00e9\ud83d\ude00\n"],"a":{"b":{}}}',
    },
    "rows": rows,
    "tables": tables,
    "safetensors": safetensors,
    "tokenizer": tokenizer,
    "bodies": lambda: numbered(BODIES),
    "answers": answers,
    "settings": settings,
    "keys": lambda: {"key": KEY.encode(), "token": (TOKEN % ("0" * 64)).encode()},
    "journal": journal,
    "state": lambda: {"none": b"", "one": b"\x10\x00\x01"},
}


def main() -> None:
    for target, make in SEEDS.items():
        folder = CORPORA / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("seed-*"):
            old.unlink()
        for name, data in make().items():
            if len(data) > 8192:
                print(f"{target}/{name}: {len(data)} bytes are left out", file=sys.stderr)
                continue
            (folder / f"seed-{name}").write_bytes(data)


if __name__ == "__main__":
    main()
