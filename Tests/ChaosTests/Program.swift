import Foundation

/// The program under test, as processes that can be watched, stopped, frozen and killed. Only those it started.
struct Program {
    /// The binary beside the test bundle, or `STATEZERO_BINARY`.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["STATEZERO_BINARY"] { return path }
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = CommandLine.arguments.first { $0.contains(".xctest") } ?? bundle
        return URL(fileURLWithPath: beside).deletingLastPathComponent().appendingPathComponent("statezero").path
    }()

    /// How a process ended, and its words.
    struct Ending {
        let status: Int32
        let output: String
        let errors: String
    }

    let process = Process()
    private let folder: Folder
    private let name: String

    /// Starts a process; its output goes to files of the folder.
    init(_ arguments: [String], in folder: Folder) throws {
        self.folder = folder
        name = "log-\(UUID().uuidString.prefix(8))"
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        // Nothing goes into the user's cache folder, and no test rests on what another has embedded.
        process.environment = ProcessInfo.processInfo.environment.merging(["STATEZERO_STORE": "off"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        for (suffix, key) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
            let path = folder.file("\(name).\(suffix)")
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            process[keyPath: key] = FileHandle(forWritingAtPath: path)
        }
        try process.run()
    }

    /// Runs a process to its end.
    static func run(_ arguments: [String], in folder: Folder) throws -> Ending {
        try Program(arguments, in: folder).wait()
    }

    /// Waits for the end. A process that outlives two minutes is killed, and its status tells.
    func wait() -> Ending {
        let deadline = Date(timeIntervalSinceNow: 120)
        while process.isRunning, Date() < deadline { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return Ending(status: process.terminationStatus, output: text("out"), errors: text("err"))
    }

    /// What it has said so far.
    func text(_ suffix: String) -> String {
        let bytes = FileManager.default.contents(atPath: folder.file("\(name).\(suffix)"))
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Waits until `isTrue`; `false` after half a minute.
    static func waitUntil(_ isTrue: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            if isTrue() { return true }
            usleep(10_000)
        }
        return isTrue()
    }
}

/// A folder of a test's own, removed with it.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "sz-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ name: String, _ lines: [String]) throws -> String {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// Every file of an output folder by name.
    func contents(_ name: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for entry in try FileManager.default.contentsOfDirectory(atPath: file(name)) {
            contents[entry] = FileManager.default.contents(atPath: file(name) + "/" + entry)
        }
        return contents
    }

    /// Prompts and a policy's record.
    func corpus(rows: Int) throws -> (prompts: String, context: String) {
        let prompts = try write(
            "prompts.jsonl", (0..<rows).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) plus \#($0 % 97)?"}"# })
        let context = try write(
            "context.jsonl",
            (0..<64).map {
                #"{"policy_id":"llm","policy_version":3,"prompt_id":"c\#($0)","prompt":"What is \#($0)?","reward":\#($0 % 2)}"#
            })
        return (prompts, context)
    }
}
