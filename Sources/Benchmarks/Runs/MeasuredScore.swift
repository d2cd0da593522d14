import CommandSupport
import Foundation

/// One run of `statezero score` in a process of its own, timed from its start.
struct MeasuredScore {
    /// Seconds until the first part file exists.
    let firstPart: Double
    /// Seconds until the process has ended.
    let end: Double

    /// Runs the command. Throws `CommandFailure` when it fails; its messages are on standard error.
    init(_ arguments: [String], output: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try OwnProgram.statezero)
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
            throw CommandFailure("`statezero score` ended with \(process.terminationStatus); its messages are above")
        }
    }
}
