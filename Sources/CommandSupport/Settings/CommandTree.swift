package import ArgumentParser
import JSON

/// A program's commands and their options, as the argument parser describes them.
///
/// Settings of files and variables are checked against this description, so an option needs no second definition.
package struct CommandTree {
    /// Its name among its siblings.
    package let name: String
    /// Its options and flags, without help and version.
    package let options: [CommandOption]
    package let subcommands: [CommandTree]
    /// Whether help pages show it; others are for child processes of the program.
    package let isShown: Bool
    private let aliases: [String]

    /// Describes a program. Cost: some 10 ms for all commands.
    package init(_ root: any ParsableCommand.Type) {
        // The parser writes this text itself, for completions and man pages; without it no option has a setting.
        let value = try? JSONValue(reading: Array(root._dumpHelp().utf8))
        self.init(value?.member(at: ["command"]) ?? .null)
    }

    private init(_ value: JSONValue) {
        name = value.member(at: ["commandName"])?.string ?? ""
        aliases = value.member(at: ["aliases"])?.elements?.compactMap(\.string) ?? []
        isShown = value.member(at: ["shouldDisplay"])?.bool ?? true
        options = (value.member(at: ["arguments"])?.elements ?? []).compactMap { CommandOption($0) }
        subcommands = (value.member(at: ["subcommands"])?.elements ?? []).map { CommandTree($0) }
    }

    /// The subcommand of a name; `nil` if there is none.
    package func subcommand(_ name: String) -> CommandTree? {
        subcommands.first { $0.name == name || $0.aliases.contains(name) }
    }

    /// The command that arguments choose, and its names from the program on: `["route", "serve"]`.
    package func chosen(by arguments: some Collection<String>) -> (path: [String], command: CommandTree) {
        guard let first = arguments.first, let next = subcommand(first) else { return ([], self) }
        let rest = next.chosen(by: arguments.dropFirst())
        return ([next.name] + rest.path, rest.command)
    }

    /// All options of this command and those below it.
    package var allOptions: [CommandOption] { options + subcommands.flatMap(\.allOptions) }

    /// All commands without subcommands, with their names.
    package func leaves(below path: [String] = []) -> [(path: [String], command: CommandTree)] {
        if subcommands.isEmpty { return [(path, self)] }
        return subcommands.filter(\.isShown).flatMap { $0.leaves(below: path + [$0.name]) }
    }
}

/// An option or flag of a command.
package struct CommandOption: Equatable {
    /// Its name without hyphens, the same in files: `log-level`.
    package let name: String
    /// Whether it has no value: it is given or not.
    package let isFlag: Bool
    /// Whether it may have several values.
    package let isRepeating: Bool
    /// Whether help pages show it.
    package let isShown: Bool
    /// The value without a setting, as help pages show it; `nil` where there is none.
    package let standard: String?

    /// Names that no setting can have: they choose what is printed, or are for child processes.
    private static let excluded: Set = ["help", "version", "parent"]

    init?(_ value: JSONValue) {
        guard let kind = value.member(at: ["kind"])?.string, kind != "positional",
            let name = value.member(at: ["preferredName", "name"])?.string, !Self.excluded.contains(name)
        else { return nil }
        self.name = name
        isFlag = kind == "flag"
        isRepeating = value.member(at: ["isRepeating"])?.bool ?? false
        isShown = value.member(at: ["shouldDisplay"])?.bool ?? true
        standard =
            value.member(at: ["defaultValue"])?.string
            ?? Self.standard(inHelp: value.member(at: ["abstract"])?.string ?? "")
    }

    /// The default that `NumberRange` writes behind the sentence of a number: `(at least 1; default: 600)`.
    private static func standard(inHelp text: String) -> String? {
        let parts = text.split(separator: "; default: ")
        guard parts.count > 1, let last = parts.last, last.hasSuffix(")") else { return nil }
        return String(last.dropLast())
    }

    /// The variable with the same name: `STATEZERO_LOG_LEVEL`.
    package var variable: String {
        "STATEZERO_" + name.uppercased().replacing("-", with: "_")
    }
}
