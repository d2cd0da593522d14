import ArgumentParser
import Cluster
import CommandSupport
import Foundation
import RolloutNode
import Threads
import ZeroMQ

/// `statezero rollout`.
struct Rollout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Runs a rollout worker: takes budgets from a coordinator, has a program roll them out, reports rewards.",
        usage: """
            statezero rollout --connect <endpoint> [--slots <n>] [<options>] -- <program> [<arguments> …]
                   statezero rollout --connect <endpoint> --simulate <file> [<options>]
            """,
        discussion: """
            The program reads assignments as JSON lines on its standard input:
              {"assignment":…,"policy_id":…,"policy_version":…,"step":…,"prompt_id":…,"prompt":…,"n":…,"attempt":…}
            and writes rewards as JSON lines on its standard output, until there are n for each:
              {"assignment":…,"reward":1,"reference":"where it lies"}    one rollout
              {"assignment":…,"error":"why"}                             one that ended without a reward
              {"assignment":…,"rewards":[1,0],"failed":1}                several at once
              {"assignment":…}                                           none yet, a sign of life
            It must say something at least every 10 minutes, flush its lines, and leave at the end of its input.
            Its standard error is passed through. SIGTERM finishes what runs and leaves.
            """)

    @Option(help: "The coordinator's endpoint, e.g. tcp://127.0.0.1:5570.")
    var connect: String

    @Option(help: "Assignments that the program has at a time; as many wait beside them.")
    var slots = 1

    @Option(help: "Name, stable over restarts; default: host and process id.")
    var name: String?

    @Option(help: "No program: draw rewards of 0 and 1 from the rates of this JSONL file: prompt_id and p, or k and n.")
    var simulate: String?

    @Option(help: "With --simulate: mean duration of a rollout; 0 answers at once.")
    var simulateSeconds = 0.1

    @Option(help: "With --simulate: decides the draws.")
    var seed: UInt64 = 0

    @Option(help: "Give an assignment back, or end the program, after so many seconds without a word about it.")
    var silence = 600

    @Option(help: "Seconds from SIGTERM to SIGKILL, when the program is to end.")
    var grace = 5

    @Option(help: "Leave after so many seconds without a word from a coordinator.")
    var abandonAfter = 600

    @OptionGroup var log: LogOptions

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after --.")
    var program: [String] = []

    func validate() throws {
        if slots < 1 || slots > 256 { throw ValidationError("--slots \(slots): from 1 to 256") }
        if (simulate == nil) == program.isEmpty {
            throw ValidationError("give a program after --, or --simulate FILE, and not both")
        }
        if !(simulateSeconds >= 0 && simulateSeconds <= 3600) {
            throw ValidationError("--simulate-seconds \(simulateSeconds): from 0 to 3600")
        }
        for (name, value) in [("silence", silence), ("grace", grace), ("abandon-after", abandonAfter)] where value < 1 {
            throw ValidationError("--\(name) \(value): at least 1 second")
        }
    }

    func run() throws {
        do {
            let process = ProcessInfo.processInfo
            var machine = RolloutState.Configuration(
                name: name ?? "\(process.hostName)/\(process.processIdentifier)", slots: slots)
            machine.peer.abandonTime = .seconds(abandonAfter)
            machine.silenceTime = .seconds(silence)
            let work: RolloutNode.Work =
                if let simulate {
                    .simulated(try SimulatedRates(path: simulate), seconds: simulateSeconds, seed: seed)
                } else {
                    .process(program)
                }
            var configuration = RolloutNode.Configuration(
                coordinator: try Endpoint(connect), machine: machine, work: work)
            configuration.graceTime = .seconds(grace)
            let node = try RolloutNode(configuration, logger: log.logger("statezero.rollout"))
            let signals = StopSignals { node.drain() }
            try withExtendedLifetime(signals) { try node.wait() }
        } catch let error as CommandFailure {
            throw error
        } catch RolloutError.abandoned(let time, let endpoint) {
            throw CommandFailure(RolloutError.abandoned(after: time, endpoint: endpoint), status: .resumable)
        } catch {
            throw CommandFailure(error)
        }
    }
}
