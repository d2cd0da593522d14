import ArgumentParser
import CommandSupport
import Foundation
import Heads
import Models
import Kernels

/// `statezero-bench head`.
struct HeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "head",
        "Measures V0's head on one context and its queries; prints time, memory and answers as one JSON object.",
        example: "statezero-bench head --weights models/v0/head.safetensors --data out/head-data.safetensors",
        details: "scripts/benchmarks/v0_head.py makes the data file and measures the reference in the same run.")

    @Option(help: "Weights of the head: head.safetensors of a converted V0 model.")
    var weights: String

    @Option(help: "Safetensors file with `X` (N, F), `y` (N) and `queries` (M, F).")
    var data: String

    @Option(range: .atLeast(1), help: "Layers of the head.")
    var layers = TabPFNConfiguration().layers

    @Option(range: .atLeast(1), help: "Threads of the head.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Arithmetic of linear products: float32 or bfloat16.")
    var precision = Precision.float32

    @Option(help: "Number format of a context's keys and values.")
    var keysValues = TableKeysValues.Format.float32

    @Option(help: "Keep the context between runs of queries, or compute it with each run.")
    var contextCache = ModelSettings.ContextCache.keep

    @Flag(help: "`X` and `queries` are standardised already.")
    var standardised = false

    func validate() throws {
        if precision == .int8 { throw ValidationError("--precision int8: the head computes in float32 or bfloat16") }
    }

    func run() throws {
        var benchmark = TabPFNBenchmark(weights: weights, data: data)
        benchmark.configuration.layers = layers
        benchmark.threads = threads
        benchmark.arithmetic = TabPFNArithmetic(precision: precision, keysValues: keysValues)
        benchmark.keepsContext = contextCache == .keep
        benchmark.isStandardised = standardised
        try ReportOptions.printJSON(try benchmark.run())
    }
}
