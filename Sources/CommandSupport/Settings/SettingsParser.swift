package import ArgumentParser
import Foundation

/// Parses a command line together with the settings of variables and of a file.
///
/// This is the one place where they meet: settings become arguments of the chosen command, so commands know nothing of
/// them, and a value from a file is checked as one from the command line.
package struct SettingsParser {
    private let root: any ParsableCommand.Type
    private let environment: [String: String]

    package init(_ root: any ParsableCommand.Type, environment: [String: String]) {
        self.root = root
        self.environment = environment
    }

    /// Arguments that only print: they work beside a broken file.
    private static let printing: Set = [
        "-h", "--help", "help", "--version", "--generate-completion-script", "--experimental-dump-help",
    ]

    /// The command. Throws `SettingsError` for a bad setting, `CommandFailure`, and the parser's errors.
    package func parse(_ arguments: [String]) throws -> any ParsableCommand {
        var arguments = arguments
        let named = try SettingsPlace.removeOption(from: &arguments)
        // For `config show`, which reads the same file.
        if let named { setenv(SettingsPlace.variable, named, 1) }
        // Child processes of the program get all that they need as arguments.
        let options = arguments.prefix { $0 != "--" }
        guard !options.contains(where: { Self.printing.contains($0) || $0 == "--parent" }) else {
            return try root.parseAsRoot(arguments)
        }
        let path = SettingsPlace.path(named: named, environment: environment)
        guard path != nil || Settings.hasVariables(environment) else { return try root.parseAsRoot(arguments) }
        let settings = try Self.settings(root, path: path, environment: environment)
        let (command, tree) = settings.program.chosen(by: arguments)
        let values = try settings.values(of: command).filter { !Self.isGiven($0.option, in: options) }
        Self.export(values)
        return try parse(arguments, values.filter { !Settings.readByCommands.contains($0.option.name) }, tree.options)
    }

    /// Reads the file, if any.
    package static func settings(
        _ root: any ParsableCommand.Type, path: String?, environment: [String: String]
    ) throws(SettingsError) -> Settings {
        let program = CommandTree(root)
        let file = try path.map { path throws(SettingsError) in try SettingsFile(reading: path, for: program) }
        return Settings(program: program, file: file, environment: environment)
    }

    /// Parses arguments and settings. Where the parser refuses a value of a setting, the error names its source.
    package func parse(
        _ arguments: [String], _ settings: [Setting], _ options: [CommandOption]
    ) throws -> any ParsableCommand {
        do {
            return try root.parseAsRoot(Self.joined(arguments, settings, options))
        } catch  where root.exitCode(for: error) == .success {
            throw error
        } catch {
            let message = root.message(for: error)
            let causes = settings.filter { setting in
                let others = Self.joined(arguments, settings.filter { $0 != setting }, options)
                do {
                    _ = try root.parseAsRoot(others)
                    return true
                } catch {
                    // Without a value that the command needs, the message is another one too.
                    return message.contains("--\(setting.option.name)") && root.message(for: error) != message
                }
            }
            let named = causes.filter { message.contains("--\($0.option.name)") }
            guard !causes.isEmpty else { throw error }
            let sources = (named.isEmpty ? causes : named).map { "\($0.source)" }
            throw SettingsError.refused(sources: sources, message: message)
        }
    }

    /// Settings follow the arguments, so that they take no value away from a positional argument.
    private static func joined(_ arguments: [String], _ settings: [Setting], _ options: [CommandOption]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end] + settings.flatMap { $0.arguments(among: options) } + arguments[end...]
    }

    private static func isGiven(_ option: CommandOption, in arguments: ArraySlice<String>) -> Bool {
        let names = ["--\(option.name)"] + (option.isFlag ? ["--no-\(option.name)"] : [])
        return arguments.contains { argument in names.contains { argument == $0 || argument.hasPrefix("\($0)=") } }
    }

    /// Values of the file for options whose variable the commands read.
    private static func export(_ settings: [Setting]) {
        for setting in settings where Settings.readByCommands.contains(setting.option.name) {
            setenv(setting.option.variable, setting.values[0], 1)
        }
    }
}
