import Foundation
import JSON

/// The fastest number of workers and of their threads on a machine, as measured by `statezero tune`.
///
/// The result depends on the machine, so the file names the machine on which it was measured.
public struct WorkerTuning: Codable, Sendable, Equatable {
    /// The machine that was measured: a measurement depends on it and on the model.
    public struct Machine: Codable, Sendable, Equatable, CustomStringConvertible {
        /// The processor's model name, or its architecture where there is no name.
        public var processor: String
        /// Cores that the process may use.
        public var cores: Int

        /// Describes a machine.
        public init(processor: String, cores: Int) {
            self.processor = processor
            self.cores = cores
        }

        /// This machine, as this process may use it.
        public static var current: Machine {
            let text = FileManager.default.contents(atPath: "/proc/cpuinfo") ?? Data()
            return Machine(
                processor: processorName(inProcessorInfo: String(decoding: text, as: UTF8.self)),
                cores: ProcessInfo.processInfo.activeProcessorCount)
        }

        package static func processorName(inProcessorInfo text: String) -> String {
            let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
            let name = line?.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
            return name ?? "unknown processor"
        }

        /// For messages.
        public var description: String { "\(processor), \(cores) cores" }
    }

    /// Why a tuning file is ignored.
    public enum Refusal: Error, Equatable, CustomStringConvertible {
        /// It cannot be read or is not valid.
        case unreadable(file: String, reason: String)
        /// It was measured on another machine.
        case otherMachine(file: String, found: Machine, expected: Machine)

        /// What happened, where, with which values, and what to do.
        public var description: String {
            switch self {
            case .unreadable(let file, let reason):
                "\(file): \(reason); run `statezero tune` again, or delete the file"
            case .otherMachine(let file, let found, let expected):
                "\(file) is from another machine (\(found)), this one is \(expected); run `statezero tune` here"
            }
        }
    }

    /// Format and version of the file.
    public private(set) var format = WorkerTuning.currentFormat
    /// The machine that was measured.
    public var machine: Machine
    /// Worker processes.
    public var workers: Int
    /// Threads of each.
    public var threads: Int
    /// Whether each worker is pinned to cores of its own.
    public var pin: Bool
    /// Prompts per second of all workers together, with lengths distributed as in real corpora.
    public var rows_per_second: Double

    /// The default path of a model's file.
    public static let fileName = ".tuned.json"
    private static let currentFormat = "statezero-tuning-1"

    /// Describes a result.
    public init(machine: Machine, workers: Int, threads: Int, pin: Bool, rowsPerSecond: Double) {
        self.machine = machine
        self.workers = workers
        self.threads = threads
        self.pin = pin
        rows_per_second = rowsPerSecond
    }

    /// Reads a file for a machine; `nil` where there is none. Throws a `Refusal`.
    public static func read(
        _ file: String, for machine: Machine = .current
    ) throws(Refusal) -> WorkerTuning? {
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw .unreadable(file: file, reason: "it cannot be read")
        }
        guard let tuning = try? JSONDecoder().decode(WorkerTuning.self, from: data), tuning.format == currentFormat
        else {
            throw .unreadable(file: file, reason: "it was not written by this release's `statezero tune`")
        }
        guard (1...countMax).contains(tuning.workers), (1...countMax).contains(tuning.threads) else {
            throw .unreadable(
                file: file, reason: "\(tuning.workers) workers of \(tuning.threads) threads are not valid")
        }
        guard tuning.machine == machine else {
            throw .otherMachine(file: file, found: tuning.machine, expected: machine)
        }
        return tuning
    }

    private static let countMax = 4096

    /// Writes the file completely or not at all. Throws `unreadable` with the reason.
    public func write(_ file: String) throws(Refusal) {
        do {
            try (JSONEncoder.page.encode(self) + Data("\n".utf8)).write(
                to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw .unreadable(file: file, reason: "it cannot be written (\(error.localizedDescription))")
        }
    }
}
