import ArgumentParser
import CommandSupport
import Foundation

/// `statezero top`.
struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        "top", "Shows in a terminal what the page of a running coordinator shows, again every two seconds.",
        example: "statezero top --http 127.0.0.1:8080",
        details: """
            The coordinator needs --http; the same is at its address in a browser. Whether it works, how long jobs will \
            take, what plans are expected to gain, and what is wrong; then throughput, jobs, workers, plans, predictions. \
            Ctrl-C ends it.
            """)

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Flag(help: "Show it once, and exit.")
    var once = false

    private static let interval: UInt32 = 2

    func run() throws {
        guard !once else { return print(try text()) }
        while true {
            // What was there stays until the next text is whole.
            let text: String
            do {
                text = try self.text()
            } catch let failure as CommandFailure {
                text = "statezero top: \(failure.message)\ntrying again every \(Self.interval) s; Ctrl-C ends it"
            }
            if isatty(STDOUT_FILENO) == 1 { print("\u{1B}[H\u{1B}[2J", terminator: "") }
            print(text)
            fflush(nil)
            sleep(Self.interval)
        }
    }

    private func text() throws -> String {
        TopPage(try coordinator.ask("/v1/overview"), address: coordinator.http).description
    }
}
