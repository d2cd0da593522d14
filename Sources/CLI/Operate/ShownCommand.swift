import CommandSupport
import Reporting

/// A command's options with their values and where these come from, for `statezero config show`.
struct ShownCommand: Encodable {
    struct Option: Encodable {
        let name: String
        /// More than one for an option that is repeated; none where there is no value.
        let values: [String]
        /// `default`, `command line`, `$VARIABLE` or `FILE:LINE`.
        let origin: String
    }

    let command: String
    private(set) var options: [Option]

    private static let standard = "default"
    private static let argument = "command line"

    init(_ path: [String], _ tree: CommandTree, _ settings: [Setting], arguments: [String]) {
        command = path.joined(separator: " ")
        let flags = Set(tree.options.filter(\.isFlag).map(\.name))
        options = tree.options.filter(\.isShown).compactMap { option in
            // `--no-pin` is the other value of `--pin`.
            if option.isFlag, option.name.hasPrefix("no-"), flags.contains(String(option.name.dropFirst(3))) {
                return nil
            }
            if let given = Self.values(of: option, in: arguments) {
                return Option(name: option.name, values: given, origin: Self.argument)
            }
            if let setting = settings.first(where: { $0.option == option }) {
                return Option(name: option.name, values: setting.values, origin: "\(setting.source)")
            }
            let standard = option.standard ?? (option.isFlag && !flags.contains("no-\(option.name)") ? "false" : nil)
            return Option(name: option.name, values: standard.map { [$0] } ?? [], origin: Self.standard)
        }
    }

    /// Where an option's value comes from.
    func origin(of option: CommandOption) -> String? { options.first { $0.name == option.name }?.origin }

    /// The same without defaults; `nil` where nothing is left.
    var withSettingsOnly: ShownCommand? {
        var copy = self
        copy.options.removeAll { $0.origin == Self.standard }
        return copy.options.isEmpty ? nil : copy
    }

    var table: String {
        let rows = options.map { option in
            [
                "--\(option.name)", option.values.isEmpty ? "not set" : option.values.joined(separator: " "),
                option.origin,
            ]
        }
        return "\(TextTable(header: ["option", "value", "from"], rows: rows, leading: 3, rules: .none))"
    }

    /// The values that arguments give an option; `nil` where they do not name it.
    private static func values(of option: CommandOption, in arguments: [String]) -> [String]? {
        var found: [String]?
        for (index, argument) in arguments.enumerated() {
            if argument == "--no-\(option.name)", option.isFlag { found = ["false"] }
            if argument == "--\(option.name)" {
                if option.isFlag {
                    found = ["true"]
                } else {
                    let rest = arguments[(index + 1)...].prefix { !$0.hasPrefix("--") }
                    found = (found ?? []) + (option.isRepeating ? Array(rest) : Array(rest.prefix(1)))
                }
            } else if argument.hasPrefix("--\(option.name)=") {
                found = (found ?? []) + [String(argument.dropFirst(option.name.count + 3))]
            }
        }
        guard let found, !option.isRepeating else { return found }
        return Array(found.suffix(1))
    }
}
