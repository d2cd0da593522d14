import ArgumentParser
import CommandSupport
import Foundation
import Routing

/// `statezero route`.
struct Route: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends each prompt to the cheapest model that will do.",
        discussion: """
            A fleet file lists the models with their prices and records; deploy/fleet.example.yaml shows every key. \
            A new model or price needs rows or a line there, and no training.
            """,
        subcommands: [
            Decide.self, Calibrate.self, Sweep.self, Evaluate.self, Serve.self, Replay.self,
        ])
}

/// Which fleet is routed among.
struct FleetChoice: ParsableArguments {
    @Option(help: "Fleet file (YAML).")
    var fleet: String

    /// Where the fleet file lies; its histories are found from there.
    var folder: String { fleet.contains("/") ? (fleet as NSString).deletingLastPathComponent : "" }

    /// Reads and checks the file.
    func load() throws -> Fleet {
        guard let data = FileManager.default.contents(atPath: fleet) else {
            throw CommandFailure("\(fleet): cannot be read: \(String(cString: strerror(errno)))")
        }
        do {
            return try FleetFile.parse(String(decoding: data, as: UTF8.self), path: fleet)
        } catch {
            throw CommandFailure(error)
        }
    }
}
