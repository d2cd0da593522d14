import ArgumentParser
import CLI
import ClientNode
import CommandSupport
import Foundation
import RolloutNode
import Testing
import WorkerNode
import ZeroMQ

/// Every error has one exit code and one message.
@Suite("Exit codes and messages")
struct EndingTests {
    private func ending(_ error: any Error) -> CommandRunner.Ending {
        CommandRunner.ending(of: error, in: StateZero.self)
    }

    @Test("a command's own failure has the program's name, its message and its exit code")
    func failure() {
        #expect(ending(CommandFailure("a.jsonl: missing")).errors == "statezero: a.jsonl: missing")
        #expect(ending(CommandFailure("a")).status == .failed)
        #expect(ending(CommandFailure("a", status: .usage)).status == .usage)
    }

    @Test("a thrown exit code has no message")
    func status() {
        for status in [ExitStatus.done, .failed, .finishedWithErrorRows, .resumable] {
            let ending = ending(status)
            #expect(ending.status == status && ending.output == nil && ending.errors == nil)
        }
        #expect(
            [ExitStatus.done, .failed, .usage, .finishedWithErrorRows, .resumable].map(\.rawValue) == [0, 1, 2, 3, 75])
    }

    @Test("an abandoned worker or rollout worker may be started again: 75")
    func resumable() throws {
        let worker = ending(WorkerError.abandoned(after: .seconds(5), endpoint: try Endpoint("tcp://127.0.0.1:1")))
        #expect(worker.status == .resumable && worker.errors?.contains("tcp://127.0.0.1:1") == true)
        let rollout = ending(RolloutError.abandoned(after: .seconds(5), endpoint: try Endpoint("tcp://127.0.0.1:1")))
        #expect(rollout.status == .resumable && rollout.errors?.contains("tcp://127.0.0.1:1") == true)
        #expect(ending(ClientError.refused("no")).status == .failed)
    }

    @Test("other errors end with 1 and their description; those of Foundation with path and reason only")
    func others() throws {
        struct Plain: Error, CustomStringConvertible { let description = "b.jsonl:3: bad" }
        #expect(ending(Plain()).errors == "statezero: b.jsonl:3: bad" && ending(Plain()).status == .failed)
        let error = #expect(throws: (any Error).self) { _ = try Data(contentsOf: URL(fileURLWithPath: "/nowhere/x")) }
        let message = ending(try #require(error)).errors ?? ""
        #expect(message.contains("/nowhere/x") && !message.contains("NSCocoaErrorDomain"), "\(message)")
    }

    @Test("help and version go to standard output with exit code 0")
    func help() throws {
        for arguments in [["--help"], ["score", "--help"], ["help", "route", "serve"], ["--version"]] {
            let error = #expect(throws: (any Error).self) {
                var command = try StateZero.parseAsRoot(arguments)
                try command.run()
            }
            let ending = ending(try #require(error))
            #expect(ending.status == .done && ending.output?.isEmpty == false && ending.errors == nil, "\(arguments)")
        }
        #expect(ending(CleanExit.message("0.1.0")).output == "0.1.0")
    }

    @Test("`statezero bench VERB` names the new program")
    func bench() throws {
        var command = try StateZero.parseAsRoot(["bench", "coordinator", "--rows", "5"])
        let error = #expect(throws: CommandFailure.self) { try command.run() }
        #expect(error?.status == .usage && error?.message.contains("`statezero-bench coordinator`") == true)
    }
}
