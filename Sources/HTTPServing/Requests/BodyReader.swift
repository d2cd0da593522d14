import HTTPTypes
public import Hummingbird
import NIOCore

/// Reads a request's body, within a limit of bytes and of time.
public struct BodyReader: Sendable {
    /// Why a body is not read.
    public enum Fault: Error, Equatable {
        /// It has, or declares, more than `bytesMax`.
        case tooLarge
        /// It was not complete in time.
        case late
    }

    /// Bytes of a body.
    public let bytesMax: Int
    /// Time for all of it; `nil` waits as long as the connection lives.
    public let time: Duration?

    /// Reads bodies of so many bytes.
    public init(bytesMax: Int, time: Duration? = nil) {
        self.bytesMax = bytesMax
        self.time = time
    }

    /// The size that the request states for its body; `bytesMax` where it states none, 0 for a GET. Throws `tooLarge`.
    public func declaredBytes(of request: Request) throws(Fault) -> Int {
        guard request.method != .get else { return 0 }
        guard let text = request.headers[.contentLength] else { return bytesMax }
        guard let bytes = Int(text), bytes <= bytesMax else { throw .tooLarge }
        return bytes
    }

    /// The body. Throws `Fault`, and what the connection throws when it ends.
    public func bytes(of request: Request) async throws -> [UInt8] {
        guard let time else { return try await collect(request) }
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await collect(request) }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() ?? nil else { throw Fault.late }
            return bytes
        }
    }

    private func collect(_ request: Request) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= bytesMax else { throw Fault.tooLarge }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }
}
