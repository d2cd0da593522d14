import ArgumentParser
import Foundation
import Inference
import Kernels

extension Benchmark {
    /// `statezero bench head`.
    struct Head: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "head",
            abstract: "Seconds, memory and answers of V0's head on one context and its queries, as one JSON object.",
            discussion: "scripts/benchmarks/v0_head.py puts the reference beside it in one run.")

        @Option(help: "The head's weights: head.safetensors of a converted model.")
        var weights: String

        @Option(help: "A safetensors file of `X` (N, F), `y` (N) and `queries` (M, F).")
        var data: String

        @Option(help: "Layers of the head.")
        var layers = TabPFNConfiguration().layers

        @Option(help: "Threads.")
        var threads = ProcessInfo.processInfo.activeProcessorCount

        @Option(help: "Arithmetic of linear products: float32 or bfloat16.")
        var precision = Precision.float32

        @Option(help: "How a context's keys and values are kept: float32 or bfloat16.")
        var keysValues = TableKeysValues.Format.float32

        @Option(help: "Keep the context between runs of queries, or compute it with them: keep or none.")
        var contextCache = ModelSettings.ContextCache.keep

        @Flag(help: "X and queries were standardised already.")
        var standardised = false

        func validate() throws {
            if precision == .int8 { throw ValidationError("--precision int8: the head has float32 and bfloat16") }
            if threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
            if layers < 1 { throw ValidationError("--layers \(layers): at least 1") }
        }

        func run() throws {
            do {
                var benchmark = TabPFNBenchmark(weights: weights, data: data)
                benchmark.configuration.layers = layers
                benchmark.threads = threads
                benchmark.arithmetic = TabPFNArithmetic(precision: precision, keysValues: keysValues)
                benchmark.keepsContext = contextCache == .keep
                benchmark.isStandardised = standardised
                try printJSON(try benchmark.run())
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}
