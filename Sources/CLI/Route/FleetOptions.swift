import ArgumentParser
import CommandSupport
import Foundation
import Routing

/// `--fleet`: the models to route among.
struct FleetOptions: ParsableArguments {
    @Option(help: "Fleet file (YAML).")
    var fleet: String

    /// The folder of the fleet file; paths of histories are relative to it.
    var folder: String { fleet.contains("/") ? (fleet as NSString).deletingLastPathComponent : "" }

    /// Reads and checks the file.
    func load() throws -> Fleet {
        try FleetFile.parse(String(decoding: try readFile(fleet), as: UTF8.self), path: fleet)
    }
}
