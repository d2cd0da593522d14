import Foundation

/// An option's value that the command line does not give: from a variable or the file.
package struct Setting: Equatable {
    /// Where a value comes from.
    package enum Source: Equatable, CustomStringConvertible {
        case variable(String)
        case file(path: String, line: Int)

        package var description: String {
            switch self {
            case .variable(let name): "$\(name)"
            case .file(let path, let line): "\(path):\(line)"
            }
        }
    }

    package let option: CommandOption
    package let values: [String]
    package let source: Source
}

/// Variables and the file, from which options get their values. Precedence: command line, variable, file, default.
package struct Settings {
    package let program: CommandTree
    package let file: SettingsFile?
    private let environment: [String: String]

    /// Options whose variable the commands read themselves, because its meaning is wider than the option's: it is
    /// ignored where another option replaces it. Their values in a file become the variable.
    package static let readByCommands: Set = ["model", "store"]
    /// STATEZERO_HEAD names a file of weights, `--head` a kind.
    private static let withoutVariable: Set = ["head"]

    package init(program: CommandTree, file: SettingsFile?, environment: [String: String]) {
        self.program = program
        self.file = file
        self.environment = environment
    }

    /// Whether any variable can be a setting, so that a program without file and variables starts as fast as before.
    package static func hasVariables(_ environment: [String: String]) -> Bool {
        let other = readByCommands.union(withoutVariable).union(["config"]).map { "STATEZERO_\($0.uppercased())" }
        return environment.keys.contains { $0.hasPrefix("STATEZERO_") && !other.contains($0) }
    }

    /// The settings of a command, in the order of its options.
    package func values(of path: [String]) throws(SettingsError) -> [Setting] {
        let (found, command) = program.chosen(by: path)
        guard found.count == path.count else { throw .unknownCommand(path.joined(separator: " ")) }
        guard command.isShown else { return [] }
        var settings: [Setting] = []
        for option in command.options where option.isShown {
            if let setting = try variable(of: option) {
                settings.append(setting)
            } else if let setting = try inFile(option, of: found) {
                settings.append(setting)
            }
        }
        return settings
    }

    private func variable(of option: CommandOption) throws(SettingsError) -> Setting? {
        guard !Self.withoutVariable.contains(option.name), let text = environment[option.variable], !text.isEmpty else {
            return nil
        }
        let values = option.isRepeating ? text.split(separator: ",").map(String.init) : [text]
        guard isMeant(values, for: option) else { return nil }
        return try checked(Setting(option: option, values: values, source: .variable(option.variable)))
    }

    /// The entry of the innermost section that has the option.
    private func inFile(_ option: CommandOption, of path: [String]) throws(SettingsError) -> Setting? {
        guard let file else { return nil }
        let entries = file.entries.filter { entry in
            entry.name == option.name && path.starts(with: entry.section)
                && (entry.section == path || isMeant(entry.values, for: option))
        }
        guard let entry = entries.max(by: { $0.section.count < $1.section.count }) else { return nil }
        return try checked(
            Setting(option: option, values: entry.values, source: .file(path: file.path, line: entry.line)))
    }

    /// Whether a value for several commands is for this option. A few names are a flag in one command and an option in
    /// another: `true` and `false` are then for the flag, all else for the option.
    private func isMeant(_ values: [String], for option: CommandOption) -> Bool {
        let isAmbiguous = program.allOptions.contains { $0.name == option.name && $0.isFlag != option.isFlag }
        return !isAmbiguous || ["true", "false"].contains(values[0].lowercased()) == option.isFlag
    }

    private func checked(_ setting: Setting) throws(SettingsError) -> Setting {
        let option = setting.option
        let source = "\(setting.source)"
        if !option.isRepeating, setting.values.count > 1 {
            throw .badForm(source: source, name: option.name, expected: "one value", found: "a list")
        }
        if option.isFlag, Self.flag(setting.values[0]) == nil {
            throw .badForm(
                source: source, name: option.name, expected: "true or false", found: "\"\(setting.values[0])\"")
        }
        return setting
    }

    /// The value of a flag; `nil` for another text.
    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }
}

extension Setting {
    /// The same as arguments of its command, whose other options are given.
    package func arguments(among options: [CommandOption]) -> [String] {
        guard option.isFlag else { return values.map { "--\(option.name)=\($0)" } }
        if Settings.flag(values[0]) == true { return ["--\(option.name)"] }
        let opposite = "no-\(option.name)"
        return options.contains { $0.isFlag && $0.name == opposite } ? ["--\(opposite)"] : []
    }
}
