import CommandSupport
import Foundation

/// One measurement of a split: a process for each worker, all encoding at the same time.
struct SplitRun {
    let split: Split
    let model: ModelOptions
    let seconds: Double

    /// Rows per second of all processes together. Throws `CommandFailure` when one of them fails.
    func rowsPerSecond() throws -> Double {
        var children: [Child] = []
        defer { for child in children { child.end() } }
        for index in 0..<split.workers { children.append(try Child(arguments(index))) }
        // All load their model before any of them starts.
        for child in children { _ = try child.line() }
        for child in children { try child.start() }
        return try children.reduce(0) { sum, child in
            guard let rate = Double(try child.line()) else { throw Child.failure }
            return sum + rate
        }
    }

    private func arguments(_ index: Int) -> [String] {
        let pin = split.pin ? ["--pin", "\(index * split.threads)"] : []
        return ["tune-worker", "--threads", "\(split.threads)", "--seconds", "\(seconds)"] + pin + model.arguments
    }

    /// A `tune-worker` process: writes a line when it is ready, starts on a line, and writes its rate.
    private final class Child {
        static let failure = CommandFailure("a measuring process has ended early; its message is above")

        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()

        init(_ arguments: [String]) throws {
            process.executableURL = URL(fileURLWithPath: OwnProgram.path)
            process.arguments = arguments
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        func start() throws { try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8)) }

        func line() throws -> String {
            var bytes: [UInt8] = []
            while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
                if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
            }
            throw Self.failure
        }

        func end() {
            try? input.fileHandleForWriting.close()
            if process.isRunning { process.terminate() }
            process.waitUntilExit()
        }
    }
}
