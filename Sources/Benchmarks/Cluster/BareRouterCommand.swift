import ArgumentParser
import CommandSupport
import ZeroMQ

/// `statezero-bench bare-router`: the ROUTER process of the bare pair that `coordinator` starts. Hidden from help.
struct BareRouterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "bare-router", "Answers every message with the same message, or with frames of given sizes.",
        example: "statezero-bench bare-router --bind ipc:///tmp/bare --reply 48 5120", isHidden: true)

    @Option(help: "Endpoint to listen at.")
    var bind: String

    @Option(parsing: .upToNextOption, help: "Bytes of each frame of an answer. Default: the frames of the message.")
    var reply: [Int] = []

    @Option(help: .hidden)
    var parent: Int32?

    func run() throws {
        ParentWatch.start(parent: parent)
        try BarePair.answer(at: try Endpoint(bind), replyBytes: reply.isEmpty ? nil : reply)
    }
}
