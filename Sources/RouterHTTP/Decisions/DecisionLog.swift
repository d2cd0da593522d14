import Foundation
package import Routing
import Synchronization

/// The audit log: one JSON line per decision, without the prompt's text, in files of bounded size and number.
///
/// `decisions.jsonl` is the newest; when it is full it becomes `.1`, `.1` becomes `.2`, and the oldest one is deleted. A line
/// that cannot be written is counted and does not fail the request.
package final class DecisionLog: Sendable {
    private struct State {
        /// `nil` after a rotation whose new file could not be opened.
        var handle: FileHandle?
        var bytes: Int
        var lost = 0
    }

    private let path: String
    private let bytesMax: Int
    private let filesMax: Int
    private let state: Mutex<State>

    /// Appends to the file. Throws `state` where it cannot be opened.
    package init(path: String, bytesMax: Int = 64 << 20, filesMax: Int = 8) throws(RouterHTTPError) {
        self.path = path
        self.bytesMax = bytesMax
        self.filesMax = max(1, filesMax)
        let handle = try Self.open(path)
        state = Mutex(State(handle: handle.handle, bytes: handle.bytes))
    }

    /// Lines that could not be written.
    package var lost: Int { state.withLock { $0.lost } }

    /// Appends a decision.
    package func append(_ row: DecisionRow) {
        let line = Data(row.line() + [UInt8(ascii: "\n")])
        state.withLock { state in
            if state.bytes > 0, state.bytes + line.count > bytesMax { rotate(&state) }
            if state.handle == nil { reopen(&state) }
            guard let handle = state.handle else {
                state.lost += 1
                return
            }
            do {
                try handle.write(contentsOf: line)
                state.bytes += line.count
            } catch {
                state.lost += 1
            }
        }
    }

    private func rotate(_ state: inout State) {
        let files = FileManager.default
        try? state.handle?.close()
        (state.handle, state.bytes) = (nil, 0)
        try? files.removeItem(atPath: "\(path).\(filesMax - 1)")
        for number in stride(from: filesMax - 2, through: 1, by: -1) {
            try? files.moveItem(atPath: "\(path).\(number)", toPath: "\(path).\(number + 1)")
        }
        if filesMax > 1 {
            try? files.moveItem(atPath: path, toPath: "\(path).1")
        } else {
            try? files.removeItem(atPath: path)
        }
    }

    private func reopen(_ state: inout State) {
        guard let next = try? Self.open(path) else { return }
        state.handle = next.handle
        state.bytes = next.bytes
    }

    private static func open(_ path: String) throws(RouterHTTPError) -> (handle: FileHandle, bytes: Int) {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: path), let end = try? handle.seekToEnd() else {
            throw .state(path: path, reason: "the decision log cannot be opened: \(String(cString: strerror(errno)))")
        }
        return (handle, Int(end))
    }
}
