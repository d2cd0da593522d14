import CommandSupport
import Foundation
import Routing

/// Writes decisions as JSON lines to a file or to standard output.
final class DecisionSink {
    /// `nil` is standard output.
    private let handle: FileHandle?
    private let path: String?

    /// Throws `CommandFailure` when the file cannot be created. `nil` is standard output.
    init(path: String?) throws {
        self.path = path
        guard let path else {
            handle = nil
            return
        }
        // Follows links, and writes to pipes and devices.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw CommandFailure("\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func write(_ rows: [DecisionRow]) throws {
        var bytes: [UInt8] = []
        for row in rows {
            bytes += row.line()
            bytes.append(UInt8(ascii: "\n"))
        }
        guard let handle else { return try writeOutput(bytes) }
        try handle.write(contentsOf: Data(bytes))
    }

    func close() throws {
        try handle?.close()
    }
}
