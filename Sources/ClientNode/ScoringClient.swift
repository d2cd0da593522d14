public import Corpora
public import Logging
import Scoring
public import Threads
package import Traces
import Wire
public import ZeroMQ

/// Scores a corpus through a coordinator: reads prompts, submits them, writes the answers into an output folder.
///
/// Committed parts stay in the folder, and the same call resumes after them. The calling thread reads and writes files, a
/// second thread runs the channel. A window bounds the work between them, so memory does not grow with the corpus.
public struct ScoringClient: Sendable {
    /// What to score, under which policy, and where to write the answers.
    public struct Configuration: Sendable {
        /// Where the coordinator listens.
        public var coordinator: Endpoint
        /// Paths of the corpus, in the order in which its rows are numbered.
        public var promptFiles: [String]
        /// The keys of prompt, id and data source in a row.
        public var keys: RowKeys
        /// The context set, with the policy that its rewards belong to.
        public var context: ContextFile
        /// References, covariates and features; `nil` if there are none. Its context then replaces that of the history.
        public var side: ScoringSide?
        /// Path of the output folder; created if it does not exist.
        public var output: String
        /// Where the folder's files are written as objects too; `output` is then its working folder.
        public var remote: RemoteOutput?
        /// What to do with a run that is already in the output folder.
        public var existing: ScoringRun.Existing
        /// File format of the parts. Any but `.lines` must be among the settings.
        public var format = PartFormat.lines
        /// Whether workers read the rows of the prompt files themselves, and texts never leave this process. The output is the
        /// same.
        public var workersRead = false
        /// Settings that can change a byte of the output, for the manifest.
        public var settings: [String: String]
        /// Version of the program, for the manifest.
        public var version: String
        /// The pairs, with what is known beside them.
        var pairs: ContextSet { side?.context ?? context.context }
        /// Replaces write(2) in tests that fill the disk.
        package var write: ScoringRun.Write?
        /// Without a message from a coordinator for this long, the client gives up; the run can be resumed.
        public var abandonTime: Duration = .seconds(120)
        /// The span of the run; `nil` traces nothing. The caller ends it.
        package var span: Span?
        /// Share of the shards that another worker computes again, in [0, 1]; the output is the same.
        public var verify = 0.0
        /// The client's key, where the coordinator asks for one.
        public var security = SocketSecurity.none

        /// Describes a run.
        public init(
            coordinator: Endpoint, promptFiles: [String], keys: RowKeys = .automatic, context: ContextFile,
            output: String, existing: ScoringRun.Existing = .resume, settings: [String: String] = [:], version: String
        ) {
            self.coordinator = coordinator
            self.promptFiles = promptFiles
            self.keys = keys
            self.context = context
            self.output = output
            self.existing = existing
            self.settings = settings
            self.version = version
        }
    }

    /// How a run ended.
    public enum Ending: Sendable {
        /// The folder is complete; `wasThere` when it was complete before.
        case finished(RunManifest, wasThere: Bool)
        /// It was asked to stop; the same call resumes the run.
        case interrupted
    }

    private let configuration: Configuration
    private let logger: Logger

    /// Prepares a run; nothing is opened yet.
    public init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs to the end, to an error, or until `stop` is raised. Calls `onProgress` on this thread, at least four times a
    /// second.
    public func run(
        until stop: StopFlag, onProgress: (ScoringProgress) -> Void
    ) throws(ClientError) -> Ending {
        let survey: [InputFile]
        if let known = configuration.side?.survey {
            survey = known
        } else {
            do {
                survey = try InputFile.survey(configuration.promptFiles)
            } catch {
                throw .corpora(error)
            }
        }
        var ranges: RangeFiles?
        if configuration.workersRead {
            do {
                ranges = try RangeFiles(
                    survey, keys: configuration.keys, columns: configuration.side?.columns ?? .none)
            } catch {
                throw .corpora(error)
            }
        }
        while true {
            do throws(ClientError) {
                return try run(survey, ranges, until: stop, onProgress: onProgress)
            } catch .withdrawn(let worker) {
                // Committed parts stay; the rest is submitted again, and only what was withdrawn is computed again.
                logger.warning("answers withdrawn, computing them again", metadata: ["worker": "\(worker)"])
            }
        }
    }

    /// One session with the coordinator.
    private func run(
        _ survey: [InputFile], _ ranges: RangeFiles?, until stop: StopFlag, onProgress: (ScoringProgress) -> Void
    ) throws(ClientError) -> Ending {
        let connection = try ClientConnection(
            to: configuration.coordinator, policy: configuration.context.policy,
            context: configuration.pairs, abandonTime: configuration.abandonTime,
            sendsRanges: configuration.workersRead, verify: configuration.verify, security: configuration.security,
            run: configuration.span,
            logger: logger)
        defer { connection.close() }
        var writer = ScoringWriter(configuration, survey: survey, ranges: ranges, connection: connection)
        return try writer.run(until: stop, onProgress: onProgress)
    }
}
