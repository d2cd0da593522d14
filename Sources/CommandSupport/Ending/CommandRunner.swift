package import ArgumentParser
import Foundation
import Kernels

/// Runs a program: parses its arguments, runs the command, and turns every error into a message and an exit code.
///
/// This is the only place where errors become text, so commands throw what they get.
package enum CommandRunner {
    /// How a program ends: its exit code, and the last text for standard output or standard error.
    package struct Ending: Equatable {
        package let status: ExitStatus
        package var output: String?
        package var errors: String?
    }

    /// Runs the program with the arguments of this process. Never returns.
    ///
    /// - Parameter readsSettings: Whether options that are not given have their values from variables and a file.
    package static func main<Root: ParsableCommand>(_ root: Root.Type, readsSettings: Bool = false) -> Never {
        // A closed peer is an error of the write, not a reason to end the process.
        signal(SIGPIPE, SIG_IGN)
        let ending: Ending
        do {
            try ProcessorCheck.run()
            let arguments = Array(CommandLine.arguments.dropFirst())
            let settings = SettingsParser(root, environment: ProcessInfo.processInfo.environment)
            var command = try readsSettings ? settings.parse(arguments) : root.parseAsRoot(arguments)
            try command.run()
            ending = Ending(status: .done)
        } catch {
            ending = self.ending(of: error, in: root)
        }
        if let text = ending.output { try? printOutput(text) }
        if let text = ending.errors { printError(text) }
        exit(ending.status.rawValue)
    }

    /// The message and the exit code of an error.
    package static func ending<Root: ParsableCommand>(of error: any Error, in root: Root.Type) -> Ending {
        let program = root.configuration.commandName ?? "\(root)"
        switch error {
        case let failure as CommandFailure:
            return Ending(status: failure.status, errors: "\(program): \(failure.message)")
        case let error as SettingsError:
            return Ending(status: .usage, errors: "\(program): \(error)")
        case let status as ExitStatus:
            return Ending(status: status)
        case let error as any ResumableError where error.isResumable:
            return Ending(status: .resumable, errors: "\(program): \(error)")
        default: break
        }
        switch root.exitCode(for: error) {
        case .success:
            return Ending(status: .done, output: root.fullMessage(for: error))
        case .validationFailure:
            // Wrong usage is 2, as shells expect.
            return Ending(status: .usage, errors: root.fullMessage(for: error))
        default:
            return Ending(status: .failed, errors: "\(program): \(description(of: error))")
        }
    }

    /// What the error says of itself. Foundation's descriptions are unreadable, so these are shortened.
    private static func description(of error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        return [error.filePath, reason(of: error)].compactMap(\.self).joined(separator: ": ")
    }
}
