import ArgumentParser
import Cluster
import CommandSupport
import Foundation
import RolloutNode
import Threads
import TraceExport
import ZeroMQ

/// `statezero rollout`.
struct Rollout: ParsableCommand {
    static let configuration = CommandConfiguration(
        "rollout", "Runs a rollout worker: a program makes the rollouts of a plan, the worker reports their rewards.",
        example: """
            statezero rollout --connect tcp://127.0.0.1:5570 --slots 4 \\
                -- python3 scripts/loop/recorded.py scripts/loop/data/pool.jsonl.gz
            """,
        details: """
            The program reads assignments as JSON lines from standard input:
              {"assignment":…,"policy_id":…,"policy_version":…,"step":…,
               "prompt_id":…,"prompt":…,"n":…,"attempt":…}
            It writes rewards as JSON lines to standard output, until there are n for each assignment:
              {"assignment":…,"reward":1,"reference":"id of the rollout"}   one rollout
              {"assignment":…,"error":"reason"}                             failed rollout
              {"assignment":…,"rewards":[1,0],"failed":1}                   several at once
              {"assignment":…}                                              still working
            It must write at least every 10 minutes (--silence), flush each line, and exit at the end of its input.
            Its standard error is passed through. After SIGTERM the worker finishes its assignments, then exits.
            """,
        usage: """
            statezero rollout --connect <endpoint> [--slots <n>] [<options>] -- <program> [<arguments> …]
                   statezero rollout --connect <endpoint> --simulate <file> [<options>]
            """)

    @OptionGroup(title: "Cluster") var peer: PeerOptions

    @Option(range: .within(1...256), help: "Assignments of the program at a time; as many more wait in a queue.")
    var slots = 1

    @OptionGroup(title: "Program") var limits: ProgramLimits
    @OptionGroup(title: "Simulation") var simulation: SimulationOptions
    @OptionGroup var log: LogOptions
    @OptionGroup var trace: TraceOptions

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after --.")
    var program: [String] = []

    func validate() throws {
        if (simulation.simulate == nil) == program.isEmpty {
            throw ValidationError("give either a program after --, or --simulate FILE")
        }
    }

    func run() throws {
        var machine = RolloutState.Configuration(name: peer.uniqueName, slots: slots)
        machine.peer.abandonTime = .seconds(peer.abandonAfter)
        machine.silenceTime = .seconds(limits.silence)
        var configuration = RolloutNode.Configuration(
            coordinator: try Endpoint(peer.connect), machine: machine, work: try simulation.work ?? .process(program))
        configuration.graceTime = .seconds(limits.grace)
        configuration.security = try peer.key.security
        let logger = log.logger("statezero.rollout")
        let exporter = try trace.exporter("statezero-rollout", name: peer.uniqueName, logger)
        defer { exporter?.stop() }
        configuration.tracer = exporter?.tracer
        let node = try RolloutNode(configuration, logger: logger)
        let signals = StopSignals { node.drain() }
        try withExtendedLifetime(signals) { try node.wait() }
    }
}

/// Time limits of the program.
struct ProgramLimits: ParsableArguments {
    @Option(range: .atLeast(1), help: "Seconds without a line about an assignment before it is returned.")
    var silence = 600

    @Option(range: .atLeast(1), help: "Seconds from SIGTERM to SIGKILL when the program must end.")
    var grace = 5
}

/// Drawn rewards in place of a program.
struct SimulationOptions: ParsableArguments {
    @Option(help: "Draw rewards of 0 and 1 from the rates in this JSONL file: prompt_id and p, or k and n.")
    var simulate: String?

    @Option(range: .within(0...3600), help: "Mean seconds of a simulated rollout; 0 answers at once.")
    var simulateSeconds = 0.1

    @Option(help: "Seed of the draws.")
    var seed: UInt64 = 0

    /// The simulated work; `nil` without `--simulate`.
    var work: RolloutNode.Work? {
        get throws {
            guard let simulate else { return nil }
            return .simulated(try SimulatedRates(path: simulate), seconds: simulateSeconds, seed: seed)
        }
    }
}
