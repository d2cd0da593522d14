import Foundation
public import Logging
import Synchronization

/// A coordinator and its workers as processes of this machine, over `ipc://`, for one run: starts, watches and stops
/// them.
///
/// They are the programs that also run on many machines, so a local run executes the same code. A process that dies is
/// restarted after a pause, which grows, as long as the run makes progress from time to time.
public final class LocalCluster: Sendable {
    /// What to start.
    public struct Configuration: Sendable {
        /// The program, and the arguments before the verb's own, for tests.
        public var program: String
        /// Number of worker processes, at least 1.
        public var workers: Int
        /// Threads that one worker computes with, as the worker's `--threads`.
        public var threadsPerWorker: Int
        /// Which model and how it computes, as the worker's own options say it: `--model` and the like.
        public var model: [String]
        /// The coordinator's journal.
        public var journal: String
        /// The workers' niceness, as their `--nice`: on a busy machine, client and coordinator then run first.
        public var workerNice = 0
        /// What coordinator and workers log, as their `--log-level`: a `Logger.Level` by name.
        public var logLevel: String
        /// Further arguments of coordinator and workers.
        public var arguments: [String] = []
        /// Where workers may read rows themselves, as their `--data-root`.
        public var dataRoots: [String] = []
        /// Whether each worker is pinned to cores of its own, as many as it has threads.
        public var pinsWorkers = false

        /// Describes a cluster.
        public init(
            program: String, workers: Int, threadsPerWorker: Int, model: [String], journal: String, logLevel: String
        ) {
            self.program = program
            self.workers = workers
            self.threadsPerWorker = threadsPerWorker
            self.model = model
            self.journal = journal
            self.logLevel = logLevel
        }
    }

    /// One of the processes: what it is for and how often it was started.
    private struct Member {
        let name: String
        let arguments: [String]
        var process: Process?
        var starts = 0
        var lastStart: Date = .distantPast
    }

    private struct State {
        var members: [Member] = []
        var isStopping = false
        var givenUp: String?
    }

    /// The endpoint at which the coordinator listens.
    public let endpoint: String
    private let folder: ClusterFolder
    private let program: String
    private let journal: String
    private let logger: Logger
    private let state: Mutex<State>

    /// Starts the processes; their failures show in `failure`.
    public init(_ configuration: Configuration, logger: Logger) throws(LocalClusterError) {
        // A socket's path has at most 107 bytes, so the socket is not in the user's folder, whose path may be longer.
        folder = try ClusterFolder()
        endpoint = "ipc://\(folder.path)/coordinator"
        program = configuration.program
        journal = configuration.journal
        self.logger = logger
        let own = "\(ProcessInfo.processInfo.processIdentifier)"
        let common = ["--log-level", configuration.logLevel, "--parent", own] + configuration.arguments
        // The coordinator must be the first: `stop` relies on the order.
        var members = [
            Member(
                name: "coordinator",
                arguments: ["coordinator", "--bind", endpoint, "--journal", configuration.journal] + common)
        ]
        for index in 1...max(1, configuration.workers) {
            let arguments = [
                "worker", "--connect", endpoint, "--name", "worker-\(index)", "--threads",
                "\(configuration.threadsPerWorker)", "--nice", "\(configuration.workerNice)",
            ]
            let pin = configuration.pinsWorkers ? ["--pin", "\((index - 1) * configuration.threadsPerWorker)"] : []
            let roots = configuration.dataRoots.isEmpty ? [] : ["--data-root"] + configuration.dataRoots
            members.append(
                Member(name: "worker-\(index)", arguments: arguments + pin + roots + configuration.model + common))
        }
        state = Mutex(State(members: members))
        for index in members.indices { start(index) }
        if let failure {
            stop()
            throw .cannotStart(failure)
        }
    }

    /// Why the cluster cannot continue; `nil` while it can.
    public var failure: String? { state.withLock { $0.givenUp } }

    /// The processes that run now, by name: `coordinator`, `worker-1` and so on.
    public var processes: [(name: String, id: Int32)] {
        state.withLock { state in
            state.members.compactMap { member in
                member.process.flatMap { $0.isRunning ? (member.name, $0.processIdentifier) : nil }
            }
        }
    }

    /// Asks all processes to leave and waits; kills those that have not ended after a few seconds.
    ///
    /// The coordinator is stopped last. A worker that sends its last message to a coordinator that has ended waits for
    /// its socket's linger time, one second.
    public func stop() {
        let processes = state.withLock { state in
            state.isStopping = true
            return state.members.compactMap(\.process)
        }
        let deadline = Date(timeIntervalSinceNow: 5)
        for some in [Array(processes.dropFirst()), Array(processes.prefix(1))] {
            for process in some where process.isRunning { process.terminate() }
            for process in some {
                while process.isRunning, Date() < deadline { usleep(2000) }
                if process.isRunning { kill(process.processIdentifier, SIGKILL) }
                process.waitUntilExit()
            }
        }
        folder.remove()
    }

    /// Removes the coordinator's journal, when the run is complete and nothing will be resumed.
    public func forget() {
        for suffix in ["", "-wal", "-shm", "-journal", ".lock"] {
            try? FileManager.default.removeItem(atPath: journal + suffix)
        }
    }

    private func start(_ index: Int) {
        state.withLock { state in
            guard !state.isStopping else { return }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = state.members[index].arguments
            process.standardOutput = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            process.terminationHandler = { [weak self] in self?.ended(index, $0) }
            do {
                try process.run()
            } catch {
                state.givenUp = "\(program): \(error.localizedDescription)"
                return
            }
            state.members[index].process = process
            state.members[index].starts += 1
            state.members[index].lastStart = Date()
        }
    }

    /// Handles the end of a process: restarts it after a pause, unless it ends at once each time.
    private func ended(_ index: Int, _ process: Process) {
        let pause: TimeInterval? = state.withLock { state in
            let member = state.members[index]
            guard !state.isStopping else { return nil }
            let lived = Date().timeIntervalSince(member.lastStart)
            // It exited by itself and printed its error: the same arguments would fail again.
            let isHopeless = process.terminationReason == .exit && lived < 5
            if isHopeless, member.starts >= Self.hopelessStartsMax {
                state.givenUp =
                    "\(member.name) ended \(member.starts) times, the last time after \(Int(lived * 1000)) ms with exit code "
                    + "\(process.terminationStatus); its messages are above"
                return nil
            }
            return isHopeless ? 1 : 0.1
        }
        guard let pause else { return }
        logger.warning(
            "process ended, starting it again",
            metadata: [
                "status": "\(process.terminationStatus)", "pid": "\(process.processIdentifier)", "member": "\(index)",
            ])
        DispatchQueue.global().asyncAfter(deadline: .now() + pause) { [weak self] in self?.start(index) }
    }

    private static let hopelessStartsMax = 3
}

/// Why a local cluster cannot be started.
public enum LocalClusterError: Error, CustomStringConvertible {
    /// No folder for the socket.
    case noFolder(String, reason: String)
    /// A process could not be started.
    case cannotStart(String)

    /// What happened, where, and what to do.
    public var description: String {
        switch self {
        case .noFolder(let path, let reason): "\(path): cannot be created (\(reason)); set TMPDIR to a folder with room"
        case .cannotStart(let reason): "a process of the cluster cannot be started: \(reason)"
        }
    }
}
