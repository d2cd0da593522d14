import ArgumentParser
import CommandSupport
import Foundation

/// `statezero config`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "config", "Shows the settings of options: from variables and from a file.",
        example: """
            statezero config show
            statezero config show worker
            """,
        details: """
            Each option without its hyphens is a name in the file, for all commands or below a command's name:
              log-level: info
              worker: {connect: "tcp://10.0.0.1:5570", threads: 1}
              route: {serve: {port: 6060}}
            Its variable is STATEZERO_ and the name in capitals, as STATEZERO_LOG_LEVEL. The command line comes first, \
            then the variable, then the file, then the default. A flag has true or false. An option that may be \
            repeated has a list in the file, and commas in its variable. The file is that of --config FILE, else \
            $STATEZERO_CONFIG, else statezero/config.yaml in the user's configuration folder, else \
            /etc/statezero/config.yaml; `off` reads none. Paths are relative to the working folder.
            """,
        subcommands: [Show.self])

    /// `statezero config show`.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            "show", "Prints the options of a command, each with its value and where that comes from.",
            example: """
                statezero config show worker
                statezero config show route serve --json
                statezero config show coordinator -- --bind tcp://127.0.0.1:5570
                """,
            details: """
                Without a command: every setting, by command. A wrong name or value ends with exit code 2, with its file \
                and line, or its variable.
                """)

        @Argument(help: "The command, such as worker or route serve.") var command: [String] = []

        @Argument(parsing: .postTerminator, help: "Arguments that the command would get, after --.")
        var arguments: [String] = []

        @OptionGroup var report: ReportOptions

        func run() throws {
            let environment = ProcessInfo.processInfo.environment
            let path = SettingsPlace.path(named: nil, environment: environment)
            let settings = try SettingsParser.settings(StateZero.self, path: path, environment: environment)
            let shown = try command.isEmpty ? all(settings) : [one(settings)]
            try report.show(Report(file: path, commands: shown)) { Self.text(path, shown) }
        }

        /// One command with all its options. Throws where it would refuse a setting.
        private func one(_ settings: Settings) throws -> ShownCommand {
            let (path, tree) = settings.program.chosen(by: command)
            let values = try settings.values(of: command)
            guard tree.subcommands.isEmpty else {
                throw CommandFailure(
                    "`\(command.joined(separator: " "))` is a group; add one of "
                        + tree.subcommands.map(\.name).joined(separator: ", "), status: .usage)
            }
            let shown = ShownCommand(path, tree, values, arguments: arguments)
            let used = values.filter { setting in
                shown.origin(of: setting.option) == "\(setting.source)"
                    && !Settings.readByCommands.contains(setting.option.name)
            }
            let parser = SettingsParser(StateZero.self, environment: [:])
            do {
                _ = try parser.parse(path + arguments, used, tree.options)
            } catch let error as SettingsError {
                throw error
            } catch {
                // The command line is not complete: that is no fault of the settings.
            }
            return shown
        }

        /// The commands that have settings, with these alone.
        private func all(_ settings: Settings) throws -> [ShownCommand] {
            try settings.program.leaves().compactMap { path, tree in
                let shown = ShownCommand(path, tree, try settings.values(of: path), arguments: [])
                return shown.withSettingsOnly
            }
        }

        private static func text(_ path: String?, _ commands: [ShownCommand]) -> String {
            let file = "file: \(path ?? "none")"
            let tables = commands.map { "\nstatezero \($0.command)\n\($0.table)" }
            return ([file] + (commands.isEmpty ? ["no option is set"] : tables)).joined(separator: "\n")
        }

        private struct Report: Encodable {
            let file: String?
            let commands: [ShownCommand]
        }
    }
}
