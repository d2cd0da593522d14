import ArgumentParser
import CommandSupport
import Foundation

/// `statezero status`.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        "status", "Shows the workers, jobs, plans, queues and leases of a running coordinator.",
        example: "statezero status --http 127.0.0.1:8080 --watch",
        details: """
            The coordinator needs --http. Pieces are parts of shards, rows their prompts; a lease is a piece that a worker \
            has, or an assignment that a rollout worker has. With --json, one line with the answers of /v1/status and \
            /v1/cluster.
            """)

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Flag(help: "Show it again every two seconds, until Ctrl-C.")
    var watch = false

    @Flag(help: "Print JSON, one line each time.")
    var json = false

    private static let interval: UInt32 = 2

    func run() throws {
        guard watch else { return print(try text()) }
        while true {
            do {
                let text = try text()
                if !json, isatty(STDOUT_FILENO) == 1 { print("\u{1B}[H\u{1B}[2J", terminator: "") }
                print(text)
            } catch let failure as CommandFailure {
                // It may be back soon.
                printError("statezero: \(failure.message)")
            }
            fflush(nil)
            sleep(Self.interval)
        }
    }

    private func text() throws -> String {
        let (status, cluster) = (try coordinator.answer("/v1/status"), try coordinator.answer("/v1/cluster"))
        if json { return "{\"status\":\(status.text),\"cluster\":\(cluster.text)}" }
        return StatusPage(status.value, cluster.value, address: coordinator.http).description
    }
}
