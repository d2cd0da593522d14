import ArgumentParser
import CommandSupport
import Foundation

/// `--threads` of commands that embed in their own process.
struct EncoderThreads: ParsableArguments {
    @Option(range: .atLeast(1), help: "Threads of the encoder.")
    var threads = ProcessInfo.processInfo.activeProcessorCount
}
