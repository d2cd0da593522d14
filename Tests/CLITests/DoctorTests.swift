import ArgumentParser
import CLI
import CommandSupport
import Foundation
import TestSupport
import Testing

/// `statezero doctor` for a machine: what fails, and that good places pass. The checks' texts go to standard output; process
/// tests read them.
@Suite("statezero doctor for a machine")
struct DoctorTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func status(_ line: String) -> CommandSupport.ExitStatus {
        let arguments = ("doctor --model table --store off " + line).split(separator: " ")
        do {
            var command = try StateZero.parseAsRoot(arguments.map { String($0.replacing("{}", with: folder.path)) })
            try command.run()
            return .done
        } catch {
            return CommandRunner.ending(of: error, in: StateZero.self).status
        }
    }

    @Test("a machine with a model passes, and so does a folder that can be written")
    func good() throws {
        #expect(status("") == .done)
        #expect(status("--journal {}/journal.sqlite --json") == .done)
        #expect(try folder.names().isEmpty, "the check leaves nothing behind")
        #expect(status("--store {}/store/features") == .done)
    }

    @Test(
        "what is missing fails: the journal's folder, a journal that is a folder, keys, a coordinator",
        arguments: [
            "--journal {}/none/journal.sqlite", "--journal {}", "--keys {}/none", "--http 127.0.0.1:9",
            "--connect here", "--connect ipc://{}/nobody", "--connect ipc://{}/nobody --key {}/none",
        ])
    func missing(line: String) async {
        // Some of these wait for an answer; a thread of its own keeps those of tests free.
        let found = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: status(line)) }
        }
        #expect(found == .failed)
    }

    @Test("keys that others may change fail; good keys pass, also without a token")
    func keys() throws {
        for line in ["keys new w --role worker", "keys new o --role observer --http"] {
            let arguments = "\(line) --keys {}/keys --output {}/\(line.hasSuffix("http") ? "token" : "key")"
            var command = try StateZero.parseAsRoot(
                arguments.split(separator: " ").map { String($0.replacing("{}", with: folder.path)) })
            try command.run()
            #expect(status("--keys {}/keys") == .done)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.file("keys"))
        #expect(status("--keys {}/keys") == .failed)
    }
}
