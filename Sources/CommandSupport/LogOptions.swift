public import ArgumentParser
public import Logging

/// How loud the program is; logs go to standard error.
struct LogOptions: ParsableArguments {
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .notice

    /// For what is told in another way.
    static var quiet: Logger { Logger(label: "statezero.quiet") { _ in SwiftLogNoOpLogHandler() } }

    func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        return logger
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
