import ArgumentParser
import CommandSupport
import Foundation

/// How a worker or a rollout worker reaches its coordinator.
struct PeerOptions: ParsableArguments {
    @Option(help: "Endpoint of the coordinator, such as tcp://127.0.0.1:5570.")
    var connect: String

    @OptionGroup var key: KeyOption

    @Option(help: "Name that stays the same over restarts. Default: host and process id.")
    var name: String?

    @Option(range: .atLeast(1), help: "Exit after this many seconds without a message from the coordinator.")
    var abandonAfter = 600

    var uniqueName: String {
        let process = ProcessInfo.processInfo
        return name ?? "\(process.hostName)/\(process.processIdentifier)"
    }
}
