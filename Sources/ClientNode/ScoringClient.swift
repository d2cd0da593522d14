public import Corpora
public import Logging
import Scoring
public import Threads
import Wire
public import ZeroMQ

/// Scores a corpus through a coordinator: reads the prompts, hands them in, writes the answers into an output folder.
///
/// The folder is the truth: parts that are committed stay, and the same call goes on after them. The calling thread does
/// the files, a thread of its own the socket, and a window bounds what is between them, so memory does not grow with
/// the corpus.
public struct ScoringClient: Sendable {
    /// What to score, for whom, and where to.
    public struct Configuration: Sendable {
        /// Where the coordinator listens.
        public var coordinator: Endpoint
        /// Paths of the corpus, in the order in which its rows are numbered.
        public var promptFiles: [String]
        /// Where prompt, id and data source stand in a row.
        public var keys: RowKeys
        /// The context set, with the policy that it profiles.
        public var context: ContextFile
        /// Path of the output folder; made if it is not there.
        public var output: String
        /// What to do with a run that the output folder already holds.
        public var existing: ScoringRun.Existing
        /// Settings that can change a byte of the output, for the manifest.
        public var settings: [String: String]
        /// Version of the program, for the manifest.
        public var version: String
        /// Without a word from a coordinator for this long, the client gives up, resumably.
        public var abandonTime: Duration = .seconds(120)

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
        /// The folder is whole; `wasThere` when it had been before.
        case finished(RunManifest, wasThere: Bool)
        /// It was asked to stop; the same call goes on.
        case interrupted
    }

    private let configuration: Configuration
    private let logger: Logger

    /// Prepares a run; nothing is opened yet.
    public init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs to the end, to an error, or until `stop` is raised. `onProgress` is called on this thread, at least a few
    /// times a second while something happens.
    public func run(
        until stop: StopFlag, onProgress: (ScoringProgress) -> Void
    ) throws(ClientError) -> Ending {
        let survey: [InputFile]
        do {
            survey = try InputFile.survey(configuration.promptFiles)
        } catch {
            throw .corpora(error)
        }
        let wires = try ClientConnection(
            to: configuration.coordinator, policy: configuration.context.policy,
            context: configuration.context.context, abandonTime: configuration.abandonTime, logger: logger)
        var desk = ScoringWriter(configuration, survey: survey, events: wires.events)
        defer { wires.hangUp() }
        return try desk.run(wires, until: stop, onProgress: onProgress)
    }
}
