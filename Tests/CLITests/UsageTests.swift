import ArgumentParser
import CLI
import CommandSupport
import Testing

/// Wrong arguments are refused before any work starts, with the option, the value and the allowed range.
@Suite("Wrong usage of statezero")
struct UsageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        /// Parts that the message must have.
        let parts: [String]

        init(_ line: String, _ parts: String...) {
            (self.line, self.parts) = (line, parts)
        }

        var testDescription: String { line }
    }

    private static let score = "score --prompts p.jsonl --context c.jsonl --output out"
    private static let decide = "route decide --fleet f.yaml"
    private static let decisions = "--decisions d.jsonl"

    static let refused = [
        Case("score --prompts p.jsonl --output out", "--context"),
        Case("\(score) --workers 0", "'0'", "--workers", "at least 1"),
        Case("\(score) --threads 0", "--threads", "at least 1"),
        Case("\(score) --context-size 2049", "--context-size", "1 to 2048"),
        Case("\(score) --abandon-after 0", "--abandon-after", "at least 1"),
        Case("\(score) --store-mib 0", "--store-mib", "at least 1"),
        Case("\(score) --precision half", "half", "float32"),
        Case("\(score) --log-level loud", "loud", "--log-level"),
        Case("\(score) --tuned /nowhere/t.json", "/nowhere/t.json", "statezero tune"),
        Case("plan --scores s.jsonl", "--total"),
        Case("plan --scores s.jsonl --total 0", "--total", "at least 1"),
        Case("plan --scores s.jsonl --total eight", "'eight'", "not a number"),
        Case("plan --scores s.jsonl --total 8 --group-sizes 4,x", "'x'"),
        Case("plan --scores s.jsonl --total 8 --explore 1.5", "--explore", "0 to 1"),
        Case("plan --scores s.jsonl --total 8 --failure-rate nan", "--failure-rate"),
        Case("coordinator", "--bind"),
        Case("coordinator --bind tcp://127.0.0.1:1 --fingerprint abc", "abc", "64 hexadecimal digits"),
        Case("worker", "--connect"),
        Case("worker --connect tcp://127.0.0.1:1 --nice 20", "--nice", "0 to 19"),
        Case("worker --connect tcp://127.0.0.1:1 --pin -1", "--pin"),
        Case("worker --connect tcp://127.0.0.1:1 --cache-mib -1", "--cache-mib"),
        Case("rollout --connect tcp://127.0.0.1:1", "--simulate"),
        Case("rollout --connect tcp://127.0.0.1:1 --simulate r.jsonl -- cat", "--simulate"),
        Case("rollout --connect tcp://127.0.0.1:1 --slots 257 -- cat", "--slots", "1 to 256"),
        Case("rollout --connect tcp://127.0.0.1:1 --simulate r.jsonl --simulate-seconds 3601", "0 to 3600"),
        Case("\(decide)", "--prompt"),
        Case("\(decide) --prompt a --prompts b.jsonl", "--prompt"),
        Case("\(decide) --prompt a --workers 2", "--output"),
        Case("\(decide) --prompts a.jsonl --output o --workers 2 --coordinator tcp://127.0.0.1:1", "either"),
        Case("\(decide) --prompts a.jsonl --output o --workers 2 --key k", "--coordinator"),
        Case("\(score) --key k", "--coordinator"),
        Case("\(decide) --prompt a --beta 0.5 --target 0.5", "--beta", "--target"),
        Case("\(decide) --prompt a --beta 1.5", "--beta", "0 to 1"),
        Case("route calibrate \(decisions)", "--cost-share", "--quality"),
        Case("route calibrate \(decisions) --cost 1 --quality 0.5", "exactly one"),
        Case("route replay \(decisions)", "--beta"),
        Case("route serve --fleet f.yaml --port 65536", "--port", "0 to 65535"),
        Case("route evaluate --fleet f.yaml --prompts p --outcomes o --history-rows 0", "--history-rows"),
        Case("evaluate --prompts p --outcomes o --seeds 0", "--seeds", "at least 1"),
        Case("replay --prompts p --outcomes o --decay 2", "--decay", "0 to 1"),
        Case("model inspect --rows 0", "--rows", "at least 1"),
        Case("tune --seconds 0.01", "--seconds", "0.05 to 600"),
        Case("nonsense", "nonsense"),
    ]

    @Test("a wrong option is refused with exit code 2, its name and the allowed values", arguments: refused)
    func refusals(example: Case) {
        let arguments = example.line.split(separator: " ").map(String.init)
        let error = #expect(throws: (any Error).self) { _ = try StateZero.parseAsRoot(arguments) }
        guard let error else { return }
        let ending = CommandRunner.ending(of: error, in: StateZero.self)
        #expect(ending.status == .usage && ending.output == nil)
        for part in example.parts {
            #expect(ending.errors?.contains(part) == true, "\(ending.errors ?? "no message")")
        }
    }

    static let accepted = [
        "\(score) --workers 4 --threads 2 --no-pin --overwrite --json --log-level debug",
        "\(score) --coordinator tcp://127.0.0.1:5570 --policy llm@3 --context-size 2048 --context-seed 7",
        "\(score) --model table:7:100 --store off --store-mib 64 --prompt-key q --id-key id",
        "plan --scores s.jsonl --total 96 --min 0 --max 32 --multiple-of 4 --group-sizes 0,4,8 --export json-array",
        "plan --scores s.jsonl --total 96 --explore 0.05 --step 3 --failure-rate 0.1 --solver exact",
        "coordinator --bind tcp://127.0.0.1:* --bind ipc:///tmp/sock --http 127.0.0.1:0 --allow-plaintext",
        "worker --connect ipc:///tmp/sock --name w0 --threads 1 --pin 0 --cache-mib 0 --nice 19",
        "rollout --connect ipc:///tmp/sock --slots 256 -- python3 program.py --flag",
        "\(decide) --prompts a.jsonl b.jsonl --output o --workers 2 --block-rows 100",
        "route calibrate \(decisions) --cost-share 1 --rule target",
        "evaluate --prompts p --outcomes a b --context-size 64 256 --heads compact gaussian-process mine=w.safetensors",
        "replay --prompts p --outcomes o --truth urn --by roles --pool 0",
        "doctor --list", "bench tune --rounds 1",
    ]

    @Test("common command lines parse", arguments: accepted)
    func common(line: String) throws {
        _ = try StateZero.parseAsRoot(line.split(separator: " ").map(String.init))
    }
}
