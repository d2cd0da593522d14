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
        /// The bodies of all requests have more bytes than the server keeps.
        case crowded
        /// It is compressed, or encoded in another way, which is not read.
        case encoded(String)
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

    /// The body. Each part counts in the request's place when it arrives. A client that waits for `100 Continue` gets it.
    ///
    /// Throws `Fault`, and what the connection throws when it ends.
    public func bytes(of request: Request, _ context: ServedContext) async throws -> [UInt8] {
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw Fault.encoded(encoding)
        }
        if let text = request.headers[.contentLength] {
            guard let bytes = Int(text), bytes <= bytesMax else { throw Fault.tooLarge }
        }
        context.channel.triggerUserOutboundEvent(ConnectionHandler.BodyWanted(), promise: nil)
        guard let time else { return try await collect(request, context.place) }
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await collect(request, context.place) }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() ?? nil else { throw Fault.late }
            return bytes
        }
    }

    private func collect(_ request: Request, _ place: RequestPlace?) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= bytesMax else { throw Fault.tooLarge }
            guard place?.add(part.readableBytes) ?? true else { throw Fault.crowded }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }
}
