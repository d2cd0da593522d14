import ArgumentParser
import CommandSupport
import FeatureStore
import Foundation
import Scoring

/// `statezero store`.
struct Store: ParsableCommand {
    static let configuration = CommandConfiguration(
        "store", "Inspects or empties the feature store of this machine.", example: "statezero store inspect",
        subcommands: [Inspect.self, Clear.self])

    /// The folder of the store.
    struct Place: ParsableArguments {
        @Option(help: "Folder. Default: $STATEZERO_STORE, else in the user's cache folder.")
        var store: String?

        var folder: StoreFolder {
            get throws {
                guard let path = store ?? StoreOptions.defaultFolder, path != StoreOptions.off else {
                    throw CommandFailure("the feature store is off; name a folder with --store", status: .usage)
                }
                return StoreFolder(path: path)
            }
        }
    }

    /// `statezero store inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            "inspect", "Shows the entries, disk space and hit rate of each encoder.",
            example: "statezero store inspect --json")

        @OptionGroup var place: Place
        @OptionGroup var report: ReportOptions

        func run() throws {
            let folder = try place.folder
            let contents = try folder.inspect()
            try report.show(Facts(folder: folder.path, encoders: contents.map(Facts.Encoder.init))) {
                let lines = contents.isEmpty ? ["the store is empty"] : contents.map(Self.text)
                return (["folder   \(folder.path)"] + lines).joined(separator: "\n")
            }
        }

        private static func text(_ content: StoreFolder.Content) -> String {
            let lookUps = content.hits + content.misses
            let share = lookUps > 0 ? 100 * Double(content.hits) / Double(lookUps) : 0
            return """
                \(content.encoder.name) (\(content.encoder.digest.short))\(content.isInUse ? ", in use" : "")
                  entries   \(content.entries) of \(content.capacity), \(content.columns) features each
                  disk      \(ByteCount(content.bytes))
                  look-ups  \(lookUps), \(String(format: "%.1f", share)) % hits
                """
        }

        private struct Facts: Encodable {
            let folder: String
            let encoders: [Encoder]

            struct Encoder: Encodable {
                let name: String
                let digest: String
                let features: Int
                let entries: Int
                let capacity: Int
                let bytes: Int
                let hits: Int
                let misses: Int
                let in_use: Bool

                init(_ content: StoreFolder.Content) {
                    name = content.encoder.name
                    digest = content.encoder.digest.hex
                    features = content.columns
                    entries = content.entries
                    capacity = content.capacity
                    bytes = content.bytes
                    hits = content.hits
                    misses = content.misses
                    in_use = content.isInUse
                }
            }
        }
    }

    /// `statezero store clear`.
    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            "clear", "Deletes all entries; running workers keep the files that they have open.",
            example: "statezero store clear --store /tmp/features")

        @OptionGroup var place: Place

        func run() throws {
            let folder = try place.folder
            try printOutput("\(ByteCount(try folder.clear())) removed from \(folder.path)")
        }
    }
}
