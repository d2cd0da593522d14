import ArgumentParser
import CommandSupport
import Foundation
import Planning

/// `statezero doctor`.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        "doctor", "Checks this machine, or says whether a trainer supports groups of unequal sizes.",
        example: """
            statezero doctor
            statezero doctor --connect tcp://127.0.0.1:5570 --http 127.0.0.1:8080
            statezero doctor --trainer verl
            """,
        details: """
            Without --trainer: processor, limits, libraries, model and feature store; with their options also the folders \
            of journal and keys, and a coordinator with its clock, version and model. Each line that is not ok says what to \
            do; the exit code is 1 when one of them is FAILED. Facts about a trainer were read in its source at the named commit; under "run" is what was seen in a run.
            """)

    @Option(help: "Name of a trainer, such as verl or TRL.")
    var trainer: String?

    @Flag(help: "List the known trainers.")
    var list = false

    @OptionGroup(title: "Coordinator") var coordinator: CoordinatorChecks
    @OptionGroup(title: "Files") var places: PlaceChecks
    @OptionGroup(title: "Feature store") var store: StoreOptions
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
        let checks = MachineChecks.all(model) + places.checks(store: store, model: model) + coordinator.checks(model)
        try report.show(checks) { checks.map(\.text).joined(separator: "\n") }
        if checks.contains(where: { $0.state == .failed }) { throw ExitStatus.failed }
    }
}
