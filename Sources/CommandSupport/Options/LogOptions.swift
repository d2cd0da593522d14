public import ArgumentParser
public import Logging

/// `--log-level`: how much is logged. Logs go to standard error.
package struct LogOptions: ParsableArguments {
    @Option(help: "Log messages of this level and above.")
    package var logLevel: Logger.Level = .notice

    package init() {}

    /// The level as an argument of another process.
    package var level: String { logLevel.rawValue }

    /// A logger without output, for work whose events are reported in another way.
    package static var quiet: Logger { Logger(label: "statezero.quiet") { _ in SwiftLogNoOpLogHandler() } }

    package func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        return logger
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
