import ArgumentParser
import Benchmarks
import CommandSupport
import TestSupport
import Testing

/// Every help page of `statezero-bench` has an example that parses.
@Suite("Help pages of statezero-bench")
struct BenchHelpTests {
    @Test("every command has an example, and it parses as that command")
    func examples() throws {
        let commands = StateZeroBench.configuration.subcommands
        #expect(commands.count == 15)
        for command in commands {
            let examples = HelpExamples.arguments(in: command.configuration.discussion)
            #expect(!examples.isEmpty, "\(command): no example")
            for arguments in examples {
                #expect(type(of: try StateZeroBench.parseAsRoot(arguments)) == command, "\(arguments)")
            }
        }
    }

    @Test("the verbs of `statezero bench` are there by their names")
    func verbs() throws {
        let names = StateZeroBench.configuration.subcommands.compactMap { $0.configuration.commandName }
        for name in [
            "kernels", "encoder", "head", "compact", "qwen3", "planning", "coordinator", "latency", "rollouts",
            "rescore",
            "start",
        ] {
            #expect(names.contains(name))
        }
        _ = try StateZeroBench.parseAsRoot(["qwen", "folder"])
    }

    @Test("a wrong option is refused with exit code 2 and the allowed range")
    func refusals() {
        for (line, part) in [
            ("coordinator --workers 0", "1 to 1000"), ("coordinator --batch-rows 4097", "1 to 4096"),
            ("latency --rows 0", "1 to 4096"), ("rollouts --slots 257", "1 to 256"),
            ("compact --queries 0", "at least 1"),
            ("planning --min 9 --max 8", "--min 9"), ("qwen3 folder --ids a", "--states"),
            ("head --weights w --data d --precision int8", "float32 or bfloat16"),
            ("start --prompts p.jsonl", "--context"),
        ] {
            let error = #expect(throws: (any Error).self) {
                _ = try StateZeroBench.parseAsRoot(line.split(separator: " ").map(String.init))
            }
            guard let error else { continue }
            let ending = CommandRunner.ending(of: error, in: StateZeroBench.self)
            #expect(ending.status == .usage && ending.errors?.contains(part) == true, "\(ending.errors ?? line)")
        }
    }
}
