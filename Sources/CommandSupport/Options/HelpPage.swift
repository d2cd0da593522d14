package import ArgumentParser

// The one form of all help pages.
extension CommandConfiguration {
    /// A help page: one line on what the command does, an example that runs in a checkout, then the details.
    package init(
        _ name: String, _ abstract: String, example: String, details: String = "", usage: String? = nil,
        subcommands: [any ParsableCommand.Type] = [], aliases: [String] = [], isHidden: Bool = false
    ) {
        let example = "Example:\n" + example.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        self.init(
            commandName: name, abstract: abstract, usage: usage,
            discussion: details.isEmpty ? example : "\(example)\n\n\(details)", version: Version.text,
            shouldDisplay: !isHidden, subcommands: subcommands, aliases: aliases)
    }
}
