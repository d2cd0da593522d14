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
        abstract: "Says whether a trainer takes groups of unequal sizes, or whether this machine has what is needed.",
        discussion: """
            What is said of a trainer was read in its source at the commit named, and not run. Without --trainer, this \
            machine is looked at: processor, libraries, model. Exit code 1 when something is missing.
            """)

    @Option(help: "A trainer, as verl or TRL.")
    var trainer: String?

    @Flag(help: "List the trainers that are known.")
    var list = false

    @OptionGroup var model: ModelOptions

    @Flag(help: "Print JSON instead of text.")
    var json = false

    func run() throws {
        if list { return try showList() }
        guard let trainer else { return try checkMachine() }
        guard let known = Trainer.named(trainer) else {
            throw CommandFailure(
                "--trainer \(trainer): nothing is known of it; known are "
                    + Trainer.known.map(\.name).joined(separator: ", "), status: .usage)
        }
        if json { try ReportOptions.printJSON(known) } else { print(Self.text(known)) }
    }

    private func showList() throws {
        if json { return try ReportOptions.printJSON(Trainer.known) }
        let width = Trainer.known.map(\.name.count).max() ?? 0
        for trainer in Trainer.known {
            let name = trainer.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            print(name + trainer.safety.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0) + trainer.reason)
        }
    }

    static func text(_ trainer: Trainer) -> String {
        var lines = [
            "\(trainer.name): \(trainer.safety.summary)", "because \(trainer.reason)",
            "read, not run: \(trainer.read)", "",
        ]
        for fact in trainer.facts { lines += ["  \(fact.about): \(fact.text)", "      \(fact.source)"] }
        lines += ["", "what to do:"] + (trainer.advice + Trainer.common).map { "  - \($0)" }
        return lines.joined(separator: "\n")
    }

    private struct Check: Encodable {
        let name: String
        let ok: Bool
        let found: String
    }

    private func checkMachine() throws {
        var checks = [
            Self.check("processor") {
                try ProcessorCheck.run(); return "has what the kernels need"
            }
        ]
        checks.append(
            Check(name: "cores", ok: true, found: "\(ProcessInfo.processInfo.activeProcessorCount) for use here"))
        checks.append(
            Self.check("libzmq") {
                try LibraryVersion.running.requireAccepted()
                return "\(LibraryVersion.running)"
            })
        checks.append(
            Self.check("model") {
                let model = try self.model.make(threads: 1)
                return "\(self.model.name): \(model.fingerprint)"
            })
        let isGood = checks.allSatisfy(\.ok)
        if json {
            try ReportOptions.printJSON(checks)
        } else {
            for check in checks {
                let name = check.name.padding(toLength: 11, withPad: " ", startingAt: 0)
                print((check.ok ? "ok       " : "MISSING  ") + name + check.found)
            }
        }
        if !isGood { throw ExitStatus.failed }
    }

    private static func check(_ name: String, _ look: () throws -> String) -> Check {
        do {
            return Check(name: name, ok: true, found: try look())
        } catch let failure as CommandFailure {
            return Check(name: name, ok: false, found: failure.message)
        } catch {
            return Check(name: name, ok: false, found: "\(error)")
        }
    }
}
