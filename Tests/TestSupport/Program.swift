public import Foundation

/// A process of `statezero` that a test can watch, stop, freeze and kill.
public struct Program {
    /// The program beside the test bundle, or `STATEZERO_BINARY`.
    public static let path: String = {
        if let path = ProcessInfo.processInfo.environment["STATEZERO_BINARY"] { return path }
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = CommandLine.arguments.first { $0.contains(".xctest") } ?? bundle
        return URL(fileURLWithPath: beside).deletingLastPathComponent().appendingPathComponent("statezero").path
    }()

    /// How a process ended, and what it wrote.
    public struct Ending: Sendable {
        /// Exit code, or the number of the signal.
        public let status: Int32
        /// Standard output.
        public let output: String
        /// Standard error.
        public let errors: String
    }

    /// The running process.
    public let process = Process()
    private let folder: ScratchFolder
    private let name: String

    /// Starts a process; its output goes to files of the folder. `at` is its current folder, that of the tests by default.
    public init(
        _ arguments: [String], in folder: ScratchFolder, at path: String? = nil, environment: [String: String] = [:],
        executable: String? = nil
    ) throws {
        self.folder = folder
        name = "log-\(UUID().uuidString.prefix(8))"
        process.executableURL = URL(fileURLWithPath: executable ?? Self.path)
        process.arguments = arguments
        // Tests neither write into the user's cache folder nor share embeddings with each other.
        process.environment = ProcessInfo.processInfo.environment.merging(["STATEZERO_STORE": "off"]) { $1 }
            .merging(environment) { $1 }
        if let path { process.currentDirectoryURL = URL(fileURLWithPath: path) }
        process.standardInput = FileHandle.nullDevice
        for (suffix, key) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
            let path = folder.file("\(name).\(suffix)")
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            process[keyPath: key] = FileHandle(forWritingAtPath: path)
        }
        try process.run()
    }

    /// Runs a process to its end.
    public static func run(_ arguments: [String], in folder: ScratchFolder) throws -> Ending {
        try Program(arguments, in: folder).wait()
    }

    /// Runs a line of bash to its end. `$statezero` is the program.
    public static func run(shell line: String, in folder: ScratchFolder) throws -> Ending {
        try Program(
            ["-c", line], in: folder, environment: ["statezero": path], executable: "/bin/bash"
        ).wait()
    }

    /// Waits for the end. A process that runs longer than two minutes is killed, which its status shows.
    public func wait() -> Ending {
        let deadline = Date(timeIntervalSinceNow: 120)
        while process.isRunning, Date() < deadline { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return Ending(status: process.terminationStatus, output: text("out"), errors: text("err"))
    }

    /// The output so far: `out` or `err`.
    public func text(_ suffix: String) -> String {
        let bytes = FileManager.default.contents(atPath: folder.file("\(name).\(suffix)"))
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    /// Sends a signal to the process if it still runs.
    public func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Waits until the condition is true; `false` after 30 seconds.
    public static func waitUntil(_ isTrue: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            if isTrue() { return true }
            usleep(10_000)
        }
        return isTrue()
    }
}
