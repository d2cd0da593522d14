import ArgumentParser
import CommandSupport
import Encoders
import Foundation
import Kernels
import Models
import Threads

/// One measurement of a split: as many processes as it has workers, all encoding at the same time.
struct SplitRun {
    let split: Split
    let model: ModelOptions
    let seconds: Double

    /// Rows a second of all processes together. Throws where one of them fails.
    func rowsPerSecond() throws -> Double {
        var children: [Child] = []
        defer { for child in children { child.end() } }
        for index in 0..<split.workers { children.append(try Child(arguments(index))) }
        // All have loaded before any begins.
        for child in children { _ = try child.line() }
        for child in children { try child.go() }
        return try children.reduce(0) { sum, child in
            guard let rate = Double(try child.line()) else { throw Child.broken }
            return sum + rate
        }
    }

    private func arguments(_ index: Int) -> [String] {
        let pin = split.pin ? ["--pin", "\(index * split.threads)"] : []
        return ["tune-worker", "--threads", "\(split.threads)", "--seconds", "\(seconds)"] + pin
            + model.arguments
    }

    /// A process that is told to go and says how fast it was.
    private final class Child {
        static let broken = CommandFailure("a process that was measured has ended; its own words are above")

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

        func go() throws { try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8)) }

        func line() throws -> String {
            var bytes: [UInt8] = []
            while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
                if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
            }
            throw Self.broken
        }

        func end() {
            try? input.fileHandleForWriting.close()
            if process.isRunning { process.terminate() }
            process.waitUntilExit()
        }
    }
}

/// `statezero tune-worker`: what `tune` starts.
struct TuneWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune-worker", abstract: "Encodes for some seconds when told to, for `tune`.",
        shouldDisplay: false)

    @OptionGroup var model: ModelOptions

    @Option(help: "Threads.")
    var threads = 1

    @Option(help: "Seconds.")
    var seconds = 2.0

    @Option(help: "The first of its cores.")
    var pin: Int?

    func run() throws {
        do {
            if let pin { CorePinning.keep(threads: threads, first: pin) }
            let encoder = try ModelConfiguration(model.place).bertEncoder(threads: threads)
            // Batches as a worker has them: a few prompts between two signs of progress.
            let lengths = EncoderSample.mixed.map { min($0, encoder.configuration.tokensMax) }
            let batches = stride(from: 0, to: lengths.count, by: 64).map { start in
                EncoderSample.batch(
                    Array(lengths[start..<start + 64]), vocabulary: encoder.configuration.vocabulary)
            }
            _ = try encoder.encode(batches[0])
            print("ready")
            fflush(nil)
            guard readLine() == "go" else { return }
            var rows = 0
            let clock = ContinuousClock()
            let start = clock.now
            while rows == 0 || clock.now - start < .seconds(seconds) {
                let batch = batches[rows / 64 % batches.count]
                _ = try encoder.encode(batch)
                rows += batch.count
            }
            print(Double(rows) / ((clock.now - start) / .seconds(1)))
            fflush(nil)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// Keeping a worker to cores of its own.
enum CorePinning {
    /// The calling thread, and threads it starts, keep to `threads` cores from the first on, counted among those that
    /// the process may use. Where the system refuses, a line says so and nothing changes.
    static func keep(threads: Int, first: Int) {
        let all = ThreadPlacement.coresOfThisThread
        guard !all.isEmpty else { return printError("statezero: not pinned: the system does not tell its cores") }
        let cores = ThreadPlacement.share(threads, from: first, of: all)
        if !ThreadPlacement.keepThisThread(on: cores) {
            printError("statezero: not pinned: the system refuses \(cores)")
        }
    }
}
