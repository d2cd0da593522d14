import ArgumentParser

/// All commands below a root, with their full names.
struct HelpPages {
    struct Page: CustomStringConvertible {
        let description: String
        let command: any ParsableCommand.Type

        var hasSubcommands: Bool { !command.configuration.subcommands.isEmpty }
    }

    let all: [Page]

    init(_ root: any ParsableCommand.Type) {
        all = Self.pages(root, below: "")
    }

    private static func pages(_ command: any ParsableCommand.Type, below parent: String) -> [Page] {
        let name = (parent.isEmpty ? "" : parent + " ") + (command.configuration.commandName ?? "\(command)")
        return [Page(description: name, command: command)]
            + command.configuration.subcommands.flatMap { pages($0, below: name) }
    }
}
