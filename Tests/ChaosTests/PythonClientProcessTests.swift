import Foundation
import TestSupport
import Testing

@Suite("Python clients against the real program", .tags(.slow), .serialized)
struct PythonClientProcessTests {
    /// The folder of the Python clients.
    private var folder: URL {
        Repository.root.appending(path: "scripts/clients")
    }

    @Test("statezero_client.py: its own tests, against servers that fail in every way and against a real cluster")
    func client() throws {
        let output = try run("test_statezero_client")
        #expect(!output.contains("skipped"), "the tests with the real program were skipped")
    }

    @Test("zmq_example.py: three steps of a trainer over ZeroMQ, where pyzmq is installed")
    func example() throws {
        let output = try run("test_zmq_example")
        if output.contains("skipped") { print("zmq_example.py was not run: \(output)") }
    }

    /// Runs a file of Python tests. Returns its output.
    private func run(_ module: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-W", "error", "-m", "unittest", "-v", module]
        process.currentDirectoryURL = folder
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
