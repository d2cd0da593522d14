import Foundation

/// One run of `statezero score` in a process of its own, timed from its start.
struct MeasuredScore {
    /// Seconds until the first part was there, and until the process had ended.
    let firstPart: Double
    let end: Double

    /// Runs it. Throws where it does not end well; its own words are on standard error.
    init(_ arguments: [String], output: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Score.program)
        process.arguments = ["score", "--output", output, "--overwrite", "--json"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let clock = ContinuousClock()
        let start = clock.now
        try process.run()
        var seen: Double?
        while process.isRunning {
            if seen == nil, access("\(output)/part-00000.jsonl", F_OK) == 0 { seen = (clock.now - start) / .seconds(1) }
            usleep(seen == nil ? 1000 : 200)
        }
        process.waitUntilExit()
        end = (clock.now - start) / .seconds(1)
        firstPart = seen ?? end
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw CommandFailure(.failed, "a run that was measured ended with \(process.terminationStatus)")
        }
    }

    /// The middle one, or the mean of the two in the middle. Precondition: there are some.
    static func median(_ values: [Double]) -> Double {
        let ordered = values.sorted()
        let middle = ordered.count / 2
        return ordered.count % 2 == 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2
    }
}

/// A folder of a measurement's own, removed with it.
final class BenchmarkFolder {
    let path = NSTemporaryDirectory() + "statezero-bench-\(UUID().uuidString.prefix(8))"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ lines: [String]) throws -> String {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    /// So many short prompts.
    func prompts(_ count: Int) throws -> String {
        try write(
            "prompts-\(count).jsonl",
            (0..<count).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) plus \#($0 % 7 + 2)?"}"# })
    }

    /// A record of so many short prompts, half of them solved.
    func record(_ count: Int) throws -> String {
        try write(
            "record-\(count).jsonl",
            (0..<count).map { #"{"policy_id":"llm","prompt":"What is \#($0) times \#($0 + 3)?","reward":\#($0 % 2)}"# })
    }
}
