import Foundation

/// One connection to a server on this machine, as bytes: no library is between a test and the wire.
public final class LoopbackHTTP: @unchecked Sendable {
    /// An answer.
    public struct Answer: Sendable {
        /// 0 where no answer arrived.
        public var status = 0
        /// By name in lower case.
        public var headers: [String: String] = [:]
        /// Without the framing of chunks.
        public var body: [UInt8] = []

        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }
        /// The body as `JSONSerialization` reads it.
        public var json: Any {
            (try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)) ?? NSNull()
        }
        /// The body as a JSON object.
        public var object: [String: Any] { json as? [String: Any] ?? [:] }
        /// Its member `error`.
        public var error: [String: Any] { object["error"] as? [String: Any] ?? [:] }
        /// Of the error.
        public var code: String { error["code"] as? String ?? "" }
    }

    private let socketNumber: Int32
    private var buffer: [UInt8] = []

    /// Connects; reads give up after two minutes.
    public init(port: Int) throws {
        socketNumber = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        var limit = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(socketNumber, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socketNumber, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(socketNumber) }

    /// Sends bytes as they are.
    public func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(socketNumber, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Sends a request and reads its answer.
    public func request(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil,
        afterFirstChunk: () -> Void = {}
    ) -> Answer {
        var head = "\(method) \(path) HTTP/1.1\r\n"
        var headers = ["Host": "localhost"].merging(headers) { $1 }
        if body != nil, headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) where value != "-" {
            head += "\(name): \(value)\r\n"
        }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        write(Array((head + "\r\n").utf8) + (body ?? []))
        return answer(hasBody: method != "HEAD", afterFirstChunk: afterFirstChunk)
    }

    /// Reads an answer. Its status is 0 where none arrived. Of a chunked body, `afterFirstChunk` is called when that is
    /// there.
    public func answer(hasBody: Bool = true, afterFirstChunk: () -> Void = {}) -> Answer {
        var answer = Answer()
        guard let head = line() else { return answer }
        answer.status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        while let text = line(), !text.isEmpty {
            let halves = text.split(separator: ":", maxSplits: 1)
            answer.headers[halves[0].lowercased()] =
                halves.count == 2 ? halves[1].trimmingCharacters(in: .whitespaces) : ""
        }
        if answer.headers["transfer-encoding"] == "chunked" {
            while let size = line().flatMap({ Int($0, radix: 16) }), let chunk = take(size), take(2) != nil, size > 0 {
                if answer.body.isEmpty { afterFirstChunk() }
                answer.body += chunk
            }
        } else {
            answer.body = hasBody ? take(Int(answer.headers["content-length"] ?? "") ?? 0) ?? [] : []
        }
        return answer
    }

    /// Sends text as it is.
    public func write(_ text: String) { write(Array(text.utf8)) }

    /// Everything until the server closes the connection.
    public func rest() -> String {
        while fill() {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// Whether the server has closed the connection, and everything before that is read.
    public var isClosed: Bool {
        var byte: UInt8 = 0
        return buffer.isEmpty && recv(socketNumber, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
    }

    private func line() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let text = String(decoding: buffer[..<end], as: UTF8.self).trimmingCharacters(in: .newlines)
                buffer.removeSubrange(...end)
                return text
            }
            guard fill() else { return nil }
        }
    }

    private func take(_ count: Int) -> [UInt8]? {
        while buffer.count < count {
            guard fill() else { return nil }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socketNumber, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffer += bytes[..<count]
        return true
    }
}
