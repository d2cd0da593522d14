import ArgumentParser
import CommandSupport
import FeatureStore
import Foundation
import Scoring

/// `statezero store`.
struct Store: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks into the feature store of this machine, or empties it.",
        subcommands: [Inspect.self, Clear.self])

    /// Which store.
    struct Place: ParsableArguments {
        @Option(help: "Folder; default: $STATEZERO_STORE, else in the user's cache folder.")
        var store: String?

        var folder: StoreFolder {
            get throws {
                guard let path = store ?? StoreOptions.usualFolder, path != "off" else {
                    throw CommandFailure("the feature store is off here; name a folder with --store", status: .usage)
                }
                return StoreFolder(path: path)
            }
        }
    }

    /// `statezero store inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what is kept, by encoder: entries, bytes on the disk, look-ups that found something.")

        @OptionGroup var place: Place

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() throws {
            let folder = try place.folder
            do {
                let contents = try folder.inspect()
                if json {
                    return try ReportOptions.printJSON(
                        Facts(folder: folder.path, encoders: contents.map(Facts.Encoder.init)))
                }
                print("folder   \(folder.path)")
                for content in contents {
                    let lookUps = content.hits + content.misses
                    let share = lookUps > 0 ? 100 * Double(content.hits) / Double(lookUps) : 0
                    print(
                        "\(content.encoder.name) (\(content.encoder.digest.short))\(content.isInUse ? ", in use" : "")")
                    print("  entries   \(content.entries) of \(content.capacity), \(content.columns) features each")
                    print("  disk      \(ByteCount(content.bytes))")
                    print(String(format: "  look-ups  %d, %.1f %% found something", lookUps, share))
                }
                if contents.isEmpty { print("nothing is kept") }
            } catch {
                throw CommandFailure(error)
            }
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
            abstract: "Removes everything that is kept; workers that run go on with what they have open.")

        @OptionGroup var place: Place

        func run() throws {
            do {
                let folder = try place.folder
                print("\(ByteCount(try folder.clear())) removed from \(folder.path)")
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}
