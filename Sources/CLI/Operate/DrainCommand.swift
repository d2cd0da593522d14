import ArgumentParser
import CommandSupport
import JSON

/// `statezero drain`.
struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        "drain", "Asks a worker or rollout worker to finish what it has, and to exit.",
        example: "statezero drain gpu-7/4711 --http 127.0.0.1:8080",
        details: """
            As SIGTERM at the worker: it gets nothing new, returns what waits, finishes what runs, and exits with 0. \
            `statezero status` shows names. If several workers have the name, all of them drain. A worker of a version \
            before 0.2 gets nothing new, but does not exit.
            """)

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Argument(help: "Name of the worker.")
    var worker: String

    func run() throws {
        let answer = try coordinator.ask("/v1/workers/\(OperatorOptions.part(worker))/drain", post: true)
        let (workers, leases) = (answer.member(at: ["workers"])?.integer, answer.member(at: ["leases"])?.integer)
        print("workers of this name that drain: \(workers ?? 0), with leases: \(leases ?? 0)")
    }
}
