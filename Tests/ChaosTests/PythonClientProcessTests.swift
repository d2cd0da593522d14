import Foundation
import TestSupport
import Testing

@Suite("Python clients against the real program", .tags(.slow), .serialized)
struct PythonClientProcessTests {
    @Test("the client's own tests, against servers that fail in every way and against a real cluster")
    func client() throws {
        let output = try run("test_client", in: "scripts/python/tests")
        #expect(!output.contains("skipped"), "the tests with the real program were skipped")
    }

    @Test("zmq_example.py: three steps of a trainer over ZeroMQ, where pyzmq is installed")
    func example() throws {
        let output = try run("test_zmq_example", in: "scripts/clients")
        if output.contains("skipped") { print("zmq_example.py was not run: \(output)") }
    }

    /// Runs a file of Python tests in its folder. Returns its output.
    private func run(_ module: String, in folder: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-W", "error", "-m", "unittest", "-v", module]
        process.currentDirectoryURL = Repository.root.appending(path: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["STATEZERO_BINARY": Program.path, "PYTHONDONTWRITEBYTECODE": "1"]
        ) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
        #expect(output.contains("\nOK"), "\(output)")
        print("\(module): \(output.split(separator: "\n").suffix(3).joined(separator: " "))")
        return output
    }
}
