public import ArgumentParser
public import Logging
import Traces

/// `--log-level` and `--log-format`: what is logged, and how. Logs go to standard error.
package struct LogOptions: ParsableArguments {
    /// How a line of the log is written.
    package enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        /// An object a line.
        case json
    }

    @Option(help: "Log messages of this level and above.")
    package var logLevel: Logger.Level = .notice

    @Option(help: "How log lines are written: as text, or each as a JSON object.")
    package var logFormat = Format.text

    package init() {}

    /// The level as an argument of another process.
    package var level: String { logLevel.rawValue }

    /// The format as arguments of another process; none for the default.
    package var formatArguments: [String] { logFormat == .text ? [] : ["--log-format", logFormat.rawValue] }

    /// A logger without output, for work whose events are reported in another way.
    package static var quiet: Logger { Logger(label: "statezero.quiet") { _ in SwiftLogNoOpLogHandler() } }

    package func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { label -> any LogHandler in
            switch logFormat {
            case .text: StreamLogHandler.standardError(label: label, metadataProvider: Self.trace)
            case .json: JSONLogHandler(label: label, metadataProvider: Self.trace)
            }
        }
        logger.logLevel = logLevel
        return logger
    }

    /// The trace of what is being served, where there is one.
    private static let trace = Logger.MetadataProvider {
        guard let context = Span.current?.context else { return [:] }
        return ["trace_id": "\(context.trace.hex)", "span_id": "\(context.span.hex)"]
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
