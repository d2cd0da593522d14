import CZeroMQ
public import Threads

/// Decides who may connect to the servers of a context: answers libzmq's questions about the keys of connecting peers
/// (ZAP, rfc.zeromq.org/spec/27) on a thread of its own, so that no handshake waits for a coordinator's turn.
///
/// Open it before the sockets it serves, and release it after them. A context has at most one.
public final class Authenticator: Sendable {
    private let thread: DedicatedThread<Void, ZeroMQError>
    private let isStopping = StopFlag()
    private let wakeup: Wakeup

    /// Starts the thread. `admits` is called on it, once for each handshake, with the peer's public key and its
    /// address; it must not wait.
    ///
    /// Throws `failed` (in use) when the context has an authenticator.
    public init(
        in context: Context, wakeup: Wakeup,
        admits: @escaping @Sendable (_ key: CurveKey, _ address: String) -> Bool
    ) throws(ZeroMQError) {
        self.wakeup = wakeup
        let isStopping = isStopping
        thread = try DedicatedThread.start(name: "authenticator") { announce throws(ZeroMQError) in
            let socket = try Socket(.router, in: context, options: SocketOptions())
            _ = try socket.bind(try Endpoint("inproc://zeromq.zap.01"))
            announce(())
            let poller = Poller(wakeup: wakeup)
            while !isStopping.isRaised {
                _ = try poller.wait(socket, timeout: .seconds(60))
                while case .message(let message) = try socket.receive() {
                    guard let answer = Self.answer(to: message, admits) else { continue }
                    _ = try socket.send(answer)
                }
            }
        }
    }

    deinit {
        isStopping.raise()
        wakeup.signal()
        try? thread.join()
    }

    /// The answer to one question, or `nil` for frames that are no question. The user id of an admitted peer is its
    /// key as Z85; libzmq attaches it to each message of the connection.
    package static func answer(to message: Message, _ admits: (CurveKey, String) -> Bool) -> Message? {
        // Route of libzmq's side and an empty frame, then: version, request, domain, address, routing id, mechanism, key.
        let frames = message.frames
        guard frames.count >= 8, let empty = frames.firstIndex(where: \.isEmpty), frames.count >= empty + 7 else {
            return nil
        }
        let route = frames[...empty]
        let question = frames[(empty + 1)...].map { $0.copyBytes() }
        guard question[0] == Array("1.0".utf8) else { return nil }
        let address = String(decoding: question[3], as: UTF8.self)
        let isAdmitted: Bool
        var user = ""
        if question[5] == Array("CURVE".utf8), question.count >= 7, let key = CurveKey(bytes: question[6]) {
            isAdmitted = admits(key, address)
            user = key.text
        } else {
            isAdmitted = false
        }
        let answer: [Frame] = [
            Frame("1.0"), Frame(question[1]), Frame(isAdmitted ? "200" : "400"),
            Frame(isAdmitted ? "OK" : "key unknown"),
            Frame(isAdmitted ? user : ""), .empty,
        ]
        return Message(Array(route) + answer)
    }
}
