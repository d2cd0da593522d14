import ArgumentParser
import ArrowFiles
import CommandSupport
import Foundation

/// `statezero-bench arrow-read`.
struct ArrowReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "arrow-read", "Reads a Parquet or Arrow file and says how long it took.",
        example: "statezero-bench arrow-read Tests/Goldens/arrow/verl.parquet --depth lines",
        details: "scripts/arrow/compare.py runs this beside pyarrow.")

    @Argument(help: "Parquet file, Arrow file or Arrow stream.")
    var file: String

    @Option(
        help: "What is made of the rows: batches (nothing), rows (values), lines (JSON to standard output), prompts.")
    var depth = ArrowReading.Depth.rows

    @Option(parsing: .upToNextOption, help: "Columns to read. Default: all.")
    var columns: [String] = []

    @Option(range: .atLeast(1), help: "How often the file is read; the last time is measured.")
    var passes = 1

    func run() throws {
        func read() throws -> ArrowReading {
            try ArrowReading(file, columns: columns.isEmpty ? nil : columns, depth) { bytes in
                FileHandle.standardOutput.write(Data(bytes))
            }
        }
        for _ in 1..<passes { _ = try read() }
        let reading = try read()
        printError(String(decoding: try ReportOptions.lines([reading]), as: UTF8.self))
    }
}

extension ArrowReading.Depth: ExpressibleByArgument {}

/// `statezero-bench arrow-mutate`.
struct ArrowMutateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "arrow-mutate", "Reads damaged copies of a Parquet or Arrow file: each must give rows or an error.",
        example: "statezero-bench arrow-mutate Tests/Goldens/arrow/verl.parquet --count 1000 --scratch /tmp/damaged",
        details: "scripts/arrow/compare.py runs this in many processes.")

    @Argument(help: "The file to damage; it is not changed.")
    var file: String

    @Option(range: .atLeast(1), help: "Number of damaged copies.")
    var count = 1000

    @Option(help: "Seed of the damage.")
    var seed: UInt64 = 1

    @Option(help: "File for the damaged copy. After a crash it has the bytes that caused it.")
    var scratch: String

    func run() throws {
        var mutations = try ArrowMutations(of: file, seed: seed)
        try ReportOptions.printJSON(try mutations.run(count, at: scratch))
    }
}
