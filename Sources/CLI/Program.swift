import ArgumentParser
import Foundation
import Kernels

/// `statezero`: what was typed becomes one of the drivers.
@main
enum Program {
    static func main() {
        // A peer that is gone is an error of the write, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        do {
            try ProcessorCheck.run()
            var command = try StateZero.parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            if let message = failure.message { printError("statezero: \(message)") }
            exit(failure.status.rawValue)
        } catch let status as ExitStatus {
            exit(status.rawValue)
        } catch {
            leave(error)
        }
    }

    /// The parser's own errors and its help; wrong usage is 2 here, as shells expect.
    private static func leave(_ error: any Error) -> Never {
        let code = StateZero.exitCode(for: error)
        if code == .validationFailure {
            printError(StateZero.fullMessage(for: error))
            exit(ExitStatus.usage.rawValue)
        }
        if code == .success {
            print(StateZero.fullMessage(for: error))
            exit(ExitStatus.done.rawValue)
        }
        printError("statezero: \(error)")
        exit(ExitStatus.failed.rawValue)
    }
}

/// The program's verbs.
struct StateZero: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statezero",
        abstract: "Predicts, before any rollout, whether an LLM will succeed on a prompt; plans rollouts by it.",
        discussion: """
            Exit codes: 0 done, 1 error, 2 usage, 3 finished with error rows, 75 interrupted and resumable.
            Data goes to standard output, progress and logs to standard error.
            """,
        version: Version.text,
        subcommands: [
            Score.self, Plan.self, Route.self, Evaluate.self, ReplayOutcomes.self, Doctor.self, Coordinator.self,
            Worker.self, Rollout.self, Model.self, Store.self, Validate.self, Benchmark.self,
        ])
}

/// The program's version.
enum Version {
    static let text = "0.1.0"
}

/// What the shell is told.
enum ExitStatus: Int32, Error {
    case done = 0
    case failed = 1
    case usage = 2
    case finishedWithErrorRows = 3
    /// Interrupted; the same command goes on.
    case resumable = 75
}

/// An end that is not good, with what to say about it.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String?

    init(_ status: ExitStatus = .failed, _ message: String?) {
        self.status = status
        self.message = message
    }

    /// An error of the package, whose description says what happened and what to do.
    init(_ error: any Error, status: ExitStatus = .failed) {
        self.init(status, "\(error)")
    }
}

/// Writes a line to standard error. Nobody reading it any more is no reason to stop.
func printError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}
