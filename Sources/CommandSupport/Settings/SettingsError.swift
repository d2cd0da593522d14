/// A setting that cannot be used, with its file and line or its variable.
package enum SettingsError: Error, Equatable, CustomStringConvertible {
    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// The file is not in the form of settings.
    case malformed(path: String, line: Int, reason: String)
    /// No command has an option of this name.
    case unknownName(path: String, line: Int, name: String, command: String)
    /// A value has another form than its option.
    case badForm(source: String, name: String, expected: String, found: String)
    /// The command refuses values that come from settings.
    case refused(sources: [String], message: String)
    /// `config show` of a command that does not exist.
    case unknownCommand(String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason); name another file with --config, or `--config off`"
        case .malformed(let path, let line, let reason):
            "\(path):\(line): \(reason)"
        case .unknownName(let path, let line, let name, ""):
            "\(path):\(line): no command has an option --\(name), and there is no command \(name)"
        case .unknownName(let path, let line, let name, let command):
            "\(path):\(line): `\(command)` has no option --\(name); `statezero config show \(command)` lists its options"
        case .badForm(let source, let name, let expected, let found):
            "\(source): \(name) is \(found); expected \(expected)"
        case .refused(let sources, let message):
            "\(sources.joined(separator: ", ")): \(message)"
        case .unknownCommand(let name):
            "there is no command `\(name)`; `statezero --help` lists them"
        }
    }
}
