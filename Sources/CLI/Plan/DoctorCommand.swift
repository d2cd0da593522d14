import ArgumentParser
import CommandSupport
import Foundation
import Kernels
import Planning
import Scoring
import ZeroMQ

/// `statezero doctor`.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        "doctor", "Checks this machine, or says whether a trainer supports groups of unequal sizes.",
        example: """
            statezero doctor
            statezero doctor --trainer verl
            """,
        details: """
            Without --trainer, checks processor, libraries and model; the exit code is 1 when something is missing. \
            Facts about a trainer were read in its source at the named commit; under "run" is what was seen in a run.
            """)

    @Option(help: "Name of a trainer, such as verl or TRL.")
    var trainer: String?

    @Flag(help: "List the known trainers.")
    var list = false

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        if list { return try report.show(Trainer.known) { Self.list(Trainer.known) } }
        guard let trainer else { return try checkMachine() }
        guard let known = Trainer.named(trainer) else {
            let names = Trainer.known.map(\.name).joined(separator: ", ")
            throw CommandFailure("--trainer \(trainer): not known; known are \(names)", status: .usage)
        }
        try report.show(known) { Self.text(known) }
    }

    private static func list(_ trainers: [Trainer]) -> String {
        let width = trainers.map(\.name.count).max() ?? 0
        return trainers.map { trainer in
            let name = trainer.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            return name + trainer.safety.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0) + trainer.reason
        }.joined(separator: "\n")
    }

    private static func text(_ trainer: Trainer) -> String {
        var lines = [
            "\(trainer.name): \(trainer.safety.summary)", "because \(trainer.reason)",
            "read: \(trainer.read)",
        ]
        for run in trainer.runs { lines += ["run: \(run.version): \(run.seen)", "      \(run.test)"] }
        lines.append(trainer.runs.isEmpty ? "not run\n" : "")
        for fact in trainer.facts { lines += ["  \(fact.about): \(fact.text)", "      \(fact.source)"] }
        lines += ["", "what to do:"] + (trainer.advice + Trainer.common).map { "  - \($0)" }
        return lines.joined(separator: "\n")
    }

    private func checkMachine() throws {
        let checks = [
            MachineCheck("processor") {
                try ProcessorCheck.run()
                return "has the instructions that the kernels need"
            },
            MachineCheck("cores") { "\(ProcessInfo.processInfo.activeProcessorCount) for this process" },
            MachineCheck("libzmq") {
                try LibraryVersion.running.requireAccepted()
                return "\(LibraryVersion.running)"
            },
            MachineCheck("model") { "\(model.name): \(try model.make(threads: 1).fingerprint)" },
        ]
        try report.show(checks) { checks.map(\.text).joined(separator: "\n") }
        if !checks.allSatisfy(\.ok) { throw ExitStatus.failed }
    }
}

/// One check of the machine: what was found, or the error.
private struct MachineCheck: Encodable {
    let name: String
    let ok: Bool
    let found: String

    init(_ name: String, _ check: () throws -> String) {
        self.name = name
        do {
            (ok, found) = (true, try check())
        } catch {
            (ok, found) = (false, (error as? CommandFailure)?.message ?? "\(error)")
        }
    }

    var text: String {
        (ok ? "ok       " : "MISSING  ") + name.padding(toLength: 11, withPad: " ", startingAt: 0) + found
    }
}
