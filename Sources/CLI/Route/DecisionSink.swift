import CommandSupport
import Foundation
import Routing

/// Writes decisions as JSON lines to a file or to standard output.
final class DecisionSink {
    private let handle: FileHandle
    private let path: String?

    /// Throws `CommandFailure` when the file cannot be created. `nil` is standard output.
    init(path: String?) throws {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw CommandFailure("\(path): cannot be written: \(String(cString: strerror(errno)))") }
        handle = file
    }

    func write(_ rows: [DecisionRow]) throws {
        var bytes: [UInt8] = []
        for row in rows {
            bytes += row.line()
            bytes.append(UInt8(ascii: "\n"))
        }
        try handle.write(contentsOf: Data(bytes))
    }

    func close() throws {
        if path != nil { try handle.close() }
    }
}
